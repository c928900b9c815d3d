"""One's own second step: turned on with an app, its recovery codes, turned off."""

from __future__ import annotations

import pyotp
import segno
from flask import Response, g, request, session, url_for

from clinic.accounts import queries
from clinic.accounts.factor_forms import PasswordAgainForm, StepCodeForm, TurnOffForm
from clinic.accounts.factor_queries import clinic_name, factors_of
from clinic.accounts.models import User
from clinic.accounts.service import second_step as service
from clinic.accounts.views.blueprint import bp
from clinic.accounts.views.completing import OWES_SET_UP
from clinic.accounts.views.proving import refused, with_password
from clinic.core.access import STAFF, Actor, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import Conflict, DomainError
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, go_to, page, safe_next, say


@bp.get("/account/second-step")
@allow(*STAFF)
def second_step() -> Response:
    """Whether the second step is on, and everything to do with it."""
    return _page(current_actor())


def _page(actor: Actor, status: int = 200, **refused_form: PasswordAgainForm) -> Response:
    """``refused_form`` is the one form that comes back: ``start``, ``renew`` or ``off``."""
    user = queries.own_user(actor)
    has_password = user.password_hash is not None
    forms: dict[str, PasswordAgainForm] = {
        "start": PasswordAgainForm(formdata=None, prefix="start").ask(has_password=has_password),
        "renew": PasswordAgainForm(formdata=None, prefix="renew").ask(has_password=has_password),
        "off": TurnOffForm(formdata=None, prefix="off").ask(has_password=has_password),
    }
    return page(
        "accounts/second_step.html",
        status=status,
        user=user,
        factors=factors_of(user.id),
        owes=OWES_SET_UP in session,
        opened=next(iter(refused_form), None),
        **{**forms, **refused_form},
    )


def _has_password(actor: Actor) -> bool:
    return queries.own_user(actor).password_hash is not None


@bp.post("/account/second-step/start")
@allow(*STAFF)
def start_second_step() -> Response:
    """Begin to set it up, with the password."""
    actor = current_actor()
    form = PasswordAgainForm(prefix="start").ask(has_password=_has_password(actor))
    if not form.validate():
        return _page(actor, 422, start=form)
    try:
        with_password(actor, form.typed_password(), lambda user: service.begin_set_up(actor, user))
    except DomainError as error:
        form.refuse(error)
        return refused(_page(actor, error.status, start=form), error)
    return go_to(url_for("accounts.set_up_second_step"))


@bp.route("/account/second-step/set-up", methods=["GET", "POST"])
@allow(*STAFF)
def set_up_second_step() -> Response:
    """Put the key into an app, and show that it works by a code."""
    actor = current_actor()
    user = queries.own_user(actor)
    secret = service.secret_being_set_up(user.id)
    if secret is None:
        return go_to(url_for("accounts.second_step"))
    form = StepCodeForm()
    if request.method == "GET":
        return _set_up_page(user, secret, form)
    if not form.validate():
        return _set_up_page(user, secret, form, 422)
    try:
        with unit_of_work():
            codes = service.turn_on(actor, user, typed=form.code.data or "")
    except Conflict as error:
        say(error.message, "warn")
        return go_to(url_for("accounts.second_step"))
    except DomainError as error:
        form.refuse(error)
        return _set_up_page(queries.own_user(actor), secret, form, error.status)
    then = safe_next(session.pop(OWES_SET_UP, None), url_for("accounts.second_step"))
    return _codes_page(codes, then=then, is_new=True)


def _set_up_page(user: User, secret: str, form: StepCodeForm, status: int = 200) -> Response:
    address = pyotp.TOTP(secret).provisioning_uri(name=user.email or user.name, issuer_name=clinic_name())
    return page(
        "accounts/second_step_set_up.html",
        status=status,
        form=form,
        key=" ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        app_address=address,
        picture=segno.make(address, error="m", micro=False).svg_data_uri(
            border=4, dark="#000", light="#fff", omitsize=True
        ),
    )


@bp.post("/account/second-step/codes")
@allow(*STAFF)
def new_recovery_codes() -> Response:
    """Make other recovery codes, with the password."""
    actor = current_actor()
    form = PasswordAgainForm(prefix="renew").ask(has_password=_has_password(actor))
    if not form.validate():
        return _page(actor, 422, renew=form)
    try:
        codes = with_password(actor, form.typed_password(), lambda user: service.make_new_codes(actor, user))
    except DomainError as error:
        form.refuse(error)
        return refused(_page(actor, error.status, renew=form), error)
    return _codes_page(codes, then=url_for("accounts.second_step"))


def _codes_page(codes: list[str], *, then: str, is_new: bool = False) -> Response:
    """Shown once, straight after they were made: nothing keeps them but their hashes."""
    return page("accounts/recovery_codes.html", codes=codes, then=then, is_new=is_new)


@bp.post("/account/second-step/codes/download")
@allow(*STAFF)
def download_recovery_codes() -> Response:
    """The codes just shown as a text file; the page sends them along, since nothing else knows them."""
    actor = current_actor()
    user, codes = queries.own_user(actor), request.form.get("codes", "")[:400].split()
    if not service.are_mine(user.id, codes):
        say(_("These are not your recovery codes any more."), "warn")
        return go_to(url_for("accounts.second_step"))
    name = clinic_name()
    lines = [
        _("Recovery codes for %(clinic)s, %(email)s", clinic=name, email=user.email or user.name),
        _("Each works once, in place of the six digits."),
        "",
        *codes,
        "",
    ]
    response = Response("\r\n".join(lines), mimetype="text/plain")
    response.headers["Content-Disposition"] = 'attachment; filename="recovery-codes.txt"'
    return response


@bp.post("/account/second-step/off")
@allow(*STAFF)
def turn_off_second_step() -> Response:
    """Turn it off, with the password and a code."""
    actor = current_actor()
    form = TurnOffForm(prefix="off").ask(has_password=_has_password(actor))
    if not form.validate():
        return _page(actor, 422, off=form)
    try:
        with_password(
            actor,
            form.typed_password(),
            lambda user: service.turn_off(actor, user, typed=form.code.data or ""),
        )
    except DomainError as error:
        form.refuse(error)
        return refused(_page(actor, error.status, off=form), error)
    if factors_of(actor.user_id or 0).required:
        session[OWES_SET_UP] = url_for("accounts.account")
    say(_("The second step is off."))
    return go_to(url_for("accounts.second_step"))


@bp.before_app_request
def set_up_first() -> Response | None:
    """Whoever owes the second step sets it up before anything else; leaving and the language stay open."""
    actor: Actor | None = g.get("actor")
    if actor is None or not actor.is_staff or OWES_SET_UP not in session:
        return None
    if request.endpoint is None or request.endpoint in _OPEN_WHILE_OWED:
        return None
    return go_to(url_for("accounts.second_step"))


_OPEN_WHILE_OWED = frozenset(
    {
        "static",
        "css_bundle",
        "health.healthz",
        "accounts.second_step",
        "accounts.start_second_step",
        "accounts.set_up_second_step",
        "accounts.download_recovery_codes",
        "accounts.sign_out",
        "accounts.sign_in",
        "accounts.choose_locale",
        "accounts.terms_of_use",
        "accounts.agree",
    }
)
