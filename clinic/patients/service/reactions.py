"""One allergy at a time: added, changed, struck through, or that somebody asked and none is known."""

from __future__ import annotations

from dataclasses import replace

from clinic.audit import service as audit
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Invalid, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.text import one_line
from clinic.patients.details import SEVERITIES, AllergyEntry
from clinic.patients.models import Allergy, Patient
from clinic.patients.queries import get_patient_for_change
from clinic.patients.service.allergies import record_allergies

CATEGORIES = ("medication", "food", "environment", "biologic")
CRITICALITIES = ("low", "high", "unable_to_assess")
STATUSES = ("active", "inactive", "resolved")


def save_allergy(actor: Actor, patient_id: int, entry: AllergyEntry) -> bool:
    """Write an allergy down, or change the one ``entry.id`` names; what it said before stays readable.

    False when nothing changed. Raises Invalid, NotFound, and Conflict for one struck through.
    """
    patient = get_patient_for_change(actor, patient_id)
    checked = _checked(entry)
    if checked.id is not None:
        _holding(patient, checked.id)
    changed = record_allergies(actor, patient, entries=(checked,), none_known=None)
    if changed:
        _log(actor, patient, "allergy.changed" if entry.id is not None else "allergy.added", entry.id)
    return changed


def strike_allergy(actor: Actor, patient_id: int, allergy_id: int) -> None:
    """It never was one: entered in error. Raises NotFound, Conflict."""
    patient = get_patient_for_change(actor, patient_id)
    row = _holding(patient, allergy_id)
    entry = AllergyEntry(
        id=row.id, substance="", reaction=row.reaction, severity=row.severity, status=row.status
    )
    record_allergies(actor, patient, entries=(entry,), none_known=None)
    _log(actor, patient, "allergy.struck", row.id)


def none_known(actor: Actor, patient_id: int) -> None:
    """Somebody asked, and the patient knows of none. Raises NotFound, Conflict while one is written down."""
    patient = get_patient_for_change(actor, patient_id)
    record_allergies(actor, patient, entries=(), none_known=True)
    if patient.allergy_status != "none_known":
        raise Conflict(_("There is an allergy on the list. Strike it through first."))
    _log(actor, patient, "allergy.none_known", None)


def _checked(entry: AllergyEntry) -> AllergyEntry:
    substance, reaction = one_line(entry.substance), one_line(entry.reaction or "")
    if not 1 <= len(substance) <= 200:
        raise Invalid(_("Write what it is, at most 200 characters."), field="substance")
    if len(reaction) > 200:
        raise Invalid(_("At most %(max)d characters.", max=200), field="reaction")
    known = {
        "severity": ("", *SEVERITIES),
        "category": ("", *CATEGORIES),
        "criticality": ("", *CRITICALITIES),
        "status": STATUSES,
    }
    for name, values in known.items():
        if (getattr(entry, name) or "") not in values:
            raise Invalid(_("Choose one of these."), field=name)
    return replace(entry, substance=substance, reaction=reaction or None, severity=entry.severity or None)


def _holding(patient: Patient, allergy_id: int) -> Allergy:
    row = db.session.get(Allergy, allergy_id)
    if row is None or row.patient_id != patient.id:
        raise NotFound(_("There is no such allergy."))
    if row.status == "entered_in_error":
        raise Conflict(_("It was struck through already."))
    return row


def _log(actor: Actor, patient: Patient, action: str, allergy_id: int | None) -> None:
    audit.record(
        actor,
        action,
        subject_type="allergy",
        subject_id=allergy_id,
        patient_id=patient.id,
        facility_id=patient.facility_id,
    )
