"""Pages about practitioners."""

from __future__ import annotations

from flask import Blueprint, Response

from clinic.core.access import Role, allow
from clinic.core.web import page

bp = Blueprint("practitioners", __name__)


@bp.get("/practitioners")
@allow(Role.ADMIN, Role.FACILITY_ADMIN)
def index() -> Response:
    """All practitioners."""
    return page("practitioners/index.html")


blueprints = (bp,)
