"""What prescriptions give to the domains beside them: copies to check, a part in a note's signature."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, DomainError
from clinic.core.i18n import gettext as _
from clinic.encounters.models import Note
from clinic.encounters.signals import note_signing
from clinic.patients.display import initials
from clinic.prescriptions import queries, service
from clinic.prescriptions.models import Prescription
from clinic.prescriptions.printed import KIND, digest_of, digests_before
from clinic.prescriptions.sheets import withdrawn_words
from clinic.records.verification import Verified, register_verifiable


def connect() -> None:
    """Let copies be checked, and sign a note's draft with the note."""
    register_verifiable(KIND, _verified)
    note_signing.connect(_sign_with_note, weak=False)


def _sign_with_note(actor: Actor, *, note: Note, **_more: object) -> None:
    """Sign the draft that belongs to the note, put an empty one aside. Raises Conflict where it is not ready:
    then nothing is signed.
    """
    draft = queries.draft_of_note(note.id, note.practitioner_id)
    if draft is None:
        return
    if not queries.lines_of(draft.id) and not service.has_texts(draft):
        service.discard(actor, draft)
        return
    try:
        service.sign(actor, draft, version=draft.version)
    except DomainError as error:
        raise Conflict(
            _(
                "The prescription of this note is not ready. Finish or discard it first. %(why)s",
                why=error.message,
            )
        ) from error


def _verified(prescription_id: int) -> Verified | None:
    found = db.session.scalars(
        select(Prescription)
        .where(Prescription.id == prescription_id, Prescription.signed_at.is_not(None))
        .options(joinedload(Prescription.facility))
    ).one_or_none()
    if found is None or found.signed_at is None or found.printed is None:
        return None
    practitioner = found.printed["practitioner"]
    shown = found, queries.lines_of(found.id), queries.acceptances_of(found.id)
    return Verified(
        title=_("Prescription"),
        clinic=found.printed["clinic"]["name"],
        practitioner=practitioner["name"],
        registration=practitioner["registration"],
        signed_at=found.signed_at,
        patient_initials=initials(found.printed["patient"]["name"]),
        digest=digest_of(*shown),
        before=digests_before(*shown),
        withdrawn=withdrawn_words(found),
        zone=found.facility.zone,
    )
