"""Free time: what a service needs, all of it together, over many days, from one statement.

The database says for each unit when it is taken (claims, time off and the clinic's closures as one
multirange); here these become whole numbers, a bit for each five minutes, and combining people, room,
therapists and equipment is a few ANDs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import reduce
from itertools import groupby, islice
from operator import or_ as union
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    and_,
    bindparam,
    case,
    column,
    false,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range

from clinic.core import clock
from clinic.core.db import db
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import (
    CLAIMING,
    PEOPLE,
    Allocation,
    Appointment,
    Hold,
    Resource,
    ResourceKind,
    ResourceUnit,
    Service,
    TimeOff,
    WorkingHours,
)
from clinic.scheduling.queries.performers import performed_by
from clinic.scheduling.queries.sessions import open_sessions
from clinic.scheduling.slots import (
    GRID,
    Slot,
    WeeklyInterval,
    Window,
    at_least,
    cells_of,
    runs,
    spans,
    starts_on,
    window_of,
)

STEP = timedelta(minutes=15)
MAX_DAYS = 92


@dataclass(frozen=True, kw_only=True)
class Besides:
    """Whose own claims do not stand in the way: visits that are about to move, a form's or an offer's hold,
    by its purpose.
    """

    appointment_id: int | None = None
    appointment_ids: frozenset[int] = frozenset()
    hold: str | None = None


NOTHING = Besides()


def free_slots(
    facility: Facility,
    service: Service,
    from_day: date,
    to_day: date,
    practitioner_ids: Collection[int] | None = None,
    *,
    patient_id: int | None = None,
    step: timedelta = STEP,
    ignore_appointment: int | None = None,
    ignore_appointments: frozenset[int] = frozenset(),
    ignore_hold: str | None = None,
    online: bool = False,
    not_before: datetime | None = None,
    since: datetime | None = None,
    new_sessions: bool = True,
    seats: bool = True,
    most: int | None = None,
) -> list[Slot]:
    """Every place where the service can begin between two days (both included), by time, then practitioner's
    order.

    Not in the past, not while the clinic is closed. Throughout the visit and its buffers there are free: who
    performs it, a room of its kind unless the visit is online, the therapists beside, and its equipment.
    With ``patient_id``, the patient's own visits are left out, and of a service for the same sex people of
    the other. ``ignore_appointment`` is one that is about to move away, ``ignore_appointments`` more of them
    that move together, ``ignore_hold`` the purpose of a hold that will end, ``not_before`` the first instant
    that may be given, ``since`` what counts as past instead of the present. Of a service for groups: the
    sessions with free seats (unless not ``seats``), and with ``new_sessions`` where one more could be.
    ``most`` is how many places of each practitioner are wanted, the first ones; all of them if None.
    """
    to_day = min(to_day, from_day + timedelta(days=MAX_DAYS))
    besides = Besides(
        appointment_id=ignore_appointment, appointment_ids=ignore_appointments, hold=ignore_hold
    )
    found: list[Slot] = []
    if service.capacity == 1 or new_sessions:
        found = _places(
            facility,
            service,
            (from_day, to_day),
            practitioner_ids,
            patient_id=patient_id,
            step=step,
            besides=besides,
            online=online,
            not_before=max(since or clock.now(), not_before or since or clock.now()),
            most=most,
        )
    if service.capacity > 1 and seats:
        joinable = open_sessions(
            facility,
            service,
            from_day,
            to_day,
            practitioner_ids,
            patient_id=patient_id,
            not_before=max(clock.now(), not_before or clock.now()),
            ignore_appointment=ignore_appointment,
        )
        found = sorted([*joinable, *found], key=lambda slot: slot.starts)
    return found


def first_free(
    facility: Facility,
    service: Service,
    from_day: date,
    to_day: date,
    *,
    patient_id: int | None = None,
    online: bool = False,
) -> dict[int, Slot]:
    """The first place of each practitioner between two days, by practitioner, the earliest first."""
    slots = free_slots(facility, service, from_day, to_day, patient_id=patient_id, online=online, most=1)
    first: dict[int, Slot] = {}
    for slot in slots:
        first.setdefault(slot.practitioner_id, slot)
    return first


@dataclass
class _Unit:
    """Cells in which one unit is taken."""

    unit_id: int
    taken: int


@dataclass
class _Thing:
    """A resource with its units, and the cells in which it is there."""

    resource_id: int
    kind: str
    practitioner_id: int | None
    name: str
    sort: str | None
    performs: bool
    there: int
    units: list[_Unit] = field(default_factory=list)

    def places(self, length: int, padded: int, before: int, whole: int) -> list[int]:
        """Where a visit can begin, for each unit: there throughout the visit, free from buffer to buffer."""
        there = runs(self.there, length)
        return [there & (runs(whole & ~unit.taken, padded) << before) for unit in self.units]


def _places(
    facility: Facility,
    service: Service,
    days: tuple[date, date],
    practitioner_ids: Collection[int] | None,
    *,
    patient_id: int | None,
    step: timedelta,
    besides: Besides,
    online: bool,
    not_before: datetime,
    most: int | None,
) -> list[Slot]:
    from_day, to_day = days
    window = window_of(from_day - timedelta(days=1), to_day + timedelta(days=1), facility.zone)
    rows = _rows(facility, service, window, patient_id, besides, online=online)
    if not rows:
        return []
    around = [from_day + timedelta(days=n) for n in range(-1, (to_day - from_day).days + 2)]
    things, clinic_open = _things(rows, window, around, facility.zone)
    first, _ = clock.day_bounds(from_day, facility.zone)
    _, midnight = clock.day_bounds(to_day, facility.zone)
    before = timedelta(minutes=service.buffer_before) // GRID
    length = -(-timedelta(minutes=service.minutes) // GRID)
    padded = before + -(-timedelta(minutes=service.minutes + service.buffer_after) // GRID)
    open_cells = starts_on(window, step) & window.touched(first, midnight) & ~_past(window, not_before)
    patient_taken = _cells(window, rows[0].patient_taken)
    open_cells &= runs(window.whole & ~patient_taken, length) & runs(clinic_open, length)
    for sort, count in _needed(service, online=online):
        units = [
            cells
            for thing in things
            if (thing.kind, thing.sort) == sort
            for cells in thing.places(length, padded, before, window.whole)
        ]
        open_cells &= at_least(units, count)
    people = {
        thing.resource_id: reduce(union, thing.places(length, padded, before, window.whole), 0)
        for thing in things
        if thing.kind in PEOPLE
    }
    found = []
    for position, person in enumerate(things):
        if not person.performs or not _is_asked_for(person, practitioner_ids):
            continue
        begins = people[person.resource_id] & open_cells
        if begins and service.therapists:
            begins &= at_least(
                [
                    people[one.resource_id]
                    for one in things
                    if one.kind == ResourceKind.THERAPIST and one is not person
                ],
                service.therapists,
            )
        found += [(cell, position, person) for cell in islice(cells_of(begins), most)]
    found.sort(key=lambda place: place[:2])
    lasts = timedelta(minutes=service.minutes)
    return [
        Slot(window.instant(cell), window.instant(cell) + lasts, person.practitioner_id or 0, person.name)
        for cell, _position, person in found
    ]


def _is_asked_for(person: _Thing, practitioner_ids: Collection[int] | None) -> bool:
    return practitioner_ids is None or person.practitioner_id in practitioner_ids


def _needed(service: Service, *, online: bool) -> list[tuple[tuple[str, str | None], int]]:
    """What the service needs beside people: kind and sort, and how many of it."""
    if online:
        return []
    needed: list[tuple[tuple[str, str | None], int]] = [
        ((ResourceKind.EQUIPMENT, sort), count) for sort, count in Counter(service.equipment or ()).items()
    ]
    return [((ResourceKind.ROOM, service.room_kind), 1), *needed] if service.room_kind else needed


def _things(
    rows: Sequence[Row[Any]], window: Window, days: list[date], zone_name: str
) -> tuple[list[_Thing], int]:
    """The resources, and the cells in which the clinic is open."""
    clinic_open = window.whole
    things = []
    for _resource_id, group in groupby(rows, key=lambda row: row.resource_id):
        units = list(group)
        row = units[0]
        there = window.whole
        if row.hours or row.kind in PEOPLE:
            there = _hours_mask(
                window, days, [WeeklyInterval.read(one) for one in row.hours or ()], zone_name
            )
        if row.kind == ResourceKind.FACILITY:
            clinic_open = there & ~_cells(window, row.taken)
            continue
        things.append(
            _Thing(
                row.resource_id,
                row.kind,
                row.practitioner_id,
                row.name,
                row.sort,
                row.performs,
                there,
                [_Unit(unit.unit_id, _cells(window, unit.taken)) for unit in units],
            )
        )
    return things, clinic_open


def _cells(window: Window, taken: Iterable[Sequence[float | None]] | None) -> int:
    """Cells touched by stretches of seconds since 1970, None for one without bound."""
    origin, cell = window.origin.timestamp(), GRID.total_seconds()
    mask = 0
    for starts, ends in taken or ():
        first = 0 if starts is None else int((starts - origin) // cell)
        last = window.cells if ends is None else -int((origin - ends) // cell)
        mask |= window.between(first, last)
    return mask


def _past(window: Window, not_before: datetime) -> int:
    return window.touched(None, not_before) if not_before > window.origin else 0


def _hours_mask(window: Window, days: list[date], intervals: list[WeeklyInterval], zone_name: str) -> int:
    mask = 0
    for starts, ends in spans(days, intervals, zone_name):
        mask |= window.inside(starts, ends)
    return mask


def _rows(
    facility: Facility,
    service: Service,
    window: Window,
    patient_id: int | None,
    besides: Besides,
    *,
    online: bool,
) -> Sequence[Row[Any]]:
    """One row for each unit the service could claim, and one for the facility: one statement."""
    during = Range(window.origin, window.instant(window.cells))
    return db.session.execute(
        select(
            Resource.id.label("resource_id"),
            Resource.kind.label("kind"),
            Resource.practitioner_id.label("practitioner_id"),
            func.coalesce(Practitioner.name, Resource.name).label("name"),
            case((Resource.kind == "room", Resource.room_kind), else_=Resource.equipment_kind).label("sort"),
            case((Resource.kind.in_(PEOPLE), performed_by(service.id, Practitioner.id)), else_=false()).label(
                "performs"
            ),
            ResourceUnit.id.label("unit_id"),
            weekly_hours().label("hours"),
            _taken(during, besides).label("taken"),
            _patient_taken(patient_id, during, besides).label("patient_taken"),
        )
        .outerjoin(ResourceUnit, and_(ResourceUnit.resource_id == Resource.id, ~ResourceUnit.overbook))
        .outerjoin(Practitioner, Practitioner.id == Resource.practitioner_id)
        .where(
            Resource.facility_id == facility.id,
            Resource.active,
            _wanted(service, patient_id, online=online),
        )
        .order_by(Resource.position, Practitioner.search_name, Resource.id, ResourceUnit.number)
    ).all()


def _wanted(service: Service, patient_id: int | None, *, online: bool) -> ColumnElement[bool]:
    """Which resources matter: people who may do it, rooms and equipment of its kinds, and the clinic."""
    person = and_(
        Resource.kind.in_(PEOPLE),
        ResourceUnit.id.is_not(None),
        Practitioner.active,
        Practitioner.verified_at.is_not(None),
        or_(
            performed_by(service.id, Practitioner.id),
            Resource.kind == "therapist" if service.therapists else false(),
        ),
    )
    if service.same_sex and patient_id is not None and not online:
        sex = select(Patient.sex).where(Patient.id == patient_id).scalar_subquery()
        person = and_(person, of_that_sex(Practitioner.sex, sex))
    wanted = [person, Resource.kind == "facility"]
    if service.room_kind and not online:
        wanted.append(and_(Resource.kind == "room", Resource.room_kind == service.room_kind))
    if service.equipment and not online:
        wanted.append(and_(Resource.kind == "equipment", Resource.equipment_kind.in_(set(service.equipment))))
    return or_(*wanted)


def of_that_sex(theirs: Any, patients: Any) -> ColumnElement[bool]:
    """An SQL condition: both are of one sex, or the sex of one is not known or neither."""
    known = ("female", "male")
    return or_(
        theirs == patients,
        func.coalesce(theirs, "").not_in(known),
        func.coalesce(patients, "").not_in(known),
    )


def weekly_hours() -> Any:
    """A resource's hours as JSON for ``WeeklyInterval.read``; NULL where there are none."""
    entry = func.json_build_array(
        WorkingHours.weekday,
        WorkingHours.starts,
        WorkingHours.ends,
        WorkingHours.valid_from,
        WorkingHours.valid_until,
    )
    return (
        select(func.json_agg(entry))
        .where(WorkingHours.resource_id == Resource.id)
        .correlate(Resource)
        .scalar_subquery()
    )


