"""The people of the clinic, for who runs it."""

from __future__ import annotations

from flask import Response

from clinic.accounts.views.blueprint import bp
from clinic.core.access import Role, allow
from clinic.core.web import page


@bp.get("/people")
@allow(Role.ADMIN)
def people() -> Response:
    """Everybody who can sign in as staff."""
    return page("accounts/people.html")
