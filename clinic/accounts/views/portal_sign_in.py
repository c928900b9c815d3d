"""Signing in with a mobile and a code."""

from __future__ import annotations

from flask import Response

from clinic.accounts.views.blueprint import bp
from clinic.core.access import allow
from clinic.core.web import go_to, page


@bp.route("/portal/sign-in", methods=["GET", "POST"])
@allow(everybody=True)
def portal_sign_in() -> Response:
    """Ask for a code."""
    return page("accounts/portal_sign_in.html")


@bp.route("/portal/code", methods=["GET", "POST"])
@allow(everybody=True)
def code() -> Response:
    """Enter the code."""
    return page("accounts/code.html")


@bp.post("/portal/code/again")
@allow(everybody=True)
def code_again() -> Response:
    """Ask for another code."""
    return go_to("/portal/code")
