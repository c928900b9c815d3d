"""A patient's page: who they are, what must not be missed, and everything that is known of them in tabs."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import CLINICAL, FRONT_DESK, Actor, Role, allow
from clinic.core.i18n import ngettext
from clinic.core.web import current_actor, is_timed_refresh, page
from clinic.desk.messages_told import messages_about
from clinic.desk.patient_side import side_of
from clinic.desk.patient_tabs import tabs_for
from clinic.encounters.queries import notes_of_patient
from clinic.facilities.queries import get_facility
from clinic.patients import policy
from clinic.patients.forms import RELATIONSHIP, SEVERITY
from clinic.patients.models import Patient
from clinic.patients.queries import (
    all_allergies,
    allergy_alert,
    get_patient,
    household,
)
from clinic.patients.queries.intake import Beginning, beginning_of
from clinic.scheduling.models import FINAL
from clinic.scheduling.queries import patient_appointments

patient_bp = Blueprint("patient_page", __name__)
STAFF_OF_PATIENTS = (Role.RECEPTIONIST, Role.FACILITY_ADMIN, Role.PRACTITIONER, Role.THERAPIST)


@patient_bp.get("/patients/<id:patient_id>")
@allow(*STAFF_OF_PATIENTS)
def show(patient_id: int) -> Response:
    """Visits: those to come, and before them those that were."""
    actor = current_actor()
    patient = get_patient(actor, patient_id)
    visits = patient_appointments(patient.id)
    now = clock.now()
    coming = [visit for visit in visits if visit.ends > now and visit.status not in FINAL]
    past = [visit for visit in visits if visit.ends <= now or visit.status in FINAL]
    return patient_tab(actor, patient, "visits", coming=coming[::-1], past=past)


@patient_bp.get("/patients/<id:patient_id>/notes")
@allow(*CLINICAL)
def notes(patient_id: int) -> Response:
    """What practitioners wrote, as far as the reader may read it."""
    actor = current_actor()
    patient = get_patient(actor, patient_id)
    return patient_tab(actor, patient, "notes", notes=notes_of_patient(actor, patient.id))


@patient_bp.get("/patients/<id:patient_id>/messages")
@allow(*STAFF_OF_PATIENTS)
def messages(patient_id: int) -> Response:
    """What the patient was told, and what became of it; never the words."""
    actor = current_actor()
    patient = get_patient(actor, patient_id)
    told = messages_about(patient.id)
    return patient_tab(actor, patient, "messages", messages=told, sets_choices=actor.has(*FRONT_DESK))


@patient_bp.get("/patients/<id:patient_id>/details")
@allow(*STAFF_OF_PATIENTS)
def details(patient_id: int) -> Response:
    """Everything registration and intake know."""
    actor = current_actor()
    patient = get_patient(actor, patient_id)
    return patient_tab(
        actor,
        patient,
        "details",
        allergies=all_allergies(patient.id),
        relationships=dict(RELATIONSHIP),
        severities=dict(SEVERITY),
    )


def patient_tab(actor: Actor, patient: Patient, tab: str, *, status: int = 200, **values: Any) -> Response:
    """One tab of the page, ``templates/desk/_patient_<tab>.html``, and the row that it was looked at."""
    facility = get_facility(patient.facility_id)
    beginning = beginning_of(patient.id)
    clinical = policy.sees_clinical(actor, patient)
    answer = page(
        "desk/patient.html",
        None,
        status,
        patient=patient,
        tab=tab,
        tabs=tabs_for(actor, patient, clinical=clinical),
        badges=_badges(patient, beginning),
        side=side_of(actor, patient),
        zone=facility.zone,
        today=clock.today(facility.zone),
        alert=allergy_alert(patient),
        household=household(actor, patient),
        intake=beginning.state,
        intake_link=beginning.link,
        beginning=beginning,
        clinical=clinical,
        **values,
    )
    if not is_timed_refresh():
        audit.read(
            actor,
            "patient.viewed",
            subject_type="patient",
            subject_id=patient.id,
            patient_id=patient.id,
            facility_id=patient.facility_id,
            detail={"tab": tab},
        )
    return answer


def _badges(patient: Patient, beginning: Beginning) -> dict[str, str]:
    """The small words beside tabs, by their code."""
    missing = beginning.required_missing
    if not missing or patient.deceased:
        return {}
    return {"consents": ngettext("%(num)s missing", "%(num)s missing", missing)}
