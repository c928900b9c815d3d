"""Visits that are in the way of time off or a closure, and where each could go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import joinedload

from clinic.core import clock
from clinic.core.db import db
from clinic.facilities.models import Facility
from clinic.scheduling.models import (
    PEOPLE,
    Allocation,
    Appointment,
    AppointmentStatus,
    Resource,
    ResourceKind,
    ResourceUnit,
)
from clinic.scheduling.queries.availability import free_slots
from clinic.scheduling.queries.substitutes import Substitutes, load_substitutes
from clinic.scheduling.slots import Slot

Stretch = Range[datetime]
WAITING = (AppointmentStatus.PENDING, AppointmentStatus.CONFIRMED)
MOST = 100
LOOK_AHEAD = timedelta(days=21)


@dataclass(frozen=True, kw_only=True)
class Stranded:
    """A visit in the way, and up to three ways out of it.

    ``instead`` names another room, therapist or piece of equipment that has room for it at the same time,
    ``later`` is the next free place with the same practitioner, ``other`` the nearest in time with somebody
    else. No two visits are offered the same place.
    """

    visit: Appointment
    instead: str | None = None
    later: Slot | None = None
    other: Slot | None = None


def visits_during(facility_id: int, practitioner_id: int, during: Stretch) -> list[Appointment]:
    """Visits with a practitioner that are still to come and overlap with a stretch, in order; at most 100.
    One statement.
    """
    return _visits(
        Appointment.facility_id == facility_id,
        Appointment.practitioner_id == practitioner_id,
        Appointment.during.op("&&")(during),
    )


def visits_needing(resource: Resource, during: Sequence[Stretch]) -> list[Appointment]:
    """Visits still to come that need a resource in one of these stretches, in order; at most 100.

    Of the facility itself: all of its visits; of somebody: theirs, and those they are beside; else those that
    claim it. One statement.
    """
    if not during:
        return []
    overlapping = or_(*(Appointment.during.op("&&")(stretch) for stretch in during))
    if resource.kind == ResourceKind.FACILITY:
        return _visits(Appointment.facility_id == resource.facility_id, overlapping)
    claimed = (
        exists()
        .where(
            or_(Allocation.appointment_id == Appointment.id, Allocation.session_id == Appointment.session_id),
            Allocation.active,
            ResourceUnit.id == Allocation.unit_id,
            ResourceUnit.resource_id == resource.id,
            or_(*(Allocation.during.op("&&")(stretch) for stretch in during)),
        )
        .correlate(Appointment)
    )
    needs: ColumnElement[bool] = claimed
    if resource.kind in PEOPLE:
        needs = or_(claimed, (Appointment.practitioner_id == resource.practitioner_id) & overlapping)
    return _visits(Appointment.facility_id == resource.facility_id, needs)


def _visits(*conditions: ColumnElement[bool]) -> list[Appointment]:
    return list(
        db.session.scalars(
            select(Appointment)
            .where(
                *conditions,
                Appointment.status.in_(WAITING),
                func.lower(Appointment.during) > clock.now(),
            )
            .options(joinedload(Appointment.patient), joinedload(Appointment.service))
            .order_by(func.lower(Appointment.during), Appointment.id)
            .limit(MOST)
        )
    )


def stranded(
    facility: Facility, visits: Sequence[Appointment], *during: Stretch, resource: Resource | None = None
) -> list[Stranded]:
    """Where each of the visits could go while a resource is away; without one, while their practitioner is.

    Two statements for each service and stretch, and three for what could take the resource's place.
    """
    substitutes = load_substitutes(resource, visits) if resource is not None else None
    ways = _WaysOut(facility, during, resource, substitutes)
    return [ways.of(visit) for visit in visits]


def is_own(resource: Resource | None, visit: Appointment) -> bool:
    """Whether the visit is with the person who is away."""
    return resource is None or resource.practitioner_id == visit.practitioner_id


class _WaysOut:
    """Free places around the stretches, looked up once for each service, and given away once."""

    def __init__(
        self,
        facility: Facility,
        during: Sequence[Stretch],
        resource: Resource | None,
        substitutes: Substitutes | None,
    ) -> None:
        self.facility = facility
        self.during = during
        self.resource = resource
        self.substitutes = substitutes
        self.given: list[Slot] = []
        self.known: dict[tuple[Any, ...], list[Slot]] = {}

    def of(self, visit: Appointment) -> Stranded:
        """Where a visit could go."""
        stretch = next((one for one in self.during if one.overlaps(visit.during)), self.during[0])
        own_absence = is_own(self.resource, visit)
        instead = self.substitutes.take(visit) if self.substitutes and not own_absence else None
        free = [
            slot
            for slot in self._around(visit, stretch)
            if not _clash(slot, self.given)
            and not (
                (not own_absence or slot.practitioner_id == visit.practitioner_id)
                and any(_overlaps(slot, one) for one in self.during)
            )
        ]
        own = [slot for slot in free if slot.practitioner_id == visit.practitioner_id]
        others = [slot for slot in free if slot.practitioner_id != visit.practitioner_id]
        assert stretch.upper is not None
        later = next((slot for slot in own if slot.starts >= stretch.upper), own[0] if own else None)
        other = min(others, key=lambda slot: abs(slot.starts - visit.starts), default=None)
        self.given += [slot for slot in (later, other) if slot is not None]
        return Stranded(visit=visit, instead=instead, later=later, other=other)

    def _around(self, visit: Appointment, stretch: Stretch) -> list[Slot]:
        assert stretch.lower is not None
        assert stretch.upper is not None
        key = (visit.service_id, visit.mode == "online", stretch.lower)
        if key not in self.known:
            zone = clock.zone(self.facility.zone)
            first = max(clock.today(self.facility.zone), stretch.lower.astimezone(zone).date())
            last = stretch.upper.astimezone(zone).date() + LOOK_AHEAD
            self.known[key] = free_slots(self.facility, visit.service, first, last, online=key[1])
        return self.known[key]


def _clash(slot: Slot, given: Sequence[Slot]) -> bool:
    return any(
        slot.practitioner_id == one.practitioner_id and slot.starts < one.ends and one.starts < slot.ends
        for one in given
    )


def _overlaps(slot: Slot, during: Stretch) -> bool:
    assert during.lower is not None
    assert during.upper is not None
    return slot.starts < during.upper and during.lower < slot.ends
