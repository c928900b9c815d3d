"""Patient and AllergyIntolerance as rows of the clinic. Nothing here touches the database."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import phonenumbers

from clinic.accounts.service import parse_email
from clinic.core.errors import DomainError
from clinic.core.fhir import (
    Address,
    Refused,
    address_of,
    code_in,
    coded_text,
    date_with_precision,
    dict_of,
    emails_of,
    human_name,
    identifiers_of,
    items_of,
    moment_of,
    phones_of,
    resource_id,
    text_of,
)
from clinic.core.i18n import LOCALES
from clinic.core.names import search_forms
from clinic.core.phones import parse_mobile
from clinic.patients.models import Sex

PATIENT_SYSTEM = "fhir:Patient"
ALLERGY_SYSTEM = "fhir:AllergyIntolerance"
SOURCE = "FHIR"
NO_KNOWN_ALLERGY = frozenset({"716186003"})
NO_KNOWN_OF_A_KIND = frozenset({"409137002", "428607008", "429625007"})
"""No known drug, environmental or food allergy: none of them says that there is no other."""
_REFERENCE = re.compile(r"(?:urn:uuid:|(?:.*/)?Patient/)([A-Za-z0-9\-.]{1,64})(?:/_history/.*)?")
_GRAVE = ("severe", "moderate", "mild")
_CLINICAL = ("active", "inactive", "resolved")
_VERIFICATION = ("unconfirmed", "provisional", "confirmed", "presumed", "refuted", "entered-in-error", "")


@dataclass(frozen=True, kw_only=True)
class PatientRecord:
    """A patient as rows: the columns, and what other systems call them. ``notes`` say what was left out."""

    resource: str
    columns: dict[str, Any]
    identifiers: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AllergyRecord:
    """An allergy as a row, for the patient named by ``patient``: (system, value).

    ``none_known`` says that there is none instead; ``nothing`` that the resource says nothing which could be
    kept.
    """

    resource: str
    patient: tuple[str, str]
    columns: dict[str, Any] = field(default_factory=dict)
    none_known: bool = False
    nothing: str = ""
    recorded_at: datetime | None = None


def patient_record(resource: dict[str, Any], *, today: date) -> PatientRecord:
    """A Patient as rows. Raises Refused."""
    key = resource_id(resource)
    name = human_name(resource)
    gender = text_of(resource, "gender")
    if gender and gender not in tuple(Sex):
        raise Refused("gender is not one of the codes for it")
    born, precision = _birth(resource, today)
    died, died_on = _death(resource, born, precision, today)
    address = address_of(resource)
    mobile, other = _telephone(phones_of(resource), address)
    email, notes = _email(resource)
    columns = {
        "name": name,
        **search_forms(name),
        "sex": gender or Sex.UNKNOWN.value,
        "birth_date": born,
        "birth_precision": precision,
        "mobile": mobile,
        "phone_as_given": other,
        "email": email,
        "locale": _locale(resource),
        "line": address.line,
        "city": address.city,
        "state": address.state,
        "postal_code": address.postal_code,
        "country": address.country or "IN",
        "deceased": died,
        "deceased_on": died_on,
        **_emergency(resource, address),
    }
    identifiers = ((PATIENT_SYSTEM, key), *identifiers_of(resource))
    return PatientRecord(resource=key, columns=columns, identifiers=identifiers, notes=notes)


def allergy_record(resource: dict[str, Any]) -> AllergyRecord:
    """An AllergyIntolerance as a row. Raises Refused."""
    key = resource_id(resource)
    patient = _patient_reference(resource)
    code = dict_of(resource, "code")
    recorded_at = moment_of(text_of(resource, "recordedDate"), name="recordedDate")
    status = _status(resource)
    codes = {value for _system, value in code_in(code)}
    if codes & (NO_KNOWN_ALLERGY | NO_KNOWN_OF_A_KIND):
        general = bool(codes & NO_KNOWN_ALLERGY)
        stands = status == "active"
        return AllergyRecord(
            resource=key,
            patient=patient,
            none_known=general and stands,
            nothing=""
            if general and stands
            else "a statement that none of one kind is known, or one withdrawn",
            recorded_at=recorded_at,
        )
    substance = coded_text(code) or _reacting_substance(resource)
    if not substance:
        raise Refused("code names no substance")
    criticality = text_of(resource, "criticality")
    if criticality not in ("", "low", "high", "unable-to-assess"):
        raise Refused("criticality is not one of the codes for it")
    reaction, severity = _reactions(resource)
    columns = {
        "substance": substance[:300],
        "category": _category(resource),
        "criticality": criticality.replace("-", "_") or None,
        "reaction": reaction,
        "severity": severity,
        "status": status,
    }
    return AllergyRecord(resource=key, patient=patient, columns=columns, recorded_at=recorded_at)


def _birth(resource: dict[str, Any], today: date) -> tuple[date | None, str | None]:
    text = text_of(resource, "birthDate")
    if not text:
        return None, None
    born, precision = date_with_precision(text, name="birthDate")
    if born > today:
        raise Refused("birthDate is still to come")
    return born, precision


def _death(
    resource: dict[str, Any], born: date | None, precision: str | None, today: date
) -> tuple[bool, date | None]:
    said, text = resource.get("deceasedBoolean"), text_of(resource, "deceasedDateTime")
    if said is not None and not isinstance(said, bool):
        raise Refused("deceasedBoolean is neither true nor false")
    if not text:
        return bool(said), None
    moment_of(text, name="deceasedDateTime")
    died_on, exact = date_with_precision(text[:10], name="deceasedDateTime")
    if died_on > today:
        raise Refused("deceasedDateTime is still to come")
    if born and precision == "day" and exact == "day" and died_on < born:
        raise Refused("deceasedDateTime is before birthDate")
    return True, died_on if exact == "day" else None


def _telephone(numbers: list[str], address: Address) -> tuple[str | None, str | None]:
    """A mobile that can be messaged, and else the first number as it came.

    A number without a country code is Indian only in an Indian address: ten digits elsewhere are somebody
    else's.
    """
    for number in numbers:
        if not number.startswith("+") and address.country != "IN":
            continue
        try:
            mobile = parse_mobile(number)
        except DomainError:
            continue
        if _can_be_messaged(mobile):
            return mobile, None
    return None, (numbers[0] if numbers else None)


def _can_be_messaged(number: str) -> bool:
    kinds = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    return number.startswith("+91") or phonenumbers.number_type(phonenumbers.parse(number, None)) in kinds


def _email(resource: dict[str, Any]) -> tuple[str | None, tuple[str, ...]]:
    addresses = emails_of(resource)
    for address in addresses:
        try:
            return parse_email(address), ()
        except DomainError:
            continue
    return None, ("e-mail left out: not an address",) if addresses else ()


def _locale(resource: dict[str, Any]) -> str:
    said = sorted(items_of(resource, "communication"), key=lambda item: item.get("preferred") is not True)
    for item in said:
        for _system, code in code_in(dict_of(item, "language")):
            if code.split("-")[0].lower() in LOCALES:
                return code.split("-")[0].lower()
    return "en"


def _emergency(resource: dict[str, Any], address: Address) -> dict[str, Any]:
    """The first contact person with a name, as the emergency contact."""
    for contact in items_of(resource, "contact"):
        named = dict_of(contact, "name")
        if not named:
            continue
        mobile, other = _telephone(phones_of(contact), address)
        relationship = next((coded_text(item) for item in items_of(contact, "relationship")), "")
        return {
            "emergency_name": human_name({"name": [named]})[:100],
            "emergency_phone": mobile or other,
            "emergency_relationship": relationship[:60] or None,
        }
    return {"emergency_name": None, "emergency_phone": None, "emergency_relationship": None}


def _patient_reference(resource: dict[str, Any]) -> tuple[str, str]:
    patient = dict_of(resource, "patient")
    reference = text_of(patient, "reference")
    found = _REFERENCE.fullmatch(reference)
    if found:
        return PATIENT_SYSTEM, found[1]
    identifier = dict_of(patient, "identifier")
    system, value = text_of(identifier, "system"), text_of(identifier, "value")
    if not reference and system and value:
        return system, value
    raise Refused("patient refers to no patient")


def _status(resource: dict[str, Any]) -> str:
    clinical = next((code for _system, code in code_in(dict_of(resource, "clinicalStatus"))), "")
    verification = next((code for _system, code in code_in(dict_of(resource, "verificationStatus"))), "")
    if clinical and clinical not in _CLINICAL:
        raise Refused("clinicalStatus is not one of the codes for it")
    if verification not in _VERIFICATION:
        raise Refused("verificationStatus is not one of the codes for it")
    if verification == "entered-in-error":
        return "entered_in_error"
    if verification == "refuted":
        return "inactive"
    return clinical or "active"


def _category(resource: dict[str, Any]) -> str | None:
    said = resource.get("category")
    if said is None:
        return None
    if not isinstance(said, list) or not all(isinstance(item, str) for item in said):
        raise Refused("category is not a list of texts")
    return ", ".join(text_of({"category": item}, "category") for item in said)[:100] or None


def _reactions(resource: dict[str, Any]) -> tuple[str | None, str | None]:
    """What happens, all reactions in one line, and the gravest severity."""
    reactions = items_of(resource, "reaction")
    words = [coded_text(item) for reaction in reactions for item in items_of(reaction, "manifestation")]
    severities = [text_of(reaction, "severity") for reaction in reactions]
    if any(severity not in ("", *_GRAVE) for severity in severities):
        raise Refused("severity is not one of the codes for it")
    gravest = next((severity for severity in _GRAVE if severity in severities), None)
    return ", ".join(dict.fromkeys(word for word in words if word))[:1000] or None, gravest


def _reacting_substance(resource: dict[str, Any]) -> str:
    return next(
        (
            words
            for item in items_of(resource, "reaction")
            if (words := coded_text(dict_of(item, "substance")))
        ),
        "",
    )
