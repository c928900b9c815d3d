"""A patient's consents at the clinic: what is missing, signing on its tablet, sheets, withdrawals."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_moment
from clinic.core.uploads import takes_files
from clinic.core.web import current_actor, go_to, page, say
from clinic.desk.patient_views import STAFF_OF_PATIENTS, patient_bp, patient_tab
from clinic.facilities.queries import get_facility
from clinic.patients import consent_words
from clinic.patients.consent_forms import SignForm, WithdrawForm
from clinic.patients.models import Patient
from clinic.patients.queries import get_patient
from clinic.patients.queries.consents import consents_of, current_version, get_consent
from clinic.patients.service.consents import is_child, sign, withdraw
from clinic.patients.signatures import LONGEST, as_address


@patient_bp.get("/patients/<id:patient_id>/consents")
@allow(*STAFF_OF_PATIENTS)
def consents(patient_id: int) -> Response:
    """What the patient agreed to, what is missing, and what was before."""
    actor = current_actor()
    patient = get_patient(actor, patient_id)
    return patient_tab(actor, patient, "consents", found=consents_of(patient.id), consent_words=consent_words)


@patient_bp.route("/patients/<id:patient_id>/consents/<id:version_id>/sign", methods=["GET", "POST"])
@allow(*STAFF_OF_PATIENTS)
@takes_files(LONGEST)
def sign_consent(patient_id: int, version_id: int) -> Response:
    """The text for the patient to read on this device, and their signature."""
    actor = current_actor()
    patient = get_patient(actor, patient_id)
    back = url_for("patient_page.consents", patient_id=patient_id)
    try:
        version = current_version(version_id)
    except NotFound:
        if request.method == "GET":
            raise
        say(_("There is a newer text meanwhile. Read that one, please."), "warn")
        return go_to(back)
    form = SignForm()
    child = is_child(patient)
    form.ask(patient.name, child=child, signer_name="" if child else patient.name)
    status = 200
    if form.validate_on_submit():
        try:
            with unit_of_work():
                sign(actor, patient_id, version_id, form.signature)
        except DomainError as error:
            form.refuse(error)
            status = error.status
        else:
            say(_("Signed."))
            return go_to(back)
    elif form.is_submitted():
        status = 422
    return _page(
        "desk/consent_sign.html", patient, status, version=version, form=form, child=child, back=back
    )


@patient_bp.get("/patients/<id:patient_id>/consents/<id:consent_id>/sheet")
@allow(*STAFF_OF_PATIENTS)
def consent_sheet(patient_id: int, consent_id: int) -> Response:
    """What was signed, as a sheet of paper."""
    actor = current_actor()
    patient = get_patient(actor, patient_id)
    found = get_consent(patient.id, consent_id)
    audit.read(
        actor,
        "consent.printed",
        subject_type="consent",
        subject_id=found.id,
        patient_id=patient.id,
        facility_id=patient.facility_id,
    )
    return _page(
        "patients/consent_sheet.html",
        patient,
        consent=found,
        drawing=as_address(found.drawing) if found.drawing else None,
        printed_at=show_moment(clock.now(), get_facility(patient.facility_id).zone),
        back=url_for("patient_page.consents", patient_id=patient_id),
    )


@patient_bp.route("/patients/<id:patient_id>/consents/<id:consent_id>/withdraw", methods=["GET", "POST"])
@allow(*STAFF_OF_PATIENTS)
def withdraw_consent(patient_id: int, consent_id: int) -> Response:
    """The patient takes a consent back at the desk."""
    actor = current_actor()
    patient = get_patient(actor, patient_id)
    found = get_consent(patient.id, consent_id)
    back = url_for("patient_page.consents", patient_id=patient_id)
    form = WithdrawForm()
    status = 200
    if form.validate_on_submit():
        try:
            with unit_of_work():
                withdraw(actor, patient_id, consent_id, reason=form.reason.data or "")
        except DomainError as error:
            say(error.message, "danger")
        else:
            say(_("Withdrawn."))
        return go_to(back)
    if form.is_submitted():
        status = 422
    return _page("desk/consent_withdraw.html", patient, status, consent=found, form=form, back=back)


def _page(template: str, patient: Patient, status: int = 200, **values: Any) -> Response:
    answer = page(
        template,
        None,
        status,
        patient=patient,
        consent_words=consent_words,
        zone=get_facility(patient.facility_id).zone,
        **values,
    )
    if request.method == "GET":
        audit.read(
            current_actor(),
            "patient.viewed",
            subject_type="patient",
            subject_id=patient.id,
            patient_id=patient.id,
            facility_id=patient.facility_id,
            detail={"page": "consent"},
        )
    return answer
