"""What a calendar shows, as plain rows: it is drawn often and holds many cells."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range, aggregate_order_by

from clinic.core import clock
from clinic.core.db import db
from clinic.core.i18n import LOCALES, locale_tag
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import (
    CLAIMING,
    Allocation,
    Appointment,
    GroupSession,
    Resource,
    ResourceUnit,
    Service,
    TimeOff,
)
from clinic.scheduling.queries.taken import weekly_hours
from clinic.scheduling.slots import WeeklyInterval

LONGEST = timedelta(hours=12)
"""No visit lasts longer, so what began earlier is over."""
PEOPLE = frozenset({"practitioner", "therapist"})


class Away(NamedTuple):
    """A stretch of time off."""

    starts: datetime
    ends: datetime
    reason: str


class Column(NamedTuple):
    """A person, a room, a piece of equipment, or the facility itself, with its hours and time off."""

    resource_id: int
    kind: str
    name: str
    practitioner_id: int | None
    second: str
    intervals: list[WeeklyInterval]
    offs: list[Away]
    user_id: int | None = None


class Cell(NamedTuple):
    """A visit, or a session of a group, as the calendar draws it.

    ``taken_from`` and ``taken_to`` are the bounds of what it claims, buffers included; ``resources`` are the
    ids of what it claims. Of a session, ``patient_id`` is None, ``seats`` are taken and ``capacity`` is how
    many there are.
    """

    reference: str
    version: int
    starts: datetime
    ends: datetime
    taken_from: datetime | None
    taken_to: datetime | None
    status: str
    mode: str
    patient_id: int | None
    patient: str
    service: str
    hue: int
    practitioner_id: int
    practitioner: str
    practitioner_user: int | None
    resources: list[int] | None
    overbooked: bool
    session_id: int | None
    seats: int | None
    capacity: int | None


def columns(facility_id: int, first: datetime, after: datetime) -> list[Column]:
    """All that can be in use at a facility, kind by kind, with weekly hours and the time off between two
    instants: one statement. What has no hours of its own is there whenever somebody works.
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
            user_id,
        )
        for resource_id, kind, name, practitioner_id, second, weekly, off, user_id in rows
    ]


@lru_cache(maxsize=1)
def _columns_statement() -> Select[Any]:
    during = bindparam("during", type_=TSTZRANGE)
    weekly = weekly_hours()
    stretch = func.json_build_array(
        func.extract("epoch", func.lower(TimeOff.during)),
        func.extract("epoch", func.upper(TimeOff.during)),
        TimeOff.reason,
    )
    off = (
        select(func.json_agg(aggregate_order_by(stretch, func.lower(TimeOff.during))))
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
            Practitioner.user_id,
        )
        .outerjoin(Practitioner, Practitioner.id == Resource.practitioner_id)
        .where(Resource.facility_id == bindparam("facility"), Resource.active)
        .order_by(Resource.kind, Resource.position, Practitioner.search_name, Resource.id)
    )


def _away(entry: list[Any], first: datetime, after: datetime) -> Away:
    starts, ends, reason = entry
    return Away(
        first if starts is None else datetime.fromtimestamp(starts, UTC),
        after if ends is None else datetime.fromtimestamp(ends, UTC),
        reason,
    )


def cells(facility: Facility, from_day: date, to_day: date, *, of: Column | None = None) -> list[Cell]:
    """The visits and group sessions of some days by time: one statement.

    Those called off are left out, a no-show stays. With ``of``, only those that this person performs, or that
    claim this person, room or piece of equipment.
    """
    first, _ = clock.day_bounds(from_day, facility.zone)
    _, after = clock.day_bounds(to_day, facility.zone)
    bounds: dict[str, Any] = {
        "facility": facility.id,
        "first": first,
        "after": after,
        "earliest": first - LONGEST,
    }
    if of is not None:
        bounds |= {
            "resource": of.resource_id,
            "practitioner": of.practitioner_id or 0,
            "during": Range(first - LONGEST, after + LONGEST),
        }
    return [Cell(*row) for row in db.session.execute(_cells_statement(locale_tag(), of is not None), bounds)]


