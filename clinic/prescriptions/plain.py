"""A line in plain words and with its amounts, in the language in use: what patients read."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_CEILING, Decimal
from typing import Any

from clinic.core.i18n import gettext as _
from clinic.core.i18n import ngettext
from clinic.core.text import fold
from clinic.prescriptions.dosing import ZERO, Dose, Dosing, Duration, read_dose
from clinic.prescriptions.numbers import show_number
from clinic.prescriptions.words import ANUPANA_OF, ANUPANAS, COUNTED, FOOD, SEVANA_KALAS, plain

_UNITS: dict[str, Callable[[int], str]] = {
    "tablet": lambda n: ngettext("tablet", "tablets", n),
    "capsule": lambda n: ngettext("capsule", "capsules", n),
    "ml": lambda _n: _("ml"),
    "g": lambda _n: _("g"),
    "mg": lambda _n: _("mg"),
    "mcg": lambda _n: _("mcg"),
    "drop": lambda n: ngettext("drop", "drops", n),
    "teaspoon": lambda n: ngettext("teaspoon", "teaspoons", n),
    "tablespoon": lambda n: ngettext("tablespoon", "tablespoons", n),
    "sachet": lambda n: ngettext("sachet", "sachets", n),
    "puff": lambda n: ngettext("puff", "puffs", n),
    "unit": lambda n: ngettext("unit", "units", n),
    "pinch": lambda n: ngettext("pinch", "pinches", n),
    "application": lambda n: ngettext("application", "applications", n),
    "bottle": lambda n: ngettext("bottle", "bottles", n),
    "tube": lambda n: ngettext("tube", "tubes", n),
    "strip": lambda n: ngettext("strip", "strips", n),
    "packet": lambda n: ngettext("packet", "packets", n),
}
_ALL_GONE = {"tablet", "capsule", "sachet"}
"""What is bought by the piece."""
_NOT_COUNTED = {"drop", "puff", "unit", "pinch", "application", "bottle", "tube", "strip", "packet"}
"""What nobody buys by the number: the quantity is for the practitioner to say."""


def show_dose(dose: Dose | None) -> str:
    """``5 ml``, ``1 tablet``, ``½ teaspoon``."""
    return f"{show_number(dose.amount)} {unit_word(dose.unit, dose.amount)}" if dose else ""


def unit_word(unit: str, amount: Decimal) -> str:
    """The unit after an amount: half a tablet is one word with one tablet."""
    word = _UNITS.get(unit)
    return word(1 if amount <= 1 else int(amount.to_integral_value(rounding=ROUND_CEILING))) if word else unit


def show_duration(duration: Duration | None) -> str:
    """``14 days``, ``2 weeks``, ``until the next visit``."""
    if duration is None:
        return ""
    count = duration.count or 0
    if duration.unit == "day":
        return ngettext("%(num)s day", "%(num)s days", count)
    if duration.unit == "week":
        return ngettext("%(num)s week", "%(num)s weeks", count)
    if duration.unit == "month":
        return ngettext("%(num)s month", "%(num)s months", count)
    return _("until the next visit")


def dosing_words(dosing: Dosing | None, dose: Dose | None) -> str:
    """``1 in the morning, 1 at night``; ``5 ml twice a day``; ``2 drops at bedtime``."""
    if dosing is None:
        return ""
    if dosing.frequency == "times":
        times = (
            (dosing.morning, _("%(amount)s in the morning")),
            (dosing.noon, _("%(amount)s at noon")),
            (dosing.evening, _("%(amount)s in the evening")),
            (dosing.night, _("%(amount)s at night")),
        )
        return ", ".join(words % {"amount": _amount(count, dose)} for count, words in times if count)
    amount = _amount(dosing.takes, dose)
    if dosing.frequency == "hourly":
        hours = dosing.every_hours or 0
        return ngettext("%(amount)s every hour", "%(amount)s every %(num)s hours", hours, amount=amount)
    words = {
        "od": _("%(amount)s once a day"),
        "bd": _("%(amount)s twice a day"),
        "tds": _("%(amount)s three times a day"),
        "qid": _("%(amount)s four times a day"),
        "hs": _("%(amount)s at bedtime"),
        "sos": _("%(amount)s only when needed"),
        "stat": _("%(amount)s once, straight away"),
        "weekly": _("%(amount)s once a week"),
        "alternate": _("%(amount)s every other day"),
    }[dosing.frequency]
    return words % {"amount": amount}


def _amount(count: Decimal, dose: Dose | None) -> str:
    if dose is None:
        return show_number(count)
    amount = round(count * dose.amount, 3)
    if dose.unit in COUNTED:
        return show_number(amount)
    return f"{show_number(amount)} {unit_word(dose.unit, amount)}"


def line_words(line: Any) -> str:
    """The whole line of a medicine in a sentence: how much when, food, and what to take it with.

    ``line`` has ``dosing``, ``dose``, ``food``, ``sevana_kala`` and ``anupana`` (``reading.LineRead``).
    """
    with_what = anupana_words(line.anupana)
    parts = [
        dosing_words(line.dosing, line.dose),
        plain(FOOD, line.food) if line.food else "",
        kala_words(line),
        _("with %(what)s", what=with_what) if with_what else "",
    ]
    return ", ".join(part for part in parts if part)


def kala_words(line: Any) -> str:
    """When to take it by food and hour, where the dosing does not say it already."""
    said_already = line.sevana_kala == "nisha" and line.dosing is not None and line.dosing.frequency == "hs"
    return plain(SEVANA_KALAS, line.sevana_kala) if line.sevana_kala and not said_already else ""


_AND = re.compile(r"\s*(?:,|\+|&|\band\b|\bor\b|और|या)\s*", re.IGNORECASE)


def all_anupanas(text: str) -> list[str]:
    """The codes of what ``warm water and honey`` names, or none where one of its parts is not a usual one."""
    codes = [ANUPANA_OF.get(fold(part), "") for part in _AND.split(text)]
    return codes if all(codes) else []


def anupana_words(text: str) -> str:
    """What a medicine is taken with, the usual things in the reader's language, all else as it was typed."""
    known = all_anupanas(text)
    return _(" and ").join(plain(ANUPANAS, code) for code in known) if known else text


def quantity_of(dosing: Dosing | None, dose: Dose | None, duration: Duration | None) -> Dose | None:
    """How much is needed for the whole time: dose × times × days, pieces rounded up. None where nobody can
    reckon it: as needed, until the next visit, drops, applications.
    """
    if dosing is None or dose is None or dose.unit in _NOT_COUNTED:
        return None
    if dosing.frequency == "stat":
        total = dosing.takes * dose.amount
    else:
        daily = dosing.doses_per_day
        days = duration.days if duration else None
        if daily is None or days is None:
            return None
        total = daily * dose.amount * days
    unit = dose.unit
    if unit == "mg" and total >= 1000:
        total, unit = total / 1000, "g"
    whole = unit in _ALL_GONE or total >= 10
    total = total.to_integral_value(rounding=ROUND_CEILING) if whole else round(total, 2)
    return Dose(amount=total, unit=unit) if total > ZERO else None


def quantity_words(line: Any) -> str:
    """``28 tablets``, in the language in use: as it was typed, else as it is reckoned; empty if neither."""
    typed = read_dose(line.quantity)
    if line.quantity and typed is None:
        return str(line.quantity)
    return show_dose(typed or line.reckoned)
