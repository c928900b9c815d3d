"""Your health: the way to everything the clinic knows of a member of the household, piece by piece."""

from __future__ import annotations

from flask import Response

from clinic.core.access import Role, allow
from clinic.core.web import page
from clinic.portal.views.blueprint import bp
from clinic.portal.views.household import household


@bp.get("/health")
@allow(Role.PATIENT)
def health() -> Response:
    """One row per part of the chosen member's record. It shows no entry itself, so reading it is no row."""
    family = household()
    return page("portal/health.html", family=family, patient=family.chosen)
