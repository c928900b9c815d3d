"""Ages as a register writes them, in years, months, weeks and days."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.imports.values.age_and_sex import MOST_MONTHS, split_sex
from clinic.imports.values.blank import plain, word
from clinic.patients.details import OLDEST_YEARS

_UNITS = {
    "years": ("y", "yr", "yrs", "year", "years", "yo", "y/o", "वर्ष", "वर्षीय", "साल", "बरस"),
    "months": (
        "m", "mo", "mos", "mon", "mons", "mth", "mths",
        "mnth", "mnths", "month", "months", "माह", "महीने", "महीना",
        "महिने", "महिना", "मास", "मा",
    ),
    "weeks": ("w", "wk", "wks", "week", "weeks", "सप्ताह", "हफ्ते", "हफ्ता", "हफ़्ते"),
    "days": ("d", "dy", "day", "days", "दिन", "दिवस"),
}  # fmt: skip
_UNIT_OF = {word(name): unit for unit, names in _UNITS.items() for name in names}
_LARGEST_FIRST = tuple(_UNITS)
_BEFORE = re.compile(
    r"(?:(?:aged|age|आयु|उम्र|about|abt|approximately|approx|around|circa|ca|लगभग|करीब|c\.|dob|d\.o\.b|born|जन्म)[\s.:=-]*"
    r"|(?:male|female|m|f)\s?[/-]?\s?(?=\d)|[~≈:=]\s*){0,4}"
)
_AFTER = re.compile(
    r"(?:\s?[+.]|\s?plus|\s?old|\s?of age|\s?approx|\s?only|\s?लगभग"
    r"|\s?\((?:m|f|male|female|पु|म|पुरुष|महिला)\)|\s?[/,]\s?(?:m|f|male|female|पु|म|पुरुष|महिला)|\s?f|\s(?:male|female|पुरुष|महिला))$"
)
_PART = re.compile(r"\s*(\d{1,5}(?:\.\d{1,3})?)\s*\.?((?!\d)[^\d\s.,]*)\.?[\s,&]*(?:(?:and|और)\s)?")
_BARE_M = re.compile(r"(\d{1,3})\s?([mM])\.?")
_FRACTIONS = {"½": ".5", "¼": ".25", "¾": ".75"}


@dataclass(frozen=True, kw_only=True)
class Age:
    """An age in whole months, and days on top."""

    months: int
    days: int = 0

    def before(self, day: date) -> date:
        """The day somebody of this age on ``day`` was born; raises OverflowError before the year 1."""
        years, month = divmod(day.year * 12 + day.month - 1 - self.months, 12)
        if years < 1:
            raise OverflowError
        last = calendar.monthrange(years, month + 1)[1]
        return date(years, month + 1, min(day.day, last)) - timedelta(days=self.days)


def without_about(text: str) -> str:
    """What is left of ``abt 60`` or ``~1985`` without the "about"."""
    return _BEFORE.sub("", word(text), count=1).strip()


def read_age(text: str, *, field: str) -> Age | None:
    """An age (``13``, ``14y 0m``, ``1.5 yrs``, ``45+``, ``8 माह``); None if it is none.

    ``6m`` are months, ``45M`` and ``18/M`` years of a man. Raises Invalid for ``18M``, which may be either,
    and for an age that nobody has: more than 149 years.
    """
    text, _sex = split_sex(text)
    if found := _BARE_M.fullmatch(plain(text)):
        _refuse_either(int(found[1]), found[2], field)
    line = without_about(text)
    for _round in range(3):
        line = _AFTER.sub("", line).strip()
    for sign, decimals in _FRACTIONS.items():
        line = line.replace(sign, decimals)
    if line.startswith("."):
        line = "0" + line
    amounts = _amounts(line)
    if amounts is None:
        return None
    years = amounts.get("years", Decimal(0))
    months = years * 12 + amounts.get("months", Decimal(0))
    days = amounts.get("weeks", Decimal(0)) * 7 + amounts.get("days", Decimal(0))
    if months / 12 + days / 365 >= OLDEST_YEARS + 1:
        raise Invalid(_("An age is between 0 and 149 years."), field=field)
    return Age(months=_whole(months), days=_whole(days))


def _refuse_either(number: int, letter: str, field: str) -> None:
    if letter == "M" or number > MOST_MONTHS:
        raise Invalid(
            _(
                "Is this %(number)d months, or %(number)d years and male?"
                " Write %(number)d months or %(number)d.",
                number=number,
            ),
            field=field,
        )


def _amounts(line: str) -> dict[str, Decimal] | None:
    """``14y 6m`` as {years: 14, months: 6}: each unit once, the largest first, a bare number is years."""
    amounts: dict[str, Decimal] = {}
    position = 0
    while position < len(line):
        found = _PART.match(line, position)
        if found is None or found.end() == position:
            return None
        name = found[2]
        unit = _UNIT_OF.get(name) if name else ("years" if found.end() == len(line) and not amounts else None)
        if unit is None or any(_LARGEST_FIRST.index(unit) <= _LARGEST_FIRST.index(seen) for seen in amounts):
            return None
        amounts[unit] = Decimal(found[1])
        position = found.end()
    return amounts or None


def _whole(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))
