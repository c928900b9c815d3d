"""Times of day, alone and with their day in the same cell."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from clinic.core import clock
from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.imports.values.blank import is_blank, within, word
from clinic.imports.values.days import LONGEST_DAY, read_day
from clinic.imports.values.written import Order

HOME_ZONE = "Asia/Kolkata"
_MORNING = ("सुबह", "प्रातः", "प्रात:", "प्रात", "पूर्वाह्न", "तड़के", "morning", "subah")
_NOON = ("दोपहर", "noon", "dopahar")
_AFTERNOON = ("अपराह्न", "शाम", "सायं", "सांय", "afternoon", "evening", "shaam", "sham")
_NIGHT = ("रात", "रात्रि", "midnight", "night", "raat")
_PART_OF = {
    word(name): part
    for part, names in (("am", _MORNING), ("noon", _NOON), ("pm", _AFTERNOON), ("night", _NIGHT))
    for name in names
}
_WORDS = re.compile("|".join(sorted((re.escape(name) for name in _PART_OF), key=len, reverse=True)))
_TIME = re.compile(
    r"(\d{1,2})(?:\s?[:.]\s?(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?|h(\d{2})?|(\d{2})\s?(?=hrs|h$))?"
    r"\s?(?:बजे|hrs|hours|hr|h|o'?clock)?\s?(?:(a|p)\.?\s?m\.?)?"
)
_BARE_HOUR = re.compile(r"\d{1,2}")
_FRACTION = re.compile(r"0?\.\d{3,}")
_SERIAL = re.compile(r"(\d{5})(\.\d{1,12})")
_OFFSET = re.compile(r"\s?(z|utc|gmt|ist|[+-]\d{2}:?\d{2})$", re.IGNORECASE)


def read_time(text: str, *, field: str = "time") -> time | None:
    """A time of day: ``10:30``, ``10.30 am``, ``4 pm``, ``शाम 4 बजे``, a spreadsheet's ``0.4375``.

    None for an empty cell. An hour needs its minutes, ``am`` or ``pm``, or a word for the part of the day.
    Raises Invalid.
    """
    if is_blank(text):
        return None
    line = word(within(text, 60, field=field))
    if _FRACTION.fullmatch(line):
        return _of_fraction(Decimal(line))
    parts = {_PART_OF[found[0]] for found in _WORDS.finditer(line)}
    line = re.sub(r"\b(?:in the|at)\b", " ", _WORDS.sub(" ", line)).strip(" ,-")
    found = _TIME.fullmatch(line)
    if found is None or len(parts) > 1 or (not parts and _BARE_HOUR.fullmatch(line)):
        raise Invalid(_("Write the time as hours and minutes: 10:30."), field=field)
    part = {"a": "am", "p": "pm"}.get(found[6] or "") or next(iter(parts), "")
    minute = int(found[2] or found[4] or found[5] or 0)
    hour = _hour(int(found[1]), part)
    if hour is None or hour > 23 or minute > 59 or int(found[3] or 0) > 59:
        raise Invalid(_("There is no such time of day."), field=field)
    return time(hour, minute, int(found[3] or 0))


def _hour(hour: int, part: str) -> int | None:
    """The hour of 24; None where the part of the day does not fit it."""
    if part == "am":
        return hour % 12 if hour <= 12 else None
    if part == "pm":
        return None if hour == 0 else hour + 12 if hour < 12 else hour
    if part == "noon":
        return hour + 12 if 1 <= hour < 6 else hour if hour >= 10 else None
    if part == "night":
        return 0 if hour == 12 else hour + 12 if 6 <= hour < 12 else hour
    return hour


def _of_fraction(part_of_a_day: Decimal) -> time:
    minutes = min(round(part_of_a_day * 24 * 60), 24 * 60 - 1)
    return time(minutes // 60, minutes % 60)


def read_moment(
    text: str, order: Order, today: date, *, field: str = "starts_at"
) -> tuple[date, time] | None:
    """A day and a time from one cell, in either order; None for an empty cell. Raises Invalid.

    Two digits of a year reach to the end of the year after next. A moment with an offset (``Z``) is told in
    India's time.
    """
    if is_blank(text):
        return None
    line = within(text, LONGEST_DAY, field=field)
    latest = date(today.year + 2, 12, 31)
    if found := _SERIAL.fullmatch(line):
        day = read_day(found[1], order=order, today=today, field=field, latest=latest)
        return (day.value, _of_fraction(Decimal("0" + found[2]))) if day else None
    offset = _OFFSET.search(line) if ":" in line else None
    moment = _split(line[: offset.start()] if offset else line, order, today, latest, field)
    return _at_home(moment, offset[1].upper()) if offset else moment


def _split(line: str, order: Order, today: date, latest: date, field: str) -> tuple[date, time]:
    fault: Invalid | None = None
    for cut in re.finditer(r"[\sT,]+|(?<=\d)t(?=\d)", line):
        for day_text, time_text in (
            (line[: cut.start()], line[cut.end() :]),
            (line[cut.end() :], line[: cut.start()]),
        ):
            try:
                wall = read_time(time_text, field=field)
            except Invalid:
                continue
            try:
                day = read_day(day_text, order=order, today=today, field=field, latest=latest)
            except Invalid as no_day:
                fault = fault or no_day
                continue
            if day is not None and wall is not None:
                return day.value, wall
    raise fault or Invalid(_("Write the day and the time: 14/11/2026 10:30."), field=field)


def _at_home(moment: tuple[date, time], offset: str) -> tuple[date, time]:
    if offset in ("IST", "+05:30", "+0530"):
        return moment
    minutes = 0
    if offset[0] in "+-":
        minutes = int(offset[1:3]) * 60 + int(offset[-2:])
        minutes = -minutes if offset[0] == "-" else minutes
    utc = datetime.combine(*moment, tzinfo=clock.zone("UTC")) - timedelta(minutes=minutes)
    home = utc.astimezone(clock.zone(HOME_ZONE))
    return home.date(), home.time()
