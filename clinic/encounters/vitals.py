"""Measurements: what can be true, what is worth a second look, and reading what was typed.

Hard limits are what a living body and a working instrument can show; the database keeps them too. Flags are
general adult limits for outpatients: they mark, they never refuse.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from clinic.core.i18n import gettext as _
from clinic.encounters.wording import N_

MOMENTS = ("before", "after")
_NUMBER = re.compile(r"[0-9]{1,4}([.,][0-9]{1,2})?")
DEVANAGARI_DIGITS = str.maketrans("०१२३४५६७८९", "0123456789")


@dataclass(frozen=True, kw_only=True)
class Part:
    """One number: the column that keeps it, hard limits, decimals, and the limits beyond which it is flagged.

    ``high`` flags values at or above it, ``above`` values above it, ``low`` values below it.
    """

    code: str
    column: str
    label: str
    least: Decimal
    most: Decimal
    decimals: int = 0
    low: Decimal | None = None
    high: Decimal | None = None
    above: Decimal | None = None

    def flag(self, value: Decimal) -> str | None:
        """``low`` or ``high`` when the value is beyond its limits."""
        if self.low is not None and value < self.low:
            return "low"
        if (self.high is not None and value >= self.high) or (self.above is not None and value > self.above):
            return "high"
        return None


@dataclass(frozen=True, kw_only=True)
class Measure:
    """Something that is measured: one number, or two for the blood pressure."""

    code: str
    label: str
    unit: str
    parts: tuple[Part, ...]

    def limit_words(self, direction: str) -> str:
        """``140/90`` or ``38``: the limit a flagged value is beyond."""
        if direction == "low":
            return _plain(next(part.low for part in self.parts if part.low is not None))
        limits = [part.high if part.high is not None else part.above for part in self.parts]
        return "/".join(_plain(limit) for limit in limits if limit is not None)


def _part(
    code: str,
    column: str,
    least: str,
    most: str,
    *,
    label: str,
    decimals: int = 0,
    low: str | None = None,
    high: str | None = None,
    above: str | None = None,
) -> Part:
    def number(text: str | None) -> Decimal | None:
        return None if text is None else Decimal(text)

    return Part(
        code=code,
        column=column,
        label=label,
        least=Decimal(least),
        most=Decimal(most),
        decimals=decimals,
        low=number(low),
        high=number(high),
        above=number(above),
    )


_ALL = (
    Measure(
        code="blood_pressure",
        label=N_("BP"),
        unit="mmHg",
        parts=(
            _part("systolic", "systolic_mmhg", "50", "300", label=N_("Upper pressure"), low="90", high="140"),
            _part("diastolic", "diastolic_mmhg", "20", "200", label=N_("Lower pressure"), high="90"),
        ),
    ),
    Measure(
        code="pulse",
        label=N_("Pulse"),
        unit="/min",
        parts=(_part("pulse", "pulse_per_min", "20", "250", label=N_("Pulse"), low="50", above="120"),),
    ),
    Measure(
        code="temperature",
        label=N_("Temp"),
        unit="°C",
        parts=(
            _part("temperature", "temperature_c", "30", "45", label=N_("Temperature"), decimals=1, high="38"),
        ),
    ),
    Measure(
        code="respiration",
        label=N_("Breaths"),
        unit="/min",
        parts=(_part("respiration", "respiration_per_min", "4", "80", label=N_("Breaths"), above="24"),),
    ),
    Measure(
        code="spo2",
        label="SpO₂",
        unit="%",
        parts=(_part("spo2", "spo2_percent", "50", "100", label="SpO₂", low="94"),),
    ),
    Measure(
        code="weight",
        label=N_("Weight"),
        unit="kg",
        parts=(_part("weight", "weight_kg", "0.5", "400", label=N_("Weight"), decimals=2),),
    ),
    Measure(
        code="height",
        label=N_("Height"),
        unit="cm",
        parts=(_part("height", "height_cm", "30", "250", label=N_("Height"), decimals=1),),
    ),
    Measure(
        code="glucose",
        label=N_("Glucose"),
        unit="mg/dl",
        parts=(_part("glucose", "glucose_mg_dl", "10", "1000", label=N_("Glucose"), low="70", above="250"),),
    ),
    Measure(
        code="pain",
        label=N_("Pain"),
        unit="0–10",
        parts=(_part("pain", "pain", "0", "10", label=N_("Pain")),),
    ),
)
MEASURES: dict[str, Measure] = {measure.code: measure for measure in _ALL}
COLUMNS = tuple(part.column for measure in _ALL for part in measure.parts)
"""The columns of ``vital_signs`` that hold numbers, in the order they are shown."""


@dataclass(frozen=True)
class Reading:
    """What one moment's typed measurements come to.

    ``values``: column to number, for what is right. ``problems``: part code to words, for what cannot be.
    ``flags``: measure code to words, for what is worth a look. ``directions``: measure code to ``low`` or
    ``high``.
    """

    values: dict[str, Decimal] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    flags: dict[str, str] = field(default_factory=dict)
    directions: dict[str, str] = field(default_factory=dict)

    @property
    def bmi(self) -> Decimal | None:
        """Body mass index in kg/m², when weight and height are both there."""
        weight, height = self.values.get("weight_kg"), self.values.get("height_cm")
        if weight is None or height is None:
            return None
        return (weight / (height / 100) ** 2).quantize(Decimal("0.1"))


def read_vitals(typed: Mapping[str, str]) -> Reading:
    """Read one moment's measurements from what was typed (part code to text). Empty ones are simply not
    there.
    """
    reading = Reading()
    for measure in _ALL:
        for part in measure.parts:
            _read_part(part, typed.get(part.code, ""), reading)
    _check_pressure(reading)
    for measure in _ALL:
        for part in measure.parts:
            value = reading.values.get(part.column)
            direction = part.flag(value) if value is not None else None
            if direction is not None and measure.code not in reading.flags:
                reading.directions[measure.code] = direction
                reading.flags[measure.code] = flag_words(measure, direction)
    return reading


def flag_words(measure: Measure, direction: str) -> str:
    """``High, limit 140/90`` in the reader's language."""
    limit = measure.limit_words(direction)
    return (
        _("High, limit %(limit)s", limit=limit)
        if direction == "high"
        else _("Low, limit %(limit)s", limit=limit)
    )


def range_words(part: Part) -> str:
    """``From 50 to 300`` in the reader's language."""
    return _("From %(least)s to %(most)s", least=_plain(part.least), most=_plain(part.most))


def _read_part(part: Part, text: str, reading: Reading) -> None:
    text = text.strip().translate(DEVANAGARI_DIGITS)
    if not text:
        return
    if not _NUMBER.fullmatch(text):
        reading.problems[part.code] = _("A number, please")
        return
    value = Decimal(text.replace(",", "."))
    if not part.least <= value <= part.most:
        reading.problems[part.code] = range_words(part)
    elif value != value.quantize(Decimal(1).scaleb(-part.decimals)):
        reading.problems[part.code] = (
            _("At most %(count)s decimals", count=part.decimals)
            if part.decimals
            else _("A whole number, please")
        )
    else:
        reading.values[part.column] = value


def _check_pressure(reading: Reading) -> None:
    upper, lower = reading.values.get("systolic_mmhg"), reading.values.get("diastolic_mmhg")
    if upper is not None and lower is not None and upper <= lower:
        reading.problems["diastolic"] = _("Must be below the upper pressure")
        del reading.values["diastolic_mmhg"]


def _plain(value: Decimal | None) -> str:
    return "" if value is None else f"{value.normalize():f}"
