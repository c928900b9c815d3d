"""Pages that combine domains for the staff."""

from __future__ import annotations

from flask import Blueprint, Response, g, url_for

from clinic.core.access import Actor, Role, allow
from clinic.core.web import go_to
from clinic.desk import (
    assessment_views,
    care_views,
    choices_views,
    consent_views,
    health_views,
    inbound_views,
    papers_views,
    prescriptions_views,
    reaction_views,
    said_views,
    summary_views,
    vitals_views,
)
from clinic.desk.audit_views import audit_bp
from clinic.desk.broadcast_views import bp as broadcasts_bp
from clinic.desk.emergency_views import emergency_bp
from clinic.desk.inbox_views import inbox_bp
from clinic.desk.ledger_views import bp as ledger_bp
from clinic.desk.patient_views import patient_bp
from clinic.desk.search_views import search_bp
from clinic.desk.today_views import today_bp

bp = Blueprint("desk", __name__)


@bp.get("/")
@allow(everybody=True)
def home() -> Response:
    """Where somebody's day begins."""
    return go_to(url_for(start_of(g.get("actor"))))


def start_of(actor: Actor | None) -> str:
    """The endpoint a person lands on after signing in."""
    if actor is None:
        return "accounts.sign_in"
    if actor.is_patient:
        return "portal.home"
    if actor.has(Role.RECEPTIONIST, Role.FACILITY_ADMIN):
        return "today.board"
    if actor.has(Role.PRACTITIONER, Role.THERAPIST):
        return "encounters.my_day"
    return "accounts.people"


blueprints = (
    bp,
    audit_bp,
    broadcasts_bp,
    emergency_bp,
    inbox_bp,
    ledger_bp,
    today_bp,
    patient_bp,
    search_bp,
)

__all__ = [
    "assessment_views",
    "blueprints",
    "care_views",
    "choices_views",
    "consent_views",
    "health_views",
    "inbound_views",
    "papers_views",
    "prescriptions_views",
    "reaction_views",
    "said_views",
    "summary_views",
    "vitals_views",
]
