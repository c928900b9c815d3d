"""A patient's page: who they are, what must not be missed, and everything that is known of them in tabs."""

from __future__ import annotations

from flask import Blueprint, Response

from clinic.core.access import Role, allow
from clinic.core.web import current_actor, page
from clinic.patients.queries import get_patient

patient_bp = Blueprint("patient_page", __name__)


@patient_bp.get("/patients/<id:patient_id>")
@allow(Role.RECEPTIONIST, Role.FACILITY_ADMIN, Role.PRACTITIONER, Role.THERAPIST)
def show(patient_id: int) -> Response:
    """The first tab: visits."""
    return page("desk/patient.html", patient=get_patient(current_actor(), patient_id))
