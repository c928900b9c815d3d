"""Signing in with e-mail and password, and signing out."""

from __future__ import annotations

from flask import Response, g, request, url_for

from clinic.accounts import sessions
from clinic.accounts.forms import SignInForm
from clinic.accounts.models import User
from clinic.accounts.service.attempts import begin_attempt
from clinic.accounts.service.sign_in import check_password, identifier_of
from clinic.accounts.views.blueprint import bp
from clinic.accounts.views.completing import complete_sign_in
from clinic.accounts.views.passkeys import site
from clinic.audit import service as audit
from clinic.core.access import Actor, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import TooMany
from clinic.core.i18n import gettext as _
from clinic.core.web import go_to, page, safe_next, say


@bp.route("/sign-in", methods=["GET", "POST"])
@allow(everybody=True)
def sign_in() -> Response:
    """Sign in with e-mail and password."""
    form = SignInForm()
    if request.method == "GET":
        actor: Actor | None = g.actor
        if actor is not None and actor.is_staff:
            return go_to(safe_next(request.args.get("next"), "/"))
        form.next.data = safe_next(request.args.get("next"), "")
        sessions.browser_id()
        return sign_in_page(form)
    if not form.validate():
        return sign_in_page(form, 422)
    try:
        user = _try(form)
    except TooMany as error:
        form.refuse(error)
        response = sign_in_page(form, 429)
        response.headers["Retry-After"] = str(error.retry_after)
        return response
    if user is not None:
        return complete_sign_in(user, by="password", next_url=form.next.data or "")
    form.form_errors.append(_("E-mail and password do not belong together. Check both and try again."))
    return sign_in_page(form, 422)


def sign_in_page(form: SignInForm, status: int = 200) -> Response:
    """The page itself, with every way to sign in that is possible here."""
    return page("accounts/sign_in.html", status=status, form=form, passkeys_possible=site() is not None)


def _try(form: SignInForm) -> User | None:
    visitor, browser = sessions.visitor(), sessions.browser_hash()
    email = identifier_of(form.email.data or "")
    with unit_of_work():
        attempt_id = begin_attempt(email, browser=browser, origin=visitor.origin)
    with unit_of_work():
        return check_password(visitor, email=email, password=form.password.data or "", attempt_id=attempt_id)


@bp.post("/sign-out")
@allow(everybody=True)
def sign_out() -> Response:
    """Sign out of this browser."""
    actor: Actor | None = g.actor
    if actor is not None and actor.user_id and actor.session_id:
        with unit_of_work():
            sessions.end_session(actor.user_id, actor.session_id, "signed_out")
            audit.record(actor, "session.ended", subject_type="session", subject_id=actor.session_id)
    patient = actor is not None and actor.is_patient
    sessions.leave_session()
    say(_("You are signed out."))
    return go_to(url_for("accounts.portal_sign_in" if patient else "accounts.sign_in"))
