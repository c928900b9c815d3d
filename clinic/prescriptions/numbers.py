"""Numbers as people write doses: ``1``, ``½``, ``1 1/2``, ``0.5``, in Devanagari digits too."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

FRACTIONS = {"½": Decimal("0.5"), "¼": Decimal("0.25"), "¾": Decimal("0.75")}
_SHOWN = {value: sign for sign, value in FRACTIONS.items()}
LARGEST = Decimal(99_999)
NUMBER = r"(?:\d+\s*[½¼¾]|[½¼¾]|\d+\s+\d/\d|\d/\d|\d+(?:\.\d+)?|\.\d+)"
"""A regular expression for one number, after ``plain_digits``."""
_MIXED = re.compile(r"(?P<whole>\d+)?\s*(?:(?P<sign>[½¼¾])|(?P<over>\d)/(?P<under>\d))")


def plain_digits(text: str) -> str:
    """The text with digits of every script as ``0`` to ``9``."""
    return "".join(str(unicodedata.digit(char)) if char.isdecimal() else char for char in text)


def read_number(text: str) -> Decimal | None:
    """A number of doses or units, to three decimals; None for anything else or nothing sensible."""
    line = plain_digits(text).strip()
    if not re.fullmatch(NUMBER, line):
        return None
    mixed = _MIXED.fullmatch(line)
    if mixed:
        under = int(mixed["under"] or 1)
        if not under:
            return None
        part = FRACTIONS[mixed["sign"]] if mixed["sign"] else Decimal(int(mixed["over"])) / under
        number = Decimal(int(mixed["whole"] or 0)) + part
    else:
        number = Decimal(line)
    number = round(number, 3)
    return number if number <= LARGEST else None


def show_number(number: Decimal) -> str:
    """``1``, ``½``, ``1½``, ``0.4``: without trailing zeros."""
    whole = number.to_integral_value(rounding="ROUND_FLOOR")
    part = number - whole
    if part in _SHOWN:
        return f"{whole or ''}{_SHOWN[part]}"
    if number == whole:
        return str(int(number))
    return f"{number.normalize():f}"
