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

from sqlalchemy import Row

from clinic.core import clock
from clinic.facilities.models import Facility
from clinic.scheduling.models import (
    PEOPLE,
    ResourceKind,
    Service,
)
from clinic.scheduling.queries.sessions import open_sessions
from clinic.scheduling.queries.taken import Besides, taken_units
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
    minutes: int | None = None,
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
    ``minutes`` is how long a visit lasts whose length is not the service's own.
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
            minutes=minutes or service.minutes,
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
            besides=besides.visits,
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
    minutes: int,
) -> list[Slot]:
    from_day, to_day = days
    window = window_of(from_day - timedelta(days=1), to_day + timedelta(days=1), facility.zone)
    rows = taken_units(facility, service, window, patient_id, besides, online=online)
    if not rows:
        return []
    around = [from_day + timedelta(days=n) for n in range(-1, (to_day - from_day).days + 2)]
    things, clinic_open = _things(rows, window, around, facility.zone)
    first, _ = clock.day_bounds(from_day, facility.zone)
    _, midnight = clock.day_bounds(to_day, facility.zone)
    before = timedelta(minutes=service.buffer_before) // GRID
    length = -(-timedelta(minutes=minutes) // GRID)
    padded = before + -(-timedelta(minutes=minutes + service.buffer_after) // GRID)
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
    lasts = timedelta(minutes=minutes)
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
