"""Signing in to the portal: a mobile, then the six digits sent to it."""

from __future__ import annotations

from flask import Response, current_app, g, request, session, url_for

from clinic.accounts import sessions
from clinic.accounts.forms import CodeForm, MobileForm
from clinic.accounts.models import OneTimeCode, SessionKind
from clinic.accounts.service import codes
from clinic.accounts.views.blueprint import bp
from clinic.config import Settings
from clinic.core.access import Actor, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, TooMany
from clinic.core.i18n import gettext as _
from clinic.core.i18n import locale_tag
from clinic.core.phones import show
from clinic.core.web import go_to, page, safe_next, say

ASKED, NEXT = "code_asked", "code_next"
"""In the browser's cookie: the id of the code's row (never the number), and where to go on."""


@bp.route("/portal/sign-in", methods=["GET", "POST"])
@allow(everybody=True)
def portal_sign_in() -> Response:
    """Ask for a code."""
    form = MobileForm()
    if request.method == "GET":
        actor: Actor | None = g.actor
        if actor is not None and actor.is_patient:
            return go_to(safe_next(request.args.get("next"), url_for("portal.home")))
        session[NEXT] = safe_next(request.args.get("next"), "")
        sessions.browser_id()
        return page("accounts/portal_sign_in.html", form=form)
    if not form.validate():
        return page("accounts/portal_sign_in.html", status=422, form=form)
    try:
        countries = _settings().sms_countries
        _send(codes.readable_mobile(form.mobile.data or "", countries=countries))
    except DomainError as error:
        form.refuse(error)
        return _later(page("accounts/portal_sign_in.html", status=error.status, form=form), error)
    return go_to(url_for("accounts.code"))


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
        answer, is_new = _check(asked.mobile, form.code.data or "")
    except DomainError as error:
        form.refuse(error)
        return _code_page(asked, form, status=error.status)
    if answer is codes.Answer.RIGHT:
        onward = safe_next(session.pop(NEXT, None), url_for("portal.home"))
        session.pop(ASKED, None)
        return go_to(url_for("portal.welcome") if is_new else onward)
    form.code.errors = [_answer_words(answer)]
    return _code_page(asked, form, status=422)


@bp.post("/portal/code/again")
@allow(everybody=True)
def code_again() -> Response:
    """Ask for another code; the one before is dead."""
    asked = _asked()
    if asked is None:
        return go_to(url_for("accounts.portal_sign_in"))
    try:
        _send(asked.mobile)
    except DomainError as error:
        form = CodeForm(formdata=None)
        form.form_errors.append(error.message)
        return _later(_code_page(asked, form, status=error.status), error)
    say(_("A new code is on its way."))
    return go_to(url_for("accounts.code"))


def _send(mobile: str) -> None:
    with unit_of_work():
        row = codes.send_code(
            sessions.visitor(),
            mobile=mobile,
            browser=sessions.browser_hash(),
            locale=locale_tag(),
            sms_per_day=_settings().sms_per_day,
        )
        session[ASKED] = row.id


def _check(mobile: str, typed: str) -> tuple[codes.Answer, bool]:
    """Spend the code and open the household's session in one unit of work, so that neither happens alone."""
    visitor, browser, onward = sessions.visitor(), sessions.browser_hash(), session.get(NEXT)
    is_new = False
    with unit_of_work():
        answer = codes.check_code(visitor, mobile=mobile, browser=browser, typed=typed)
        if answer is codes.Answer.RIGHT:
            user, is_new = codes.sign_in_household(visitor, mobile=mobile, locale=locale_tag())
            sessions.sign_in(user, SessionKind.PATIENT)
            session[NEXT] = onward
    return answer, is_new


def _asked() -> OneTimeCode | None:
    return codes.asked_here(session.get(ASKED), browser=sessions.browser_hash())


def _code_page(asked: OneTimeCode, form: CodeForm, status: int = 200) -> Response:
    wait = codes.resend_wait(mobile=asked.mobile, browser=asked.browser_hash)
    return page("accounts/code.html", status=status, form=form, mobile=show(asked.mobile), resend_wait=wait)


def _answer_words(answer: codes.Answer) -> str:
    if answer is codes.Answer.WRONG:
        return _("That code is not right. Look at the newest message.")
    return _("This code no longer works. Ask for a new one below.")


def _later(response: Response, error: DomainError) -> Response:
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings
