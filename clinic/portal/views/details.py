"""What the clinic has about the patient, and what they may change of it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, abort, request, url_for

from clinic.accounts.models import CodePurpose, OneTimeCode
from clinic.accounts.service.households import sign_in_emails
from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, Invalid
from clinic.core.i18n import LOCALES
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.phones import show
from clinic.core.uploads import takes_files
from clinic.core.web import current_actor, go_to, page, say
from clinic.patients import display as patient_words
from clinic.patients.abha import checks_out, parse_abha, show_abha
from clinic.patients.births import parse_birth, write_birth
from clinic.patients.models import BirthPrecision, Patient, Sex
from clinic.patients.photos import MOST_BYTES, read_photo
from clinic.patients.service import profile
from clinic.patients.service.profile import Further, abha_of, further_contacts
from clinic.portal import service
from clinic.portal.forms import RELATIONS, ContactForm
from clinic.portal.service import Contact
from clinic.portal.views.blueprint import bp, clinic
from clinic.portal.views.household import Household, household
from clinic.portal.views.proving import ask_to_confirm, go_to_step, recently_signed_in, send, step


@bp.get("/details")
@allow(Role.PATIENT)
def details() -> Response:
    """Identity and contact as the clinic has them."""
    family = household()
    patient = family.chosen
    audit.read(
        current_actor(),
        "patient.viewed",
        subject_type="patient",
        subject_id=patient.id,
        patient_id=patient.id,
        facility_id=patient.facility_id,
        detail={"page": "portal details"},
    )
    return _details(family)


def _details(family: Household, *, photo_error: str = "", status: int = 200) -> Response:
    patient = family.chosen
    relations = dict(RELATIONS)
    abha = abha_of(patient)
    contacts = [
        (patient.emergency_name, patient.emergency_phone, patient.emergency_relationship),
        *((one.name, one.phone, one.relationship) for one in further_contacts(patient.id)),
    ]
    return page(
        "portal/details.html",
        family=family,
        patient=patient,
        patient_words=patient_words,
        today=clock.today(clinic().zone),
        language=LOCALES.get(patient.locale, patient.locale),
        abha=show_abha(abha) if abha else None,
        contacts=[
            ", ".join(
                part for part in (name, str(relations.get(kind or "", kind or "")), show(phone)) if part
            )
            for name, phone, kind in contacts
            if name or phone
        ],
        has_photo=profile.has_photo(patient.id),
        opens=(patient.email or "").lower() in sign_in_emails(current_actor().user_id or 0),
        photo_error=photo_error,
        status=status,
    )


@bp.route("/details/edit", methods=["GET", "POST"])
@allow(Role.PATIENT)
def edit_details() -> Response:
    """Change what is said of the patient, where they live and whom to call."""
    family = household()
    patient = family.chosen
    form = ContactForm(obj=patient)
    if not form.is_submitted():
        _fill(form, patient)
    status = 200
    if form.validate_on_submit():
        typed = form.version.data or ""
        expected = int(typed) if typed.isascii() and typed.isdigit() else None
        try:
            contact, abha = _typed(form, patient)
            with unit_of_work():
                service.update_contact(
                    current_actor(),
                    patient,
                    contact,
                    expected_version=expected,
                    abha=abha or "",
                    further=[
                        Further(
                            name=entry.form.name.data or "",
                            phone=entry.form.phone.data or "",
                            relationship=entry.form.relationship.data or "",
                        )
                        for entry in form.further.entries
                    ],
                )
        except DomainError as error:
            if error.field in ("birth_date", "age"):
                error.field = "birth"
            form.refuse(error)
            status = error.status
            form.version.data = str(getattr(error, "version", form.version.data))
        else:
            if abha and not checks_out(abha):
                say(_("Saved. One digit of the ABHA number may be wrong: please compare it."), "warn")
            else:
                say(_("Saved."))
            return go_to(url_for("portal.details"))
    elif form.is_submitted():
        status = 422
    return page("portal/edit_details.html", form=form, family=family, patient=patient, status=status)


def _fill(form: ContactForm, patient: Patient) -> None:
    form.version.data = str(patient.version)
    form.emergency_phone.data = show(patient.emergency_phone)
    form.birth.data = write_birth(patient.birth_date, patient.birth_precision)
    abha = abha_of(patient)
    form.abha.data = show_abha(abha) if abha else ""
    for entry, contact in zip(form.further.entries, further_contacts(patient.id), strict=False):
        entry.form.name.data = contact.name
        entry.form.phone.data = show(contact.phone)
        entry.form.relationship.data = contact.relationship


def _typed(form: ContactForm, patient: Patient) -> tuple[Contact, str | None]:
    """What was typed, and the health id among it. Raises Invalid; where both are wrong, one
    is on the form by then.
    """
    try:
        abha = parse_abha(form.abha.data or "")
    except Invalid as fault:
        try:
            _contact(form, patient)
        except Invalid:
            form.refuse(fault)
            raise
        raise
    return _contact(form, patient), abha


def _contact(form: ContactForm, patient: Patient) -> Contact:
    """What was typed. A birth date left empty stays as it is where only an age was known. Raises Invalid."""
    born, precision = patient.birth_date, patient.birth_precision or BirthPrecision.DAY
    if form.birth.data:
        born, precision = parse_birth(form.birth.data, field="birth")
    elif precision != BirthPrecision.AGE:
        born = None
    plain = (
        "email", "line", "city", "state", "postal_code",
        "emergency_name", "emergency_phone", "emergency_relationship", "blood_group",
    )  # fmt: skip
    return Contact(
        name=form.name.data,
        birth_date=born,
        birth_precision=precision,
        sex=form.sex.data or patient.sex or Sex.UNKNOWN,
        locale=form.locale.data or patient.locale,
        **{name: form[name].data or None for name in plain},
    )


@bp.post("/family/<id:patient_id>/photo")
@allow(Role.PATIENT)
@takes_files(MOST_BYTES)
def set_photo(patient_id: int) -> Response:
    """Keep a photo from the phone."""
    family = household()
    patient = family.member(patient_id)
    file = request.files.get("photo")
    try:
        photo = read_photo(file.stream.read(MOST_BYTES + 1) if file else b"")
        with unit_of_work():
            profile.set_photo(current_actor(), patient, photo)
    except Invalid as error:
        return _details(family.showing(patient), photo_error=error.message, status=422)
    say(_("The photo is saved."))
    return go_to(url_for("portal.details"))


@bp.post("/family/<id:patient_id>/photo/remove")
@allow(Role.PATIENT)
def remove_photo(patient_id: int) -> Response:
    """Delete the photo."""
    patient = household().member(patient_id)
    with unit_of_work():
        profile.remove_photo(current_actor(), patient)
    say(_("The photo is deleted."))
    return go_to(url_for("portal.details"))


@bp.get("/family/<id:patient_id>/photo.jpg")
@allow(Role.PATIENT)
def photo(patient_id: int) -> Response:
    """The photo of a member."""
    jpeg = profile.photo_of(household().member(patient_id).id)
    if jpeg is None:
        abort(404)
    return send_photo(jpeg)


def send_photo(jpeg: bytes) -> Response:
    """A photo, to be shown and not kept by the browser."""
    answer = Response(jpeg, mimetype="image/jpeg")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


@bp.post("/family/<id:patient_id>/email")
@allow(Role.PATIENT)
def verify_email(patient_id: int) -> Response:
    """Send a code to the patient's e-mail address, so that it can be used to sign in.

    Another way in is opened by somebody who signed in just now, not by whoever finds the phone lying open.
    """
    patient = household().member(patient_id)
    if not patient.email:
        say(_("Enter an e-mail address first."), "warn")
        return go_to(url_for("portal.edit_details"))
    try:
        if not recently_signed_in():
            return ask_to_confirm(url_for("portal.details"))
        with unit_of_work():
            send(CodePurpose.EMAIL_VERIFY, patient.email.lower(), about=str(patient.id))
    except DomainError as error:
        say(error.message, "danger")
        return go_to(url_for("portal.details"))
    return go_to_step(CodePurpose.EMAIL_VERIFY)


@step(
    CodePurpose.EMAIL_VERIFY,
    title=_l("Confirm the e-mail address"),
    why=_l("The code we sent by e-mail shows that the address is yours."),
    back="portal.details",
)
def _email_proved(code: OneTimeCode) -> Callable[[], Response]:
    profile.verify_email(current_actor(), int(code.about or 0), code.email or "")

    def answer() -> Response:
        say(_("Confirmed. You can now get your codes at this address as well."))
        return go_to(url_for("portal.details"))

    return answer
