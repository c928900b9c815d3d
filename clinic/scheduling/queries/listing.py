"""The list of visits: what it is filtered by, how it is ordered, and a page of it by key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, func, literal, or_, select, tuple_, union_all
from sqlalchemy.orm import aliased

from clinic.core import clock
from clinic.core.db import db
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import PEOPLE, Allocation, Appointment, Resource, ResourceUnit, Service

SORTS = ("time", "patient", "practitioner", "status")
COUNTED = 1_000
"""Counting stops there."""
PAGE = 50
_FEWEST_DIGITS = 3


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which visits, in which order. Days are the facility's own, both included; texts are looked for as they
    stand, in any case. ``down`` turns the order round.
    """

    from_day: date | None = None
    to_day: date | None = None
    statuses: tuple[str, ...] = ()
    patient: str = ""
    practitioner_id: int | None = None
    service_id: int | None = None
    mode: str = ""
    text: str = ""
    session_id: int | None = None
    sort: str = "time"
    down: bool = False


class Line(NamedTuple):
    """A visit in the list."""

    id: int
    reference: str
    starts: datetime
    ends: datetime
    status: str
    mode: str
    purpose: str | None
    overbooked: bool
    patient: str
    mobile: str | None
    service: str
    hue: int
    practitioner: str
    practitioner_user: int | None
    room: str | None


@dataclass(frozen=True)
class Page:
    """Some lines of a list, and whether there are others before and after them."""

    lines: list[Line]
    has_before: bool
    has_after: bool


class Choices(NamedTuple):
    """What a list can be narrowed to: ids and names."""

    people: list[tuple[int, str]]
    services: list[tuple[int, str]]
    facilities: list[tuple[int, str]]


def conditions(wanted: Filter, *, own_user: int | None = None) -> list[ColumnElement[bool]]:
    """What a visit has to be like, its facility and days left aside; all of it about ``appointments`` alone.

    With ``own_user``, only visits with this person answer to what tells about a patient: a colleague's must
    not be found out by trying names.
    """
    found: list[ColumnElement[bool]] = []
    if wanted.statuses:
        found.append(Appointment.status.in_(wanted.statuses))
    if wanted.practitioner_id:
        claiming = (
            select(Allocation.appointment_id)
            .join(ResourceUnit, ResourceUnit.id == Allocation.unit_id)
            .join(Resource, Resource.id == ResourceUnit.resource_id)
            .where(Resource.practitioner_id == wanted.practitioner_id, Allocation.active)
        )
        found.append(or_(Appointment.practitioner_id == wanted.practitioner_id, Appointment.id.in_(claiming)))
    if wanted.mode:
        found.append(Appointment.mode == wanted.mode)
    if wanted.session_id:
        found.append(Appointment.session_id == wanted.session_id)
    telling = []
    if wanted.service_id:
        telling.append(Appointment.service_id == wanted.service_id)
    if wanted.patient:
        telling.append(_patient_like(wanted.patient))
    if wanted.text:
        telling.append(
            or_(*(_contains(column, wanted.text) for column in (Appointment.purpose, Appointment.ended_why)))
        )
    if telling and own_user is not None:
        mine = select(Practitioner.id).where(Practitioner.user_id == own_user)
        telling.append(Appointment.practitioner_id.in_(mine))
    return [*found, *telling]


def _contains(column: Any, text: str) -> ColumnElement[bool]:
    """A fragment in any case; ``%`` and ``_`` mean themselves."""
    found: ColumnElement[bool] = column.icontains(text, autoescape=True)
    return found


def _patient_like(text: str) -> ColumnElement[bool]:
    """A fragment of the name or the mobile, the patient's number, or the booking's reference."""
    like = [_contains(Patient.name, text), func.lower(Patient.mrn) == text.lower()]
    digits = re.sub(r"\D", "", text)
    if len(digits) >= _FEWEST_DIGITS and not re.search(r"[^\W\d_]", text):
        like.append(Patient.mobile.contains(digits, autoescape=True))
    people = select(Patient.id).where(or_(*like))
    return or_(Appointment.patient_id.in_(people), Appointment.reference == text.upper().replace("-", ""))


def in_days(wanted: Filter, zone: str) -> list[ColumnElement[bool]]:
    """The visits that begin within the filter's days."""
    starts = func.lower(Appointment.during)
    bounds: list[ColumnElement[bool]] = []
    if wanted.from_day is not None:
        bounds.append(starts >= clock.day_bounds(wanted.from_day, zone)[0])
    if wanted.to_day is not None:
        bounds.append(starts < clock.day_bounds(wanted.to_day, zone)[1])
    return bounds


def count(facility: Facility, wanted: Filter, *, own_user: int | None = None) -> int:
    """How many there are; at most one more than ``COUNTED``: one statement."""
    some = (
        select(literal(1))
        .select_from(Appointment)
        .where(
            Appointment.facility_id == facility.id,
            *in_days(wanted, facility.zone),
            *conditions(wanted, own_user=own_user),
        )
        .limit(COUNTED + 1)
        .subquery()
    )
    return int(db.session.scalar(select(func.count()).select_from(some)) or 0)


