"""Free time: working hours less time off less what is claimed, in two statements whatever the number of
days.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, literal, null, or_, select, union_all
from sqlalchemy.dialects.postgresql import Range

from clinic.core import clock
from clinic.core.db import db
from clinic.facilities.models import Facility
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import (
    CLAIMING,
    Allocation,
    Appointment,
    Hold,
    Resource,
    ResourceUnit,
    Service,
    TimeOff,
    WorkingHours,
)
from clinic.scheduling.queries.performers import performed_by
from clinic.scheduling.slots import (
    GRID,
    Slot,
    WeeklyInterval,
    Window,
    cells_of,
    runs,
    spans,
    starts_on,
    window_of,
)

STEP = timedelta(minutes=15)
MAX_DAYS = 92


@dataclass
class _Person:
    practitioner_id: int
    name: str
    units: set[int] = field(default_factory=set)
    intervals: list[WeeklyInterval] = field(default_factory=list)


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
    online: bool = False,
    not_before: datetime | None = None,
) -> list[Slot]:
    """Every place where the service can begin between two days (both included), by time, then practitioner's
    order.

    Not in the past; a free room of the service's kind is there throughout unless the visit is online. With
    ``patient_id``, the patient's own visits are left out; ``ignore_appointment`` is one that is about to
    move away. Around the visit its people and room are free for the service's buffers too; only who
    performs the service counts. ``not_before`` is the first instant that may be given.
    """
    to_day = min(to_day, from_day + timedelta(days=MAX_DAYS))
    window = window_of(from_day - timedelta(days=1), to_day + timedelta(days=1), facility.zone)
    first, _ = clock.day_bounds(from_day, facility.zone)
    _, midnight = clock.day_bounds(to_day, facility.zone)
    room_kind = None if online else service.room_kind
    people, rooms = _resources(facility.id, service.id, room_kind, practitioner_ids)
    if not people or (room_kind and not rooms):
        return []
    patient_taken, taken = _taken(window, [*people, *rooms], patient_id, ignore_appointment)
    before = service.buffer_before * timedelta(minutes=1) // GRID
    length = -(-timedelta(minutes=service.minutes) // GRID)
    padded = before + -(-timedelta(minutes=service.minutes + service.buffer_after) // GRID)
    whole = (1 << window.cells) - 1
    open_cells = starts_on(window, step) & window.touched(first, midnight) & ~_past(window, not_before)
    open_cells &= runs(whole & ~patient_taken, length)
    if room_kind:
        free_rooms = 0
        for resource_id, room_units in rooms.items():
            free_rooms |= _unit_runs(resource_id, room_units, taken, whole, padded) << before
        open_cells &= free_rooms
    days = [from_day + timedelta(days=n) for n in range(-1, (to_day - from_day).days + 2)]
    found = []
    for position, (resource_id, person) in enumerate(people.items()):
        if not open_cells:
            break
        hours = _hours_mask(window, days, person.intervals, facility.zone)
        if not hours & open_cells:
            continue
        at_work = runs(hours & ~taken[(resource_id, None)], length)
        begins = _unit_runs(resource_id, person.units, taken, whole, padded) << before
        begins &= at_work & open_cells
        for cell in cells_of(begins):
            found.append((cell, position, person))
    found.sort(key=lambda place: place[:2])
    duration = timedelta(minutes=service.minutes)
    return [
        Slot(window.instant(cell), window.instant(cell) + duration, person.practitioner_id, person.name)
        for cell, _position, person in found
    ]


def _resources(
    facility_id: int, service_id: int, room_kind: str | None, practitioner_ids: Collection[int] | None
) -> tuple[dict[int, _Person], dict[int, set[int]]]:
    """People with their hours, and rooms with their units: one statement."""
    person = and_(
        Resource.kind == "practitioner",
        Practitioner.active,
        Practitioner.verified_at.is_not(None),
        performed_by(service_id, Practitioner.id),
        *([Practitioner.id.in_(practitioner_ids)] if practitioner_ids is not None else []),
    )
    room = and_(Resource.kind == "room", Resource.room_kind == room_kind)
    rows = db.session.execute(
        select(
            Resource.id,
            Resource.practitioner_id,
            Practitioner.name,
            ResourceUnit.id,
            WorkingHours.weekday,
            WorkingHours.starts,
            WorkingHours.ends,
            WorkingHours.valid_from,
            WorkingHours.valid_until,
        )
        .join(ResourceUnit, ResourceUnit.resource_id == Resource.id)
        .outerjoin(Practitioner, Practitioner.id == Resource.practitioner_id)
        .outerjoin(WorkingHours, WorkingHours.resource_id == Resource.id)
        .where(
            Resource.facility_id == facility_id, Resource.active, or_(person, room) if room_kind else person
        )
        .order_by(Resource.position, Practitioner.search_name, Resource.id)
    )
    people: dict[int, _Person] = {}
    rooms: dict[int, set[int]] = {}
    for resource_id, practitioner_id, name, unit_id, weekday, starts, ends, since, until in rows:
        if practitioner_id is None:
            rooms.setdefault(resource_id, set()).add(unit_id)
            continue
        entry = people.setdefault(resource_id, _Person(practitioner_id, name))
        entry.units.add(unit_id)
        if weekday is not None:
            entry.intervals.append(WeeklyInterval(weekday, starts, ends, since, until))
    return people, rooms


_Taken = defaultdict[tuple[int, int | None], int]


def _taken(
    window: Window, resource_ids: Sequence[int], patient_id: int | None, ignore_appointment: int | None
) -> tuple[int, _Taken]:
    """What is claimed or off, as cells: one statement. Keyed by resource and unit; time off has no unit."""
    during: Range[datetime] = Range(window.origin, window.instant(window.cells))
    claims = (
        select(ResourceUnit.resource_id, Allocation.unit_id, Allocation.during)
        .join(ResourceUnit, ResourceUnit.id == Allocation.unit_id)
        .outerjoin(Hold, Hold.id == Allocation.hold_id)
        .where(
            ResourceUnit.resource_id.in_(resource_ids),
            Allocation.active,
            func.upper(Allocation.during) > window.origin,
            Allocation.during.op("&&")(during),
            or_(Hold.id.is_(None), Hold.expires_at > clock.now()),
        )
    )
    if ignore_appointment is not None:
        claims = claims.where(Allocation.appointment_id.is_distinct_from(ignore_appointment))
    parts: list[Any] = [
        claims,
        select(TimeOff.resource_id, null(), TimeOff.during).where(
            TimeOff.resource_id.in_(resource_ids), TimeOff.during.op("&&")(during)
        ),
    ]
    if patient_id is not None:
        own = select(literal(0), null(), Appointment.during).where(
            Appointment.patient_id == patient_id,
            Appointment.status.in_(CLAIMING),
            Appointment.during.op("&&")(during),
        )
        parts.append(own if ignore_appointment is None else own.where(Appointment.id != ignore_appointment))
    taken: _Taken = defaultdict(int)
    for resource_id, unit_id, stretch in db.session.execute(union_all(*parts)):
        taken[(resource_id, unit_id)] |= window.touched(stretch.lower, stretch.upper)
    return taken.pop((0, None), 0), taken


def _past(window: Window, not_before: datetime | None) -> int:
    moment = max(clock.now(), not_before or clock.now())
    return window.touched(None, moment) if moment > window.origin else 0


def _unit_runs(resource_id: int, units: Collection[int], taken: _Taken, there: int, length: int) -> int:
    """Where ``length`` cells begin in which one and the same unit of the resource is free."""
    there &= ~taken[(resource_id, None)]
    begins = 0
    for unit_id in units:
        begins |= runs(there & ~taken[(resource_id, unit_id)], length)
    return begins


def _hours_mask(window: Window, days: list[date], intervals: list[WeeklyInterval], zone_name: str) -> int:
    mask = 0
    for starts, ends in spans(days, intervals, zone_name):
        mask |= window.inside(starts, ends)
    return mask
