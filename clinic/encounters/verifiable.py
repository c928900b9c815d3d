"""Notes as copies that anybody who holds one can check."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from clinic.core import periodic
from clinic.core.db import db
from clinic.core.i18n import gettext as _
from clinic.encounters.after_signing import attached_of, content_of, papers_with
from clinic.encounters.digest import note_digest
from clinic.encounters.models import Note
from clinic.encounters.printed import heading_of
from clinic.encounters.service.copies import KIND, issue_missing_codes
from clinic.patients.display import initials
from clinic.records.verification import Verified, register_verifiable
from clinic.scheduling.models import Appointment


def connect() -> None:
    """Let copies of notes be checked, and give codes to those signed before there were any."""
    register_verifiable(KIND, _verified)
    periodic.every(3600, "encounters.issue_missing_codes", issue_missing_codes)


def _verified(note_id: int) -> Verified | None:
    note = db.session.scalars(
        select(Note)
        .where(Note.id == note_id, Note.status == "signed")
        .options(
            joinedload(Note.appointment).joinedload(Appointment.facility),
            joinedload(Note.practitioner),
            joinedload(Note.patient),
        )
    ).one_or_none()
    if note is None or note.signed_at is None:
        return None
    content, attached = content_of(note.id), attached_of(note, papers_with(note.id))
    first, *later = (
        note_digest(note, content.diagnoses, content.addenda[:upto], attached)
        for upto in range(len(content.addenda), -1, -1)
    )
    head = heading_of(note)
    return Verified(
        title=_("Note of a visit"),
        clinic=head["clinic"]["name"],
        practitioner=head["practitioner"]["name"],
        registration=head["practitioner"]["registration"],
        signed_at=note.signed_at,
        patient_initials=initials(head["patient"]["name"]),
        digest=first,
        before=tuple(later),
        withdrawn=_("Entered in error") if note.retracted else "",
        zone=head["visit"]["zone"],
    )