def _taken(during: Range[datetime], besides: Besides) -> Any:
    """When a unit is claimed or its resource off, as JSON; what touches or overlaps is one stretch."""
    claims = (
        select(Allocation.during.label("stretch"))
        .outerjoin(Hold, Hold.id == Allocation.hold_id)
        .where(
            Allocation.unit_id == ResourceUnit.id,
            Allocation.active,
            func.upper(Allocation.during) > during.lower,
            Allocation.during.op("&&")(_stretch(during)),
            or_(Hold.id.is_(None), Hold.expires_at > clock.now()),
            *(
                [Allocation.appointment_id.is_distinct_from(besides.appointment_id)]
                if besides.appointment_id is not None
                else []
            ),
            *(
                [func.coalesce(Allocation.appointment_id, 0).not_in(besides.appointment_ids)]
                if besides.appointment_ids
                else []
            ),
            *([Hold.purpose.is_distinct_from(besides.hold)] if besides.hold is not None else []),
        )
        .correlate(ResourceUnit)
    )
    off = (
        select(TimeOff.during.label("stretch"))
        .where(TimeOff.resource_id == Resource.id, TimeOff.during.op("&&")(_stretch(during)))
        .correlate(Resource)
    )
    both = claims.union_all(off).subquery()
    return _as_seconds(select(func.range_agg(both.c.stretch)).scalar_subquery())


