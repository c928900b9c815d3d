"""What the clinic has about the patient, and what they may change of it."""

from __future__ import annotations

from flask import Response, url_for

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError
from clinic.core.i18n import gettext as _
from clinic.core.phones import show
from clinic.core.web import current_actor, go_to, page, say
from clinic.patients import display as patient_words
from clinic.portal import service
from clinic.portal.forms import RELATIONS, ContactForm
from clinic.portal.service import Contact
from clinic.portal.views.blueprint import bp, clinic
from clinic.portal.views.household import household


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
    relation = dict(RELATIONS).get(patient.emergency_relationship or "", patient.emergency_relationship)
    return page(
        "portal/details.html",
        family=family,
        patient=patient,
        patient_words=patient_words,
        today=clock.today(clinic().zone),
        relation=relation if patient.emergency_relationship else None,
    )


@bp.route("/details/edit", methods=["GET", "POST"])
@allow(Role.PATIENT)
def edit_details() -> Response:
    """Change name, address and whom to call."""
    family = household()
    patient = family.chosen
    form = ContactForm(obj=patient)
    if not form.is_submitted():
        form.version.data = str(patient.version)
        form.emergency_phone.data = show(patient.emergency_phone)
    status = 200
    if form.validate_on_submit():
        fields = Contact.__dataclass_fields__
        contact = Contact(
            **{name: form[name].data or None for name in fields if name != "name"}, name=form.name.data
        )
        typed = form.version.data or ""
        expected = int(typed) if typed.isascii() and typed.isdigit() else None
        try:
            with unit_of_work():
                service.update_contact(current_actor(), patient, contact, expected_version=expected)
        except DomainError as error:
            form.refuse(error)
            status = error.status
            form.version.data = str(getattr(error, "version", form.version.data))
        else:
            say(_("Saved."))
            return go_to(url_for("portal.details"))
    elif form.is_submitted():
        status = 422
    return page("portal/edit_details.html", form=form, family=family, patient=patient, status=status)
