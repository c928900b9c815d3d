"""Days as a register writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_date
from clinic.imports.values.blank import is_blank, within
from clinic.imports.values.written import Order, Written, read_written

FIRST_YEAR = 1900
LONGEST_DAY = 80
NEXT_YEARS = 20
_NO_DAY = re.compile(r"0{1,4}[-./]0{1,2}[-./]0{1,4}(?:[ T]00:00(?::00)?)?")


@dataclass(frozen=True, kw_only=True)
class Day:
    """A day, and what a person should know about how it was read."""

    value: date
    note: str | None = None


def read_day(text: str, *, order: Order, today: date, field: str, latest: date | None = None) -> Day | None:
    """The day in a cell; None for an empty one. ``latest`` (today) is the last day it can be.

    Two digits of a year belong to the latest century that does not pass ``latest``; but a day that would be
    within the next 20 years is one still to come, as no register goes back so far. Raises Invalid.
    """
    if is_nothing(text):
        return None
    line = within(text, LONGEST_DAY, field=field)
    written = read_written(line, order)
    if written is None:
        raise Invalid(_("Write the date as day, month and year: 14/11/1980."), field=field)
    last = latest or today
    value = settle(written, latest=last, field=field)
    if _soon(written, last):
        raise Invalid(_("This day is still to come."), field=field)
    if value.year < FIRST_YEAR:
        raise Invalid(_("A year before 1900 cannot be right here."), field=field)
    return Day(value=value, note=how_read(written, value) or _old_century(written, value, last))


def is_nothing(text: str) -> bool:
    """True for an empty cell and for the ``0000-00-00`` of some databases."""
    return is_blank(text) or _NO_DAY.fullmatch(text.strip()) is not None


def settle(written: Written, *, latest: date, field: str) -> date:
    """The day of the calendar; a month or a year alone stands for its first day.

    Raises Invalid when there is no such day or it is after ``latest``.
    """
    month = 1 if written.month is None else written.month
    day = 1 if written.day is None else written.day
    if written.two_digits:
        return _in_a_century(written.year, month, day, latest, field)
    value = _day_of_calendar(written.year, month, day)
    if value is None:
        raise Invalid(_("There is no such day in the calendar."), field=field)
    if value > latest:
        raise Invalid(_("This day is still to come."), field=field)
    return value


def how_read(written: Written, value: date) -> str | None:
    """A sentence about a date that does not stand there as such, or None."""
    if written.serial:
        return _("A day number from a spreadsheet, read as %(day)s.", day=show_date(value))
    if written.swapped:
        return _("Here the month stands before the day: read as %(day)s.", day=show_date(value))
    if written.midnight:
        return _("Midnight in India, written in another time zone: read as %(day)s.", day=show_date(value))
    return None


def _in_a_century(year: int, month: int, day: int, latest: date, field: str) -> date:
    this_century = latest.year - latest.year % 100
    for century in (this_century, this_century - 100):
        value = _day_of_calendar(century + year, month, day)
        if value is not None and value <= latest:
            return value
    raise Invalid(_("There is no such day in the calendar."), field=field)


def _day_of_calendar(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _soon(written: Written, latest: date) -> bool:
    """Whether two digits of a year name a day of the next years: 17-11-26 in October 2026 is not of 1926."""
    if not written.two_digits:
        return False
    this_century = latest.year - latest.year % 100
    value = _day_of_calendar(this_century + written.year, written.month or 1, written.day or 1)
    return value is not None and value > latest and value.year <= latest.year + NEXT_YEARS


def _old_century(written: Written, value: date, latest: date) -> str | None:
    """Two digits that are not of this century are rare outside birth dates: somebody should look."""
    if not written.two_digits or value.year // 100 == latest.year // 100:
        return None
    return _("The year has two digits: read as %(day)s.", day=show_date(value))
