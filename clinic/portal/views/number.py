"""Another mobile for the whole household, and one for an adult who leaves it: both numbers give a code."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, request, url_for

from clinic.accounts.models import CodePurpose, OneTimeCode, User
from clinic.accounts.service import codes
from clinic.accounts.service.households import own_mobile
from clinic.accounts.views.portal_sign_in import later, settings
from clinic.core import clock
from clinic.core.access import Role, allow
from clinic.core.db import db, unit_of_work
from clinic.core.errors import DomainError, Invalid, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.phones import show_mobile
from clinic.core.web import current_actor, go_to, page, say
from clinic.patients.queries import get_patient
from clinic.patients.service.guardians import is_child, is_only_named
from clinic.patients.service.numbers import change_number, leave_household
from clinic.portal.forms import NumberForm
from clinic.portal.views.blueprint import bp, clinic
from clinic.portal.views.household import household
from clinic.portal.views.proving import go_to_step, need_proof, send, step


@bp.route("/mobile", methods=["GET", "POST"])
@allow(Role.PATIENT)
def mobile() -> Response:
    """Which number the household wants to sign in with."""
    family = household()
    old = own_mobile(current_actor())
    form = NumberForm()
    status = 200
    if request.method == "POST":
        try:
            new = _typed(form, old)
            if new is not None:
                with unit_of_work():
                    send(CodePurpose.MOBILE_OLD, old, about=new)
                return go_to_step(CodePurpose.MOBILE_OLD)
            status = 422
        except DomainError as error:
            form.refuse(error)
            return later(_mobile_page(form, family, old, error.status), error)
    return _mobile_page(form, family, old, status)


def _mobile_page(form: NumberForm, family: object, old: str, status: int) -> Response:
    return page("portal/mobile.html", form=form, family=family, old=show_mobile(old), status=status)


def _typed(form: NumberForm, old: str) -> str | None:
    """The new number, None where the form says what is wrong. Raises Invalid."""
    if not form.validate():
        return None
    new = codes.readable_mobile(form.mobile.data or "", countries=settings().sms_countries)
    if new == old:
        raise Invalid(_("This is the number you have now."), field="mobile")
    return new


@step(
    CodePurpose.MOBILE_OLD,
    title=_l("Your present number"),
    why=_l("First the code we sent to the number you have now."),
    back="portal.mobile",
)
def _old_proved(code: OneTimeCode) -> Callable[[], Response]:
    send(CodePurpose.MOBILE_NEW, code.about or "", about=code.about)
    return lambda: go_to_step(CodePurpose.MOBILE_NEW)


@step(
    CodePurpose.MOBILE_NEW,
    title=_l("Your new number"),
    why=_l("Now the code we sent to the new number."),
    back="portal.mobile",
)
def _new_proved(code: OneTimeCode) -> Callable[[], Response]:
    need_proof(CodePurpose.MOBILE_OLD, code.about)
    actor, new = current_actor(), code.mobile or ""
    change_number(actor, db.session.get_one(User, actor.user_id), new)

    def answer() -> Response:
        say(
            _(
                "You sign in with %(number)s from now on. Other phones are signed out.",
                number=show_mobile(new),
            )
        )
        return go_to(url_for("portal.details"))

    return answer


@bp.route("/family/<id:patient_id>/own-number", methods=["GET", "POST"])
@allow(Role.PATIENT)
def leave(patient_id: int) -> Response:
    """An adult takes their record to a number of their own."""
    family = household()
    patient = family.member(patient_id)
    named = is_only_named(current_actor().user_id, patient.id)
    if named or is_child(patient, clock.today(clinic().zone)):
        raise NotFound(_("There is no such page."))
    old = own_mobile(current_actor())
    form = NumberForm()
    status = 200
    if request.method == "POST":
        try:
            new = _typed(form, old)
            if new is not None:
                with unit_of_work():
                    send(CodePurpose.LEAVE_OLD, old, about=f"{patient.id} {new}")
                return go_to_step(CodePurpose.LEAVE_OLD)
            status = 422
        except DomainError as error:
            form.refuse(error)
            status = error.status
            return later(page("portal/leave.html", form=form, patient=patient, status=status), error)
    return page("portal/leave.html", form=form, patient=patient, status=status)


@step(
    CodePurpose.LEAVE_OLD,
    title=_l("The family's number"),
    why=_l("First the code we sent to the number the family signs in with."),
    back="portal.family",
)
def _leaving(code: OneTimeCode) -> Callable[[], Response]:
    _patient_id, new = _about(code)
    send(CodePurpose.LEAVE_NEW, new, about=code.about)
    return lambda: go_to_step(CodePurpose.LEAVE_NEW)


@step(
    CodePurpose.LEAVE_NEW,
    title=_l("Their own number"),
    why=_l("Now the code we sent to their own number."),
    back="portal.family",
)
def _left(code: OneTimeCode) -> Callable[[], Response]:
    need_proof(CodePurpose.LEAVE_OLD, code.about)
    patient_id, new = _about(code)
    actor = current_actor()
    name = get_patient(actor, patient_id).name
    leave_household(actor, patient_id, new)

    def answer() -> Response:
        say(_("%(name)s now signs in with %(number)s.", name=name, number=show_mobile(new)))
        return go_to(url_for("portal.family"))

    return answer


def _about(code: OneTimeCode) -> tuple[int, str]:
    patient_id, _blank, new = (code.about or "").partition(" ")
    return int(patient_id), new
