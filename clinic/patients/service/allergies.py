"""Writing down what a patient reacts to, and who asked."""

from __future__ import annotations

from sqlalchemy import select

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.text import fold
from clinic.patients.details import AllergyEntry
from clinic.patients.models import Allergy, AllergyStatus, Patient


def record_allergies(
    actor: Actor, patient: Patient, *, entries: tuple[AllergyEntry, ...], none_known: bool | None
) -> bool:
    """Bring the allergies of a patient to what a (checked) form says; True when something changed.

    An entry with an ``id`` changes that row, and emptied it was entered in error; one without is added unless
    an active row names the same substance. Rows the form does not name stay. Who asked, and when, is written
    down with the answer.
    """
    rows = {
        row.id: row
        for row in db.session.scalars(
            select(Allergy).where(Allergy.patient_id == patient.id).with_for_update()
        )
    }
    changed = False
    for entry in entries:
        if entry.id is not None:
            row = rows.get(entry.id)
            changed |= row is not None and _change(actor, row, entry)
        elif not any(
            row.status == "active" and fold(row.substance) == fold(entry.substance) for row in rows.values()
        ):
            row = _add(actor, patient, entry)
            rows[row.id] = row
            changed = True
    has_active = any(row.status == "active" for row in rows.values())
    status = _status(patient, has_active=has_active, none_known=none_known)
    newly_asked = status in (AllergyStatus.NONE_KNOWN, AllergyStatus.RECORDED) and (
        changed or status != patient.allergy_status
    )
    if status != patient.allergy_status:
        patient.allergy_status = status
        changed = True
    if newly_asked:
        patient.allergies_asked_by = actor.user_id
        patient.allergies_asked_source = None if actor.user_id is not None else actor.name
        patient.allergies_asked_at = clock.now()
    db.session.flush()
    return changed


def _status(patient: Patient, *, has_active: bool, none_known: bool | None) -> AllergyStatus:
    if has_active:
        return AllergyStatus.RECORDED
    if none_known:
        return AllergyStatus.NONE_KNOWN
    kept = AllergyStatus(patient.allergy_status)
    if kept is AllergyStatus.NONE_STATED or (none_known is None and kept is AllergyStatus.NONE_KNOWN):
        return kept
    return AllergyStatus.NOT_ASKED


def _add(actor: Actor, patient: Patient, entry: AllergyEntry) -> Allergy:
    row = Allergy(
        patient_id=patient.id,
        substance=entry.substance,
        reaction=entry.reaction,
        severity=entry.severity,
        status=entry.status,
        category=entry.category or None,
        criticality=entry.criticality or None,
        recorded_at=clock.now(),
        recorded_by=actor.user_id,
    )
    db.session.add(row)
    db.session.flush()
    return row


def _change(actor: Actor, row: Allergy, entry: AllergyEntry) -> bool:
    """What it said before stays readable: a trigger keeps it."""
    wanted = {
        "substance": entry.substance or row.substance,
        "reaction": entry.reaction,
        "severity": entry.severity,
        "status": entry.status if entry.substance else "entered_in_error",
        "category": row.category if entry.category is None else entry.category or None,
        "criticality": row.criticality if entry.criticality is None else entry.criticality or None,
    }
    different = {name: value for name, value in wanted.items() if getattr(row, name) != value}
    for name, value in different.items():
        setattr(row, name, value)
    if different:
        row.recorded_at, row.recorded_by = clock.now(), actor.user_id
    return bool(different)
