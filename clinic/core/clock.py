"""The only clock. Instants are aware and in UTC; clinic days are dates in a facility's zone."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

HOME_ZONE = "Asia/Kolkata"
"""Where no clinic says otherwise."""
zone = lru_cache(maxsize=64)(ZoneInfo)
"""``zone(name) -> ZoneInfo``, kept once loaded."""


def now() -> datetime:
    """The present instant in UTC."""
    return datetime.now(UTC)


def today(zone_name: str) -> date:
    """Today's date where ``zone_name`` is."""
    return now().astimezone(zone(zone_name)).date()


def at(day: date, wall: time, zone_name: str) -> datetime:
    """The instant (UTC) at which the clocks of ``zone_name`` show ``wall`` on ``day``.

    A time inside a spring gap means the instant the same distance after the gap's start; of an hour that
    comes twice it is the first.
    """
    return datetime.combine(day, wall, tzinfo=zone(zone_name)).astimezone(UTC)


def day_bounds(day: date, zone_name: str) -> tuple[datetime, datetime]:
    """First instant of ``day`` and of the day after (UTC); 23 or 25 hours apart when the clocks change."""
    return at(day, time.min, zone_name), at(day + timedelta(days=1), time.min, zone_name)


def seconds_until(moment: datetime) -> int:
    """Seconds from now until an instant, a second begun counted whole; 0 once it is over."""
    return max(0, math.ceil((moment - now()).total_seconds()))
