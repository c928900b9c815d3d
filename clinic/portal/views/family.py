"""The household: who is in it, whose pages are shown, and how somebody joins."""

from __future__ import annotations

from uuid import uuid4

from flask import Response, request, url_for

from clinic.accounts import terms
from clinic.accounts.service import codes
from clinic.accounts.service.agreeing import accept_terms
from clinic.accounts.views.portal_sign_in import settings
from clinic.core import clock
from clinic.core.access import Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.i18n import locale_tag
from clinic.core.web import current_actor, go_to, page, safe_next, say
from clinic.patients.details import PatientDetails
from clinic.patients.models import Sex
from clinic.patients.queries.guardians import lookers_after
from clinic.patients.service import inviting
from clinic.patients.service.guardians import is_child, leave_to_others
from clinic.portal import service
from clinic.portal.forms import InviteForm, MemberForm, WelcomeForm
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
                accept_terms(current_actor(), version=terms.CURRENT)
        except DomainError as error:
            form.refuse(error)
        else:
            choose(patient)
            return go_to(url_for("portal.home"))
    return page(
        "portal/welcome.html", form=form, facility=clinic(), status=422 if form.is_submitted() else 200
    )


@bp.get("/choose")
@allow(Role.PATIENT)
def choose_member() -> Response:
    """For whom somebody comes, asked once after signing in to a family."""
    members = household()
    onward = safe_next(request.args.get("next"), "")
    if len(members.patients) == 1:
        return go_to(onward or url_for("portal.home"))
    return page(
        "portal/choose.html",
        family=members,
        today=clock.today(clinic().zone),
        onward=onward,
        invited=len(inviting.invitations_for(current_actor())),
    )


@bp.post("/family/<id:patient_id>")
@allow(Role.PATIENT)
def switch(patient_id: int) -> Response:
    """Show another member's pages."""
    choose(household().member(patient_id))
    return go_to(safe_next(request.form.get("next"), url_for("portal.home")))


@bp.get("/family")
@allow(Role.PATIENT)
def family() -> Response:
    """Who is in the household, who else looks after them, and what can be done about that."""
    members, actor = find_household(), current_actor()
    today = clock.today(clinic().zone)
    ids = [patient.id for patient in members.patients] if members else []
    return page(
        "portal/family.html",
        family=members,
        members=lookers_after(ids, today=today, zone=clinic().zone),
        today=today,
        incoming=inviting.invitations_for(actor),
        outgoing=inviting.invitations_by(actor),
        own_id=actor.user_id,
    )


@bp.route("/family/<id:patient_id>/invite", methods=["GET", "POST"])
@allow(Role.PATIENT)
def invite(patient_id: int) -> Response:
    """Ask a child's other parent to look after the child as well."""
    members = household()
    patient = members.member(patient_id)
    if not is_child(patient, clock.today(clinic().zone)):
        raise NotFound(_("There is no such page."))
    form = InviteForm()
    status = 200
    if form.validate_on_submit():
        try:
            mobile = codes.readable_mobile(form.mobile.data or "", countries=settings().sms_countries)
            with unit_of_work():
                inviting.invite_guardian(current_actor(), patient.id, mobile)
        except DomainError as error:
            form.refuse(error)
            status = error.status
        else:
            say(_("A text message is on its way. They can answer for 7 days."))
            return go_to(url_for("portal.family"))
    elif form.is_submitted():
        status = 422
    return page("portal/invite.html", form=form, patient=patient, status=status)


@bp.post("/family/invitations/<id:invitation_id>")
@allow(Role.PATIENT)
def answer_invitation(invitation_id: int) -> Response:
    """Look after a child as well, or say no."""
    with unit_of_work():
        if request.form.get("answer") == "yes":
            name = inviting.accept(current_actor(), invitation_id).name
        else:
            name = ""
            inviting.decline(current_actor(), invitation_id)
    say(
        _("You now look after %(name)s as well.", name=name) if name else _("You said no. Nothing is shared.")
    )
    return go_to(url_for("portal.family"))


@bp.post("/family/invitations/<id:invitation_id>/withdraw")
@allow(Role.PATIENT)
def withdraw_invitation(invitation_id: int) -> Response:
    """Take an invitation back."""
    with unit_of_work():
        inviting.withdraw(current_actor(), invitation_id)
    say(_("The invitation is taken back."))
    return go_to(url_for("portal.family"))


@bp.post("/family/<id:patient_id>/end")
@allow(Role.PATIENT)
def stop_looking_after(patient_id: int) -> Response:
    """No longer look after a child whom somebody else looks after as well."""
    patient = household().member(patient_id)
    name = patient.name
    try:
        with unit_of_work():
            leave_to_others(current_actor(), patient)
    except DomainError as error:
        say(error.message, "danger")
    else:
        say(_("You no longer look after %(name)s here.", name=name))
    return go_to(url_for("portal.family"))


@bp.route("/family/new", methods=["GET", "POST"])
@allow(Role.PATIENT)
def add_member() -> Response:
    """Add somebody to the household."""
    members = household()
    form = MemberForm()
    form.submission_key.data = form.submission_key.data or uuid4().hex
    if form.validate_on_submit():
        details = PatientDetails(
            name=form.name.data,
            birth_date=form.birth_date.data,
            age=None if form.birth_date.data else form.age.data,
            sex=form.sex.data or Sex.UNKNOWN,
            locale=members.chosen.locale,
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
    return page("portal/member.html", form=form, family=members, status=422 if form.is_submitted() else 200)