def _patient_taken(patient_id: int | None, during: Range[datetime], besides: Besides) -> Any:
    """When the patient has another visit; the same in every row, and worked out once."""
    if patient_id is None:
        return literal_column("NULL::json")
    own = select(func.range_agg(Appointment.during)).where(
        Appointment.patient_id == patient_id,
        Appointment.status.in_(CLAIMING),
        Appointment.during.op("&&")(_stretch(during)),
    )
    if besides.appointment_id is not None:
        own = own.where(Appointment.id != besides.appointment_id)
    if besides.appointment_ids:
        own = own.where(Appointment.id.not_in(besides.appointment_ids))
    return _as_seconds(own.scalar_subquery())


def _as_seconds(stretches: Any) -> Any:
    """A multirange as a JSON list of pairs of seconds since 1970; None where a side has no bound."""
    each = func.unnest(stretches).table_valued(column("stretch", TSTZRANGE)).render_derived()
    pair = func.json_build_array(
        func.date_part("epoch", func.lower(each.c.stretch)),
        func.date_part("epoch", func.upper(each.c.stretch)),
    )
    return select(func.json_agg(pair)).select_from(each).scalar_subquery()


def _stretch(during: Range[datetime]) -> Any:
    return bindparam(None, during, type_=TSTZRANGE, unique=True)
