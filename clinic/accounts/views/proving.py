"""Asking for the password again before the way to sign in is changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import Response, request, url_for

from clinic.accounts import queries, sessions
from clinic.accounts.factor_forms import PasswordAgainForm
from clinic.accounts.models import User
from clinic.accounts.service import proving
from clinic.accounts.service.attempts import attempt_succeeded, begin_attempt
from clinic.accounts.views.blueprint import bp
from clinic.audit import service as audit
from clinic.core.access import STAFF, Actor, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, Invalid, TooMany
from clinic.core.web import current_actor, go_to, page, safe_next

Done = TypeVar("Done")


def with_password(actor: Actor, password: str, work: Callable[[User], Done]) -> Done:
    """Do ``work`` for the signed-in person if ``password`` is theirs, all in one unit of work.

    Wrong ones slow down like those of signing in; so does a refusal of ``work``, which may be a code's.
    Raises Invalid or TooMany, and what ``work`` raises.
    """
    with unit_of_work():
        attempt_id = begin_attempt(
            f"user:{actor.user_id}", browser=sessions.browser_hash(), origin=actor.origin
        )
    try:
        with unit_of_work():
            user = queries.own_user(actor)
            proving.prove(actor, user, password=password)
            attempt_succeeded(attempt_id)
            return work(user)
    except Invalid:
        with unit_of_work():
            audit.record(
                actor, "account.refused", subject_type="user", subject_id=actor.user_id, outcome="refused"
            )
        raise


def refused(response: Response, error: DomainError) -> Response:
    """``response`` with the time to wait, if that is what was refused."""
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def to_prove(then: str) -> Response:
    """Ask for the password first, and go on to ``then``, a page of this site."""
    return go_to(url_for("accounts.prove", next=then))


@bp.route("/account/prove", methods=["GET", "POST"])
@allow(*STAFF)
def prove() -> Response:
    """Enter the password again; it holds for ten minutes."""
    actor, then = current_actor(), safe_next(request.args.get("next"), url_for("accounts.account"))
    user = queries.own_user(actor)
    form = PasswordAgainForm().ask(has_password=user.password_hash is not None)
    has_password = "password" in form
    if request.method == "GET":
        return page("accounts/prove.html", form=form, then=then, has_password=has_password)
    if not form.validate():
        return page("accounts/prove.html", status=422, form=form, then=then, has_password=has_password)
    try:
        with_password(actor, form.typed_password(), lambda _user: None)
    except DomainError as error:
        form.refuse(error)
        answer = page(
            "accounts/prove.html", status=error.status, form=form, then=then, has_password=has_password
        )
        return refused(answer, error)
    return go_to(then)
