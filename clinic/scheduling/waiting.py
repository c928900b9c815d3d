"""What suits somebody who waits, and when they may be told: pure decisions on the facility's clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from clinic.core import clock
from clinic.scheduling.models import ALL_WEEK, PartOfDay
from clinic.scheduling.slots import Slot

TELL_FROM, TELL_UNTIL = time(8), time(21)
"""Nobody is written to or called outside these hours of the facility's day."""
LEAD = timedelta(minutes=60)
"""A place that begins sooner is not offered by message: it takes a telephone call."""
OFFER_LASTS = timedelta(minutes=30)
SHORTEST_OFFER = timedelta(minutes=15)
SHARE = 4
"""An offer lasts at most this share of the time until the place begins."""
CALL_LASTS = timedelta(minutes=15)
"""How long a place is kept while staff are on the telephone about it."""
APART = timedelta(hours=2)
"""Whoever passed a place is not offered one of the same day that begins so close to it."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """When and with whom a time would suit; empty means that it does not matter.

    ``weekdays`` has a bit for each, Monday is 1. ``before`` is the start of the visit that is kept meanwhile.
    ``passed`` are the starts of places that were offered and not taken.
    """

    from_day: date
    until_day: date
    weekdays: int = ALL_WEEK
    parts: frozenset[str] = frozenset()
    earliest: time | None = None
    latest: time | None = None
    practitioner_ids: frozenset[int] = frozenset()
    before: datetime | None = None
    passed: tuple[datetime, ...] = field(default=())

    def suits(self, slot: Slot, zone_name: str) -> bool:
        """Whether the place is one they asked for, and no close neighbour of one they passed."""
        zone = clock.zone(zone_name)
        starts, ends = slot.starts.astimezone(zone), slot.ends.astimezone(zone)
        if not self.from_day <= starts.date() <= self.until_day or not self.weekdays >> starts.weekday() & 1:
            return False
        if self.practitioner_ids and slot.practitioner_id not in self.practitioner_ids:
            return False
        if self.before is not None and slot.starts >= self.before:
            return False
        if any(abs(slot.starts - passed) < APART for passed in self.passed):
            return False
        if self.earliest is not None and self.latest is not None:
            return (
                ends.date() == starts.date() and self.earliest <= starts.time() and ends.time() <= self.latest
            )
        return not self.parts or part_of_day(starts.hour) in self.parts


def part_of_day(hour: int) -> PartOfDay:
    """The part of the day in which an hour (0 to 23) lies."""
    if hour < 12:
        return PartOfDay.MORNING
    return PartOfDay.AFTERNOON if hour < 17 else PartOfDay.EVENING


@dataclass(frozen=True)
class OfferTimes:
    """When somebody hears of a place, and until when it is kept for them."""

    tell_at: datetime
    expires_at: datetime


def may_tell_at(now: datetime, zone_name: str) -> datetime:
    """The first instant from ``now`` on at which people may be told something."""
    local = now.astimezone(clock.zone(zone_name))
    if TELL_FROM <= local.time() < TELL_UNTIL:
        return now
    day = local.date() + timedelta(days=local.time() >= TELL_UNTIL)
    return clock.at(day, TELL_FROM, zone_name)


def offer_times(now: datetime, starts: datetime, zone_name: str) -> OfferTimes | None:
    """The times of an offer by message for a place that begins at ``starts``; None where that is too soon."""
    tell_at = may_tell_at(now, zone_name)
    ahead = starts - tell_at
    if ahead < LEAD:
        return None
    return OfferTimes(tell_at, tell_at + min(OFFER_LASTS, max(SHORTEST_OFFER, ahead / SHARE)))


def call_times(now: datetime, starts: datetime) -> OfferTimes:
    """The times of an offer that somebody makes by telephone, now."""
    return OfferTimes(now, min(now + CALL_LASTS, starts))
