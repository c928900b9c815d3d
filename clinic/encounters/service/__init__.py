"""Writing notes. A function flushes and never commits."""

from clinic.encounters.errors import NoteLocked, NotReady
from clinic.encounters.service.conflicts import late_text, settle_as_addendum, settle_conflict
from clinic.encounters.service.drafts import Saved, Sent, discard_empty, open_note, save_draft
from clinic.encounters.service.signing import add_addendum, readiness, sign
from clinic.encounters.service.templates import change_template, ensure_templates, template_for

__all__ = [
    "NotReady",
    "NoteLocked",
    "Saved",
    "Sent",
    "add_addendum",
    "change_template",
    "discard_empty",
    "ensure_templates",
    "late_text",
    "open_note",
    "readiness",
    "save_draft",
    "settle_as_addendum",
    "settle_conflict",
    "sign",
    "template_for",
]
