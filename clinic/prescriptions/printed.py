"""What the law wants on the paper beside the medicines, as it stood when the prescription was signed.

Practitioners move, patients marry, allergies are found: a signed paper says what it said that day.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select

from clinic.core.db import db
from clinic.core.phones import show
from clinic.encounters.coding import diagnoses_of
from clinic.encounters.models import VitalSigns
from clinic.encounters.queries import active_allergies
from clinic.patients.display import address_text, phone_text
from clinic.prescriptions.models import Acceptance, Prescription, PrescriptionLine
from clinic.prescriptions.reading import columns_of, line_of

KIND = "prescription"
"""What copies of it are called where they are checked."""
VITALS = ("weight_kg", "systolic_mmhg", "diastolic_mmhg", "pulse_per_min", "temperature_c")


def printed_of(prescription: Prescription) -> dict[str, Any]:
    """The snapshot as JSON: as it was signed, else as it would be signed now."""
    return prescription.printed if prescription.printed is not None else snapshot(prescription)


def snapshot(prescription: Prescription) -> dict[str, Any]:
    """Practitioner, clinic, patient, diagnoses, allergies and measurements of this moment."""
    who, where, whose = prescription.practitioner, prescription.facility, prescription.patient
    town = " ".join(part for part in (where.city, where.postal_code) if part)
    note_id = prescription.note_id
    return {
        "practitioner": {
            "name": who.name,
            "qualification": who.qualification or "",
            "registration": who.registration_number or "",
            "phone": show(who.phone) if who.phone else "",
        },
        "clinic": {
            "name": where.name,
            "address": ", ".join(part for part in (where.line, town, where.state) if part),
            "phone": show(where.phone) if where.phone else "",
            "email": where.email or "",
        },
        "patient": {
            "name": whose.name,
            "sex": whose.sex,
            "birth_date": whose.birth_date.isoformat() if whose.birth_date else None,
            "birth_precision": whose.birth_precision,
            "address": address_text(whose),
            "phone": phone_text(whose),
            "mrn": whose.mrn,
        },
        "diagnoses": [item.text for item in diagnoses_of(note_id)] if note_id else [],
        "allergies": [allergy.substance for allergy in active_allergies(whose.id)],
        "vitals": _vitals(note_id) if note_id else {},
    }


def born_of(printed: dict[str, Any]) -> SimpleNamespace:
    """Sex and birth date of a snapshot, for the ways to say an age."""
    patient = printed["patient"]
    born = patient["birth_date"]
    return SimpleNamespace(
        sex=patient["sex"],
        birth_date=date.fromisoformat(born) if born else None,
        birth_precision=patient["birth_precision"],
        deceased=False,
        deceased_on=None,
    )


def digest_of(
    prescription: Prescription, lines: Sequence[PrescriptionLine], acceptances: Sequence[Acceptance]
) -> str:
    """SHA-256 in hex over everything a copy shows: the same content gives the same digest for ever. A line
    that is stopped changes it.
    """
    said = {
        "prescription": prescription.id,
        "reference": prescription.reference,
        "patient": prescription.patient_id,
        "signed_at": prescription.signed_at.isoformat() if prescription.signed_at else None,
        "signed_by": prescription.signed_by,
        "printed": prescription.printed,
        "texts": [prescription.advice, prescription.pathya, prescription.apathya, prescription.tests],
        "days": [str(prescription.valid_until), str(prescription.review_on)],
        "lines": [
            [line.id, _plain(columns_of(line_of(line))), line.stopped_at is not None] for line in lines
        ],
        "accepted": [[item.level, item.text, item.reason] for item in acceptances],
    }
    written = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(written.encode()).hexdigest()


def _plain(columns: dict[str, Any]) -> dict[str, Any]:
    """Numbers as they are kept, whatever zeros the database puts behind them."""
    return {
        name: f"{value.normalize():f}" if hasattr(value, "normalize") else value
        for name, value in columns.items()
    }


def _vitals(note_id: int) -> dict[str, str]:
    row = db.session.scalars(
        select(VitalSigns).where(VitalSigns.note_id == note_id).order_by(VitalSigns.id).limit(1)
    ).first()
    if row is None:
        return {}
    found = {name: getattr(row, name) for name in VITALS}
    return {
        name: f"{value.normalize():f}" if hasattr(value, "normalize") else str(value)
        for name, value in found.items()
        if value is not None
    }
