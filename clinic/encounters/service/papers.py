"""Papers attached to a draft and taken off it again."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import constraint_means, db
from clinic.core.errors import Conflict, Forbidden
from clinic.core.i18n import gettext as _
from clinic.encounters import policy
from clinic.encounters.models import Note, NotePaper
from clinic.records.models import Paper


def attach_papers(actor: Actor, note: Note, papers: Sequence[Paper]) -> None:
    """Say that the note refers to papers of its patient; once is enough. Raises Forbidden, or Conflict once
    the note is signed.
    """
    _writable(actor, note)
    mine = [paper for paper in papers if paper.patient_id == note.patient_id]
    if not mine:
        return
    rows = [
        {"note_id": note.id, "paper_id": paper.id, "created_by": actor.user_id, "created_at": clock.now()}
        for paper in mine
    ]
    db.session.execute(insert(NotePaper).values(rows).on_conflict_do_nothing())
    _write_down(actor, note, "paper.attached", [paper.id for paper in mine])


def detach_paper(actor: Actor, note: Note, paper_id: int) -> None:
    """Take a paper off the note; it stays in the record. Raises Forbidden, or Conflict once it is signed."""
    _writable(actor, note)
    gone = delete(NotePaper).where(NotePaper.note_id == note.id, NotePaper.paper_id == paper_id)
    if db.session.scalar(gone.returning(NotePaper.paper_id)) is not None:
        _write_down(actor, note, "paper.detached", [paper_id])


def _writable(actor: Actor, note: Note) -> None:
    if not policy.can_edit(actor, note):
        raise Forbidden(_("Only the person who writes this note attaches papers, until it is signed."))


def _write_down(actor: Actor, note: Note, action: str, paper_ids: list[int]) -> None:
    audit.record(
        actor,
        action,
        subject_type="note",
        subject_id=note.id,
        patient_id=note.patient_id,
        facility_id=note.facility_id,
        detail={"papers": paper_ids},
    )


constraint_means(
    "note_papers_locked", lambda: Conflict(_("The note is signed: what is attached to it stays as it is."))
)
