"""What a household agreed to: read, signed, shown as a sheet, withdrawn. Each page names its patient."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_moment
from clinic.core.uploads import takes_files
from clinic.core.web import current_actor, go_to, page, safe_next, say
from clinic.patients import consent_words
from clinic.patients.consent_forms import SignForm, WithdrawForm
from clinic.patients.models import Patient
from clinic.patients.queries.consents import consents_of, current_version, get_consent
from clinic.patients.service.consents import is_child, sign, withdraw
from clinic.patients.signatures import LONGEST, as_address
from clinic.portal.views.blueprint import bp, clinic
from clinic.portal.views.household import Household, household


@bp.get("/family/<id:patient_id>/consents")
@allow(Role.PATIENT)
def consents(patient_id: int) -> Response:
    """What is asked, what is signed, and what was before."""
    family = _of(patient_id)
    _looked(family.chosen, "portal consents")
    found = consents_of(patient_id)
    return _page("portal/consents.html", family, found=found)


@bp.route("/family/<id:patient_id>/consents/<id:version_id>", methods=["GET", "POST"])
@allow(Role.PATIENT)
@takes_files(LONGEST)
def consent(patient_id: int, version_id: int) -> Response:
    """Read a text and sign it."""
    family = _of(patient_id)
    patient = family.chosen
    back = safe_next(request.args.get("next"), url_for("portal.consents", patient_id=patient_id))
    try:
        version = current_version(version_id)
    except NotFound:
        if request.method == "GET":
            raise
        say(_("There is a newer text meanwhile. Read that one, please."), "warn")
        return go_to(url_for("portal.consents", patient_id=patient_id))
    form = SignForm()
    child = is_child(patient)
    form.ask(patient.name, child=child, signer_name="" if child else patient.name)
    status = 200
    if form.validate_on_submit():
        try:
            with unit_of_work():
                sign(current_actor(), patient_id, version_id, form.signature)
        except DomainError as error:
            form.refuse(error)
            status = error.status
        else:
            say(_("Signed. Thank you."))
            return go_to(back)
    elif form.is_submitted():
        status = 422
    return _page("portal/consent.html", family, status, version=version, form=form, child=child, back=back)


@bp.get("/family/<id:patient_id>/consents/signed/<id:consent_id>")
@allow(Role.PATIENT)
def consent_sheet(patient_id: int, consent_id: int) -> Response:
    """What was signed, as a sheet to keep or print."""
    family = _of(patient_id)
    found = get_consent(patient_id, consent_id)
    _looked(family.chosen, "portal consent sheet")
    return _page(
        "patients/consent_sheet.html",
        family,
        consent=found,
        drawing=as_address(found.drawing) if found.drawing else None,
        printed_at=show_moment(clock.now(), clinic().zone),
        back=url_for("portal.consents", patient_id=patient_id),
    )


@bp.route("/family/<id:patient_id>/consents/signed/<id:consent_id>/withdraw", methods=["GET", "POST"])
@allow(Role.PATIENT)
def withdraw_consent(patient_id: int, consent_id: int) -> Response:
    """What a withdrawal leads to, and the withdrawal."""
    family = _of(patient_id)
    found = get_consent(patient_id, consent_id)
    back = url_for("portal.consents", patient_id=patient_id)
    if found.withdrawn_at is not None:
        say(_("This was withdrawn already."), "warn")
        return go_to(back)
    form = WithdrawForm()
    status = 200
    if form.validate_on_submit():
        try:
            with unit_of_work():
                withdraw(current_actor(), patient_id, consent_id, reason=form.reason.data or "")
        except DomainError as error:
            form.refuse(error)
            status = error.status
        else:
            say(_("Withdrawn."))
            return go_to(back)
    elif form.is_submitted():
        status = 422
    return _page("portal/consent_withdraw.html", family, status, consent=found, form=form, back=back)


def _of(patient_id: int) -> Household:
    """The household with this member in front. Raises NotFound for anybody else."""
    family = household()
    return family.showing(family.member(patient_id))


def _looked(patient: Patient, what: str) -> None:
    audit.read(
        current_actor(),
        "patient.viewed",
        subject_type="patient",
        subject_id=patient.id,
        patient_id=patient.id,
        facility_id=patient.facility_id,
        detail={"page": what},
    )


def _page(template: str, family: Household, status: int = 200, **values: Any) -> Response:
    return page(
        template,
        None,
        status,
        family=family,
        patient=family.chosen,
        consent_words=consent_words,
        zone=clinic().zone,
        **values,
    )
