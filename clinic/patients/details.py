"""What is said about a patient when they are registered or changed, and what can be wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from clinic.accounts.service import parse_email
from clinic.core.errors import DomainError, Invalid
from clinic.core.i18n import LOCALES
from clinic.core.i18n import gettext as _
from clinic.core.phones import parse_mobile, parse_telephone
from clinic.core.text import clean, one_line
from clinic.patients.display import years_before
from clinic.patients.models import BirthPrecision, Prakriti, Sex
from clinic.patients.models.patient import BLOOD_GROUPS

SHORTEST_NAME, LONGEST_NAME = 2, 100
OLDEST_YEARS = 149
PIN_CODE = re.compile(r"[1-9][0-9]{5}")
SEVERITIES = ("mild", "moderate", "severe")
RELATIONSHIPS = ("spouse", "parent", "child", "sibling", "relative", "friend", "other")
"""Closed choices for forms; the column takes any words, for what other systems say."""


@dataclass(frozen=True, kw_only=True)
class AllergyEntry:
    """One line of the allergies on a form. ``id`` names the row it changes; without a substance the row was
    an error.
    """

    substance: str
    id: int | None = None
    reaction: str | None = None
    severity: str | None = None
    status: str = "active"
    category: str | None = None
    criticality: str | None = None
    """None leaves these two as they are, empty takes them away."""


@dataclass(frozen=True, kw_only=True)
class PatientDetails:
    """A patient as typed into a form: a name and a mobile are enough.

    Either ``birth_date`` or ``age`` (whole years today) or neither. ``none_known`` says that somebody asked
    and the patient knows of no allergy, False that nobody asked, None leaves that as it is. ``facility_id``
    None is the actor's own.
    """

    name: str
    mobile: str | None = None
    birth_date: date | None = None
    birth_precision: str = BirthPrecision.DAY
    age: int | None = None
    sex: str = Sex.UNKNOWN
    email: str | None = None
    locale: str = "en"
    line: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str = "IN"
    emergency_name: str | None = None
    emergency_phone: str | None = None
    emergency_relationship: str | None = None
    file_number: str | None = None
    first_visit_on: date | None = None
    medical_history: str | None = None
    remarks: str | None = None
    prakriti: str | None = None
    blood_group: str | None = None
    allergies: tuple[AllergyEntry, ...] = ()
    none_known: bool | None = None
    facility_id: int | None = None


COLUMNS = (
    "name", "mobile", "birth_date", "birth_precision", "sex", "email", "locale", "line", "city", "state",
    "postal_code", "country", "emergency_name", "emergency_phone", "emergency_relationship",
    "file_number", "first_visit_on", "medical_history", "remarks", "prakriti", "blood_group",
)  # fmt: skip
"""The fields of the details that are columns of a patient."""
_LINES = {
    "line": 200,
    "city": 80,
    "state": 80,
    "emergency_name": 100,
    "emergency_relationship": 60,
    "file_number": 40,
}
_TEXTS = {"medical_history": 20_000, "remarks": 5_000}


def check(
    details: PatientDetails, *, today: date, mobile_needed: bool = True
) -> tuple[PatientDetails, list[DomainError]]:
    """The details with every value as it is kept, and everything that is wrong with them, a sentence per
    field.

    ``mobile_needed`` is False for patients who came from elsewhere without one.
    """
    faults: list[DomainError] = []

    def parsed(value: str | None, parse: Callable[[str], Any]) -> Any:
        if not value:
            return None
        try:
            return parse(value)
        except DomainError as fault:
            faults.append(fault)
            return value

    name = one_line(details.name)
    if not SHORTEST_NAME <= len(name) <= LONGEST_NAME:
        faults.append(Invalid(_("A name has 2 to 100 characters."), field="name"))
    mobile = parsed(one_line(details.mobile or ""), parse_mobile)
    if mobile is None and mobile_needed:
        faults.append(Invalid(_("Enter a mobile number."), field="mobile"))
    lines: dict[str, Any] = {field: one_line(getattr(details, field) or "") or None for field in _LINES}
    for field, longest in _LINES.items():
        if len(lines[field] or "") > longest:
            faults.append(Invalid(_("At most %(max)d characters.", max=longest), field=field))
    texts: dict[str, Any] = {field: clean(getattr(details, field) or "").strip() or None for field in _TEXTS}
    for field, longest in _TEXTS.items():
        if len(texts[field] or "") > longest:
            faults.append(Invalid(_("At most %(max)d characters.", max=longest), field=field))
    if details.first_visit_on is not None and details.first_visit_on > today:
        faults.append(Invalid(_("This day is still to come."), field="first_visit_on"))
    country = one_line(details.country or "").upper() or "IN"
    postal_code = one_line(details.postal_code or "") or None
    if country == "IN" and postal_code:
        postal_code = postal_code.replace(" ", "")
    _check_address(country, postal_code, faults)
    birth_date, precision = _born(details, today, faults)
    _check_choices(details, faults)
    checked = replace(
        details,
        name=name,
        mobile=mobile,
        email=parsed(details.email, parse_email),
        country=country,
        postal_code=postal_code,
        birth_date=birth_date,
        birth_precision=precision,
        age=None,
        emergency_phone=parsed(
            one_line(details.emergency_phone or ""),
            lambda text: parse_telephone(text, field="emergency_phone"),
        ),
        prakriti=details.prakriti or None,
        blood_group=details.blood_group or None,
        allergies=_allergies(details, faults),
        **lines,
        **texts,
    )
    return checked, faults


def values_of(details: PatientDetails) -> dict[str, Any]:
    """The columns of a patient that checked details fill."""
    values = {name: getattr(details, name) for name in COLUMNS}
    if details.birth_date is None:
        values["birth_precision"] = None
    return values


def _check_address(country: str, postal_code: str | None, faults: list[DomainError]) -> None:
    if not (len(country) == 2 and country.isascii() and country.isalpha()):
        faults.append(Invalid(_("Choose a country."), field="country"))
    if not postal_code:
        return
    if country == "IN" and not PIN_CODE.fullmatch(postal_code):
        faults.append(Invalid(_("A PIN code has 6 digits, the first is not 0."), field="postal_code"))
    elif len(postal_code) > 20:
        faults.append(Invalid(_("At most %(max)d characters.", max=20), field="postal_code"))


def _born(details: PatientDetails, today: date, faults: list[DomainError]) -> tuple[date | None, str]:
    if details.birth_date is not None:
        if details.birth_date > today:
            faults.append(Invalid(_("This day is still to come."), field="birth_date"))
        elif details.birth_date.year < today.year - OLDEST_YEARS:
            faults.append(Invalid(_("Nobody is that old; check the year."), field="birth_date"))
        return details.birth_date, details.birth_precision
    if details.age is None:
        return None, BirthPrecision.DAY
    if not 0 <= details.age <= OLDEST_YEARS:
        faults.append(Invalid(_("An age is between 0 and 149 years."), field="age"))
        return None, BirthPrecision.DAY
    return years_before(today, details.age), BirthPrecision.AGE


def _check_choices(details: PatientDetails, faults: list[DomainError]) -> None:
    closed: tuple[tuple[str, Any], ...] = (
        ("sex", tuple(Sex)),
        ("prakriti", (None, "", *Prakriti)),
        ("blood_group", (None, "", *BLOOD_GROUPS)),
        ("locale", tuple(LOCALES)),
        ("birth_precision", tuple(BirthPrecision)),
    )
    for field, choices in closed:
        if getattr(details, field) not in choices:
            faults.append(Invalid(_("Choose one of these."), field=field))


def _allergies(details: PatientDetails, faults: list[DomainError]) -> tuple[AllergyEntry, ...]:
    entries = []
    for entry in details.allergies:
        kept = replace(
            entry,
            substance=one_line(entry.substance),
            reaction=one_line(entry.reaction or "") or None,
            severity=entry.severity or None,
        )
        if not kept.substance and kept.id is None:
            if kept.reaction:
                faults.append(Invalid(_("Say what causes this reaction."), field="allergies"))
            continue
        if len(kept.substance) > 200 or len(kept.reaction or "") > 500:
            faults.append(Invalid(_("An allergy and its reaction take one line each."), field="allergies"))
        if kept.severity not in (None, *SEVERITIES) or kept.status not in ("active", "inactive", "resolved"):
            faults.append(Invalid(_("Choose one of these."), field="allergies"))
        entries.append(kept)
    if details.none_known and any(entry.substance and entry.status == "active" for entry in entries):
        faults.append(
            Invalid(_("There is an allergy in the list, so it cannot be none known."), field="allergies")
        )
    return tuple(entries)
