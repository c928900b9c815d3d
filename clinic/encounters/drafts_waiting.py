"""Notes that were begun and wait to be signed, and what an earlier note offers to a draft."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import joinedload

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.encounters import policy
from clinic.encounters.assessments.policy import assessments_in_sight
from clinic.encounters.layout import read_layout, says_nothing
from clinic.encounters.models import Assessment, AssessmentStatus, Note
from clinic.encounters.note_page import SectionShown, sections_of, summary_of
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import Appointment

OLD_AFTER = timedelta(hours=24)
"""A draft that is older waits too long: what it says may be forgotten before it is signed."""
MOST = 200
LAST_WORDS = 120
MOST_NAMED = 3
"""Of whose answers wait, so many are named on one line."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """One draft. ``words`` are the first it says; ``empty`` ones may be discarded."""

    note: Note
    words: str
    empty: bool

    @property
    def waits_long(self) -> bool:
        return self.note.created_at < clock.now() - OLD_AFTER


@dataclass(frozen=True)
class Waiting:
    """How many drafts somebody has, and when the oldest was begun."""

    count: int
    oldest: datetime | None

    @property
    def waits_long(self) -> bool:
        return self.oldest is not None and self.oldest < clock.now() - OLD_AFTER


def drafts_of(actor: Actor) -> list[Draft]:
    """Somebody's own drafts of all days, the oldest first; at most MOST. One statement."""
    if not policy.can_read_notes(actor):
        return []
    rows = db.session.scalars(
        select(Note)
        .join(Note.practitioner)
        .where(Practitioner.user_id == actor.user_id, Note.status == "draft")
        .order_by(Note.created_at, Note.id)
        .limit(MOST)
        .options(
            joinedload(Note.appointment).joinedload(Appointment.service),
            joinedload(Note.appointment).joinedload(Appointment.facility),
            joinedload(Note.patient),
            joinedload(Note.template),
        )
    )
    return [_draft(note) for note in rows]


@dataclass(frozen=True, kw_only=True)
class AnswersWaiting:
    """Patients whose prakriti answers wait for somebody who cares for them: how many, and the first of them
    as pairs of id and name.
    """

    count: int = 0
    first: tuple[tuple[int, str], ...] = ()

    @property
    def more(self) -> int:
        return self.count - len(self.first)


@dataclass(frozen=True, kw_only=True)
class OnTheDesk:
    """Who somebody is as a practitioner, and what waits for them on any day."""

    author: Practitioner | None = None
    drafts: Waiting = Waiting(0, None)
    answers: AnswersWaiting = AnswersWaiting()


def on_the_desk(actor: Actor) -> OnTheDesk:
    """The practitioner somebody is, their drafts, and the answers that wait for them. One statement."""
    drafts = (Note.practitioner_id == Practitioner.id, Note.status == "draft")
    count = select(func.count()).where(*drafts).correlate(Practitioner).scalar_subquery()
    oldest = select(func.min(Note.created_at)).where(*drafts).correlate(Practitioner).scalar_subquery()
    found = db.session.execute(
        select(Practitioner, count, oldest, _answers(actor)).where(Practitioner.user_id == actor.user_id)
    ).first()
    if found is None:
        return OnTheDesk()
    answers = found[3] or []
    return OnTheDesk(
        author=found[0],
        drafts=Waiting(found[1], found[2]),
        answers=AnswersWaiting(
            count=len(answers), first=tuple((row[0], row[1]) for row in answers[:MOST_NAMED])
        ),
    )


def _answers(actor: Actor) -> ScalarSelect[Any]:
    """The patients with answers, who has waited longest first, as ``[[id, name], ...]``."""
    pair = func.jsonb_build_array(Patient.id, Patient.name)
    waiting = (
        select(func.jsonb_agg(aggregate_order_by(pair, Assessment.submitted_at, Assessment.id)))
        .select_from(Assessment)
        .join(Patient, Patient.id == Assessment.patient_id)
        .where(Assessment.status == AssessmentStatus.SUBMITTED, assessments_in_sight(actor))
    )
    return waiting.correlate(None).scalar_subquery()


def choices_from(note: Note, source: Note) -> list[SectionShown]:
    """The sections of an earlier note in which something is written that this note has a field for."""
    places = {field.code for field in read_layout(note.template.layout).fields()}
    return [
        section
        for section in sections_of(source, {})
        if any(shown.said and shown.field.code in places for shown in section.fields)
    ]


def _draft(note: Note) -> Draft:
    layout = read_layout(note.template.layout)
    return Draft(note=note, words=summary_of(note, LAST_WORDS), empty=says_nothing(layout, note.body))
