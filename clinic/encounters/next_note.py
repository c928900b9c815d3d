"""Which note somebody would write next about a patient: the one of their own visit about now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import ScalarSelect, exists, func, select

from clinic.core import clock
from clinic.core.access import Actor
from clinic.encounters import policy
from clinic.encounters.models import Note
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import Appointment

AROUND = timedelta(hours=24)
"""A visit this far away is one to write about."""
HAPPENING = ("confirmed", "arrived", "in_progress", "completed")


def next_note_column(actor: Actor, patient_id: int) -> ScalarSelect[Any] | None:
    """The visit to write about as JSON, to travel with another statement: ``reference``, and ``begun`` where
    a draft is there. Null where there is none, None for whoever writes no notes.
    """
    if not policy.can_read_notes(actor):
        return None
    now, starts = clock.now(), func.lower(Appointment.during)
    own = (Note.appointment_id == Appointment.id, Note.practitioner_id == Appointment.practitioner_id)
    begun = exists().where(*own, Note.status == "draft")
    signed = exists().where(*own, Note.status == "signed")
    return (
        select(func.jsonb_build_object("reference", Appointment.reference, "begun", begun))
        .join(Practitioner, Practitioner.id == Appointment.practitioner_id)
        .where(
            Appointment.patient_id == patient_id,
            Practitioner.user_id == actor.user_id,
            Appointment.status.in_(HAPPENING),
            starts > now - AROUND,
            starts < now + AROUND,
            ~signed,
        )
        .order_by(
            (Appointment.status == "in_progress").desc(), (Appointment.status == "arrived").desc(), starts
        )
        .limit(1)
        .scalar_subquery()
    )