def page(
    facility: Facility,
    wanted: Filter,
    *,
    past: int | None = None,
    before: int | None = None,
    size: int = PAGE,
    own_user: int | None = None,
) -> Page:
    """A page of the list: the lines past a visit's place, or those before one's; else the first.

    One statement. The visit named by its id need not be on the list any more.
    """
    anchor = past or before
    backwards = before is not None
    order = _keys(wanted.sort, Appointment, Patient, Practitioner)
    down = wanted.down != backwards
    statement = _lines().where(
        Appointment.facility_id == facility.id,
        *in_days(wanted, facility.zone),
        *conditions(wanted, own_user=own_user),
    )
    if anchor is not None:
        key, there = tuple_(*order), _place_of(facility, wanted.sort, anchor)
        statement = statement.where(key < there if down else key > there)
    ordered = [one.desc() if down else one.asc() for one in order]
    rows = db.session.execute(statement.order_by(*ordered).limit(size + 1)).all()
    lines = [Line(*row) for row in rows[:size]]
    more = len(rows) > size
    if backwards:
        return Page(lines[::-1], more, has_after=True)
    return Page(lines, anchor is not None, more)


def _keys(sort: str, visit: Any, patient: Any, practitioner: Any) -> list[Any]:
    first = {
        "patient": [patient.search_name],
        "practitioner": [practitioner.search_name],
        "status": [visit.status],
    }.get(sort, [])
    return [*first, func.lower(visit.during), visit.id]


def _place_of(facility: Facility, sort: str, visit_id: int) -> Any:
    """Where a visit of the facility stands in the order; nowhere for another's, which nobody finds out so."""
    visit, patient, practitioner = aliased(Appointment), aliased(Patient), aliased(Practitioner)
    statement = select(*_keys(sort, visit, patient, practitioner)).where(
        visit.id == visit_id, visit.facility_id == facility.id
    )
    if sort == "patient":
        statement = statement.join(patient, patient.id == visit.patient_id)
    elif sort == "practitioner":
        statement = statement.join(practitioner, practitioner.id == visit.practitioner_id)
    return statement.scalar_subquery()


def _lines() -> Any:
    room = (
        select(func.string_agg(Resource.name, ", "))
        .join(ResourceUnit, ResourceUnit.resource_id == Resource.id)
        .join(Allocation, Allocation.unit_id == ResourceUnit.id)
        .where(
            or_(
                Allocation.appointment_id == Appointment.id,
                and_(Appointment.session_id.is_not(None), Allocation.session_id == Appointment.session_id),
            ),
            Allocation.active,
            Resource.kind == "room",
        )
        .correlate(Appointment)
        .scalar_subquery()
    )
    return (
        select(
            Appointment.id,
            Appointment.reference,
            func.lower(Appointment.during),
            func.upper(Appointment.during),
            Appointment.status,
            Appointment.mode,
            Appointment.purpose,
            Appointment.overbooked,
            Patient.name,
            Patient.mobile,
            Service.shown_name,
            Service.hue,
            Practitioner.name,
            Practitioner.user_id,
            room,
        )
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(Service, Service.id == Appointment.service_id)
        .join(Practitioner, Practitioner.id == Appointment.practitioner_id)
    )


def choices(facility: Facility, facility_ids: frozenset[int] | None) -> Choices:
    """Whom and what a list can be narrowed to, and the facilities somebody works at (None: all): one
    statement.
    """
    people = (
        select(literal("person").label("what"), Practitioner.id, Practitioner.name)
        .join(Resource, Resource.practitioner_id == Practitioner.id)
        .where(Resource.facility_id == facility.id, Resource.kind.in_(PEOPLE))
    )
    services = select(literal("service"), Service.id, Service.shown_name).where(
        Service.facility_id == facility.id, Service.active
    )
    places = select(literal("facility"), Facility.id, Facility.name).where(Facility.active)
    if facility_ids is not None:
        places = places.where(Facility.id.in_(facility_ids))
    found: dict[str, list[tuple[int, str]]] = {"person": [], "service": [], "facility": []}
    for what, row_id, name in db.session.execute(union_all(people, services, places)):
        found[what].append((row_id, name))
    return Choices(*(_by_name(found[what]) for what in ("person", "service", "facility")))


def _by_name(named: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    return sorted(named, key=lambda one: (one[1].casefold(), one[0]))


class SheetLine(NamedTuple):
    """A visit on a sheet of paper: the line, and all who take part in it."""

    line: Line
    people: frozenset[int]


def day_sheet(facility: Facility, day: date) -> list[SheetLine]:
    """The visits that begin on a day and were not called off, by time: one statement."""
    taking_part = (
        select(func.array_agg(Resource.practitioner_id))
        .join(ResourceUnit, ResourceUnit.resource_id == Resource.id)
        .join(Allocation, Allocation.unit_id == ResourceUnit.id)
        .where(
            Allocation.appointment_id == Appointment.id,
            Allocation.active,
            Resource.practitioner_id.is_not(None),
        )
        .correlate(Appointment)
        .scalar_subquery()
    )
    statement = (
        _lines()
        .add_columns(Appointment.practitioner_id, taking_part)
        .where(
            Appointment.facility_id == facility.id,
            *in_days(Filter(from_day=day, to_day=day), facility.zone),
            Appointment.status.not_in(("cancelled", "rejected")),
        )
        .order_by(func.lower(Appointment.during), Appointment.id)
    )
    return [
        SheetLine(Line(*row), frozenset([lead, *(others or ())]))
        for *row, lead, others in db.session.execute(statement)
    ]
