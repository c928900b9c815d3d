"""The prescriptions of a patient, as a tab of their page."""

from __future__ import annotations

import secrets

from flask import Response

from clinic.audit import service as audit
from clinic.core.access import CLINICAL, Role, allow
from clinic.core.web import current_actor
from clinic.desk.patient_views import patient_bp, patient_tab
from clinic.patients.queries import get_patient
from clinic.prescriptions import policy
from clinic.prescriptions.tab import listed


@patient_bp.get("/patients/<id:patient_id>/prescriptions")
@allow(*CLINICAL, Role.ADMIN)
def prescriptions(patient_id: int) -> Response:
    """What was prescribed, what of it runs, and the way to write another."""
    actor = current_actor()
    patient = get_patient(actor, patient_id)
    rows = listed(actor, patient.id)
    audit.read(
        actor,
        "prescription.listed",
        subject_type="prescription",
        patient_id=patient.id,
        facility_id=patient.facility_id,
        detail={"ids": [row.id for row in rows]},
    )
    return patient_tab(
        actor,
        patient,
        "prescriptions",
        prescriptions=rows,
        may_prescribe=policy.can_prescribe(actor) and not patient.deceased,
        begin_key=secrets.token_hex(8),
    )
