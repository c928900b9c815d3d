"""What belongs to notes beside their text: diagnoses, and how they were marked after signing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from clinic.core.db import db
from clinic.encounters.models import Diagnosis, NoteRetraction

Values = dict[str, Any]


def diagnoses(note_ids: Sequence[int]) -> dict[int, list[Values]]:
    """The diagnoses of notes by note, in their order. One statement."""
    found: dict[int, list[Values]] = defaultdict(list)
    if not note_ids:
        return found
    rows = db.session.scalars(
        select(Diagnosis)
        .where(Diagnosis.note_id.in_(note_ids))
        .order_by(Diagnosis.note_id, Diagnosis.position, Diagnosis.id)
    )
    for row in rows:
        found[row.note_id].append(
            {
                "text": row.text,
                "status": row.status,
                "primary": row.is_primary,
                "system": row.system,
                "code": row.code,
                "edition": row.list_version or None,
            }
        )
    return found


def marks(note_ids: Sequence[int], *, inner: bool) -> dict[int, list[Values]]:
    """How notes were marked as entered in error or taken up again, by note, in order. ``inner`` adds why and
    by whom, which is the clinic's own. One statement.
    """
    found: dict[int, list[Values]] = defaultdict(list)
    if not note_ids:
        return found
    rows = db.session.scalars(
        select(NoteRetraction)
        .where(NoteRetraction.note_id.in_(note_ids))
        .order_by(NoteRetraction.note_id, NoteRetraction.number)
    )
    for row in rows:
        why = {"reason": row.reason, "by": row.author_name} if inner else {}
        found[row.note_id].append({"mark": row.kind, "at": row.created_at, **why})
    return found
