"""Birth dates as people write them: a day, a month or a year."""

from __future__ import annotations

import re
from datetime import date

from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.patients.models import BirthPrecision

_DAY_FIRST = re.compile(r"(\d{1,2})\s*[/.\- ]\s*(\d{1,2})\s*[/.\- ]\s*(\d{4})")
_YEAR_FIRST = re.compile(r"(\d{4})-(\d{1,2})(?:-(\d{1,2}))?")
_MONTH_AND_YEAR = re.compile(r"(\d{1,2})\s*[/.\-]\s*(\d{4})")
_YEAR = re.compile(r"\d{4}")


def parse_birth(text: str, *, field: str = "birth_date") -> tuple[date, BirthPrecision]:
    """A birth date and how exact it is: ``14/11/1949``, ``1949-11-14``, ``11/1949`` or ``1949``.

    Days come before months. A month or a year alone stands for its first day. Raises Invalid.
    """
    typed = text.strip()
    try:
        if found := _DAY_FIRST.fullmatch(typed):
            day, month, year = map(int, found.groups())
            return date(year, month, day), BirthPrecision.DAY
        if found := _YEAR_FIRST.fullmatch(typed):
            year, month = int(found[1]), int(found[2])
            if found[3]:
                return date(year, month, int(found[3])), BirthPrecision.DAY
            return date(year, month, 1), BirthPrecision.MONTH
        if found := _MONTH_AND_YEAR.fullmatch(typed):
            return date(int(found[2]), int(found[1]), 1), BirthPrecision.MONTH
        if _YEAR.fullmatch(typed):
            return date(int(typed), 1, 1), BirthPrecision.YEAR
    except ValueError:
        raise Invalid(_("There is no such day in the calendar."), field=field) from None
    raise Invalid(_("Write the date as day, month and year: 14/11/1980."), field=field)


def write_birth(born: date | None, precision: str | None) -> str:
    """A birth date the way ``parse_birth`` reads it; empty for one reckoned from an age."""
    if born is None or precision == BirthPrecision.AGE:
        return ""
    if precision == BirthPrecision.YEAR:
        return f"{born.year:04d}"
    if precision == BirthPrecision.MONTH:
        return f"{born.month:02d}/{born.year:04d}"
    return f"{born.day:02d}/{born.month:02d}/{born.year:04d}"
