"""Signing in to the portal: a mobile or a verified e-mail address, then the six digits sent to it."""

from __future__ import annotations

from flask import Response, current_app, g, request, session, url_for

from clinic.accounts import sessions
from clinic.accounts.forms import AddressForm, CodeForm, MobileForm
from clinic.accounts.models import OneTimeCode, SessionKind
from clinic.accounts.service import codes, households, parse_email
from clinic.accounts.service.households import SignedIn
from clinic.accounts.views.blueprint import bp
from clinic.config import Settings
from clinic.core.access import Actor, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, TooMany
from clinic.core.i18n import gettext as _
from clinic.core.i18n import locale_tag
from clinic.core.phones import show_mobile
from clinic.core.web import go_to, page, safe_next, say

ASKED, NEXT = "code_asked", "code_next"
"""In the browser's cookie: the id of the code's row (never the address), and where to go on."""
WHOSE = "portal_whose"
"""In the cookie from a sign-in on until somebody said whose pages are shown."""


@bp.route("/portal/sign-in", methods=["GET", "POST"])
@allow(everybody=True)
def portal_sign_in() -> Response:
    """Ask for a code by text message."""
    form = MobileForm()
    if request.method == "GET":
        if (home := _already_in()) is not None:
            return home
        session[NEXT] = safe_next(request.args.get("next"), "")
        sessions.browser_id()
        return page("accounts/portal_sign_in.html", form=form, by="mobile")
    return _asked_for(form, "mobile")


@bp.route("/portal/sign-in/email", methods=["GET", "POST"])
@allow(everybody=True)
def portal_sign_in_email() -> Response:
    """Ask for a code by e-mail; whatever address is given, the answer is the same."""
    form = AddressForm()
    if request.method == "GET":
        if (home := _already_in()) is not None:
            return home
        sessions.browser_id()
        return page("accounts/portal_sign_in.html", form=form, by="email")
    return _asked_for(form, "email")


@bp.route("/portal/code", methods=["GET", "POST"])
@allow(everybody=True)
def code() -> Response:
    """Enter the code; the right one signs in."""
    asked = _asked()
    if asked is None:
        return go_to(url_for("accounts.portal_sign_in"))
    form = CodeForm()
    if request.method == "GET":
        return _code_page(asked, form)
    if not form.validate():
        return _code_page(asked, form, status=422)
    try:
        answer, signed_in = _check(codes.address_of(asked), form.code.data or "")
    except DomainError as error:
        form.refuse(error)
        return _code_page(asked, form, status=error.status)
    if signed_in is None:
        form.code.errors = [answer_words(answer)]
        return _code_page(asked, form, status=422)
    onward = safe_next(session.pop(NEXT, None), url_for("portal.home"))
    session.pop(ASKED, None)
    session[WHOSE] = True
    if signed_in.kept:
        say(_("Your account is kept: nothing will be deleted."))
    return go_to(url_for("portal.welcome") if signed_in.is_new else onward)


@bp.post("/portal/code/again")
@allow(everybody=True)
def code_again() -> Response:
    """Ask for another code; the one before is dead."""
    asked = _asked()
    if asked is None:
        return go_to(url_for("accounts.portal_sign_in"))
    try:
        _send(codes.address_of(asked))
    except DomainError as error:
        form = CodeForm(formdata=None)
        form.form_errors.append(error.message)
        return later(_code_page(asked, form, status=error.status), error)
    say(_("A new code is on its way."))
    return go_to(url_for("accounts.code"))


def _already_in() -> Response | None:
    actor: Actor | None = g.actor
    if actor is not None and actor.is_patient:
        return go_to(safe_next(request.args.get("next"), url_for("portal.home")))
    return None


def _asked_for(form: MobileForm | AddressForm, by: str) -> Response:
    if not form.validate():
        return page("accounts/portal_sign_in.html", status=422, form=form, by=by)
    try:
        if isinstance(form, AddressForm):
            address = parse_email(form.email.data or "")
        else:
            countries = settings().sms_countries
            address = codes.readable_mobile(form.mobile.data or "", countries=countries)
        _send(address)
    except DomainError as error:
        form.refuse(error)
        return later(page("accounts/portal_sign_in.html", status=error.status, form=form, by=by), error)
    return go_to(url_for("accounts.code"))


def _send(address: str) -> None:
    with unit_of_work():
        row = codes.send_code(
            sessions.visitor(),
            address=address,
            browser=sessions.browser_hash(),
            locale=locale_tag(),
            per_day=settings().sms_per_day,
        )
        session[ASKED] = row.id


def _check(address: str, typed: str) -> tuple[codes.Answer, SignedIn | None]:
    """Spend the code and open the household's session in one unit of work, so that neither happens alone."""
    visitor, browser, onward = sessions.visitor(), sessions.browser_hash(), session.get(NEXT)
    signed_in = None
    with unit_of_work():
        answer = codes.check_code(visitor, address=address, browser=browser, typed=typed)
        if answer is codes.Answer.RIGHT:
            signed_in = households.sign_in_household(visitor, address=address, locale=locale_tag())
            answer = codes.Answer.OVER if signed_in is None else answer
        if signed_in is not None:
            by = "email_code" if codes.is_email(address) else "code"
            sessions.sign_in(signed_in.user, SessionKind.PATIENT, by=by)
            session[NEXT] = onward
    return answer, signed_in


def _asked() -> OneTimeCode | None:
    return codes.asked_here(session.get(ASKED), browser=sessions.browser_hash())


def _code_page(asked: OneTimeCode, form: CodeForm, status: int = 200) -> Response:
    return page(
        "accounts/code.html",
        status=status,
        form=form,
        address=asked.email or show_mobile(asked.mobile),
        by_mail=asked.email is not None,
        resend_wait=codes.resend_wait(asked),
    )


def answer_words(answer: codes.Answer) -> str:
    """What is said beside a code that did not open anything."""
    if answer is codes.Answer.WRONG:
        return _("That code is not right. Look at the newest message.")
    return _("This code no longer works. Ask for a new one below.")


def later(response: Response, error: DomainError) -> Response:
    """The refusal with the seconds to wait, where there are some."""
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def settings() -> Settings:
    """The installation's settings."""
    found: Settings = current_app.extensions["settings"]
    return found
