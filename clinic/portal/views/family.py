"""The household: who is in it, whose pages are shown, and how somebody joins."""

from __future__ import annotations

from uuid import uuid4

from flask import Response, url_for

from clinic.core.access import Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError
from clinic.core.i18n import gettext as _
from clinic.core.i18n import locale_tag
from clinic.core.web import current_actor, go_to, page, say
from clinic.patients.details import PatientDetails
from clinic.patients.models import Sex
from clinic.portal import service
from clinic.portal.forms import MemberForm, WelcomeForm
from clinic.portal.views.blueprint import bp, clinic
from clinic.portal.views.household import choose, find_household, household


@bp.route("/welcome", methods=["GET", "POST"])
@allow(Role.PATIENT)
def welcome() -> Response:
    """Somebody new gives a name, and is a patient."""
    if find_household() is not None:
        return go_to(url_for("portal.home"))
    form = WelcomeForm()
    form.submission_key.data = form.submission_key.data or uuid4().hex
    if form.validate_on_submit():
        details = PatientDetails(name=form.name.data, email=form.email.data or None, locale=locale_tag())
        try:
            with unit_of_work():
                patient = service.add_member(
                    current_actor(), details, submission_key=form.submission_key.data
                )
        except DomainError as error:
            form.refuse(error)
        else:
            choose(patient)
            return go_to(url_for("portal.home"))
    return page(
        "portal/welcome.html", form=form, facility=clinic(), status=422 if form.is_submitted() else 200
    )


@bp.post("/family/<id:patient_id>")
@allow(Role.PATIENT)
def switch(patient_id: int) -> Response:
    """Show another member's pages."""
    choose(household().member(patient_id))
    return go_to(url_for("portal.home"))


@bp.route("/family/new", methods=["GET", "POST"])
@allow(Role.PATIENT)
def add_member() -> Response:
    """Add somebody to the household."""
    family = household()
    form = MemberForm()
    form.submission_key.data = form.submission_key.data or uuid4().hex
    if form.validate_on_submit():
        details = PatientDetails(
            name=form.name.data,
            birth_date=form.birth_date.data,
            age=None if form.birth_date.data else form.age.data,
            sex=form.sex.data or Sex.UNKNOWN,
            locale=family.chosen.locale,
        )
        try:
            with unit_of_work():
                patient = service.add_member(
                    current_actor(), details, submission_key=form.submission_key.data
                )
        except DomainError as error:
            form.refuse(error)
        else:
            choose(patient)
            say(_("%(name)s has been added.", name=patient.name))
            return go_to(url_for("portal.home"))
    return page("portal/member.html", form=form, family=family, status=422 if form.is_submitted() else 200)
