"""What a signed note says, as one number: printed copies are compared by it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from clinic.encounters.models import Addendum, Diagnosis, Note


def note_digest(
    note: Note,
    diagnoses: Sequence[Diagnosis],
    addenda: Sequence[Addendum],
    attached: Sequence[tuple[int, str]],
) -> str:
    """SHA-256 in hex over everything a copy of the note shows: what was typed, the diagnoses, who signed it
    when and about whom, and what was added. The same content gives the same digest for ever.

    Of a note that keeps what its copies show, that is in it too, with the files that were attached, as their
    ids and own digests. What is said of a file (its title, that it was entered in error) is not: it may
    change, and the note was signed with that file all the same. Notes signed before go by the old
    composition, so that the codes on their copies stay good.
    """
    said: dict[str, Any] = {
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
    if note.printed is not None:
        said |= {"printed": note.printed, "papers": [list(paper) for paper in attached]}
    written = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(written.encode()).hexdigest()
