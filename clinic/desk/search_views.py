"""The one box: patients and bookings as one types."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, request, url_for

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor, Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, fragment, go_to, page, safe_next, say
from clinic.facilities.queries import facility_of
from clinic.patients.queries import PatientRow, quick_search
from clinic.patients.queries.recent import recent_patients
from clinic.patients.service.recent import forget
from clinic.scheduling.models import Appointment
from clinic.scheduling.queries import get_appointment

search_bp = Blueprint("search", __name__)
_REFERENCE = re.compile(r"[0-9A-Za-z]{10}")
SEARCHERS = (Role.RECEPTIONIST, Role.FACILITY_ADMIN, Role.PRACTITIONER, Role.THERAPIST)


@search_bp.route("/search", methods=["GET", "POST"])
@allow(*SEARCHERS)
def results() -> Response:
    """What the typed words find: patients by name, digits or number, and a visit by its reference. Before
    anything is typed, the patients opened lately.
    """
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
        "recent": [] if term.strip() else _recent(actor, facility.id),
        "term": term,
        "today": clock.today(facility.zone),
    }
    return page("desk/search.html", "desk/_search_results.html", **values)


@search_bp.get("/search/recent")
@allow(*SEARCHERS)
def recent() -> Response:
    """The patients this person opened lately, for the empty box."""
    actor = current_actor()
    facility = facility_of(actor)
    rows = _recent(actor, facility.id)
    return fragment("desk/_recent_patients.html", recent=rows, today=clock.today(facility.zone))


@search_bp.post("/search/recent/forget")
@allow(*SEARCHERS)
def forget_recent() -> Response:
    """Begin the list of patients opened lately anew."""
    with unit_of_work():
        forget(current_actor())
    say(_("The patients you opened are no longer listed. What was done stays in the log."))
    return go_to(safe_next(request.form.get("next"), url_for("desk.home")))


def _recent(actor: Actor, facility_id: int) -> list[PatientRow]:
    rows = recent_patients(actor)
    if rows:
        audit.read(
            actor,
            "patient.listed",
            subject_type="patient",
            facility_id=facility_id,
            detail={"ids": [row.id for row in rows], "filter": "recent"},
        )
    return rows


def _visit(actor: Actor, term: str) -> Appointment | None:
    text = term.strip().replace("-", "").replace(" ", "")
    if not _REFERENCE.fullmatch(text):
        return None
    try:
        return get_appointment(actor, text)
    except NotFound:
        return None
