"""Allergies of a patient, one at a time: added, changed, struck through, or none known."""

from __future__ import annotations

from flask import Response, request

from clinic.core.access import allow
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor
from clinic.desk.health_page import ALLERGY_CHOICES, LONGEST, Opened, changed, section
from clinic.desk.patient_views import STAFF_OF_PATIENTS, patient_bp
from clinic.patients.details import AllergyEntry
from clinic.patients.models import Patient
from clinic.patients.queries import all_allergies, get_patient
from clinic.patients.queries.health import allergy_history
from clinic.patients.service import reactions


@patient_bp.route("/patients/<id:patient_id>/health/allergies/new", methods=["GET", "POST"])
@allow(*STAFF_OF_PATIENTS)
def new_allergy(patient_id: int) -> Response:
    """Write down one more allergy."""
    return _allergy(patient_id, None)


@patient_bp.route(
    "/patients/<id:patient_id>/health/allergies/<id:allergy_id>/change", methods=["GET", "POST"]
)
@allow(*STAFF_OF_PATIENTS)
def change_allergy(patient_id: int, allergy_id: int) -> Response:
    """Change an allergy; what it said before stays readable."""
    return _allergy(patient_id, allergy_id)


@patient_bp.get("/patients/<id:patient_id>/health/allergies/<id:allergy_id>/history")
@allow(*STAFF_OF_PATIENTS)
def allergy_said(patient_id: int, allergy_id: int) -> Response:
    """What an allergy said, who wrote it and when."""
    patient = get_patient(current_actor(), patient_id)
    found = allergy_history(patient.id, allergy_id)
    if not found:
        raise NotFound(_("There is no such allergy."))
    return section(patient, Opened(section="allergies", mode="history", entry_id=allergy_id, history=found))


@patient_bp.post("/patients/<id:patient_id>/health/allergies/<id:allergy_id>/strike")
@allow(*STAFF_OF_PATIENTS)
def strike_allergy(patient_id: int, allergy_id: int) -> Response:
    """It never was one."""
    patient = get_patient(current_actor(), patient_id)
    opened = Opened(section="allergies")
    return changed(
        patient,
        opened,
        lambda: reactions.strike_allergy(current_actor(), patient.id, allergy_id),
        said=_("Struck through. It no longer counts, and stays readable."),
    )


@patient_bp.post("/patients/<id:patient_id>/health/allergies/none")
@allow(*STAFF_OF_PATIENTS)
def no_allergies(patient_id: int) -> Response:
    """Somebody asked, and the patient knows of none."""
    patient = get_patient(current_actor(), patient_id)
    opened = Opened(section="allergies")
    return changed(patient, opened, lambda: reactions.none_known(current_actor(), patient.id))


def _allergy(patient_id: int, allergy_id: int | None) -> Response:
    patient = get_patient(current_actor(), patient_id)
    mode = "new" if allergy_id is None else "change"
    if request.method == "GET":
        typed = {"status": "active"} if allergy_id is None else _allergy_typed(patient, allergy_id)
        return section(patient, Opened(section="allergies", mode=mode, entry_id=allergy_id, typed=typed))
    names = ("substance", "reaction", *ALLERGY_CHOICES)
    typed = {name: request.form.get(name, "")[:LONGEST] for name in names}
    entry = AllergyEntry(
        id=allergy_id,
        substance=typed["substance"],
        reaction=typed["reaction"],
        severity=typed["severity"],
        status=typed["status"] or "active",
        category=typed["category"],
        criticality=typed["criticality"],
    )
    opened = Opened(section="allergies", mode=mode, entry_id=allergy_id, typed=typed)
    return changed(patient, opened, lambda: reactions.save_allergy(current_actor(), patient.id, entry))


def _allergy_typed(patient: Patient, allergy_id: int) -> dict[str, str]:
    for row in all_allergies(patient.id):
        if row.id == allergy_id:
            names = ("substance", "reaction", *ALLERGY_CHOICES)
            return {name: getattr(row, name) or "" for name in names}
    raise NotFound(_("There is no such allergy."))
