"""When somebody was born, from whatever a register says about it: a day, a month, a year or an age."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_date
from clinic.imports.values.ages import read_age, without_about
from clinic.imports.values.blank import within
from clinic.imports.values.days import LONGEST_DAY, how_read, is_nothing, settle
from clinic.imports.values.written import Order, Written, read_written, read_written_part
from clinic.patients.details import OLDEST_YEARS
from clinic.patients.models import BirthPrecision

_BOTH = re.compile(r"([^()]{1,40}?)\s?\(([^()]{1,40})\)")
_SHORT_YEAR = re.compile(r"\s*['\u2018\u2019\u02bc`\u00b4]\s?(\d{2})\s*")
_NO_YEARS = re.compile(r"0+(?:\.0+)?\s*(?:y\w*|वर्ष|साल)?(?:$|\s*[/,(])")
_FIRST_SERIAL = 10_000
"""Spreadsheet numbers of birth dates begin earlier than others: 10000 is 18 May 1927."""


@dataclass(frozen=True, kw_only=True)
class Birth:
    """A birth date, how exact it is, and what a person should know about how it was read."""

    value: date
    precision: BirthPrecision
    note: str | None = None


def read_birth(
    text: str, *, order: Order, counted_from: date, today: date, field: str = "birth_date"
) -> Birth | None:
    """The birth date in a cell; None for an empty one.

    An age counts back from ``counted_from``, the first visit if it is known and else the day of the import;
    two digits of a year mean the latest one that does not pass that day. Raises Invalid.
    """
    if is_nothing(text):
        return None
    if short := _SHORT_YEAR.fullmatch(text):
        year = Written(year=int(short[1]), two_digits=True)
        return _from_date(year, text, counted_from=min(counted_from, today), today=today, field=field)
    line = _one_of_two(within(text, LONGEST_DAY, field=field), order)
    known = without_about(line)
    written = read_written(known, order, first_serial=_FIRST_SERIAL) or read_written_part(known)
    if written is not None:
        return _from_date(written, line, counted_from=min(counted_from, today), today=today, field=field)
    return _from_age(line, counted_from=counted_from, today=today, field=field)


def _one_of_two(line: str, order: Order) -> str:
    """Of ``14/07/1971 (54 yrs)`` or ``54 (14/07/1971)`` the date."""
    found = _BOTH.fullmatch(line)
    if found is None:
        return line
    return next((part for part in found.groups() if read_written(part, order) is not None), line)


def _from_date(written: Written, line: str, *, counted_from: date, today: date, field: str) -> Birth:
    two_digits = written.two_digits
    value = settle(written, latest=counted_from if two_digits else today, field=field)
    _check_years(value, today, field)
    precision = BirthPrecision.DAY
    if written.day is None:
        precision = BirthPrecision.MONTH if written.month is not None else BirthPrecision.YEAR
    elif line.startswith("~"):
        precision = BirthPrecision.AGE
    note = how_read(written, value)
    if value > counted_from and precision == BirthPrecision.DAY:
        note = _("This is after the first visit, %(day)s.", day=show_date(counted_from))
    elif two_digits and (written.day is None or value != settle(written, latest=today, field=field)):
        note = _("The year has two digits: read as %(day)s.", day=show_date(value))
    return Birth(value=value, precision=precision, note=note)


def _from_age(line: str, *, counted_from: date, today: date, field: str) -> Birth:
    age = read_age(line, field=field)
    if age is None:
        raise Invalid(
            _("Write the date of birth as day, month and year (14/11/1980), or an age (45)."), field=field
        )
    try:
        value = age.before(counted_from)
    except OverflowError:
        raise Invalid(_("Nobody is that old; check the year."), field=field) from None
    if value > today:
        raise Invalid(_("This day is still to come."), field=field)
    _check_years(value, today, field)
    notes = [_("The age was counted back from %(day)s.", day=show_date(counted_from))]
    if _NO_YEARS.match(without_about(line)):
        notes.insert(0, _("Age 0: is it a newborn?"))
    return Birth(value=value, precision=BirthPrecision.AGE, note=" ".join(notes))


def _check_years(value: date, today: date, field: str) -> None:
    if value.year < today.year - OLDEST_YEARS:
        raise Invalid(_("Nobody is that old; check the year."), field=field)
