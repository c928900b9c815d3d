"""Care that came with a booking ends by itself, a while after the last visit."""

from __future__ import annotations

from sqlalchemy import exists, func, select

from clinic.core import clock
from clinic.core.db import db, unit_of_work
from clinic.facilities.models import Facility
from clinic.patients.models import CareRelationship, Patient
from clinic.patients.service.care import end_by_itself
from clinic.scheduling.models import Appointment

AT_ONCE = 500
"""Rows of one run; the rest waits for the next."""
EVERY = 3_600
"""Seconds."""


def end_stale_care() -> int:
    """End care by booking where the practitioner has had no visit of the patient, and has none to come, for
    as many months as the patient's clinic says; how many ended. Who was assigned stays until that is ended.
    """
    since = func.make_interval(0, Facility.care_months)
    began = clock.now() - since
    visited = exists().where(
        Appointment.patient_id == CareRelationship.patient_id,
        Appointment.practitioner_id == CareRelationship.practitioner_id,
        func.lower(Appointment.during) > began,
        Appointment.status.not_in(("cancelled", "rejected")),
    )
    with unit_of_work():
        rows = db.session.execute(
            select(CareRelationship, Patient)
            .join(Patient, Patient.id == CareRelationship.patient_id)
            .join(Facility, Facility.id == Patient.facility_id)
            .where(
                CareRelationship.source == "booking",
                CareRelationship.ended_at.is_(None),
                CareRelationship.created_at <= began,
                ~visited,
            )
            .order_by(CareRelationship.id)
            .limit(AT_ONCE)
            .with_for_update(of=CareRelationship, skip_locked=True)
        ).all()
        end_by_itself([(care, patient) for care, patient in rows])
    return len(rows)
