"""Showing a signed note to its patient, and no longer."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden
from clinic.core.i18n import gettext as _
from clinic.encounters import messages, policy
from clinic.encounters.models import Note
from clinic.encounters.service.journal import log

UNDO_WITHIN = timedelta(seconds=60)


def share_note(actor: Actor, note: Note, *, tell: bool = True) -> None:
    """Show the note to the patient; if ``tell``, they are told once it can no longer be undone.

    Raises Forbidden, Conflict for a note that is shared already or was entered in error.
    """
    _check(actor, note)
    if note.retracted:
        raise Conflict(_("This note is marked as entered in error. It is not shared."))
    at = clock.now()
    shared = db.session.scalar(
        update(Note)
        .where(Note.id == note.id, Note.status == "signed", Note.shared_at.is_(None))
        .values(shared_at=at)
        .returning(Note.id)
        .execution_options(synchronize_session=False)
    )
    if shared is None:
        raise Conflict(_("This note is shared already."))
    db.session.expire(note, ["shared_at"])
    if tell:
        send_at = at + UNDO_WITHIN + messages.GRACE
        messages.note_shared(note, at=at, send_at=send_at)
    log(actor, "note.shared", note)


def unshare_note(actor: Actor, note: Note) -> None:
    """No longer show the note to the patient; what they have not been told yet, they are not told.

    Raises Forbidden. Nothing happens where it is not shared.
    """
    _check(actor, note)
    taken = db.session.scalar(
        update(Note)
        .where(Note.id == note.id, Note.shared_at.is_not(None))
        .values(shared_at=None)
        .returning(Note.id)
        .execution_options(synchronize_session=False)
    )
    if taken is None:
        return
    db.session.expire(note, ["shared_at"])
    messages.note_unshared(note)
    log(actor, "note.unshared", note)


def undo_left(note: Note) -> int:
    """Seconds in which sharing can still be undone before the patient is told; 0 when that is over."""
    if note.shared_at is None:
        return 0
    return clock.seconds_until(note.shared_at + UNDO_WITHIN)


def _check(actor: Actor, note: Note) -> None:
    if not policy.can_share(actor, note):
        raise Forbidden(_("Only the person who wrote this note shares it."))
