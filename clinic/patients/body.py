"""Height and weight as people say them, and what the two say together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _

SHORTEST, TALLEST = Decimal(30), Decimal(250)
LIGHTEST, HEAVIEST = Decimal("0.5"), Decimal(400)
INCH, POUND = Decimal("2.54"), Decimal("0.45359237")
ADULT = 18
"""Years from which the limits of the body mass index hold; children are measured against their age."""
_TENTH = Decimal("0.1")
_NUMBER = r"(\d{1,4}(?:[.,]\d{1,2})?)"
_CENTIMETRES = re.compile(rf"{_NUMBER}\s*(?:cm|cms|सेमी|से\.?\s*मी\.?)?", re.IGNORECASE)
_METRES = re.compile(rf"{_NUMBER}\s*(?:m|मी\.?)", re.IGNORECASE)
_FEET = re.compile(
    rf"(\d)\s*(?:'|′|’|ft|feet|foot|फ़ुट|फुट)\s*(?:{_NUMBER}\s*(?:\"|″|”|''|in|inch|inches|इंच)?)?", re.IGNORECASE
)
_KILOGRAMS = re.compile(rf"{_NUMBER}\s*(?:kg|kgs|kilo|किलो|किग्रा|कि\.?\s*ग्रा\.?)?", re.IGNORECASE)
_POUNDS = re.compile(rf"{_NUMBER}\s*(?:lb|lbs|pound|pounds|पाउंड)", re.IGNORECASE)


@dataclass(frozen=True)
class MassIndex:
    """The body mass index in kg/m², to a tenth, and what the tenth means in a word."""

    value: Decimal
    meaning: str


def parse_height(text: str, *, field: str = "height") -> Decimal:
    """Centimetres from ``170``, ``170 cm``, ``1.70 m``, ``5'7"`` or ``5 ft 7 in``. Raises Invalid."""
    typed = text.strip()
    if found := _CENTIMETRES.fullmatch(typed):
        centimetres = _number(found[1])
    elif found := _METRES.fullmatch(typed):
        centimetres = _number(found[1]) * 100
    elif (found := _FEET.fullmatch(typed)) and _number(found[2] or "0") < 12:
        centimetres = (int(found[1]) * 12 + _number(found[2] or "0")) * INCH
    else:
        raise Invalid(
            _("Write the height in centimetres, such as 165, or in feet and inches: 5'5\"."), field=field
        )
    if not SHORTEST <= centimetres <= TALLEST:
        raise Invalid(
            _("A height is between 30 and 250 centimetres. Check the number and its unit."), field=field
        )
    return centimetres.quantize(_TENTH, ROUND_HALF_UP)


def parse_weight(text: str, *, field: str = "weight") -> Decimal:
    """Kilograms from ``62``, ``62.5 kg`` or ``137 lb``. Raises Invalid."""
    typed = text.strip()
    if found := _KILOGRAMS.fullmatch(typed):
        kilograms = _number(found[1])
    elif found := _POUNDS.fullmatch(typed):
        kilograms = _number(found[1]) * POUND
    else:
        raise Invalid(_("Write the weight in kilograms, such as 62.5, or in pounds: 137 lb."), field=field)
    if not LIGHTEST <= kilograms <= HEAVIEST:
        raise Invalid(
            _("A weight is between 0.5 and 400 kilograms. Check the number and its unit."), field=field
        )
    return kilograms.quantize(_TENTH, ROUND_HALF_UP)


def _number(text: str) -> Decimal:
    return Decimal(text.replace(",", "."))


def mass_index(height_cm: Decimal | None, weight_kg: Decimal | None) -> MassIndex | None:
    """The body mass index of an adult, with the limits that hold for people of South Asia.

    Below 18.5 underweight, 18.5 to 22.9 healthy, 23 to 24.9 overweight, from 25 obese (consensus statement
    for Asian Indians, J Assoc Physicians India 2009;57:163-170). None without both measures.
    """
    if not height_cm or not weight_kg:
        return None
    value = (weight_kg / (height_cm / 100) ** 2).quantize(_TENTH, ROUND_HALF_UP)
    if value < Decimal("18.5"):
        return MassIndex(value, _("underweight"))
    if value < 23:
        return MassIndex(value, _("healthy weight"))
    return MassIndex(value, _("overweight") if value < 25 else _("obese"))


def index_text(height_cm: Decimal | None, weight_kg: Decimal | None, *, years: int | None = None) -> str:
    """``Body mass index 23.4: overweight (…)``; for a child only why it says nothing. Empty without both."""
    found = mass_index(height_cm, weight_kg)
    if found is None:
        return ""
    if years is not None and years < ADULT:
        return _("The body mass index is for adults; for a child the vaidya looks at the age too.")
    return _(
        "Body mass index %(value)s: %(meaning)s. For people of South Asia 18.5 to 22.9 is healthy, from"
        " 23 it is"
        " overweight, from 25 obese.",
        value=found.value,
        meaning=found.meaning,
    )


def typed_index(height: str, weight: str, *, years: int | None = None) -> str:
    """``index_text`` of what was typed; empty while one of the two is missing or cannot be read."""
    try:
        return index_text(parse_height(height), parse_weight(weight), years=years)
    except Invalid:
        return ""
