"""A date as somebody wrote it, before it is settled which day of which century it is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from clinic.imports.values.blank import plain, word


class Order(StrEnum):
    """Which number of ``05/06/2023`` is the day."""

    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"


@dataclass(frozen=True, kw_only=True)
class Written:
    """What stands there. A year of ``two_digits`` has no century.

    ``swapped``: the column's order made no date, the other did. ``serial``: a spreadsheet's day number stands
    for the date. ``midnight``: an instant in UTC that is midnight in India does.
    """

    year: int
    month: int | None = None
    day: int | None = None
    two_digits: bool = False
    swapped: bool = False
    serial: bool = False
    midnight: bool = False


_MONTHS = (
    ("january", "jan", "जनवरी", "जन"),
    ("february", "feb", "febr", "फरवरी", "फर", "फ़रवरी"),
    ("march", "mar", "मार्च"),
    ("april", "apr", "अप्रैल", "अप्रेल"),
    ("may", "मई"),
    ("june", "jun", "जून"),
    ("july", "jul", "जुलाई", "जुल"),
    ("august", "aug", "अगस्त", "अग"),
    ("september", "sep", "sept", "सितंबर", "सितम्बर", "सित"),
    ("october", "oct", "अक्टूबर", "अक्तूबर", "अक्टू", "अक्टुबर"),
    ("november", "nov", "नवंबर", "नवम्बर", "नव"),
    ("december", "dec", "दिसंबर", "दिसम्बर", "दिस"),
)
MONTHS = {word(name): number for number, names in enumerate(_MONTHS, start=1) for name in names}
"""Month names, as ``word`` folds them, to 1..12."""

_SPREADSHEET_DAY_0 = date(1899, 12, 30)
_SEP = r"[-./,\\\s]"
_NAME = r"([^\d\s./,\\'\-]{2,12})\.?"
_TH = r"(?:st|nd|rd|th)?"
_NUMBERS = re.compile(rf"(\d{{1,2}}){_SEP}{{1,3}}(\d{{1,2}}){_SEP}{{1,3}}(\d{{4}}|\d{{2}})")
_YEAR_FIRST = re.compile(rf"(\d{{4}}){_SEP}{{1,3}}(\d{{1,2}}){_SEP}{{1,3}}(\d{{1,2}})")
_DAY_NAME_YEAR = re.compile(rf"(\d{{1,2}}){_TH}{_SEP}{{0,3}}(?:of\s)?{_NAME}{_SEP}{{0,3}}(\d{{4}}|\d{{2}})")
_NAME_DAY_YEAR = re.compile(rf"{_NAME}{_SEP}{{0,3}}(\d{{1,2}}){_TH}{_SEP}{{1,3}}(\d{{4}}|\d{{2}})")
_YEAR_NAME_DAY = re.compile(rf"(\d{{4}}){_SEP}{{0,3}}{_NAME}{_SEP}{{0,3}}(\d{{1,2}}){_TH}")
_NAME_YEAR = re.compile(rf"{_NAME}{_SEP}{{0,3}}(\d{{4}}|\d{{2}})")
_YEAR_NAME = re.compile(rf"(\d{{4}}){_SEP}{{0,3}}{_NAME}")
_MONTH_YEAR = re.compile(r"(\d{1,2})\s?[-./]\s?(\d{4})")
_YEAR_MONTH = re.compile(r"(\d{4})\s?[-./]\s?(\d{1,2})")
_YEAR = re.compile(r"(\d{4})(?:\.0+)?")
_SERIAL = re.compile(r"(\d{5})(?:\.\d{1,12})?")
_EIGHT = re.compile(r"(\d{8})(?:\.0+)?")
_TIME = re.compile(
    r"(?:t|[\s,]{1,3})\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?\s?(?:[ap]\.?m\.?)?\s?"
    r"(?:z|utc|gmt|ist|[+-]\d{2}:?\d{2})?$"
)
_MIDNIGHT = re.compile(r"(\d{4})-(\d{2})-(\d{2})[t ]18:30(?::00(?:\.0{1,9})?)?\s?(?:z|\+00:?00)")
_WEEKDAY = re.compile(
    r"^(?:mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun|(?:mon|tues|wednes|thurs|fri|satur|sun)day"
    r"|(?:सोम|मंगल|बुध|गुरु|शुक्र|शनि|रवि)(?:वार)?)[\s,.]+(?=\S)"
)


def _lowered(text: str) -> str:
    line = word(text).replace("'", "").replace("\u2019", "").replace("॰", ".")
    return _TIME.sub("", _WEEKDAY.sub("", line)).strip()


def read_written(text: str, order: Order, *, first_serial: int = 20_000) -> Written | None:
    """A day as it stands in a cell (at most some hundred characters); None if it is not a day.

    The numbers may make no day of the calendar. A number from ``first_serial`` to 60000 is a spreadsheet's.
    """
    line = _lowered(text)
    if found := _YEAR_FIRST.fullmatch(line):
        year, month, day = map(int, found.groups())
        if _MIDNIGHT.fullmatch(word(text)):
            return _day_after(year, month, day)
        return Written(year=year, month=month, day=day)
    if found := _NUMBERS.fullmatch(line):
        return _ordered(int(found[1]), int(found[2]), found[3], order)
    return _with_month_name(line) or _from_one_number(line, order, first_serial)


def _with_month_name(line: str) -> Written | None:
    for pattern, (day, name, year) in (
        (_DAY_NAME_YEAR, (1, 2, 3)),
        (_NAME_DAY_YEAR, (2, 1, 3)),
        (_YEAR_NAME_DAY, (3, 2, 1)),
    ):
        if (found := pattern.fullmatch(line)) and (month := MONTHS.get(found[name])):
            return Written(
                year=int(found[year]), two_digits=len(found[year]) == 2, month=month, day=int(found[day])
            )
    return None


def _from_one_number(line: str, order: Order, first_serial: int) -> Written | None:
    if found := _EIGHT.fullmatch(line):
        return _run_together(found[1], order)
    if (found := _SERIAL.fullmatch(line)) and first_serial <= int(found[1]) <= 60_000:
        value = _SPREADSHEET_DAY_0 + timedelta(days=int(found[1]))
        return Written(year=value.year, month=value.month, day=value.day, serial=True)
    return None


def read_written_part(text: str) -> Written | None:
    """A month and year, or a year; None if it is neither."""
    line = _lowered(text)
    if (found := _NAME_YEAR.fullmatch(line)) and (month := MONTHS.get(found[1])):
        return Written(year=int(found[2]), two_digits=len(found[2]) == 2, month=month)
    if (found := _YEAR_NAME.fullmatch(line)) and (month := MONTHS.get(found[2])):
        return Written(year=int(found[1]), month=month)
    if found := _MONTH_YEAR.fullmatch(line):
        return Written(year=int(found[2]), month=int(found[1]))
    if found := _YEAR.fullmatch(line):
        return Written(year=int(found[1]))
    if found := _YEAR_MONTH.fullmatch(line):
        return Written(year=int(found[1]), month=int(found[2]))
    return None


def _day_after(year: int, month: int, day: int) -> Written:
    """The date a program meant that wrote India's midnight in UTC: 18:30 on the day before."""
    try:
        value = date(year, month, day) + timedelta(days=1)
    except (ValueError, OverflowError):
        return Written(year=year, month=month, day=day)
    return Written(year=value.year, month=value.month, day=value.day, midnight=True)


