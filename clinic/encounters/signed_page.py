"""What the page and the sheet of a signed note show beside what was written."""

from __future__ import annotations

from dataclasses import dataclass

from clinic.core.access import Actor
from clinic.encounters import policy
from clinic.encounters.after_signing import attached_of, content_of, papers_with, retractions_of
from clinic.encounters.copied import Mark, marks_of
from clinic.encounters.digest import note_digest
from clinic.encounters.models import Addendum, Diagnosis, Note, NoteRetraction
from clinic.encounters.printed import OnPaper, on_paper, signer_of
from clinic.encounters.service.copies import KIND
from clinic.encounters.service.sharing import undo_left
from clinic.records.models import Paper
from clinic.records.qr import qr_svg
from clinic.records.verification import code_of, short_digest, verify_url


@dataclass(frozen=True, kw_only=True)
class AfterSigning:
    """How a signed note stands, and what the reader may do about it. ``signer`` is the practitioner's name
    as they signed.
    """

    signer: str
    marks: list[NoteRetraction]
    can_retract: bool
    can_share: bool
    can_see_readers: bool
    undo_seconds: int
    taken_over: dict[str, Mark]


def after_signing(actor: Actor, note: Note, *, can_retract: bool) -> AfterSigning:
    """Gather it; a statement only for a note that was marked."""
    return AfterSigning(
        signer=signer_of(note)["name"],
        marks=retractions_of(note.id) if note.last_mark else [],
        can_retract=can_retract,
        can_share=policy.can_share(actor, note),
        can_see_readers=policy.can_add_to(actor, note),
        undo_seconds=undo_left(note),
        taken_over=marks_of(note),
    )


@dataclass(frozen=True, kw_only=True)
class Copy:
    """What a printed copy carries besides its text. ``code`` and ``qr`` are empty on a draft, and on a note
    that has no code yet.
    """

    paper: OnPaper
    diagnoses: list[Diagnosis]
    addenda: list[Addendum]
    papers: list[Paper]
    marks: list[NoteRetraction]
    code: str
    url: str
    digest: str
    qr: str
    taken_over: dict[str, Mark]


def copy_of(note: Note) -> Copy:
    """Gather it: at most five statements."""
    content, papers = content_of(note.id), papers_with(note.id)
    digest = ""
    if note.status == "signed":
        digest = note_digest(note, content.diagnoses, content.addenda, attached_of(note, papers))
    code = (code_of(kind=KIND, subject_id=note.id, digest=digest) if digest else None) or ""
    return Copy(
        paper=on_paper(note),
        diagnoses=content.diagnoses,
        addenda=content.addenda,
        papers=papers,
        marks=retractions_of(note.id) if note.last_mark else [],
        code=code,
        url=verify_url(code) if code else "",
        digest=short_digest(digest) if code else "",
        qr=qr_svg(verify_url(code)) if code else "",
        taken_over=marks_of(note),
    )
