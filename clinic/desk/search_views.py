"""The one box: patients and bookings as one types."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, request

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor, Role, allow
from clinic.core.errors import NotFound
from clinic.core.web import current_actor, page
from clinic.facilities.queries import facility_of
from clinic.patients.queries import quick_search
from clinic.scheduling.models import Appointment
from clinic.scheduling.queries import get_appointment

search_bp = Blueprint("search", __name__)
_REFERENCE = re.compile(r"[0-9A-Za-z]{10}")


@search_bp.route("/search", methods=["GET", "POST"])
@allow(Role.RECEPTIONIST, Role.FACILITY_ADMIN, Role.PRACTITIONER, Role.THERAPIST)
def results() -> Response:
    """What the typed words find: patients by name, digits or number, and a visit by its reference."""
    actor = current_actor()
    term = request.form.get("q", "")[:200]
    found = quick_search(actor, term)
    visit = _visit(actor, term)
    facility = facility_of(actor)
    if found.items or visit:
        audit.read(
            actor,
            "patient.found",
            subject_type="patient",
            patient_id=visit.patient_id if visit else None,
            facility_id=facility.id,
            detail={"ids": [row.id for row in found.items]},
        )
    values: dict[str, Any] = {
        "found": found,
        "visit": visit,
        "term": term,
        "today": clock.today(facility.zone),
    }
    return page("desk/search.html", "desk/_search_results.html", **values)


def _visit(actor: Actor, term: str) -> Appointment | None:
    text = term.strip().replace("-", "").replace(" ", "")
    if not _REFERENCE.fullmatch(text):
        return None
    try:
        return get_appointment(actor, text)
    except NotFound:
        return None
