"""The audit row that goes with every change of a note."""

from __future__ import annotations

from clinic.audit.service import record
from clinic.core.access import Actor
from clinic.encounters.models import Note


def log(actor: Actor, action: str, note: Note, **detail: int) -> None:
    """Write down what was done to a note; ids and versions only."""
    record(
        actor,
        action,
        subject_type="note",
        subject_id=note.id,
        patient_id=note.patient_id,
        facility_id=note.facility_id,
        detail=detail,
    )
