"""What the law wants on the paper beside the medicines, as it stood when the prescription was signed.

Practitioners move, patients marry, allergies are found: a signed paper says what it said that day.
"""

from __future__ import annotations

import json
from collections.abc import Sequence, Set
from hashlib import sha256
from typing import Any

from sqlalchemy import select

from clinic.core.db import db
from clinic.encounters.coding import diagnoses_of
from clinic.encounters.models import VitalSigns
from clinic.encounters.queries import active_allergies
from clinic.patients.display import address_text, phone_text
from clinic.patients.on_paper import clinic_on_paper, patient_on_paper, practitioner_on_paper
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
    whose, note_id = prescription.patient, prescription.note_id
    return {
        "practitioner": practitioner_on_paper(prescription.practitioner),
        "clinic": clinic_on_paper(prescription.facility),
        "patient": {
            **patient_on_paper(whose),
            "address": address_text(whose),
            "phone": phone_text(whose),
        },
        "diagnoses": [item.text for item in diagnoses_of(note_id)] if note_id else [],
        "allergies": [allergy.substance for allergy in active_allergies(whose.id)],
        "vitals": _vitals(note_id) if note_id else {},
    }


def digest_of(
    prescription: Prescription, lines: Sequence[PrescriptionLine], acceptances: Sequence[Acceptance]
) -> str:
    """SHA-256 in hex over everything a copy shows: the same content gives the same digest for ever. A line
    that is stopped changes it.
    """
    return _digest(prescription, lines, acceptances, stopped={line.id for line in _stopped(lines)})


def digests_before(
    prescription: Prescription, lines: Sequence[PrescriptionLine], acceptances: Sequence[Acceptance]
) -> tuple[str, ...]:
    """What the digest was before each line was stopped, the last one first. Nothing else is added to what is
    signed.
    """
    order = [line.id for line in _stopped(lines)]
    return tuple(
        _digest(prescription, lines, acceptances, stopped=set(order[:upto]))
        for upto in range(len(order) - 1, -1, -1)
    )


def _stopped(lines: Sequence[PrescriptionLine]) -> list[PrescriptionLine]:
    """The lines that were stopped, in the order in which they were."""
    dated = [(line.stopped_at, line.id, line) for line in lines if line.stopped_at is not None]
    return [line for _when, _id, line in sorted(dated)]


def _digest(
    prescription: Prescription,
    lines: Sequence[PrescriptionLine],
    acceptances: Sequence[Acceptance],
    *,
    stopped: Set[int],
) -> str:
    said = {
        "prescription": prescription.id,
        "reference": prescription.reference,
        "patient": prescription.patient_id,
        "signed_at": prescription.signed_at.isoformat() if prescription.signed_at else None,
        "signed_by": prescription.signed_by,
        "printed": prescription.printed,
        "texts": [prescription.advice, prescription.pathya, prescription.apathya, prescription.tests],
        "days": [str(prescription.valid_until), str(prescription.review_on)],
        "lines": [[line.id, _plain(columns_of(line_of(line))), line.id in stopped] for line in lines],
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
