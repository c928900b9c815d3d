"""Everything that is kept about a member of the household, to take along; and the account's end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from flask import Response, request, url_for

from clinic.accounts import sessions
from clinic.accounts.models import CodePurpose, OneTimeCode, User
from clinic.accounts.service.closing import UNDO_FOR
from clinic.accounts.service.households import own_mobile
from clinic.accounts.views.portal_sign_in import settings
from clinic.core import clock
from clinic.core.access import Role, allow
from clinic.core.db import db, unit_of_work
from clinic.core.errors import Conflict, DomainError, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.i18n import show_date
from clinic.core.web import current_actor, go_to, page, say
from clinic.exports.views.records import refuse, send_bundle
from clinic.portal import closing
from clinic.portal.forms import DeleteForm
from clinic.portal.views.blueprint import bp, clinic
from clinic.portal.views.household import Household, household
from clinic.portal.views.proving import ask_to_confirm, go_to_step, recently_signed_in, send, step


@bp.get("/family/<id:patient_id>/record")
@allow(Role.PATIENT)
def take_record(patient_id: int) -> Response:
    """What the download holds, and the way to it."""
    family = household()
    patient = family.member(patient_id)
    return page(
        "portal/record.html", family=family.showing(patient), patient=patient, ready=recently_signed_in()
    )


@bp.post("/family/<id:patient_id>/record")
@allow(Role.PATIENT)
def confirm_record(patient_id: int) -> Response:
    """Send a code before the record is handed out to somebody who signed in a while ago."""
    patient = household().member(patient_id)
    onward = url_for("portal.take_record", patient_id=patient.id)
    try:
        return ask_to_confirm(onward)
    except DomainError as error:
        say(error.message, "danger")
        return go_to(onward)


@bp.get("/family/<id:patient_id>/record.zip")
@allow(Role.PATIENT)
def record(patient_id: int) -> Response:
    """A member's record, as far as patients see it. Raises NotFound for anybody else's, and notes it."""
    actor = current_actor()
    try:
        patient = household().member(patient_id)
    except NotFound:
        refuse(actor, patient_id, "zip")
        raise
    if not recently_signed_in():
        return go_to(url_for("portal.take_record", patient_id=patient.id))
    return send_bundle(actor, patient)


@bp.route("/account/delete", methods=["GET", "POST"])
@allow(Role.PATIENT)
def delete_account() -> Response:
    """What deleting the account does, to the last point; a code confirms it."""
    family = household()
    form = DeleteForm()
    status = 200
    if request.method == "POST":
        try:
            if closing.visits_to_come(closing.only_mine(_user().id)) and not form.cancel_visits.data:
                raise Conflict(
                    _("Cancel the visits to come first, or let us cancel them."), field="cancel_visits"
                )
            with unit_of_work():
                about = "cancel" if form.cancel_visits.data else ""
                send(CodePurpose.CLOSE, own_mobile(current_actor()), about=about)
            return go_to_step(CodePurpose.CLOSE)
        except DomainError as error:
            form.refuse(error)
            status = error.status
    return _delete_page(family, form, status)


def _delete_page(family: Household, form: DeleteForm, status: int) -> Response:
    user, zone = _user(), clinic().zone
    mine = closing.only_mine(user.id)
    years = settings().retention_years
    return page(
        "portal/delete_account.html",
        form=form,
        family=family,
        mine=mine,
        others=[patient for patient in family.patients if patient.id not in {one.id for one in mine}],
        visits=closing.visits_to_come(mine),
        kept=closing.kept_until(list(family.patients), years=years, zone=zone),
        years=years,
        last_day=show_date(clock.now() + UNDO_FOR, zone),
        show_date=show_date,
        zone=zone,
        status=status,
    )


def _user() -> User:
    return db.session.get_one(User, current_actor().user_id)


@step(
    CodePurpose.CLOSE,
    title=_l("Delete the account"),
    why=_l("The code we sent to your number. With it the account is deleted as described."),
    back="portal.delete_account",
)
def _closed(code: OneTimeCode) -> Callable[[], Response]:
    row = closing.ask(current_actor(), _user(), cancel_visits=code.about == "cancel")
    day = show_date(row.closes_at - timedelta(minutes=1), clinic().zone)

    def answer() -> Response:
        sessions.leave_session()
        say(_("Your account is being deleted. Sign in again by %(day)s if you want to keep it.", day=day))
        return go_to(url_for("accounts.portal_sign_in"))

    return answer
