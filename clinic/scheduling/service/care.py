"""A visit puts the patient in its practitioner's care."""

from __future__ import annotations

from clinic.core.access import Actor
from clinic.patients.policy import only_in_emergency
from clinic.patients.service import begin_care
from clinic.scheduling.models import Appointment


def care_begins(actor: Actor, appointment: Appointment) -> None:
    """Write down that the visit's practitioner cares for the patient.

    Not where whoever arranges the visit has the record open in an emergency alone: that ends with its hour,
    and would not if a visit made of it what lasts.
    """
    if only_in_emergency(actor, appointment.patient_id):
        return
    begin_care(
        patient_id=appointment.patient_id, practitioner_id=appointment.practitioner_id, source="booking"
    )
