"""Writing notes. A function flushes and never commits."""

from clinic.encounters.errors import NoteLocked, NotReady
from clinic.encounters.service.conflicts import late_text, settle_as_addendum, settle_conflict
from clinic.encounters.service.copies import issue_code, issue_missing_codes
from clinic.encounters.service.diagnoses import (
    add_diagnosis,
    make_primary,
    move_diagnosis,
    remove_diagnosis,
    weigh_diagnosis,
)
from clinic.encounters.service.drafts import Saved, Sent, discard_empty, open_note, save_draft
from clinic.encounters.service.retraction import enter_in_error, reinstate
from clinic.encounters.service.sharing import share_note, undo_left, unshare_note
from clinic.encounters.service.signing import add_addendum, readiness, sign
from clinic.encounters.service.templates import change_template, ensure_templates, template_for

__all__ = [
    "NotReady",
    "NoteLocked",
    "Saved",
    "Sent",
    "add_addendum",
    "add_diagnosis",
    "change_template",
    "discard_empty",
    "ensure_templates",
    "enter_in_error",
    "issue_code",
    "issue_missing_codes",
    "late_text",
    "make_primary",
    "move_diagnosis",
    "open_note",
    "readiness",
    "reinstate",
    "remove_diagnosis",
    "save_draft",
    "settle_as_addendum",
    "settle_conflict",
    "share_note",
    "sign",
    "template_for",
    "undo_left",
    "unshare_note",
    "weigh_diagnosis",
]
