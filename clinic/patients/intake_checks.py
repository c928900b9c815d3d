"""What a section of the intake cannot do without, and answers that cannot be right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import TypeVar

from clinic.core.errors import DomainError, Invalid
from clinic.core.i18n import gettext as _
from clinic.patients.births import parse_birth
from clinic.patients.body import parse_height, parse_weight
from clinic.patients.intake import (
    ALLERGY_LINES,
    MEDICINE_LINES,
    Answers,
    InsuranceEntry,
    Section,
)
from clinic.patients.models import BirthPrecision

Value = TypeVar("Value")


def section_faults(section: Section, answers: Mapping[str, str]) -> list[DomainError]:
    """A sentence per field that is missing, cannot be read, or contradicts another."""
    checks: dict[Section, Callable[[Mapping[str, str]], list[DomainError]]] = {
        Section.ABOUT: _about,
        Section.BODY: _body,
        Section.EMERGENCY: _emergency,
        Section.ALLERGIES: _allergies,
        Section.MEDICINES: _medicines,
        Section.INSURANCE: _insurance,
    }
    check = checks.get(section)
    return check(answers) if check else []


def entered_measures(answers: Answers) -> tuple[Decimal | None, Decimal | None]:
    """Height in centimetres and weight in kilograms, None for what was not said or cannot be read."""
    kept = answers.get(Section.BODY, {})
    return _read(parse_height, kept.get("height", "")), _read(parse_weight, kept.get("weight", ""))


def entered_insurance(answers: Answers) -> InsuranceEntry | None:
    """Who insures the patient, as they wrote; None where they named nobody."""
    kept = answers.get(Section.INSURANCE, {})
    if not kept.get("insurer"):
        return None
    return InsuranceEntry(
        insurer=kept["insurer"],
        policy_number=kept.get("policy_number", ""),
        valid_until=_read(parse_until, kept.get("insured_until", "")),
    )


def parse_until(text: str, *, field: str = "insured_until") -> date:
    """The last day something holds, written as a whole date. Raises Invalid."""
    day, precision = parse_birth(text, field=field)
    if precision is not BirthPrecision.DAY:
        raise Invalid(_("Write the whole date: 31/03/2027."), field=field)
    return day


def _read(parse: Callable[[str], Value], text: str) -> Value | None:
    try:
        return parse(text) if text.strip() else None
    except Invalid:
        return None


def _fault(parse: Callable[[str], object], text: str) -> list[DomainError]:
    try:
        if text.strip():
            parse(text)
    except Invalid as fault:
        return [fault]
    return []


def _about(answers: Mapping[str, str]) -> list[DomainError]:
    return [] if answers["name"] else [Invalid(_("Write your full name."), field="name")]


def _body(answers: Mapping[str, str]) -> list[DomainError]:
    return [*_fault(parse_height, answers["height"]), *_fault(parse_weight, answers["weight"])]


def _emergency(answers: Mapping[str, str]) -> list[DomainError]:
    faults: list[DomainError] = []
    if not answers["emergency_name"]:
        faults.append(Invalid(_("Write whom we may call."), field="emergency_name"))
    if not answers["emergency_phone"]:
        faults.append(Invalid(_("Write their telephone number."), field="emergency_phone"))
    return faults


def _allergies(answers: Mapping[str, str]) -> list[DomainError]:
    named = any(answers[f"substance_{line}"] for line in range(1, ALLERGY_LINES + 1))
    if answers["allergies_asked"] == "none" and named:
        return [Invalid(_("You named an allergy below. Which is right?"), field="allergies_asked")]
    if answers["allergies_asked"] == "yes" and not named:
        return [Invalid(_("Write what you are allergic to."), field="substance_1")]
    if answers["allergies_asked"] not in ("none", "yes") and not named:
        return [Invalid(_("Say yes or no: it keeps you safe."), field="allergies_asked")]
    return []


def _medicines(answers: Mapping[str, str]) -> list[DomainError]:
    lines = range(1, MEDICINE_LINES + 1)
    nameless = [
        line
        for line in lines
        if not answers[f"medicine_{line}"] and (answers[f"dose_{line}"] or answers[f"often_{line}"])
    ]
    if nameless:
        return [Invalid(_("Write which medicine this is."), field=f"medicine_{line}") for line in nameless]
    named = any(answers[f"medicine_{line}"] for line in lines)
    if answers["medicines_asked"] == "none" and named:
        return [Invalid(_("You named a medicine below. Which is right?"), field="medicines_asked")]
    if answers["medicines_asked"] == "yes" and not named:
        return [Invalid(_("Write what you take."), field="medicine_1")]
    if answers["medicines_asked"] not in ("none", "yes") and not named:
        return [Invalid(_("Say yes or no: some medicines do not go together."), field="medicines_asked")]
    return []


def _insurance(answers: Mapping[str, str]) -> list[DomainError]:
    faults = _fault(parse_until, answers["insured_until"])
    if not answers["insurer"] and (answers["policy_number"] or answers["insured_until"]):
        faults.append(Invalid(_("Write who insures you."), field="insurer"))
    return faults
