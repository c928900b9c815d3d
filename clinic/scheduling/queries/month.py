"""How full the days of a month are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Date, Interval, Text, bindparam, cast, func, literal, select, union_all
from sqlalchemy.dialects.postgresql import Range

from clinic.core import clock
from clinic.core.db import db
from clinic.facilities.models import Facility
from clinic.scheduling.models import CLAIMING, Allocation, Appointment, GroupSession
from clinic.scheduling.queries.calendar import LONGEST, PEOPLE, Column, belongs
from clinic.scheduling.slots import LAST_MINUTE

DAY = 24 * 60
"""Minutes."""


class Booked(NamedTuple):
    """What is booked on a day: how many visits, and how many minutes of whoever performs them."""

    visits: int
    minutes: int


def booked(
    facility: Facility, from_day: date, to_day: date, *, of: Column | None = None
) -> dict[date, Booked]:
    """What is booked on each of some days, those with nothing left out: one statement.

    A visit counts on the day it begins. A group session is one stretch of work and as many visits as seats
    are taken. With ``of``, only what this person performs, or what claims this person, room or equipment.
    """
    first, _ = clock.day_bounds(from_day, facility.zone)
    _, after = clock.day_bounds(to_day, facility.zone)
    values: dict[str, Any] = {
        "facility": facility.id,
        "zone": facility.zone,
        "first": first,
        "after": after,
    }
    if of is not None:
        values |= {
            "resource": of.resource_id,
            "practitioner": of.practitioner_id or 0,
            "during": Range(first - LONGEST, after + LONGEST),
        }
    rows = db.session.execute(_statement(of is not None), values)
    return {day: Booked(int(visits), int(minutes)) for day, visits, minutes in rows}


@lru_cache(maxsize=2)
def _statement(of_one: bool) -> Any:
    seats = (
        select(func.count())
        .where(Appointment.session_id == GroupSession.id, Appointment.status.in_(CLAIMING))
        .scalar_subquery()
    )
    visits = _of(Appointment, literal(1), of_one).where(
        Appointment.session_id.is_(None), Appointment.status.in_(CLAIMING)
    )
    sessions = _of(GroupSession, seats, of_one).where(GroupSession.cancelled_at.is_(None))
    both = union_all(visits, sessions).subquery()
    return select(both.c.day, func.sum(both.c.visits), func.sum(both.c.minutes)).group_by(both.c.day)


def _of(owner: Any, visits: Any, of_one: bool) -> Any:
    starts, ends = func.lower(owner.during), func.upper(owner.during)
    own = Allocation.appointment_id if owner is Appointment else Allocation.session_id
    wanted = select(
        cast(func.timezone(cast(bindparam("zone"), Text), starts), Date).label("day"),
        visits.label("visits"),
        (func.extract("epoch", cast(ends - starts, Interval)) / 60).label("minutes"),
    ).where(
        owner.facility_id == bindparam("facility"),
        starts >= bindparam("first"),
        starts < bindparam("after"),
    )
    return wanted.where(belongs(owner, own)) if of_one else wanted


def working_minutes(facility: Facility, columns: Sequence[Column], day: date, *, house: Column | None) -> int:
    """How many minutes those of these columns work on a day by the wall clock, their time off and the
    facility's closures taken away. A room or equipment without hours is there while the facility is open.
    """
    closures = _away(house, day, facility.zone) if house is not None else 0
    opening = _bits(_minute(facility.opens), _minute(facility.closes))
    total = 0
    for column in columns:
        if column.intervals or column.kind in PEOPLE:
            there = 0
            for interval in column.intervals:
                if interval.holds_on(day):
                    there |= _bits(_minute(interval.starts), _minute(interval.ends))
        else:
            there = opening
        if there:
            away = closures | (_away(column, day, facility.zone) if column.offs else 0)
            total += (there & ~away).bit_count()
    return total


def _minute(wall: time) -> int:
    return DAY if wall >= LAST_MINUTE else wall.hour * 60 + wall.minute


def _bits(first: int, after: int) -> int:
    """The minutes of a day from one on until another, one bit each."""
    return ((1 << (after - first)) - 1) << first if after > first else 0


def _away(column: Column, day: date, zone: str) -> int:
    """The minutes of a day that time off takes, one bit each."""
    first, after = clock.day_bounds(day, zone)
    local = clock.zone(zone)
    bits = 0
    for off in column.offs:
        if off.starts < after and off.ends > first:
            begins = 0 if off.starts <= first else _minute(off.starts.astimezone(local).time())
            bits |= _bits(begins, DAY if off.ends >= after else _minute(off.ends.astimezone(local).time()))
    return bits