def _ordered(first: int, second: int, digits: str, order: Order) -> Written:
    year, two_digits = int(digits), len(digits) == 2
    day, month = (first, second) if order == Order.DAY_FIRST else (second, first)
    if day <= 12 < month <= 31:
        return Written(year=year, two_digits=two_digits, month=day, day=month, swapped=True)
    return Written(year=year, two_digits=two_digits, month=month, day=day)


def _run_together(digits: str, order: Order) -> Written:
    if digits[:2] in ("19", "20") and 1 <= int(digits[4:6]) <= 12:
        return Written(year=int(digits[:4]), month=int(digits[4:6]), day=int(digits[6:]))
    return _ordered(int(digits[:2]), int(digits[2:4]), digits[4:], order)


def guess_order(cells: Iterable[str]) -> Order:
    """The order of a whole column: day first, unless more of its dates can only be month first than only day
    first.
    """
    balance = 0
    for cell in cells:
        if len(cell) > 100:
            continue
        found = _NUMBERS.fullmatch(_lowered(plain(cell)))
        if found is None:
            continue
        first, second = int(found[1]), int(found[2])
        balance += (first <= 12 < second <= 31) - (second <= 12 < first <= 31)
    return Order.MONTH_FIRST if balance > 0 else Order.DAY_FIRST
