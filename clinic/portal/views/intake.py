"""The intake form, filled in from the portal."""

from __future__ import annotations

from flask import Response

from clinic.core.access import Role, allow
from clinic.core.web import page
from clinic.portal.views.blueprint import bp
from clinic.portal.views.household import household


@bp.get("/intake")
@allow(Role.PATIENT)
def intake() -> Response:
    """What the clinic asks before a visit."""
    family = household()
    return page("portal/intake.html", family=family, patient=family.chosen)
