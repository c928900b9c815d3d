"""The blueprint all pages of this domain hang on, and loading for it."""

from __future__ import annotations

from flask import Blueprint

from clinic.audit import service as audit
from clinic.core.access import Actor
from clinic.core.errors import NotFound
from clinic.encounters import queries
from clinic.encounters.models import Note

bp = Blueprint("encounters", __name__)


def load_note(actor: Actor, note_id: int) -> Note:
    """The note, or NotFound with an audit row: a note that is not there and one that is not theirs look the
    same.
    """
    try:
        return queries.get_note(actor, note_id)
    except NotFound:
        audit.read(actor, "note.viewed", subject_type="note", subject_id=note_id, outcome="refused")
        raise
