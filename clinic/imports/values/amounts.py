"""Minutes and money."""

from __future__ import annotations

import re
from decimal import Decimal

from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.imports.values.blank import is_blank, within, word

LONGEST_MINUTES = 24 * 60
_HOURS = r"(?:h|hr|hrs|hour|hours|घंटा|घंटे|घण्टा|घण्टे)"
_MINUTES = r"(?:m|min|mins|minute|minutes|मिनट|मि)"
_BARE = re.compile(rf"(\d{{1,4}})(?:\.0+)?\s?(?:{_MINUTES}\.?)?")
_CLOCK = re.compile(rf"(\d{{1,2}}):(\d{{2}})(?::00)?\s?(?:{_HOURS}\.?)?")
_LONG = re.compile(rf"(\d{{1,2}}(?:\.\d{{1,2}})?)\s?{_HOURS}\.?[\s,]*(?:(\d{{1,2}})\s?(?:{_MINUTES}\.?)?)?")

_FREE = frozenset(
    word(name)
    for name in (
        "free", "free of cost", "no charge", "no charges", "complimentary", "foc",
        "निःशुल्क", "नि:शुल्क", "निशुल्क", "मुफ्त", "फ्री",
    )
)  # fmt: skip
_CURRENCY = re.compile(r"₹|rs\.?|inr|rupees|rupee|रुपये|रुपए|रुपया|रूपये|रू\.?|रु\.?|/-|/=|only|मात्र")
_AMOUNT = re.compile(r"(\d{1,8}|\d{1,3}(?:,\d{2,3})*,\d{3})(?:\.(\d{1,2})0*)?")


def read_minutes(text: str, *, field: str = "minutes") -> int | None:
    """A length in minutes: ``45``, ``45 min``, ``1 hr``, ``1h 30m``, ``01:30``; None for an empty cell.

    Raises Invalid, also above a day.
    """
    if is_blank(text):
        return None
    minutes = _minutes(word(within(text, 60, field=field)))
    if minutes is None:
        raise Invalid(_("Write the length in minutes: 45."), field=field)
    if minutes > LONGEST_MINUTES:
        raise Invalid(_("This is longer than a day."), field=field)
    return minutes


def _minutes(line: str) -> int | None:
    if found := _BARE.fullmatch(line):
        return int(found[1])
    if found := _CLOCK.fullmatch(line):
        return int(found[1]) * 60 + int(found[2]) if int(found[2]) < 60 else None
    if found := _LONG.fullmatch(line):
        return round(Decimal(found[1]) * 60) + int(found[2] or 0)
    return None


def read_money(text: str, *, field: str = "price") -> Decimal | None:
    """An amount in rupees: ``₹1,25,000.50``, ``Rs. 600/-``, ``free``; None for an empty cell.

    Raises Invalid, also below zero.
    """
    if is_blank(text):
        return None
    line = word(within(text, 60, field=field))
    if line.strip(" .") in _FREE:
        return Decimal("0.00")
    line = re.sub(r"\s", "", _CURRENCY.sub(" ", line)).removesuffix(".")
    if line.startswith("-") or (line.startswith("(") and line.endswith(")")):
        raise Invalid(_("An amount of money cannot be below zero."), field=field)
    found = _AMOUNT.fullmatch(line)
    if found is None:
        raise Invalid(_("Write the amount in rupees: 600 or 1,250.50."), field=field)
    return Decimal(found[1].replace(",", "") + "." + (found[2] or "").ljust(2, "0"))
