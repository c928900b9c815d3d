"""The care team of a patient: who cares for them, assigned and ended here."""

from __future__ import annotations

from datetime import timedelta

from flask import Response, url_for
from wtforms import SelectField

from clinic.core import clock
from clinic.core.access import Actor, Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import Conflict, DomainError, NotFound
from clinic.core.forms import Form
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.web import current_actor, go_to, read_id, say
from clinic.desk.patient_views import STAFF_OF_PATIENTS, patient_bp, patient_tab
from clinic.patients import policy
from clinic.patients.models import Patient
from clinic.patients.queries import get_patient
from clinic.patients.queries.care import CareTeam, care_team
from clinic.patients.service import care
from clinic.practitioners.queries import bookable_practitioners

MAY_TRY = (Role.FACILITY_ADMIN, Role.PRACTITIONER)
UNDO_SHOWN_FOR = timedelta(seconds=60)


class CarerForm(Form):
    """Somebody to care for the patient."""

    practitioner = SelectField(_l("Practitioner"), validate_choice=False)


@patient_bp.get("/patients/<id:patient_id>/care")
@allow(*STAFF_OF_PATIENTS)
def care_of(patient_id: int) -> Response:
    """Who cares for the patient, and who did."""
    actor = current_actor()
    return _show(actor, get_patient(actor, patient_id))


@patient_bp.post("/patients/<id:patient_id>/care")
@allow(*MAY_TRY)
def assign_care(patient_id: int) -> Response:
    """Put the patient in somebody's care."""
    actor = current_actor()
    patient = get_patient(actor, patient_id)
    form = CarerForm()
    try:
        with unit_of_work():
            given = care.assign(actor, patient_id, read_id(form.practitioner.data))
            name = care.name_of(given)
    except NotFound:
        raise
    except DomainError as error:
        form.refuse(error)
        return _show(actor, patient, form, status=error.status)
    say(_("%(name)s cares for the patient now.", name=name))
    return go_to(url_for("patient_page.care_of", patient_id=patient_id))


@patient_bp.post("/patients/<id:patient_id>/care/<id:care_id>/end")
@allow(*MAY_TRY)
def end_care(patient_id: int, care_id: int) -> Response:
    """Somebody no longer cares for the patient; whoever ends their own care may lose sight of the patient."""
    actor = current_actor()
    get_patient(actor, patient_id)
    try:
        with unit_of_work():
            name = care.name_of(care.end(actor, patient_id, care_id))
    except Conflict as error:
        say(error.message, "warn")
        return go_to(url_for("patient_page.care_of", patient_id=patient_id))
    try:
        get_patient(actor, patient_id)
    except NotFound:
        say(_("You no longer care for the patient, and no longer see their record."))
        return go_to(url_for("patients.index"))
    say(_("%(name)s no longer cares for the patient.", name=name))
    return go_to(url_for("patient_page.care_of", patient_id=patient_id))


@patient_bp.post("/patients/<id:patient_id>/care/<id:care_id>/undo")
@allow(*MAY_TRY)
def undo_end_care(patient_id: int, care_id: int) -> Response:
    """Take back that care was ended."""
    actor = current_actor()
    get_patient(actor, patient_id)
    try:
        with unit_of_work():
            name = care.name_of(care.take_up_again(actor, patient_id, care_id))
    except Conflict as error:
        say(error.message, "warn")
    else:
        say(_("%(name)s cares for the patient as before.", name=name))
    return go_to(url_for("patient_page.care_of", patient_id=patient_id))


def _show(actor: Actor, patient: Patient, form: CarerForm | None = None, *, status: int = 200) -> Response:
    team = care_team(patient.id)
    arranges = policy.can_arrange_care(actor, patient)
    form = form or CarerForm(formdata=None)
    if arranges:
        taken = {one.practitioner_id for one in team.now}
        free = [one for one in bookable_practitioners(patient.facility_id) if one.id not in taken]
        form.practitioner.choices = [("", _("Choose"))] + [(str(one.id), one.name) for one in free]
    undo, seconds = _just_ended(actor, team)
    return patient_tab(
        actor,
        patient,
        "care",
        status=status,
        team=team,
        arranges=arranges,
        form=form,
        undo=undo,
        undo_seconds=seconds,
    )


def _just_ended(actor: Actor, team: CareTeam) -> tuple[object, int]:
    """Whom this person took out of care a moment ago, and for how many seconds that can be undone."""
    for one in team.before:
        if one.until is not None and one.ended_by_id is not None and one.ended_by_id == actor.user_id:
            left = clock.seconds_until(one.until + UNDO_SHOWN_FOR)
            return (one, left) if left else (None, 0)
    return None, 0
