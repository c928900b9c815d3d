"""Weekly hours as a form shows and sends them, and in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import time

from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import one_line
from clinic.scheduling.models import WorkingHours
from clinic.scheduling.service.arrange import Interval
from clinic.scheduling.views.reading import read_time

STRETCHES = 3
"""How many stretches of one weekday the form has room for."""
LAST_MINUTE = time(23, 59)


@dataclass(frozen=True)
class DayHours:
    """One weekday of the form, as typed: pairs of beginning and end."""

    weekday: int
    stretches: list[tuple[str, str]]


def weekday_names() -> list[str]:
    """Monday to Sunday in the reader's language."""
    return [
        _("Monday"),
        _("Tuesday"),
        _("Wednesday"),
        _("Thursday"),
        _("Friday"),
        _("Saturday"),
        _("Sunday"),
    ]


def typed_days(form: Mapping[str, str]) -> list[DayHours]:
    """What stands in the form."""
    return [
        DayHours(
            weekday,
            [
                (
                    one_line(form.get(f"starts-{weekday}-{number}", ""))[:5],
                    one_line(form.get(f"ends-{weekday}-{number}", ""))[:5],
                )
                for number in range(STRETCHES)
            ],
        )
        for weekday in range(7)
    ]


def days_of(kept: Sequence[WorkingHours]) -> list[DayHours]:
    """Hours as the form shows them."""
    days = []
    for weekday in range(7):
        pairs = [(f"{one.starts:%H:%M}", f"{one.ends:%H:%M}") for one in kept if one.weekday == weekday]
        days.append(DayHours(weekday, (pairs + [("", "")] * STRETCHES)[: max(STRETCHES, len(pairs))]))
    return days


def copied(days: Sequence[DayHours], source: int, targets: Collection[int | None]) -> list[DayHours]:
    """The days with what one of them says put on others."""
    said = days[source].stretches
    return [DayHours(day.weekday, said if day.weekday in targets else day.stretches) for day in days]


def read_weekday(text: str | None) -> int | None:
    """A weekday as ``0`` (Monday) to ``6``; None for anything else."""
    return int(text) if text in tuple("0123456") else None


def intervals_of(days: Sequence[DayHours]) -> list[Interval]:
    """What the form says. Raises Invalid for half a stretch."""
    intervals = []
    for day in days:
        for begins, over in day.stretches:
            if not begins and not over:
                continue
            starts, ends = read_time(begins), read_time(over)
            if starts is None or ends is None:
                raise Invalid(_("Each stretch needs a beginning and an end."), field="hours")
            intervals.append(Interval(weekday=day.weekday, starts=starts, ends=end_of_day(ends)))
    return intervals


def end_of_day(ends: time) -> time:
    """Midnight as an end is the day's last minute."""
    return LAST_MINUTE if ends == time.min else ends


def in_words(hours: Sequence[WorkingHours]) -> list[tuple[str, str]]:
    """Weekdays and their stretches, days that are alike together: ``("Monday – Friday", "09:00–13:00")``."""
    names = weekday_names()
    days = [
        ", ".join(f"{one.starts:%H:%M}–{one.ends:%H:%M}" for one in hours if one.weekday == weekday)
        for weekday in range(7)
    ]
    lines: list[tuple[str, str]] = []
    first = 0
    for weekday in range(1, 8):
        if weekday < 7 and days[weekday] == days[first]:
            continue
        if days[first]:
            name = names[first] if first == weekday - 1 else f"{names[first]} – {names[weekday - 1]}"
            lines.append((name, days[first]))
        first = weekday
    return lines
