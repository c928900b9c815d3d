"""Links sent by e-mail: an invitation, a forgotten password. Opening one spends nothing; its form does."""

from __future__ import annotations

import time
from typing import Any

from flask import Response, request, url_for

from clinic.accounts import sessions
from clinic.accounts.forms import ForgotForm, NewPasswordForm
from clinic.accounts.models import User
from clinic.accounts.service import links
from clinic.accounts.service.attempts import count_try, know_browser
from clinic.accounts.service.passwords import RULES, own_words
from clinic.accounts.service.people import parse_email
from clinic.accounts.views.blueprint import bp
from clinic.accounts.views.completing import complete_sign_in
from clinic.core.access import allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, NotFound, TooMany
from clinic.core.i18n import gettext as _
from clinic.core.web import go_to, page, say

RESETS_PER_HOUR = 5
EVENLY = 0.25
"""Seconds the answer to a forgotten password takes at least, whether or not somebody has that e-mail."""


@bp.route("/invitation/<token>", methods=["GET", "POST"])
@allow(everybody=True)
def invitation(token: str) -> Response:
    """Accept an invitation: choose a password, and be signed in."""
    return _set_password(token, links.INVITATION)


@bp.route("/reset/<token>", methods=["GET", "POST"])
@allow(everybody=True)
def reset(token: str) -> Response:
    """Choose a new password; every session ends."""
    return _set_password(token, links.RESET)


def _set_password(token: str, purpose: str) -> Response:
    try:
        link = links.open_link(token, purpose)
        form, name = NewPasswordForm(), link.user.name
        values: dict[str, Any] = {
            "form": form,
            "name": name,
            "email": link.user.email,
            "purpose": purpose,
            "rules": RULES,
            "own": own_words(name, link.user.email),
        }
        if request.method == "GET":
            return page("accounts/set_password.html", **values)
        if not form.validate():
            return page("accounts/set_password.html", status=422, **values)
        user = _spend(token, purpose, form.password.data or "")
    except NotFound as error:
        return page("accounts/link_over.html", status=404, message=error.message, purpose=purpose)
    except DomainError as error:
        form.refuse(error)
        return page("accounts/set_password.html", status=error.status, **values)
    if purpose == links.INVITATION:
        return complete_sign_in(user, by="password", next_url="/")
    say(_("Your new password is set. Sign in with it."))
    return go_to(url_for("accounts.sign_in"))


def _spend(token: str, purpose: str, password: str) -> User:
    with unit_of_work():
        visitor = sessions.visitor()
        user = links.spend_link(visitor, token=token, purpose=purpose, password=password)
        know_browser(user.email or "", browser=sessions.browser_hash(), origin=visitor.origin)
    return user


@bp.route("/forgot", methods=["GET", "POST"])
@allow(everybody=True)
def forgot() -> Response:
    """Ask for a link to set a new password; the answer is the same for everybody."""
    form = ForgotForm()
    if request.method == "GET":
        return page("accounts/forgot.html", form=form, sent="sent" in request.args)
    if not form.validate():
        return page("accounts/forgot.html", status=422, form=form, sent=False)
    began = time.monotonic()
    try:
        _request_reset(parse_email(form.email.data or ""))
    except DomainError as error:
        form.refuse(error)
        response = page("accounts/forgot.html", status=error.status, form=form, sent=False)
        if isinstance(error, TooMany):
            response.headers["Retry-After"] = str(error.retry_after)
        return response
    time.sleep(max(0.0, EVENLY - (time.monotonic() - began)))
    return go_to(url_for("accounts.forgot", sent=1))


def _request_reset(email: str) -> None:
    visitor = sessions.visitor()
    with unit_of_work():
        if count_try(email, browser=sessions.browser_hash(), origin=visitor.origin) <= RESETS_PER_HOUR:
            links.request_reset(visitor, email=email)