@lru_cache(maxsize=2 * len(LOCALES))
def _cells_statement(_locale: str, of_one: bool) -> Any:
    """One for each language, in which services have their names."""
    visits = (
        _statement_of(
            Appointment,
            reference=Appointment.reference,
            version=Appointment.version,
            status=Appointment.status,
            patient_id=Appointment.patient_id,
            patient=Patient.name,
            overbooked=Appointment.overbooked,
            of_one=of_one,
        )
        .join(Patient, Patient.id == Appointment.patient_id)
        .where(Appointment.session_id.is_(None), Appointment.status.not_in(("cancelled", "rejected")))
    )
    seats = (
        select(func.count())
        .where(Appointment.session_id == GroupSession.id, Appointment.status.in_(CLAIMING))
        .scalar_subquery()
    )
    sessions = _statement_of(
        GroupSession,
        status=literal("confirmed"),
        session_id=GroupSession.id,
        seats=seats,
        capacity=GroupSession.capacity,
        of_one=of_one,
    ).where(GroupSession.cancelled_at.is_(None))
    both = union_all(visits, sessions)
    return both.order_by("starts", "reference")


def _statement_of(owner: Any, *, of_one: bool, **own_fields: Any) -> Select[Any]:
    """The cells of one kind of owner of claims, in the order of ``Cell``'s fields. What is not among
    ``own_fields`` is empty.
    """
    fields: dict[str, Any] = {"reference": literal(""), "version": literal(0), "patient": literal("")}
    fields |= {"overbooked": false()} | own_fields

    def own_field(name: str) -> Any:
        return fields.get(name, null()).label(name)

    is_visit = owner is Appointment
    starts, ends = func.lower(owner.during), func.upper(owner.during)
    own = Allocation.appointment_id if is_visit else Allocation.session_id
    claimed = (
        select(
            func.min(func.lower(Allocation.during)).label("taken_from"),
            func.max(func.upper(Allocation.during)).label("taken_to"),
            func.array_agg(ResourceUnit.resource_id).label("resources"),
        )
        .join(ResourceUnit, ResourceUnit.id == Allocation.unit_id)
        .where(own == owner.id, Allocation.active)
        .lateral()
    )
    wanted = (
        select(
            own_field("reference"),
            own_field("version"),
            starts.label("starts"),
            ends.label("ends"),
            claimed.c.taken_from,
            claimed.c.taken_to,
            own_field("status"),
            owner.mode,
            own_field("patient_id"),
            own_field("patient"),
            Service.shown_name.label("service"),
            Service.hue,
            Practitioner.id.label("practitioner_id"),
            Practitioner.name.label("practitioner"),
            Practitioner.user_id,
            claimed.c.resources,
            own_field("overbooked"),
            own_field("session_id"),
            own_field("seats"),
            own_field("capacity"),
        )
        .select_from(owner)
        .join(Service, Service.id == owner.service_id)
        .join(Practitioner, Practitioner.id == owner.practitioner_id)
        .join(claimed, true())
        .where(
            owner.facility_id == bindparam("facility"),
            starts >= bindparam("earliest"),
            starts < bindparam("after"),
            ends > bindparam("first"),
        )
    )
    return wanted.where(belongs(owner, own)) if of_one else wanted


def belongs(owner: Any, own: Any) -> ColumnElement[bool]:
    """Performed by ``:practitioner``, or claiming ``:resource``."""
    claiming = (
        select(own)
        .join(ResourceUnit, ResourceUnit.id == Allocation.unit_id)
        .where(
            ResourceUnit.resource_id == bindparam("resource"),
            Allocation.active,
            Allocation.during.op("&&")(bindparam("during", type_=TSTZRANGE)),
        )
    )
    return or_(owner.practitioner_id == bindparam("practitioner"), owner.id.in_(claiming))
