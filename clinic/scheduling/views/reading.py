"""What addresses and forms of the schedule say, brought within bounds."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from clinic.core import clock
from clinic.core.web import read_id

LATEST = timedelta(days=3660)
__all__ = ["read_day", "read_id", "read_slot", "read_time", "slot_value"]


def read_day(text: str | None, zone_name: str) -> date:
    """A day as ``2026-11-24``; today for anything else or a day out of the clinic's time."""
    today = clock.today(zone_name)
    try:
        day = date.fromisoformat((text or "").strip())
    except ValueError:
        return today
    return day if abs(day - today) <= LATEST else today


def read_time(text: str | None) -> time | None:
    """A time as ``11:45``; None for anything else."""
    try:
        return time.fromisoformat((text or "").strip()[:5]).replace(tzinfo=None)
    except ValueError:
        return None


def slot_value(practitioner_id: int, starts: datetime) -> str:
    """A place in a form: ``12@29700345``, the practitioner and the minute since 1970."""
    return f"{practitioner_id}@{int(starts.timestamp()) // 60}"


def read_slot(text: str | None) -> tuple[int, datetime] | None:
    """The practitioner and the instant of ``slot_value``; None for anything else or a time beyond ten
    years.
    """
    person, _at, minute = (text or "").partition("@")
    practitioner_id, minutes = read_id(person), read_id(minute)
    if practitioner_id is None or minutes is None or minutes > 10**9:
        return None
    starts = datetime.fromtimestamp(minutes * 60, UTC)
    return (practitioner_id, starts) if abs(starts - clock.now()) <= LATEST else None
