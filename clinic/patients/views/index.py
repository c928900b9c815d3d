"""The list of patients, and looking in it."""

from __future__ import annotations

from flask import Response, request

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor, allow
from clinic.core.paging import read_page
from clinic.core.web import current_actor, page
from clinic.facilities.queries import facility_of
from clinic.patients.queries import intake_waiting_among, kind_of, search_patients
from clinic.patients.queries.recent import recent_patients
from clinic.patients.views.blueprint import bp
from clinic.patients.views.register import DESK

LIMIT = 20


@bp.get("/patients")
@allow(*DESK)
def index() -> Response:
    """All patients, the newest first."""
    return _listed(current_actor(), "", request.args.get("page"), request.args.get("limit"))


@bp.post("/patients/search")
@allow(*DESK)
def find() -> Response:
    """The patients a term finds. It comes by POST, so that no name is ever part of an address."""
    term = request.form.get("q", "")[:1000]
    return _listed(current_actor(), term, request.form.get("page"), request.form.get("limit"))


def _listed(actor: Actor, term: str, number: str | None, limit: str | None) -> Response:
    found = search_patients(actor, term, read_page(number, limit, default_limit=LIMIT))
    facility = facility_of(actor)
    waiting = intake_waiting_among([row.id for row in found.items])
    recent = [] if term.strip() or found.number > 1 else recent_patients(actor)
    shown = list(dict.fromkeys(row.id for row in (*recent, *found.items)))
    audit.read(
        actor,
        "patient.listed",
        subject_type="patient",
        facility_id=facility.id,
        detail={"ids": shown, "filter": kind_of(term), "page": found.number},
    )
    return page(
        "patients/index.html",
        "patients/_list.html",
        found=found,
        term=term,
        waiting=waiting,
        recent=recent,
        today=clock.today(facility.zone),
    )
