"""One's own account."""

from __future__ import annotations

from flask import Response

from clinic.accounts.views.blueprint import bp
from clinic.core.access import STAFF, Role, allow
from clinic.core.web import go_to, page


@bp.get("/account")
@allow(*STAFF, Role.PATIENT)
def account() -> Response:
    """One's own sessions and password."""
    return page("accounts/account.html")


@bp.post("/locale")
@allow(everybody=True)
def choose_locale() -> Response:
    """Choose a language."""
    return go_to("/")
