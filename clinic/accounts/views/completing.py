"""The end of every way to sign in: what is still asked for, and the session that opens after it."""

from __future__ import annotations

from flask import Response

from clinic.accounts import sessions
from clinic.accounts.models import SessionKind, User
from clinic.core.db import unit_of_work
from clinic.core.web import go_to, safe_next


def complete_sign_in(user: User, *, by: str, next_url: str) -> Response:
    """Go on after somebody of the staff proved who they are.

    ``by`` is 'password', 'google', 'github' or 'passkey'. Opens the session and sends the browser to
    ``next_url``, if that is on this site. It has a unit of work of its own: call it outside any other.
    """
    with unit_of_work():
        sessions.sign_in(user, SessionKind.STAFF, by=by)
    return go_to(safe_next(next_url, "/"))
