"""A patient's page: who they are, what must not be missed, and everything that is known of them in tabs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, request, url_for
from sqlalchemy import ScalarSelect

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import CLINICAL, FRONT_DESK, Actor, Role, allow
from clinic.core.i18n import ngettext
from clinic.core.web import current_actor, is_fragment, is_timed_refresh, page
from clinic.desk.messages_told import messages_about
from clinic.desk.patient_alerts import columns_for, plates_of
from clinic.desk.patient_side import side_of
from clinic.desk.patient_tabs import tabs_for
from clinic.desk.timeline_page import shown_timeline
from clinic.encounters.assessments.queries import constitution_column, read_constitution
from clinic.encounters.next_note import next_note_column
from clinic.encounters.queries import notes_of_patient
from clinic.patients import policy
from clinic.patients.forms import RELATIONSHIP, SEVERITY
from clinic.patients.models import Patient
from clinic.patients.queries import all_allergies, get_patient
from clinic.patients.queries.happened import read_cursor
from clinic.patients.queries.head import head_of
from clinic.patients.queries.intake import Beginning
from clinic.scheduling.models import FINAL
from clinic.scheduling.queries import patient_appointments

patient_bp = Blueprint("patient_page", __name__)
STAFF_OF_PATIENTS = (Role.RECEPTIONIST, Role.FACILITY_ADMIN, Role.PRACTITIONER, Role.THERAPIST)


@patient_bp.get("/patients/<id:patient_id>")
@allow(*STAFF_OF_PATIENTS)
def show(patient_id: int) -> Response:
    """The timeline: ``kind`` (several are possible) says what of it, ``before`` goes on from a page."""
    actor = current_actor()
    patient = get_patient(actor, patient_id)
    timeline = shown_timeline(
        actor,
        patient.id,
        zone=patient.facility.zone,
        asked=request.args.getlist("kind")[:20],
        before=read_cursor(request.args.get("before")),
    )
    if is_fragment():
        zone = patient.facility.zone
        answer = page(
            "desk/_timeline_rows.html", timeline=timeline, patient=patient, zone=zone, today=clock.today(zone)
        )
        _viewed(actor, patient, "timeline")
        return answer
    return patient_tab(actor, patient, "timeline", timeline=timeline)


@patient_bp.get("/patients/<id:patient_id>/visits")
@allow(*STAFF_OF_PATIENTS)
def visits(patient_id: int) -> Response:
    """Visits: those to come, and before them those that were."""
    actor = current_actor()
    patient = get_patient(actor, patient_id)
    found = patient_appointments(patient.id)
    now = clock.now()
    coming = [visit for visit in found if visit.ends > now and visit.status not in FINAL]
    past = [visit for visit in found if visit.ends <= now or visit.status in FINAL]
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


def patient_tab(
    actor: Actor,
    patient: Patient,
    tab: str,
    *,
    status: int = 200,
    listed: Sequence[int] | None = None,
    **values: Any,
) -> Response:
    """One tab of the page, ``templates/desk/_patient_<tab>.html``, and the row that it was looked at, with
    the ids of what it ``listed``.
    """
    facility = patient.facility
    clinical = policy.sees_clinical(actor, patient)
    head = head_of(actor, patient, _columns(actor, patient, clinical=clinical))
    answer = page(
        "desk/patient.html",
        None,
        status,
        patient=patient,
        tab=tab,
        tabs=tabs_for(actor, patient, clinical=clinical),
        badges=_badges(patient, head.beginning),
        side=side_of(actor, patient),
        zone=facility.zone,
        today=clock.today(facility.zone),
        alert=head.alert,
        plates=plates_of(patient, head, edit=_to_ask(patient)),
        household=head.household,
        carers=head.carers,
        constitution=read_constitution(head.more.get("constitution")),
        next_note=head.more.get("next_note"),
        intake=head.beginning.state,
        intake_link=head.beginning.link,
        beginning=head.beginning,
        clinical=clinical,
        **values,
    )
    _viewed(actor, patient, tab, listed)
    return answer


def _columns(actor: Actor, patient: Patient, *, clinical: bool) -> dict[str, ScalarSelect[Any]]:
    """What the head asks of other domains, as columns of its one statement."""
    columns = columns_for(actor, patient.id)
    if clinical:
        columns["constitution"] = constitution_column(patient.id)
    if (column := next_note_column(actor, patient.id)) is not None and not patient.deceased:
        columns["next_note"] = column
    return columns


def _viewed(actor: Actor, patient: Patient, tab: str, listed: Sequence[int] | None = None) -> None:
    if is_timed_refresh():
        return
    audit.read(
        actor,
        "patient.viewed",
        subject_type="patient",
        subject_id=patient.id,
        patient_id=patient.id,
        facility_id=patient.facility_id,
        detail={"tab": tab} if listed is None else {"tab": tab, "ids": list(listed)},
    )


def _to_ask(patient: Patient) -> str:
    """Where the question about allergies is answered."""
    return url_for("patients.edit", patient_id=patient.id, _anchor="allergies_asked")


def _badges(patient: Patient, beginning: Beginning) -> dict[str, str]:
    """The small words beside tabs, by their code."""
    missing = beginning.required_missing
    if not missing or patient.deceased:
        return {}
    return {"consents": ngettext("%(num)s missing", "%(num)s missing", missing)}
