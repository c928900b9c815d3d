"""What a calendar shows, as plain rows: it is drawn often and holds many cells."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, bindparam, func, select
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range
from sqlalchemy.orm import aliased

from clinic.core import clock
from clinic.core.db import db
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import (
    Allocation,
    Appointment,
    Resource,
    ResourceUnit,
    Service,
    TimeOff,
    WorkingHours,
)
from clinic.scheduling.slots import WeeklyInterval

LONGEST = timedelta(hours=12)
"""No visit lasts longer, so what began earlier is over."""


class Away(NamedTuple):
    """A stretch of time off."""

    starts: datetime
    ends: datetime
    reason: str


class Column(NamedTuple):
    """A practitioner or room with a place in the calendar."""

    resource_id: int
    kind: str
    name: str
    practitioner_id: int | None
    second: str
    intervals: list[WeeklyInterval]
    offs: list[Away]


class Cell(NamedTuple):
    """A visit as the calendar draws it."""

    reference: str
    starts: datetime
    ends: datetime
    status: str
    mode: str
    patient_id: int
    patient: str
    service: str
    hue: int
    practitioner_id: int
    practitioner: str
    practitioner_user: int | None
    room_id: int | None
    room: str | None


def columns(facility_id: int, first: datetime, after: datetime) -> list[Column]:
    """Practitioners, then rooms, of a facility, with weekly hours and time off between two instants: one
    statement.

    Rooms have no hours of their own; they are there whenever somebody works.
    """
    rows = db.session.execute(_columns_statement(), {"facility": facility_id, "during": Range(first, after)})
    return [
        Column(
            resource_id,
            kind,
            name,
            practitioner_id,
            second,
            [WeeklyInterval.read(entry) for entry in weekly or ()],
            [_away(entry, first, after) for entry in off or ()],
        )
        for resource_id, kind, name, practitioner_id, second, weekly, off in rows
    ]


@lru_cache(maxsize=1)
def _columns_statement() -> Select[Any]:
    during = bindparam("during", type_=TSTZRANGE)
    hours = func.json_build_array(
        WorkingHours.weekday,
        WorkingHours.starts,
        WorkingHours.ends,
        WorkingHours.valid_from,
        WorkingHours.valid_until,
    )
    weekly = select(func.json_agg(hours)).where(WorkingHours.resource_id == Resource.id).scalar_subquery()
    stretch = func.json_build_array(
        func.extract("epoch", func.lower(TimeOff.during)),
        func.extract("epoch", func.upper(TimeOff.during)),
        TimeOff.reason,
    )
    off = (
        select(func.json_agg(stretch))
        .where(TimeOff.resource_id == Resource.id, TimeOff.during.op("&&")(during))
        .scalar_subquery()
    )
    return (
        select(
            Resource.id,
            Resource.kind,
            func.coalesce(Practitioner.name, Resource.name),
            Resource.practitioner_id,
            func.coalesce(Practitioner.specialization, Resource.room_kind, ""),
            weekly,
            off,
        )
        .outerjoin(Practitioner, Practitioner.id == Resource.practitioner_id)
        .where(
            Resource.facility_id == bindparam("facility"),
            Resource.active,
            Resource.kind.in_(("practitioner", "room")),
        )
        .order_by(Resource.kind, Resource.position, Practitioner.search_name, Resource.id)
    )


def _away(entry: list[Any], first: datetime, after: datetime) -> Away:
    starts, ends, reason = entry
    return Away(
        first if starts is None else datetime.fromtimestamp(starts, UTC),
        after if ends is None else datetime.fromtimestamp(ends, UTC),
        reason,
    )


def cells(
    facility: Facility,
    from_day: date,
    to_day: date,
    *,
    practitioner_id: int | None = None,
    with_ended: bool = False,
) -> list[Cell]:
    """The visits of some days by time: one statement. Those called off only ``with_ended``; a no-show
    stays.
    """
    first, _ = clock.day_bounds(from_day, facility.zone)
    _, after = clock.day_bounds(to_day, facility.zone)
    bounds: dict[str, Any] = {
        "facility": facility.id,
        "first": first,
        "after": after,
        "earliest": first - LONGEST,
    }
    if practitioner_id is not None:
        bounds["practitioner"] = practitioner_id
    statement = _cells_statement(practitioner_id is not None, with_ended)
    return [Cell(*row) for row in db.session.execute(statement, bounds)]


@lru_cache(maxsize=4)
def _cells_statement(of_one: bool, with_ended: bool) -> Select[Any]:
    unit, room, claim = aliased(ResourceUnit), aliased(Resource), aliased(Allocation)
    starts = func.lower(Appointment.during)
    wanted = (
        select(
            Appointment.reference,
            starts,
            func.upper(Appointment.during),
            Appointment.status,
            Appointment.mode,
            Patient.id,
            Patient.name,
            Service.name,
            Service.hue,
            Practitioner.id,
            Practitioner.name,
            Practitioner.user_id,
            room.id,
            room.name,
        )
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(Service, Service.id == Appointment.service_id)
        .join(Practitioner, Practitioner.id == Appointment.practitioner_id)
        .outerjoin(claim, and_(claim.appointment_id == Appointment.id, claim.active))
        .outerjoin(unit, unit.id == claim.unit_id)
        .outerjoin(room, and_(room.id == unit.resource_id, room.kind == "room"))
        .where(
            Appointment.facility_id == bindparam("facility"),
            starts >= bindparam("earliest"),
            starts < bindparam("after"),
            func.upper(Appointment.during) > bindparam("first"),
        )
        .order_by(starts, Appointment.id, room.id.nulls_last())
        .distinct(starts, Appointment.id)
    )
    if of_one:
        wanted = wanted.where(Appointment.practitioner_id == bindparam("practitioner"))
    if not with_ended:
        wanted = wanted.where(Appointment.status.not_in(("cancelled", "rejected")))
    return wanted


def legend(facility_id: int) -> list[tuple[int, str]]:
    """Hue and name of the services, one name for each hue."""
    rows = db.session.execute(
        select(Service.hue, func.min(Service.name))
        .where(Service.facility_id == facility_id, Service.active)
        .group_by(Service.hue)
        .order_by(Service.hue)
    )
    return [(row[0], row[1]) for row in rows]
