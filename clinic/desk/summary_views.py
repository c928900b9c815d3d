"""A patient on paper: the sheet, and the row that it was printed."""

from __future__ import annotations

from flask import Response

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import allow
from clinic.core.i18n import show_moment
from clinic.core.web import current_actor, page
from clinic.desk.patient_views import STAFF_OF_PATIENTS, patient_bp
from clinic.desk.summary_page import summary_of_patient
from clinic.patients.queries import get_patient


@patient_bp.get("/patients/<id:patient_id>/summary")
@allow(*STAFF_OF_PATIENTS)
def summary(patient_id: int) -> Response:
    """One or two sheets to hand over or to file, with no more than the reader may read."""
    actor = current_actor()
    patient = get_patient(actor, patient_id)
    facility = patient.facility
    answer = page(
        "desk/summary.html",
        patient=patient,
        place=facility,
        zone=facility.zone,
        today=clock.today(facility.zone),
        summary=summary_of_patient(actor, patient),
        printed_at=show_moment(clock.now(), facility.zone),
    )
    audit.read(
        actor,
        "patient.printed",
        subject_type="patient",
        subject_id=patient.id,
        patient_id=patient.id,
        facility_id=patient.facility_id,
        detail={"sheet": "summary"},
    )
    return answer
