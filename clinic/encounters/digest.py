"""What a signed note says, as one number: printed copies are compared by it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256

from clinic.encounters.models import Addendum, Diagnosis, Note


def note_digest(note: Note, diagnoses: Sequence[Diagnosis], addenda: Sequence[Addendum]) -> str:
    """SHA-256 in hex over everything a copy of the note shows: what was typed, the diagnoses, who signed it
    when and about whom, and what was added. The same content gives the same digest for ever.
    """
    said = {
        "note": note.id,
        "visit": note.appointment_id,
        "patient": note.patient_id,
        "practitioner": note.practitioner_id,
        "template": note.template_id,
        "body": note.body,
        "signed_at": note.signed_at.isoformat() if note.signed_at else None,
        "signed_by": note.signed_by,
        "diagnoses": [
            [item.text, item.system, item.code, item.status, item.is_primary] for item in diagnoses
        ],
        "addenda": [[item.id, item.author_id, item.created_at.isoformat(), item.text] for item in addenda],
    }
    written = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(written.encode()).hexdigest()
