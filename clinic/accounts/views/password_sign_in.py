"""Signing in with e-mail and password, and signing out."""

from __future__ import annotations

from flask import Response

from clinic.accounts.views.blueprint import bp
from clinic.core.access import allow
from clinic.core.web import go_to, page


@bp.route("/sign-in", methods=["GET", "POST"])
@allow(everybody=True)
def sign_in() -> Response:
    """Sign in with e-mail and password."""
    return page("accounts/sign_in.html")


@bp.post("/sign-out")
@allow(everybody=True)
def sign_out() -> Response:
    """Sign out."""
    return go_to("/")
