"""Intake links: found by their token, and those that wait for somebody to look at them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import joinedload

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.crypto import token_hash
from clinic.core.db import db
from clinic.patients import policy
from clinic.patients.intake import opened
from clinic.patients.models import IntakeLink, IntakeSection, Patient
from clinic.patients.queries.consents import asked_and_missing


class IntakeState(StrEnum):
    """Where an intake stands, as the desk reads it."""

    NONE = "none"
    SENT = "sent"
    STARTED = "started"
    SUBMITTED = "submitted"
    REVIEWED = "reviewed"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, kw_only=True)
class WaitingIntake:
    """An intake somebody filled in and nobody has looked at."""

    patient_id: int
    patient_name: str
    submitted_at: datetime


@dataclass(frozen=True, kw_only=True)
class KeptSection:
    """One section as it was last kept, the answers as they were typed."""

    section: str
    answers: dict[str, str]
    version: int
    saved_at: datetime
    complete: bool


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """How far a patient is with what is asked at the beginning.

    ``link`` is the intake that counts (None: none), ``done`` how many of its sections are done. ``asked``,
    ``missing`` and ``required_missing`` count consents.
    """

    link: IntakeLink | None
    state: IntakeState
    done: int
    asked: int
    missing: int
    required_missing: int


def open_link(token: str) -> IntakeLink | None:
    """The link behind a token while it may be used, with its patient; None for all others alike."""
    if not token or len(token) > 200:
        return None
    return db.session.scalars(
        select(IntakeLink)
        .where(
            IntakeLink.token_hash == token_hash(token),
            IntakeLink.revoked_at.is_(None),
            IntakeLink.reviewed_at.is_(None),
            IntakeLink.expires_at > clock.now(),
        )
        .options(joinedload(IntakeLink.patient))
    ).first()


def link_ended(token: str) -> bool:
    """Whether there was such a link, and it is over."""
    if not token or len(token) > 200:
        return False
    return (
        db.session.scalar(select(IntakeLink.id).where(IntakeLink.token_hash == token_hash(token))) is not None
    )


def intake_of(patient_id: int) -> tuple[IntakeLink | None, IntakeState]:
    """The link that counts and where it stands, see ``beginning_of``. One statement."""
    found = beginning_of(patient_id)
    return found.link, found.state


def beginning_of(patient_id: int) -> Beginning:
    """The intake that counts (the newest that was sent in and waits, else the newest) and the consents that
    are missing. One statement.
    """
    return beginning_with(patient_id)[0]


def beginning_with(patient_id: int, *more: ColumnElement[Any]) -> tuple[Beginning, tuple[Any, ...]]:
    """``beginning_of``, and in the same statement what else a page wants to know: scalar sub-selects."""
    waiting = IntakeLink.submitted_at.is_not(None) & IntakeLink.reviewed_at.is_(None)
    begun = select(func.count()).where(IntakeSection.link_id == IntakeLink.id).correlate(IntakeLink)
    row = db.session.execute(
        select(
            IntakeLink,
            begun.scalar_subquery(),
            begun.where(IntakeSection.complete).scalar_subquery(),
            *asked_and_missing(),
            *more,
        )
        .select_from(Patient)
        .outerjoin(IntakeLink, IntakeLink.patient_id == Patient.id)
        .where(Patient.id == patient_id)
        .order_by(waiting.desc(), IntakeLink.id.desc())
        .limit(1)
    ).first()
    if row is None:
        nothing = Beginning(link=None, state=IntakeState.NONE, done=0, asked=0, missing=0, required_missing=0)
        return nothing, (None,) * len(more)
    link, sections, done, asked, missing, required, *found = row
    beginning = Beginning(
        link=link,
        state=intake_state(link, started=sections > 0) if link else IntakeState.NONE,
        done=done or 0,
        asked=asked,
        missing=missing,
        required_missing=required,
    )
    return beginning, tuple(found)


def sections_of(link_id: int) -> dict[str, KeptSection]:
    """What was entered through a link, by section."""
    rows = db.session.scalars(select(IntakeSection).where(IntakeSection.link_id == link_id))
    return {
        row.section: KeptSection(
            section=row.section,
            answers=opened(row.answers),
            version=row.version,
            saved_at=row.saved_at,
            complete=row.complete,
        )
        for row in rows
    }


def intake_state(link: IntakeLink, *, started: bool = False) -> IntakeState:
    """Where a link stands now."""
    if link.reviewed_at is not None:
        return IntakeState.REVIEWED
    if link.submitted_at is not None:
        return IntakeState.SUBMITTED
    if link.revoked_at is not None:
        return IntakeState.REVOKED
    if link.expires_at <= clock.now():
        return IntakeState.EXPIRED
    return IntakeState.STARTED if started else IntakeState.SENT


def intake_waiting_among(patient_ids: list[int]) -> set[int]:
    """Those of the patients whose intake was filled in and waits to be looked at. One statement, none for no
    patients.
    """
    if not patient_ids:
        return set()
    return set(
        db.session.scalars(
            select(IntakeLink.patient_id).where(
                IntakeLink.patient_id.in_(patient_ids),
                IntakeLink.submitted_at.is_not(None),
                IntakeLink.reviewed_at.is_(None),
            )
        )
    )


def intake_missing_among(patient_ids: list[int]) -> set[int]:
    """Those of the patients who were sent a link and have not filled it in. One statement, none for no
    patients.
    """
    if not patient_ids:
        return set()
    rows = db.session.execute(
        select(IntakeLink.patient_id)
        .where(IntakeLink.patient_id.in_(patient_ids))
        .group_by(IntakeLink.patient_id)
        .having(func.count(IntakeLink.submitted_at) == 0)
    )
    return {row[0] for row in rows}


def intakes_to_review(actor: Actor, *, limit: int = 20) -> list[WaitingIntake]:
    """Intakes that wait to be looked at, the oldest first, as far as ``actor`` may see the patients."""
    rows = db.session.execute(
        select(Patient.id, Patient.name, func.min(IntakeLink.submitted_at).label("since"))
        .join(Patient, Patient.id == IntakeLink.patient_id)
        .where(IntakeLink.submitted_at.is_not(None), IntakeLink.reviewed_at.is_(None), policy.visible(actor))
        .group_by(Patient.id, Patient.name)
        .order_by(func.min(IntakeLink.submitted_at))
        .limit(limit)
    )
    return [
        WaitingIntake(patient_id=row.id, patient_name=row.name, submitted_at=row.since)
        for row in rows
        if row.since is not None
    ]
