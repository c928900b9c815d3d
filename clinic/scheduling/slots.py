"""Free time as whole numbers: one bit per five minutes, so that combining people and rooms is a few ANDs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from clinic.core import clock

GRID = timedelta(minutes=5)
LAST_MINUTE = time(23, 59)


@dataclass(frozen=True)
class Slot:
    """A place in somebody's day that can be booked. Instants are UTC, the end is not included.

    Of a group session that stands already, ``seats`` says how many are free.
    """

    starts: datetime
    ends: datetime
    practitioner_id: int
    practitioner_name: str
    seats: int | None = None


@dataclass(frozen=True)
class WeeklyInterval:
    """One stretch of working hours on a weekday (Monday is 0), in the facility's zone, while it is valid."""

    weekday: int
    starts: time
    ends: time
    valid_from: date
    valid_until: date | None

    @classmethod
    def read(cls, entry: Sequence[Any]) -> WeeklyInterval:
        """One from a JSON row of weekday, starts, ends, valid from and valid until, as Postgres writes
        them.
        """
        weekday, starts, ends, since, until = entry
        return cls(
            weekday,
            time.fromisoformat(starts),
            time.fromisoformat(ends),
            date.fromisoformat(since),
            date.fromisoformat(until) if until else None,
        )

    def holds_on(self, day: date) -> bool:
        return (
            self.weekday == day.weekday()
            and self.valid_from <= day
            and (self.valid_until is None or day < self.valid_until)
        )


def span_of(day: date, interval: WeeklyInterval, zone_name: str) -> tuple[datetime, datetime]:
    """The interval's instants on a day.

    An end at 23:59 or later means midnight; a clock change may make it empty.
    """
    starts = clock.at(day, interval.starts, zone_name)
    if interval.ends >= LAST_MINUTE:
        ends = clock.at(day + timedelta(days=1), time.min, zone_name)
    else:
        ends = clock.at(day, interval.ends, zone_name)
    return starts, max(starts, ends)


def spans(
    days: Iterable[date], intervals: Iterable[WeeklyInterval], zone_name: str
) -> list[tuple[datetime, datetime]]:
    """The working stretches on these days in order, those that touch joined: a night shift is one stretch."""
    intervals = list(intervals)
    found = sorted(
        span_of(day, interval, zone_name) for day in days for interval in intervals if interval.holds_on(day)
    )
    joined: list[tuple[datetime, datetime]] = []
    for starts, ends in found:
        if joined and starts <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(ends, joined[-1][1]))
        elif ends > starts:
            joined.append((starts, ends))
    return joined


@dataclass(frozen=True)
class Window:
    """Some days on the five-minute grid: ``cells`` cells from ``origin`` (UTC) on."""

    origin: datetime
    cells: int

    @property
    def whole(self) -> int:
        """All cells."""
        return (1 << self.cells) - 1

    def inside(self, starts: datetime, ends: datetime) -> int:
        """The cells that lie wholly between two instants."""
        return self.between(-((self.origin - starts) // GRID), (ends - self.origin) // GRID)

    def touched(self, starts: datetime | None, ends: datetime | None) -> int:
        """The cells that two instants touch, even in part; None is without bound."""
        first = 0 if starts is None else (starts - self.origin) // GRID
        last = self.cells if ends is None else -((self.origin - ends) // GRID)
        return self.between(first, last)

    def between(self, first: int, last: int) -> int:
        """The cells from one to before another, those outside the window left out."""
        first, last = max(first, 0), min(last, self.cells)
        return ((1 << (last - first)) - 1) << first if last > first else 0

    def instant(self, cell: int) -> datetime:
        return self.origin + cell * GRID


def window_of(from_day: date, to_day: date, zone_name: str) -> Window:
    """The days from one to the other, both included, in the zone."""
    first, _ = clock.day_bounds(from_day, zone_name)
    _, last = clock.day_bounds(to_day, zone_name)
    return Window(first, -((first - last) // GRID))


def runs(free: int, length: int) -> int:
    """The cells at which ``length`` free cells in a row begin."""
    have = 1
    while have < length and free:
        step = min(have, length - have)
        free &= free >> step
        have += step
    return free


def at_least(masks: Iterable[int], count: int) -> int:
    """The cells that are set in ``count`` or more of the masks; ``count`` is 1 or more."""
    reached = [0] * count
    for mask in masks:
        for already in range(count - 1, 0, -1):
            reached[already] |= reached[already - 1] & mask
        reached[0] |= mask
    return reached[-1]


def starts_on(window: Window, every: timedelta) -> int:
    """The cells at which a visit may begin: each ``every`` on the clock."""
    stride = max(1, every // GRID)
    midnight = datetime(2000, 1, 1, tzinfo=UTC)
    offset = -((window.origin - midnight) // GRID) % stride
    count = max(0, -(-(window.cells - offset) // stride))
    return ((1 << (stride * count)) - 1) // ((1 << stride) - 1) << offset


def cells_of(mask: int) -> Iterator[int]:
    """The positions of the bits that are set, lowest first."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest
