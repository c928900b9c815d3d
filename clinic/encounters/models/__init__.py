"""What happened in a visit: the note, its measurements, and what was added after signing."""

from clinic.encounters.models.assessment import Assessment, AssessmentKind, AssessmentStatus
from clinic.encounters.models.diagnosis import Code, CodeSystem, CodeSystemName, CodeWord, Diagnosis
from clinic.encounters.models.note import Addendum, Note, NoteConflict, NoteTemplate, Snippet
from clinic.encounters.models.papers import NotePaper
from clinic.encounters.models.retraction import NoteRetraction
from clinic.encounters.models.vitals import VitalSigns

__all__ = [
    "Addendum",
    "Assessment",
    "AssessmentKind",
    "AssessmentStatus",
    "Code",
    "CodeSystem",
    "CodeSystemName",
    "CodeWord",
    "Diagnosis",
    "Note",
    "NoteConflict",
    "NotePaper",
    "NoteRetraction",
    "NoteTemplate",
    "Snippet",
    "VitalSigns",
]
