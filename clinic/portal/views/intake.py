"""The intake form, opened from the portal: the same form as behind a link that was sent."""

from __future__ import annotations

from flask import Response, url_for

from clinic.core.access import Role, allow
from clinic.core.db import unit_of_work
from clinic.core.web import current_actor, go_to
from clinic.portal import service
from clinic.portal.views.blueprint import bp
from clinic.portal.views.household import household


@bp.post("/intake")
@allow(Role.PATIENT)
def intake() -> Response:
    """Begin the form for the chosen member, or go on with it."""
    with unit_of_work():
        token = service.open_intake(current_actor(), household().chosen)
    return go_to(url_for("patients.intake", token=token))
