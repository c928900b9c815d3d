"""Free time as a patient chooses it: a strip of days, and the times of one day by part of the day."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from clinic.core import clock
from clinic.scheduling.models import PartOfDay
from clinic.scheduling.queries import Slot
from clinic.scheduling.waiting import part_of_day

STRIP_DAYS = 14
_CHOICE = re.compile(r"([0-9]{8})-([1-9][0-9]{0,17})")


@dataclass(frozen=True, kw_only=True)
class StripDay:
    """A day that can be chosen, and how many different times are free on it."""

    day: date
    free: int


@dataclass(frozen=True, kw_only=True)
class DayPart:
    """The free times of one part of a day, in order."""

    part: PartOfDay
    slots: tuple[Slot, ...]


def value_of(slot: Slot) -> str:
    """How a form carries a slot: the minute it begins, and with whom."""
    return f"{int(slot.starts.timestamp()) // 60}-{slot.practitioner_id}"


def read_value(value: str | None) -> tuple[datetime, int] | None:
    """The instant (UTC) and the practitioner's id that ``value_of`` wrote; None for anything else."""
    found = _CHOICE.fullmatch((value or "").strip()) if (value or "").isascii() else None
    if found is None:
        return None
    return datetime.fromtimestamp(int(found[1]) * 60, UTC), int(found[2])


def read_day(text: str | None) -> date | None:
    """A day from an address, None when it is none."""
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def strip_of(day: date, first: date, last: date) -> tuple[date, date]:
    """First and last day of the strip of two weeks that ``day`` stands in, within what can be booked."""
    start = first + timedelta(days=(day - first).days // STRIP_DAYS * STRIP_DAYS)
    return start, min(start + timedelta(days=STRIP_DAYS - 1), last)


def count_days(slots: Iterable[Slot], start: date, end: date, zone_name: str) -> list[StripDay]:
    """Each day of a strip with its number of different free times; zeros are kept."""
    zone = clock.zone(zone_name)
    counts = Counter(starts.astimezone(zone).date() for starts in {slot.starts for slot in slots})
    days = (start + timedelta(days=number) for number in range((end - start).days + 1))
    return [StripDay(day=day, free=counts[day]) for day in days]


def parts_of(slots: Sequence[Slot], day: date, zone_name: str) -> list[DayPart]:
    """The times of a day by part of the day, each time once: with the first of those who are free then."""
    zone = clock.zone(zone_name)
    once: dict[datetime, Slot] = {}
    for slot in sorted(slots, key=lambda slot: slot.starts):
        if slot.starts.astimezone(zone).date() == day:
            once.setdefault(slot.starts, slot)
    found: dict[PartOfDay, list[Slot]] = {part: [] for part in PartOfDay}
    for slot in once.values():
        found[part_of_day(slot.starts.astimezone(zone).hour)].append(slot)
    return [DayPart(part=part, slots=tuple(slots)) for part, slots in found.items() if slots]
