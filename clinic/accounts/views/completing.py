"""The end of every way to sign in: what is still asked for, and the session that opens after it."""

from __future__ import annotations

from flask import Response, session, url_for

from clinic.accounts import sessions
from clinic.accounts.factor_queries import factors_of
from clinic.accounts.models import SessionKind, User
from clinic.accounts.service import pending
from clinic.core.db import unit_of_work
from clinic.core.web import go_to, safe_next

PENDING = "pending_sign_in"
"""In the browser's cookie until the second step is done: the id of a row that is bound to this browser."""
OWES_SET_UP = "owes_second_step"
"""In the cookie of a session whose clinic asks for a second step that the person has not set up yet."""
PASSKEY = "passkey"


def complete_sign_in(user: User, *, by: str, next_url: str) -> Response:
    """Go on after somebody of the staff proved who they are.

    ``by`` is 'password', 'google', 'github' or 'passkey'. Whoever has a second step is asked for it, save
    after a passkey, which is both steps. Else the session opens, and the browser goes to ``next_url``, if
    that is on this site. It has units of work of its own: call it outside any other.
    """
    factors = factors_of(user.id)
    if factors.on_since is None or by == PASSKEY:
        return open_signed_in(user, by=by, next_url=next_url, owes_set_up=factors.required and by != PASSKEY)
    visitor, browser, then = sessions.visitor(), sessions.browser_hash(), safe_next(next_url, "/")
    with unit_of_work():
        pending_id = pending.begin(visitor, user, by=by, next_url=then, browser=browser).id
    session[PENDING] = pending_id
    return go_to(url_for("accounts.sign_in_code"))


def open_signed_in(user: User, *, by: str, next_url: str, owes_set_up: bool = False) -> Response:
    """Open the session: every step is done, or set up next."""
    with unit_of_work():
        sessions.sign_in(user, SessionKind.STAFF, by=by)
    if owes_set_up:
        session[OWES_SET_UP] = safe_next(next_url, "/")
        return go_to(url_for("accounts.second_step"))
    return go_to(safe_next(next_url, "/"))
