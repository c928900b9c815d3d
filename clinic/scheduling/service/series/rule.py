"""The rule of a series: every few days or weeks, so many times or until a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import islice

from dateutil.rrule import DAILY, WEEKLY, rrule

from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _

MOST = 60
LONGEST = timedelta(days=365)
DAY_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_UNTIL = "%Y%m%d"


class Every(StrEnum):
    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Every ``interval`` days, or on ``weekdays`` (Monday is 0) of every so manieth week.

    It ends after ``count`` visits or with the day ``until``; one of the two is given.
    """

    every: Every = Every.WEEK
    interval: int = 1
    weekdays: tuple[int, ...] = ()
    count: int | None = None
    until: date | None = None

    def dates(self, first: date) -> list[date]:
        """The days from ``first`` on, in order. Raises Invalid where there are none, or too many."""
        if not 1 <= self.interval <= 12:
            raise Invalid(_("Choose every 1 to 12 weeks or days."), field="interval")
        if self.count is None and self.until is None:
            raise Invalid(_("Say how many visits, or until when."), field="count")
        if self.count is not None and not 1 <= self.count <= MOST:
            raise Invalid(_("A series has 1 to %(most)s visits.", most=MOST), field="count")
        found = rrule(
            WEEKLY if self.every == Every.WEEK else DAILY,
            dtstart=datetime.combine(first, time.min),
            interval=self.interval,
            byweekday=sorted(set(self.weekdays)) or None,
            count=self.count,
            until=datetime.combine(self.until, time.min) if self.until and not self.count else None,
        )
        days = [moment.date() for moment in islice(found, MOST + 1)]
        if not days:
            raise Invalid(_("No visit lies before that day."), field="until")
        if len(days) > MOST:
            raise Invalid(_("A series has 1 to %(most)s visits.", most=MOST), field="until")
        if days[-1] > first + LONGEST:
            raise Invalid(_("A series lasts a year at the most."), field="count" if self.count else "until")
        return days

    @property
    def text(self) -> str:
        """The rule as RFC 5545 writes it: ``FREQ=WEEKLY;INTERVAL=1;BYDAY=TU,FR;COUNT=8``."""
        parts = [f"FREQ={'WEEKLY' if self.every == Every.WEEK else 'DAILY'}", f"INTERVAL={self.interval}"]
        if self.weekdays:
            parts.append("BYDAY=" + ",".join(DAY_CODES[day] for day in sorted(set(self.weekdays))))
        if self.count is not None:
            parts.append(f"COUNT={self.count}")
        elif self.until is not None:
            parts.append(f"UNTIL={self.until:{_UNTIL}}")
        return ";".join(parts)

    @classmethod
    def read(cls, text: str) -> Rule:
        """The rule that ``text`` wrote. Raises ValueError for another text."""
        parts: Mapping[str, str] = dict(part.partition("=")[::2] for part in text.split(";"))
        until = parts.get("UNTIL")
        days = [code for code in parts.get("BYDAY", "").split(",") if code]
        return cls(
            every=Every.WEEK if parts.get("FREQ") == "WEEKLY" else Every.DAY,
            interval=int(parts.get("INTERVAL", "1")),
            weekdays=tuple(DAY_CODES.index(code) for code in days),
            count=int(parts["COUNT"]) if "COUNT" in parts else None,
            until=date.fromisoformat(f"{until[:4]}-{until[4:6]}-{until[6:8]}") if until else None,
        )
