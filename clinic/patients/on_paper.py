"""Who stands on a signed paper: practitioner, clinic and patient, as plain JSON of this moment.

A document that is signed keeps what these give: its copies do not follow the rows that change afterwards.
"""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

from clinic.core.phones import show
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner


def practitioner_on_paper(who: Practitioner) -> dict[str, str]:
    """Name, qualification, registration number and telephone; what is not known is empty."""
    return {
        "name": who.name,
        "qualification": who.qualification or "",
        "registration": who.registration_number or "",
        "phone": show(who.phone) if who.phone else "",
    }


def clinic_on_paper(where: Facility) -> dict[str, str]:
    """The letterhead: name, address in one line, telephone, e-mail; what is not known is empty."""
    town = " ".join(part for part in (where.city, where.postal_code) if part)
    return {
        "name": where.name,
        "address": ", ".join(part for part in (where.line, town, where.state) if part),
        "phone": show(where.phone) if where.phone else "",
        "email": where.email or "",
    }


def patient_on_paper(whose: Patient) -> dict[str, str | None]:
    """Name, record number, sex, and the birth date with how exact it is."""
    return {
        "name": whose.name,
        "sex": whose.sex,
        "birth_date": whose.birth_date.isoformat() if whose.birth_date else None,
        "birth_precision": whose.birth_precision,
        "mrn": whose.mrn,
    }


def born_of(printed: dict[str, Any]) -> SimpleNamespace:
    """Sex and birth date of a document's ``patient``, for the ways to say an age."""
    patient = printed["patient"]
    born = patient["birth_date"]
    return SimpleNamespace(
        sex=patient["sex"],
        birth_date=date.fromisoformat(born) if born else None,
        birth_precision=patient["birth_precision"],
        deceased=False,
        deceased_on=None,
    )
