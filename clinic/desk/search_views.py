"""The one box: patients and bookings as one types."""

from __future__ import annotations

from flask import Blueprint, Response, request

from clinic.core.access import Role, allow
from clinic.core.web import current_actor, page
from clinic.patients.queries import quick_search

search_bp = Blueprint("search", __name__)


@search_bp.route("/search", methods=["GET", "POST"])
@allow(Role.RECEPTIONIST, Role.FACILITY_ADMIN, Role.PRACTITIONER, Role.THERAPIST)
def results() -> Response:
    """What the typed words find."""
    term = request.form.get("q", "")[:200]
    return page(
        "desk/search.html",
        "desk/_search_results.html",
        patients=quick_search(current_actor(), term),
        term=term,
    )
