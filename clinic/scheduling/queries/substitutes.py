"""What could take the place of a resource at the same time: another room of the kind, another therapist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import Range

from clinic.core import clock
from clinic.core.db import db
from clinic.facilities.models import Facility
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import (
    Allocation,
    Appointment,
    Hold,
    Resource,
    ResourceKind,
    ResourceUnit,
    TimeOff,
)
from clinic.scheduling.queries.taken import weekly_hours
from clinic.scheduling.slots import WeeklyInterval, spans

Stretch = Range[datetime]
KNOWN_SEX = ("female", "male")


@dataclass
class _Unit:
    """One place that could be taken, and when it is taken already."""

    unit_id: int
    practitioner_id: int | None
    name: str
    sex: str | None
    hours: list[WeeklyInterval]
    always: bool
    taken: list[Stretch] = field(default_factory=list)


class Substitutes:
    """The other units of a resource's kind. What is given to one visit is gone for the next."""

    def __init__(self, zone_name: str, units: Sequence[_Unit]) -> None:
        self.zone_name = zone_name
        self.units = units

    def take(self, visit: Appointment) -> str | None:
        """The name of what has room for the visit at its time, and from now on has it; None for nothing."""
        wanted = visit.service.taken(visit.during)
        for unit in self.units:
            if (
                unit.practitioner_id != (visit.practitioner_id or 0)
                and _suits(unit, visit)
                and not any(one.overlaps(wanted) for one in unit.taken)
                and self._is_there(unit, visit)
            ):
                unit.taken.append(wanted)
                return unit.name
        return None

    def _is_there(self, unit: _Unit, visit: Appointment) -> bool:
        if unit.always:
            return True
        days = _days(visit, self.zone_name)
        return any(
            starts <= visit.starts and visit.ends <= ends
            for starts, ends in spans(days, unit.hours, self.zone_name)
        )


def load_substitutes(resource: Resource, visits: Sequence[Appointment]) -> Substitutes | None:
    """What of a resource's kind could be used in these visits instead; None where it has no kind. Three
    statements.
    """
    sort = _same_sort(resource)
    if sort is None or not visits:
        return None
    zone_name = db.session.get_one(Facility, resource.facility_id).zone
    units = _units(resource, sort)
    by_id = {unit.unit_id: unit for unit in units}
    during = Range(
        min(visit.service.taken(visit.during).lower or visit.starts for visit in visits),
        max(visit.service.taken(visit.during).upper or visit.ends for visit in visits),
    )
    for unit_id, stretch in db.session.execute(
        select(Allocation.unit_id, Allocation.during)
        .outerjoin(Hold, Hold.id == Allocation.hold_id)
        .where(
            Allocation.unit_id.in_(by_id),
            Allocation.active,
            func.upper(Allocation.during) > during.lower,
            Allocation.during.op("&&")(during),
            or_(Hold.id.is_(None), Hold.expires_at > clock.now()),
        )
        .union_all(
            select(ResourceUnit.id, TimeOff.during)
            .join(TimeOff, TimeOff.resource_id == ResourceUnit.resource_id)
            .where(ResourceUnit.id.in_(by_id), TimeOff.during.op("&&")(during))
        )
    ):
        by_id[unit_id].taken.append(stretch)
    return Substitutes(zone_name, units)


def _same_sort(resource: Resource) -> Any:
    """A condition for what is of the same kind, None for people one cannot exchange and the facility."""
    match resource.kind:
        case ResourceKind.ROOM:
            return Resource.room_kind == resource.room_kind
        case ResourceKind.EQUIPMENT:
            return Resource.equipment_kind == resource.equipment_kind
        case ResourceKind.THERAPIST:
            return Practitioner.active & Practitioner.verified_at.is_not(None)
        case _:
            return None


def _units(resource: Resource, sort: Any) -> list[_Unit]:
    rows = db.session.execute(
        select(
            ResourceUnit.id,
            Resource.practitioner_id,
            func.coalesce(Practitioner.name, Resource.name),
            Practitioner.sex,
            weekly_hours(),
            Resource.kind,
        )
        .join(ResourceUnit, ResourceUnit.resource_id == Resource.id)
        .outerjoin(Practitioner, Practitioner.id == Resource.practitioner_id)
        .where(
            Resource.facility_id == resource.facility_id,
            Resource.kind == resource.kind,
            Resource.id != resource.id,
            Resource.active,
            ~ResourceUnit.overbook,
            sort,
        )
        .order_by(Resource.position, Practitioner.search_name, Resource.id, ResourceUnit.number)
    )
    return [
        _Unit(
            unit_id,
            practitioner_id,
            name,
            sex,
            [WeeklyInterval.read(entry) for entry in hours or ()],
            kind != ResourceKind.THERAPIST and not hours,
        )
        for unit_id, practitioner_id, name, sex, hours, kind in rows
    ]


def _suits(unit: _Unit, visit: Appointment) -> bool:
    """Of a service for the same sex, only people of the patient's."""
    if not visit.service.same_sex or unit.practitioner_id is None:
        return True
    return unit.sex not in KNOWN_SEX or visit.patient.sex not in KNOWN_SEX or unit.sex == visit.patient.sex


def _days(visit: Appointment, zone_name: str) -> list[date]:
    zone = clock.zone(zone_name)
    first, last = visit.starts.astimezone(zone).date(), visit.ends.astimezone(zone).date()
    return [first + timedelta(days=number) for number in range(-1, (last - first).days + 1)]
