"""Which papers belong to somebody's own visits, said to the domain below that asks."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select

from clinic.core.access import Actor
from clinic.practitioners.models import Practitioner
from clinic.records.models import Paper
from clinic.records.policy import register_own_sessions
from clinic.scheduling.models import Appointment, AppointmentPaper


def connect() -> None:
    """Let papers be seen by who carries out the visit they came with."""
    register_own_sessions(_of_own_visits)


def _of_own_visits(actor: Actor) -> ColumnElement[bool]:
    mine = (
        select(AppointmentPaper.paper_id)
        .join(Appointment, Appointment.id == AppointmentPaper.appointment_id)
        .join(Practitioner, Practitioner.id == Appointment.practitioner_id)
        .where(Practitioner.user_id == actor.user_id)
    )
    return Paper.id.in_(mine)
