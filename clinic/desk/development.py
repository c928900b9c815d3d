"""Pages that exist only outside production: what screens are made of, and what was sent."""

from __future__ import annotations

from flask import Blueprint, Response

from clinic.core.access import allow
from clinic.core.web import page
from clinic.notifications.development import blueprints as message_blueprints

bp = Blueprint("dev", __name__, url_prefix="/dev")


@bp.get("/components")
@allow(everybody=True)
def components() -> Response:
    """One of every piece a screen is made of."""
    return page("dev/components.html")


blueprints = (bp, *message_blueprints)
