"""What happened in a visit: the note, its measurements, and what was added after signing."""

from clinic.encounters.models.note import Addendum, Note, NoteConflict, NoteTemplate
from clinic.encounters.models.papers import NotePaper
from clinic.encounters.models.vitals import VitalSigns

__all__ = [
    "Addendum",
    "Note",
    "NoteConflict",
    "NotePaper",
    "NoteTemplate",
    "VitalSigns",
]
