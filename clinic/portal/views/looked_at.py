"""Who looked at the chosen member's record."""

from __future__ import annotations

from flask import Response, request

from clinic.accounts.display import role_label
from clinic.audit import service as audit
from clinic.core.access import Role, allow
from clinic.core.web import current_actor, page, read_id
from clinic.patients.emergency_forms import URGENCIES
from clinic.portal import looked_at as reading
from clinic.portal.views.blueprint import bp, clinic
from clinic.portal.views.household import household


@bp.get("/looked-at")
@allow(Role.PATIENT)
def looked_at() -> Response:
    """By day, the latest first; what was opened in an emergency stands above."""
    family = household()
    patient = family.chosen
    zone = clinic().zone
    before = read_id(request.args.get("before"))
    found = reading.looked_at(patient, current_actor().user_id or 0, zone, before=before)
    audit.read(
        current_actor(),
        "patient.log_read",
        subject_type="patient",
        subject_id=patient.id,
        patient_id=patient.id,
        facility_id=patient.facility_id,
        detail={"page": "looked at", "before": before},
    )
    return page(
        "portal/looked_at.html",
        family=family,
        patient=patient,
        found=found,
        first=before is None,
        urgencies=URGENCIES,
        role_label=role_label,
        zone=zone,
    )
