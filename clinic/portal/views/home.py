"""Home: the next visit, and the way to everything else."""

from __future__ import annotations

from flask import Response

from clinic.audit import service as audit
from clinic.core.access import Role, allow
from clinic.core.web import current_actor, page
from clinic.portal.queries import asked_of, can_still_change, said_coming
from clinic.portal.views.blueprint import bp
from clinic.portal.views.household import household
from clinic.portal.views.inbox import unread_count
from clinic.scheduling.meeting import meeting_of
from clinic.scheduling.queries import next_appointment


@bp.get("")
@allow(Role.PATIENT)
def home() -> Response:
    """The chosen member's next visit."""
    family = household()
    patient = family.chosen
    visit = next_appointment(patient.id)
    asked = asked_of(patient, current_actor().user_id or 0)
    audit.read(
        current_actor(),
        "patient.viewed",
        subject_type="patient",
        subject_id=patient.id,
        patient_id=patient.id,
        facility_id=patient.facility_id,
        detail={"page": "portal"},
    )
    return page(
        "portal/home.html",
        family=family,
        patient=patient,
        visit=visit,
        changeable=visit is not None and can_still_change(visit),
        coming=visit is not None and said_coming(visit),
        meeting=meeting_of(visit, joins=True) if visit is not None else None,
        unread=unread_count(current_actor()),
        intake=asked.intake,
        consents=asked.consents,
    )
