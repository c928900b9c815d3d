"""The clinic's word on who may sign in for a patient: seen, allowed, ended, and given another number."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, url_for
from wtforms import RadioField
from wtforms.validators import InputRequired

from clinic.accounts.service import ensure_patient_login
from clinic.audit import service as audit
from clinic.core.access import allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, NotFound
from clinic.core.forms import Form, PhoneField
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.phones import parse_mobile
from clinic.core.web import current_actor, go_to, page, say
from clinic.facilities.queries import get_facility
from clinic.patients.models import Patient
from clinic.patients.queries import get_patient, get_patient_for_change
from clinic.patients.queries.guardians import acting_for, consents_about
from clinic.patients.service import profile
from clinic.patients.service.guardians import GUARDIAN, HOUSEHOLD
from clinic.patients.service.guardians import allow as let_act
from clinic.patients.service.guardians import end as stop_acting
from clinic.patients.service.numbers import change_number_by_clinic
from clinic.patients.views.blueprint import bp
from clinic.patients.views.register import DESK

KINDS = ((GUARDIAN, _l("Parent or guardian")), (HOUSEHOLD, _l("Family member")))
GIVEN_AS = {
    "patient": _l("by the patient"),
    "guardian": _l("by a guardian"),
    "clinic": _l("by the clinic"),
    "household": _l("by the household itself"),
}


class GuardianForm(Form):
    """Somebody who may act for the patient, by their mobile."""

    mobile = PhoneField(_l("Their mobile number"), [InputRequired(_l("Enter a mobile number."))], longest=40)
    kind = RadioField(_l("Who they are"), choices=KINDS, default=GUARDIAN)


class NewNumberForm(Form):
    """Another number for a household that has lost its old one."""

    number = PhoneField(_l("New mobile number"), [InputRequired(_l("Enter a mobile number."))], longest=40)


@bp.get("/patients/<id:patient_id>/sign-ins")
@allow(*DESK)
def guardians(patient_id: int) -> Response:
    """Who may sign in for the patient, and how that came about."""
    patient = get_patient(current_actor(), patient_id)
    audit.read(
        current_actor(),
        "patient.viewed",
        subject_type="patient",
        subject_id=patient.id,
        patient_id=patient.id,
        facility_id=patient.facility_id,
        detail={"tab": "sign-ins"},
    )
    return _page(patient)


@bp.post("/patients/<id:patient_id>/sign-ins")
@allow(*DESK)
def add_guardian(patient_id: int) -> Response:
    """Let another mobile act for the patient, on the clinic's word."""
    form = GuardianForm()
    actor = current_actor()
    if not form.validate():
        return _page(get_patient(actor, patient_id), form=form, status=422)
    try:
        mobile = parse_mobile(form.mobile.data or "")
        with unit_of_work():
            patient = get_patient_for_change(actor, patient_id)
            user = ensure_patient_login(actor, mobile=mobile, name="", locale=patient.locale)
            added = let_act(actor, patient, user, given_as="clinic", kind=form.kind.data)
    except NotFound:
        raise
    except DomainError as error:
        form.refuse(error)
        return _page(get_patient(actor, patient_id), form=form, status=error.status)
    say(_("This number may now act for the patient.") if added else _("This number could do so already."))
    return go_to(url_for("patients.guardians", patient_id=patient_id))


@bp.post("/patients/<id:patient_id>/sign-ins/<id:user_id>/end")
@allow(*DESK)
def end_guardian(patient_id: int, user_id: int) -> Response:
    """A sign-in no longer acts for the patient, on the clinic's word."""
    actor = current_actor()
    with unit_of_work():
        stop_acting(actor, get_patient_for_change(actor, patient_id), user_id, given_as="clinic")
    say(_("This number no longer sees the patient."))
    return go_to(url_for("patients.guardians", patient_id=patient_id))


@bp.post("/patients/<id:patient_id>/sign-ins/<id:user_id>/number")
@allow(*DESK)
def change_number(patient_id: int, user_id: int) -> Response:
    """A household that lost its number signs in with another one."""
    actor = current_actor()
    form = NewNumberForm()
    try:
        if not form.validate():
            return _page(get_patient(actor, patient_id), number_form=form, of=user_id, status=422)
        new = parse_mobile(form.number.data or "", field="number")
        with unit_of_work():
            change_number_by_clinic(actor, patient_id, user_id, new)
    except NotFound:
        raise
    except DomainError as error:
        error.field = "number"
        form.refuse(error)
        return _page(get_patient(actor, patient_id), number_form=form, of=user_id, status=error.status)
    say(_("The number is changed. Both numbers are told, and other phones are signed out."))
    return go_to(url_for("patients.guardians", patient_id=patient_id))


def _page(patient: Patient, *, status: int = 200, **forms: Any) -> Response:
    acting = acting_for([patient.id])[patient.id]
    return page(
        "patients/guardians.html",
        patient=patient,
        acting=acting,
        kinds=dict(KINDS) | {"self": _l("The patient's own")},
        given_as=GIVEN_AS,
        consents=consents_about(patient.id),
        zone=get_facility(patient.facility_id).zone,
        form=forms.get("form") or GuardianForm(formdata=None),
        number_form=forms.get("number_form") or NewNumberForm(formdata=None),
        of=forms.get("of"),
        status=status,
    )


@bp.get("/patients/<id:patient_id>/photo.jpg")
@allow(*DESK)
def photo(patient_id: int) -> Response:
    """The patient's photo, to recognise them by."""
    jpeg = profile.photo_of(get_patient(current_actor(), patient_id).id)
    if jpeg is None:
        abort(404)
    answer = Response(jpeg, mimetype="image/jpeg")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
