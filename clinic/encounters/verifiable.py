"""Notes as copies that anybody who holds one can check."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from clinic.core import periodic
from clinic.core.db import db
from clinic.core.i18n import gettext as _
from clinic.encounters.after_signing import content_of
from clinic.encounters.digest import note_digest
from clinic.encounters.models import Note
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
    content = content_of(note.id)
    facility = note.appointment.facility
    withdrawn = _("Entered in error") if note.retracted else ""
    return Verified(
        title=_("Note of a visit"),
        clinic=facility.name,
        practitioner=note.practitioner.name,
        registration=note.practitioner.registration_number or "",
        signed_at=note.signed_at,
        patient_initials=initials(note.patient.name),
        digest=note_digest(note, content.diagnoses, content.addenda),
        withdrawn=withdrawn,
        zone=facility.zone,
    )
