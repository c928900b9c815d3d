"""What is done with papers that are in the record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import one_line
from clinic.records import policy
from clinic.records.models import Paper, PaperKind
from clinic.records.service.adding import LONGEST_TITLE, write_down


@dataclass(frozen=True, kw_only=True)
class Said:
    """What is said of a paper, as it may be changed."""

    kind: str
    title: str
    description: str | None
    document_date: date | None
    practitioner_id: int | None
    doctor: str | None
    shared: bool


def change(actor: Actor, paper: Paper, said: Said, *, version: int) -> None:
    """Bring what is said of a paper to ``said``; the audit row names what changed, as its history.

    Raises Forbidden, Invalid, or Conflict when somebody changed it since the form was opened.
    """
    if not policy.can_change(actor, paper):
        raise Forbidden(_("You cannot change this paper."))
    if paper.version != version:
        raise Conflict(_("Somebody changed this paper meanwhile. Look at it again, then change it."))
    title = one_line(said.title)
    if not title or len(title) > LONGEST_TITLE:
        raise Invalid(
            _("Give the paper a title of at most %(max)s letters.", max=LONGEST_TITLE), field="title"
        )
    wanted = {
        "kind": str(PaperKind(said.kind)),
        "title": title,
        "description": said.description,
        "document_date": said.document_date,
        "practitioner_id": said.practitioner_id,
        "doctor": None if said.practitioner_id else said.doctor,
        "shared": said.shared,
    }
    changed = [name for name, value in wanted.items() if getattr(paper, name) != value]
    if not changed:
        return
    for name in changed:
        setattr(paper, name, wanted[name])
    paper.version += 1
    db.session.flush()
    write_down(actor, paper, "changed", {"fields": changed, "kind": paper.kind, "shared": paper.shared})


def verify(actor: Actor, paper: Paper) -> None:
    """Say, as a practitioner, that the paper is what it says and belongs here. Raises Forbidden."""
    if not policy.can_change(actor, paper):
        raise Forbidden(_("Only a practitioner can verify a paper."))
    if paper.verified_at is not None:
        return
    paper.verified_at, paper.verified_by = clock.now(), actor.user_id
    paper.version += 1
    db.session.flush()
    write_down(actor, paper, "verified")


def mark_wrong(actor: Actor, paper: Paper, why: str) -> None:
    """Mark it as entered in error: it stays for clinical staff, struck through, and the patient sees it no
    more. Raises Forbidden, Invalid without a reason.
    """
    if not policy.can_mark_wrong(actor, paper):
        raise Forbidden(_("You cannot remove this paper."))
    reason = one_line(why)[:300]
    if not reason:
        raise Invalid(_("Say why the paper was entered in error."), field="why")
    paper.removed_at, paper.removed_by, paper.removed_why = clock.now(), actor.user_id, reason
    paper.version += 1
    db.session.flush()
    write_down(actor, paper, "removed")


def take_back(actor: Actor, paper: Paper) -> str:
    """Take the patient's own new paper out of the record for good; the stem of its files, to be forgotten
    once this is committed. Raises Forbidden when the hour is over or somebody has verified it.
    """
    if not policy.can_take_back(actor, paper):
        raise Forbidden(_("This paper can no longer be taken back here. Please call the clinic."))
    write_down(actor, paper, "taken_back")
    db.session.delete(paper)
    db.session.flush()
    return paper.stem
