"""Saying that a signed note should not have been written, without changing it; and taking that back."""

from __future__ import annotations

from clinic.core.access import Actor
from clinic.core.db import constraint_means, db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import clean
from clinic.encounters import policy
from clinic.encounters.after_signing import retractions_of
from clinic.encounters.models import Note, NoteRetraction
from clinic.encounters.service.journal import log

LONGEST_REASON = 1000


class MarkedMeanwhile(Conflict):
    """Somebody else marked the note in the same moment."""

    code = "note_marked"

    def __init__(self) -> None:
        super().__init__(_("Somebody marked this note meanwhile. Look at it once more."))


for _name in ("note_retractions_in_turn", "uq_note_retractions_note_number"):
    constraint_means(_name, MarkedMeanwhile)


def enter_in_error(actor: Actor, note: Note, reason: str) -> NoteRetraction:
    """Mark a signed note as entered in error: it stays readable, and is marked wherever it is shown.

    Raises Forbidden, Invalid without a reason, Conflict when it is marked already.
    """
    return _mark(actor, note, reason, kind="entered_in_error")


def reinstate(actor: Actor, note: Note, reason: str) -> NoteRetraction:
    """Say that a note marked as entered in error holds after all. Raises like ``enter_in_error``."""
    return _mark(actor, note, reason, kind="reinstated")


def _mark(actor: Actor, note: Note, reason: str, *, kind: str) -> NoteRetraction:
    if not policy.can_retract(actor, note) or actor.user_id is None:
        raise Forbidden(
            _("Only its author, or a practitioner who also runs the clinic, marks a signed note.")
        )
    reason = clean(reason).strip()
    if not reason:
        raise Invalid(_("Write why. Whoever reads the note will see it."), field="reason")
    if len(reason) > LONGEST_REASON:
        raise Invalid(_("At most %(count)s characters.", count=LONGEST_REASON), field="reason")
    marks = retractions_of(note.id)
    if (kind == "entered_in_error") == (len(marks) % 2 == 1):
        raise MarkedMeanwhile
    row = NoteRetraction(
        note_id=note.id,
        number=len(marks) + 1,
        kind=kind,
        reason=reason,
        author_id=actor.user_id,
        author_name=actor.name,
    )
    db.session.add(row)
    db.session.flush()
    db.session.expire(note, ["last_mark"])
    log(actor, f"note.{kind}", note, retraction=row.id)
    return row
