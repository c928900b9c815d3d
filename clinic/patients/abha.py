"""The health id (ABHA number) of India's digital health mission: 14 digits, ``12-3456-7890-1234``."""

from __future__ import annotations

import re

from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import one_line

DIGITS = 14
_TIMES = tuple(
    tuple(int(digit) for digit in row)
    for row in (
        "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
        "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
    )
)  # fmt: skip
_TURNED = tuple(
    tuple(int(digit) for digit in row)
    for row in (
        "0123456789", "1576283094", "5803796142", "8916043527",
        "9453126870", "4286573901", "2793806415", "7046913258",
    )
)  # fmt: skip
"""The dihedral group of the pentagon, and Verhoeff's turns of the digits (J. Verhoeff, 1969)."""


def parse_abha(typed: str, *, field: str = "abha") -> str | None:
    """The 14 digits of a number as typed, with or without dashes; None for nothing. Raises Invalid."""
    line = one_line(typed)
    if not line:
        return None
    digits = re.sub(r"[\s\-]", "", line)
    if not (digits.isascii() and digits.isdigit() and len(digits) == DIGITS):
        raise Invalid(_("An ABHA number has 14 digits, such as 12-3456-7890-1234."), field=field)
    return digits


def show_abha(digits: str) -> str:
    """``12-3456-7890-1234``."""
    return f"{digits[:2]}-{digits[2:6]}-{digits[6:10]}-{digits[10:]}"


def checks_out(digits: str) -> bool:
    """Whether the last digit is the one Verhoeff's scheme gives: a slip of one digit or a swap is noticed."""
    sum_ = 0
    for place, digit in enumerate(reversed(digits)):
        sum_ = _TIMES[sum_][_TURNED[place % 8][int(digit)]]
    return sum_ == 0
