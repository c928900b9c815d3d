"""Codes by which printed copies of a note are checked: one at signing, one whenever something is added."""

from __future__ import annotations

from sqlalchemy import select

from clinic.core.access import SYSTEM, Actor
from clinic.core.db import db, unit_of_work
from clinic.encounters.after_signing import attached_of, content_of, papers_with
from clinic.encounters.digest import note_digest
from clinic.encounters.models import Note
from clinic.records.models import VerifiableCopy
from clinic.records.verification import issue

KIND = "note"
AT_ONCE = 200


def issue_code(actor: Actor, note: Note) -> str:
    """The code of a signed note as it stands; made if this content has none yet."""
    content = content_of(note.id)
    return issue(
        actor,
        kind=KIND,
        subject_id=note.id,
        patient_id=note.patient_id,
        facility_id=note.facility_id,
        digest=note_digest(note, content.diagnoses, content.addenda, attached_of(note, papers_with(note.id))),
    )


def issue_missing_codes() -> int:
    """Give codes to notes that were signed before there were any, some at a time; how many got one."""
    without = (
        select(Note)
        .where(
            Note.status == "signed",
            ~select(1).where(VerifiableCopy.kind == KIND, VerifiableCopy.subject_id == Note.id).exists(),
        )
        .order_by(Note.id)
        .limit(AT_ONCE)
    )
    with unit_of_work():
        notes = db.session.scalars(without).all()
        for note in notes:
            issue_code(SYSTEM, note)
        return len(notes)
