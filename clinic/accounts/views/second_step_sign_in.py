"""The second page of signing in: a code from the authenticator app, or a recovery code."""

from __future__ import annotations

from flask import Response, request, session, url_for

from clinic.accounts import sessions
from clinic.accounts.factor_forms import RecoveryForm, StepCodeForm
from clinic.accounts.models import PendingSignIn, SessionKind
from clinic.accounts.service import pending
from clinic.accounts.service.attempts import begin_attempt
from clinic.accounts.service.second_step import Answer, words_for
from clinic.accounts.views.blueprint import bp
from clinic.accounts.views.completing import PENDING
from clinic.core.access import allow
from clinic.core.db import unit_of_work
from clinic.core.errors import Invalid, TooMany
from clinic.core.i18n import gettext as _
from clinic.core.web import go_to, page, safe_next, say


@bp.route("/sign-in/code", methods=["GET", "POST"])
@allow(everybody=True)
def sign_in_code() -> Response:
    """Enter the second step's code; the right one signs in."""
    owed = pending.pending_here(session.get(PENDING), browser=sessions.browser_hash())
    if owed is None:
        return _start_again()
    recovery = "recovery" in request.args
    form = RecoveryForm() if recovery else StepCodeForm()
    if request.method == "GET" or not form.validate():
        return _code_page(owed, form, 200 if request.method == "GET" else 422)
    try:
        answer = _try(owed, form.code.data or "")
    except TooMany as error:
        form.refuse(error)
        response = _code_page(owed, form, 429)
        response.headers["Retry-After"] = str(error.retry_after)
        return response
    if answer is Answer.RIGHT:
        return go_to(safe_next(owed.next_url, "/"))
    if answer is None:
        return _start_again()
    words = _("This is none of your recovery codes.") if recovery and answer is Answer.WRONG else None
    form.refuse(Invalid(words or words_for(answer), field="code"))
    return _code_page(owed, form, 422)


def _try(owed: PendingSignIn, typed: str) -> Answer | None:
    visitor, browser = sessions.visitor(), sessions.browser_hash()
    with unit_of_work():
        attempt_id = begin_attempt(f"second:{owed.user_id}", browser=browser, origin=visitor.origin)
    with unit_of_work():
        answer = pending.try_code(visitor, owed, typed=typed, browser=browser, attempt_id=attempt_id)
        if answer is Answer.RIGHT:
            sessions.sign_in(owed.user, SessionKind.STAFF, by=owed.signed_in_by)
    return answer


def _start_again() -> Response:
    if session.pop(PENDING, None) is not None:
        say(_("That took too long, or too many codes were wrong. Sign in again from the start."), "warn")
    return go_to(url_for("accounts.sign_in"))


def _code_page(owed: PendingSignIn, form: StepCodeForm | RecoveryForm, status: int = 200) -> Response:
    return page(
        "accounts/sign_in_code.html",
        status=status,
        form=form,
        recovery=isinstance(form, RecoveryForm),
        email=owed.user.email,
    )
