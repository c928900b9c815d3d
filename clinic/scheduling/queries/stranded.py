"""Visits that somebody's time off would strand, and where each could go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import joinedload

from clinic.core import clock
from clinic.core.db import db
from clinic.facilities.models import Facility
from clinic.scheduling.models import Appointment, AppointmentStatus
from clinic.scheduling.queries.availability import free_slots
from clinic.scheduling.slots import Slot

WAITING = (AppointmentStatus.PENDING, AppointmentStatus.CONFIRMED)
MOST = 100
LOOK_AHEAD = timedelta(days=21)


@dataclass(frozen=True, kw_only=True)
class Stranded:
    """A visit in the way of time off: the next free place with the same practitioner, and the nearest in time
    with somebody else. No two visits are offered the same place.
    """

    visit: Appointment
    later: Slot | None
    other: Slot | None


def visits_during(facility_id: int, practitioner_id: int, during: Range[datetime]) -> list[Appointment]:
    """Visits still to come that overlap with a stretch, in order; at most 100. One statement."""
    return list(
        db.session.scalars(
            select(Appointment)
            .where(
                Appointment.facility_id == facility_id,
                Appointment.practitioner_id == practitioner_id,
                Appointment.status.in_(WAITING),
                Appointment.during.op("&&")(during),
                func.lower(Appointment.during) > clock.now(),
            )
            .options(joinedload(Appointment.patient), joinedload(Appointment.service))
            .order_by(func.lower(Appointment.during), Appointment.id)
            .limit(MOST)
        )
    )


def stranded(facility: Facility, visits: Sequence[Appointment], during: Range[datetime]) -> list[Stranded]:
    """Where each of the visits could go while their practitioner is away. Two statements for each service."""
    assert during.lower is not None
    assert during.upper is not None
    zone = clock.zone(facility.zone)
    first = max(clock.today(facility.zone), during.lower.astimezone(zone).date())
    last = during.upper.astimezone(zone).date() + LOOK_AHEAD
    free: dict[tuple[int, bool], list[Slot]] = {}
    given: list[Slot] = []
    found = []
    for visit in visits:
        key = (visit.service_id, visit.mode == "online")
        if key not in free:
            free[key] = free_slots(facility, visit.service, first, last, online=key[1])
        places = [
            slot
            for slot in free[key]
            if not _clash(slot, given)
            and not (slot.practitioner_id == visit.practitioner_id and _overlaps(slot, during))
        ]
        own = [slot for slot in places if slot.practitioner_id == visit.practitioner_id]
        others = [slot for slot in places if slot.practitioner_id != visit.practitioner_id]
        later = next((slot for slot in own if slot.starts >= during.upper), own[0] if own else None)
        other = min(others, key=lambda slot: abs(slot.starts - visit.starts), default=None)
        given += [slot for slot in (later, other) if slot is not None]
        found.append(Stranded(visit=visit, later=later, other=other))
    return found


def _clash(slot: Slot, given: Sequence[Slot]) -> bool:
    return any(
        slot.practitioner_id == one.practitioner_id and slot.starts < one.ends and one.starts < slot.ends
        for one in given
    )


def _overlaps(slot: Slot, during: Range[datetime]) -> bool:
    assert during.lower is not None
    assert during.upper is not None
    return slot.starts < during.upper and during.lower < slot.ends
