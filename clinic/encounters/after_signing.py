"""Finding what came after a note was signed: its standing, who saw it, what the patient was shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import contains_eager, joinedload

from clinic.audit.models import AuditEvent
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.core.paging import COUNT_CAP, Page, PageRequest
from clinic.encounters.models import Addendum, Diagnosis, Note, NotePaper, NoteRetraction
from clinic.records.models import Paper
from clinic.scheduling.models import Appointment

SEEING = ("note.viewed", "note.printed", "note.exported", "note.viewed_by_patient")
"""The audit rows that tell of somebody who read a note."""


def retractions_of(note_id: int) -> list[NoteRetraction]:
    """How a note was marked after signing, in order."""
    return list(
        db.session.scalars(
            select(NoteRetraction).where(NoteRetraction.note_id == note_id).order_by(NoteRetraction.number)
        )
    )


def holds() -> ColumnElement[bool]:
    """The condition on ``notes`` for those that are signed and not marked as entered in error."""
    return (Note.status == "signed") & ~Note.retracted


@dataclass(frozen=True, kw_only=True)
class Seeing:
    """Somebody who read a note: how often, and when first and last. ``printed`` counts the copies."""

    name: str
    user_id: int | None
    times: int
    printed: int
    first: datetime
    last: datetime


@dataclass(frozen=True, kw_only=True)
class SeenBy:
    """One page of those who read a note, the latest first."""

    people: list[Seeing]
    request: PageRequest
    has_next: bool


def seen_by(note: Note, request: PageRequest) -> SeenBy:
    """Who read a note, by the audit, in one statement: one line per person."""
    last = func.max(AuditEvent.at)
    rows = db.session.execute(
        select(
            AuditEvent.actor_id,
            (func.array_agg(AuditEvent.actor_name).label("names")),
            func.count().label("times"),
            func.count().filter(AuditEvent.action == "note.printed").label("printed"),
            func.min(AuditEvent.at).label("first"),
            last.label("last"),
        )
        .where(
            AuditEvent.patient_id == note.patient_id,
            AuditEvent.subject_type == "note",
            AuditEvent.subject_id == note.id,
            AuditEvent.action.in_(SEEING),
            AuditEvent.outcome == "done",
        )
        .group_by(AuditEvent.actor_id)
        .order_by(last.desc(), AuditEvent.actor_id)
        .limit(request.limit + 1)
        .offset(request.offset)
    ).all()
    people = [
        Seeing(
            name=row.names[-1],
            user_id=row.actor_id,
            times=row.times,
            printed=row.printed,
            first=row.first,
            last=row.last,
        )
        for row in rows[: request.limit]
    ]
    return SeenBy(people=people, request=request, has_next=len(rows) > request.limit)


def shared_notes(patient_id: int, request: PageRequest) -> Page[Note]:
    """The notes this patient was shown, the latest visit first: two statements. The caller has made sure of
    who asks.
    """
    theirs = (Note.patient_id == patient_id, Note.status == "signed", Note.shared_at.is_not(None))
    total = db.session.scalar(
        select(func.count()).select_from(select(Note.id).where(*theirs).limit(COUNT_CAP + 1).subquery())
    )
    notes = db.session.scalars(
        _shared()
        .where(Note.patient_id == patient_id)
        .order_by(func.lower(Appointment.during).desc(), Note.id.desc())
        .limit(request.limit)
        .offset(request.offset)
    )
    return Page(list(notes), request, min(total or 0, COUNT_CAP), capped=(total or 0) > COUNT_CAP)


def shared_note(patient_ids: list[int], note_id: int) -> Note:
    """One note that one of these patients was shown. Raises NotFound."""
    theirs = _shared().where(Note.patient_id.in_(patient_ids), Note.id == note_id)
    note: Note | None = db.session.scalars(theirs).first()
    if note is None:
        raise NotFound(_("There is no such note."))
    return note


def _shared() -> Any:
    return (
        select(Note)
        .join(Note.appointment)
        .where(Note.status == "signed", Note.shared_at.is_not(None))
        .options(
            contains_eager(Note.appointment).joinedload(Appointment.service),
            contains_eager(Note.appointment).joinedload(Appointment.facility),
            joinedload(Note.practitioner),
            joinedload(Note.template),
        )
    )


@dataclass(frozen=True, kw_only=True)
class Content:
    """Everything a copy of a note shows beside its body."""

    diagnoses: list[Diagnosis]
    addenda: list[Addendum]


def content_of(note_id: int) -> Content:
    """What belongs to a note: two statements."""
    return Content(
        diagnoses=list(
            db.session.scalars(
                select(Diagnosis)
                .where(Diagnosis.note_id == note_id)
                .order_by(Diagnosis.position, Diagnosis.id)
            )
        ),
        addenda=list(
            db.session.scalars(select(Addendum).where(Addendum.note_id == note_id).order_by(Addendum.id))
        ),
    )


def papers_with(note_id: int) -> list[Paper]:
    """The papers attached to a note; a statement."""
    attached = NotePaper.paper_id == Paper.id
    return list(
        db.session.scalars(
            select(Paper).join(NotePaper, attached).where(NotePaper.note_id == note_id).order_by(Paper.id)
        )
    )


def attached_of(note: Note, papers: Sequence[Paper]) -> list[tuple[int, str]]:
    """The papers a note was signed with, each as its id and the SHA-256 of its file. None are told of a note
    whose copies do not answer for its papers.
    """
    return [(paper.id, paper.sha256) for paper in papers] if note.printed is not None else []
