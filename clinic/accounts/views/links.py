"""Links sent by e-mail: an invitation, a forgotten password."""

from __future__ import annotations

from flask import Response, abort

from clinic.accounts.views.blueprint import bp
from clinic.core.access import allow
from clinic.core.web import page


@bp.route("/invitation/<token>", methods=["GET", "POST"])
@allow(everybody=True)
def invitation(token: str) -> Response:
    """Accept an invitation."""
    abort(404)


@bp.route("/forgot", methods=["GET", "POST"])
@allow(everybody=True)
def forgot() -> Response:
    """Ask for a new password."""
    return page("accounts/forgot.html")


@bp.route("/reset/<token>", methods=["GET", "POST"])
@allow(everybody=True)
def reset(token: str) -> Response:
    """Set a new password."""
    abort(404)
