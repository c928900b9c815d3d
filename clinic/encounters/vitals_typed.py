"""Measurements as hurried people type them: 120/80 in one box, 5'5", 137 lb, 98.6 F; and when it was."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

from clinic.core import clock
from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.encounters.vitals import DEVANAGARI_DIGITS, MEASURES, Reading, read_vitals
from clinic.patients.body import parse_height, parse_weight

BACK_DAYS = 7
"""How far back a measurement may be written down."""
LONGEST = 20
PARTS = tuple(part for measure in MEASURES.values() for part in measure.parts)
_PRESSURE = re.compile(r"\s*([0-9]{1,4})\s*[/\-\\ ]\s*([0-9]{1,4})\s*")
_PLAIN = re.compile(r"[0-9]{0,4}([.,][0-9]{0,4})?")
_FAHRENHEIT = re.compile(r"([0-9]{2,3}(?:[.,][0-9]{1,2})?)\s*°?\s*[Ff]")


class Unreadable(Invalid):
    """Some of what was typed cannot be. ``reading`` says what, beside each box."""

    def __init__(self, reading: Reading) -> None:
        super().__init__(_("Some measurements cannot be right."))
        self.reading = reading


def typed_parts(form: Mapping[str, str]) -> dict[str, str]:
    """The boxes of a form by part code, cut to what a number can need."""
    return {part.code: form.get(part.code, "").strip()[:LONGEST] for part in PARTS}


def read_typed(typed: Mapping[str, str]) -> Reading:
    """Read the boxes, with units people use at home put into ours. Problems stand beside the boxes."""
    plain = {code: text.translate(DEVANAGARI_DIGITS) for code, text in typed.items()}
    problems: dict[str, str] = {}
    if (pressure := _PRESSURE.fullmatch(plain.get("systolic", ""))) and not plain.get("diastolic"):
        plain["systolic"], plain["diastolic"] = pressure[1], pressure[2]
    if found := _FAHRENHEIT.fullmatch(plain.get("temperature", "")):
        celsius = (Decimal(found[1].replace(",", ".")) - 32) / Decimal("1.8")
        plain["temperature"] = str(celsius.quantize(Decimal("0.1"), ROUND_HALF_UP))
    for code, parse in (("height", parse_height), ("weight", parse_weight)):
        text = plain.get(code, "")
        if not _PLAIN.fullmatch(text):
            try:
                plain[code] = str(parse(text))
            except Invalid as error:
                problems[code], plain[code] = error.message, ""
    reading = read_vitals(plain)
    reading.problems.update(problems)
    if "temperature" in reading.problems and _is_fahrenheit(plain.get("temperature", "")):
        reading.problems["temperature"] = _("From 30 to 45 °C. In Fahrenheit write 98.6 F")
    return reading


def read_when(day: str, wall: str, zone: str) -> datetime:
    """When it was measured, from a day (``2026-11-24``) and a time (``10:18``); both empty: now.

    A time alone is of today. Raises Invalid for what is no time, still to come, or more than a week ago.
    """
    now = clock.now()
    day, wall = day.strip(), wall.strip().translate(DEVANAGARI_DIGITS)
    if not day and not wall:
        return now
    try:
        on = date.fromisoformat(day) if day else clock.today(zone)
    except ValueError:
        raise Invalid(_("Choose the day."), field="measured_on") from None
    found = re.fullmatch(r"([0-9]{1,2})[:.]([0-9]{2})(?::[0-9]{2})?", wall)
    if not found or int(found[1]) > 23 or int(found[2]) > 59:
        raise Invalid(_("Write the time as 10:18."), field="measured_time")
    moment = clock.at(on, time(int(found[1]), int(found[2])), zone)
    if moment > now:
        raise Invalid(_("That is still to come. Write when it was measured."), field="measured_time")
    if moment < now - timedelta(days=BACK_DAYS):
        raise Invalid(
            _("At most %(days)d days back; what is older belongs into a note.", days=BACK_DAYS),
            field="measured_on",
        )
    return moment


def _is_fahrenheit(text: str) -> bool:
    try:
        return 86 <= Decimal(text.replace(",", ".")) <= 113
    except ArithmeticError:
        return False
