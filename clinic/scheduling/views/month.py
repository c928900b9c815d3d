"""A month as heat: how much of each day's working time is booked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from clinic.core import clock
from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_long_day, show_weekday
from clinic.facilities.models import Facility
from clinic.scheduling.queries import month as loads
from clinic.scheduling.queries.calendar import PEOPLE, Column
from clinic.scheduling.views.shown import Shown

STEPS = (1, 34, 67, 90)
"""From so many percent on a day is quiet, half full, busy, full."""


@dataclass(frozen=True)
class Square:
    """A day of the month as drawn. ``heat`` is 0 (nothing booked) to 4 (full), None when nobody works."""

    day: date
    url: str
    visits: int
    percent: int
    heat: int | None
    words: str
    outside: bool
    is_today: bool


def squares(facility: Facility, shown: Shown, columns: Sequence[Column], of: Column | None) -> dict[str, Any]:
    """The weeks of a month, from Monday on, for one column or for everybody who works here."""
    first = shown.day.replace(day=1)
    start = first - timedelta(days=first.weekday())
    last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    end = last + timedelta(days=6 - last.weekday())
    house = next((column for column in columns if column.kind == "facility"), None)
    workers = [of] if of is not None else [column for column in columns if column.kind in PEOPLE]
    found = loads.booked(facility, start, end, of=of)
    today = clock.today(facility.zone)
    days = [start + timedelta(days=offset) for offset in range((end - start).days + 1)]
    words = _words()
    drawn = []
    for day in days:
        booked = found.get(day, loads.Booked(0, 0))
        working = loads.working_minutes(facility, workers, day, house=house)
        percent = min(100, round(100 * booked.minutes / working)) if working else 0
        heat = _heat(booked, percent) if working or booked.visits else None
        drawn.append(
            Square(
                day,
                shown.url(view="day", day=day),
                booked.visits,
                percent,
                heat,
                words[heat],
                day.month != first.month,
                day == today,
            )
        )
    return {
        "weeks": [drawn[at : at + 7] for at in range(0, len(drawn), 7)],
        "weekdays": [(show_weekday(day), show_long_day(day).split(" ")[0]) for day in days[:7]],
        "levels": list(words.items()),
        "count": sum(square.visits for square in drawn if not square.outside),
    }


def _heat(booked: loads.Booked, percent: int) -> int:
    if not booked.visits and not booked.minutes:
        return 0
    return max(1, sum(percent >= step for step in STEPS))


def _words() -> dict[int | None, str]:
    """What each shade means."""
    return {
        None: _("Closed"),
        0: _("Nothing booked"),
        1: _("Quiet"),
        2: _("Half full"),
        3: _("Busy"),
        4: _("Full"),
    }
