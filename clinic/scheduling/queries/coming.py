"""Whether a patient has said that they will come, or that they will not."""

from __future__ import annotations

from sqlalchemy import ColumnElement, ScalarSelect, func, select
from sqlalchemy.orm import aliased

from clinic.core.db import db
from clinic.scheduling.models import Appointment, AppointmentEvent

COMING = "patient_coming"
"""The event a patient leaves by saying that they will come."""
NOT_COMING = "patient_not_coming"
"""The event a patient leaves by saying that they will not. It cancels nothing: the front desk asks."""


def _last_word() -> ScalarSelect[str]:
    """What the patient said last since the visit was booked or last moved; one of the two events, or null."""
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
    return (
        select(said.kind)
        .where(
            said.appointment_id == Appointment.id,
            said.kind.in_((COMING, NOT_COMING)),
            said.id > last_shift,
        )
        .order_by(said.id.desc())
        .limit(1)
        .correlate(Appointment)
        .scalar_subquery()
    )


def coming() -> ColumnElement[bool]:
    """The condition on ``appointments`` that the patient said so last since the visit was booked or moved."""
    return func.coalesce(_last_word() == COMING, False)


def not_coming() -> ColumnElement[bool]:
    """The condition on ``appointments`` that the patient said last that they will not come."""
    return func.coalesce(_last_word() == NOT_COMING, False)


def said_coming(appointment: Appointment) -> bool:
    """Whether the patient has said, since the visit was last moved, that they will come."""
    return bool(db.session.scalar(select(coming()).where(Appointment.id == appointment.id)))


def said_not_coming(appointment: Appointment) -> bool:
    """Whether the patient has said, since the visit was last moved, that they will not come."""
    return bool(db.session.scalar(select(not_coming()).where(Appointment.id == appointment.id)))
