"""Whether a patient has said that they will come."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import aliased

from clinic.core.db import db
from clinic.scheduling.models import Appointment, AppointmentEvent

COMING = "patient_coming"
"""The event a patient leaves by saying that they will come."""


def coming() -> ColumnElement[bool]:
    """The condition on ``appointments`` that the patient said so since the visit was booked or last moved."""
    said, shift = aliased(AppointmentEvent), aliased(AppointmentEvent)
    last_shift = (
        select(func.coalesce(func.max(shift.id), 0))
        .where(
            shift.appointment_id == Appointment.id,
            shift.to_during.is_not(None),
            shift.kind != COMING,
        )
        .correlate(Appointment)
        .scalar_subquery()
    )
    return exists().where(said.appointment_id == Appointment.id, said.kind == COMING, said.id > last_shift)


def said_coming(appointment: Appointment) -> bool:
    """Whether the patient has said, since the visit was last moved, that they will come."""
    return bool(db.session.scalar(select(coming()).where(Appointment.id == appointment.id)))
