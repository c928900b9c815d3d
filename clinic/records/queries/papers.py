"""Papers for whoever asks: lists by key, one paper, its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import contains_eager, joinedload

from clinic.audit.models import AuditEvent
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.patients.models import Patient
from clinic.records.models import Paper, PaperKind
from clinic.records.policy import names_in_sight, papers_in_sight

PAGE = 24
SEEN_FOR = timedelta(minutes=30)


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A paper in a list; ``opens`` is false where the reader may know its name only."""

    paper: Paper
    opens: bool


@dataclass(frozen=True, kw_only=True)
class PaperPage:
    """Part of a patient's papers, the latest first; ``older`` is the key of the part after this one."""

    items: list[Listed]
    older: int | None


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """The papers beside one in its list, by id."""

    newer: int | None
    older: int | None


def papers_of(
    actor: Actor, patient_id: int, *, kind: str | None = None, before: int | None = None, limit: int = PAGE
) -> PaperPage:
    """A patient's papers as far as ``actor`` may know of them, from the key ``before`` on."""
    found = (
        select(Paper, papers_in_sight(actor))
        .where(Paper.patient_id == patient_id, names_in_sight(actor))
        .options(joinedload(Paper.practitioner), joinedload(Paper.uploader))
        .order_by(Paper.id.desc())
        .limit(limit + 1)
    )
    if kind in set(PaperKind):
        found = found.where(Paper.kind == kind)
    if before is not None:
        found = found.where(Paper.id < before)
    rows = [Listed(paper=paper, opens=bool(opens)) for paper, opens in db.session.execute(found)]
    return PaperPage(items=rows[:limit], older=rows[limit - 1].paper.id if len(rows) > limit else None)


def get_paper(actor: Actor, paper_id: int, *, for_change: bool = False) -> Paper:
    """A paper that ``actor`` may open. Raises NotFound for any other."""
    return _one(papers_in_sight(actor), paper_id, for_change=for_change)


def get_named(actor: Actor, paper_id: int) -> Paper:
    """A paper whose name ``actor`` may read, to be changed. Raises NotFound for any other."""
    return _one(names_in_sight(actor), paper_id, for_change=True)


def papers_by_id(actor: Actor, patient_id: int, paper_ids: Sequence[int]) -> list[Paper]:
    """Those of a patient's papers that ``actor`` may open, by id."""
    found = select(Paper).where(
        Paper.patient_id == patient_id, Paper.id.in_(paper_ids), papers_in_sight(actor)
    )
    return list(db.session.scalars(found.order_by(Paper.id.desc()))) if paper_ids else []


def neighbours(actor: Actor, paper: Paper) -> Neighbours:
    """What stands before and after it in the patient's list."""
    mine = select(Paper.id).where(Paper.patient_id == paper.patient_id, papers_in_sight(actor))
    newer = mine.where(Paper.id > paper.id).order_by(Paper.id).limit(1).scalar_subquery()
    older = mine.where(Paper.id < paper.id).order_by(Paper.id.desc()).limit(1).scalar_subquery()
    found = db.session.execute(select(newer, older)).one()
    return Neighbours(newer=found[0], older=found[1])


def count_of(actor: Actor, patient_id: int) -> int:
    """How many papers of a patient ``actor`` may open."""
    found = (
        select(func.count()).select_from(Paper).where(Paper.patient_id == patient_id, papers_in_sight(actor))
    )
    return db.session.scalar(found) or 0


def was_seen(actor: Actor, paper_id: int) -> bool:
    """Whether it is written down already that somebody opened the paper a moment ago."""
    row = select(AuditEvent.id).where(
        AuditEvent.actor_id == actor.user_id,
        AuditEvent.at > clock.now() - SEEN_FOR,
        AuditEvent.action == "paper.viewed",
        AuditEvent.subject_id == paper_id,
        AuditEvent.outcome == "done",
    )
    return db.session.scalar(row.limit(1)) is not None


def was_listed(actor: Actor, patient_id: int) -> bool:
    """Whether it is written down already that somebody looked through the papers of a patient lately."""
    row = select(AuditEvent.id).where(
        AuditEvent.actor_id == actor.user_id,
        AuditEvent.at > clock.now() - SEEN_FOR,
        AuditEvent.patient_id == patient_id,
        or_(
            AuditEvent.action == "paper.listed",
            and_(AuditEvent.action == "patient.viewed", AuditEvent.detail["tab"].astext == "papers"),
        ),
        AuditEvent.outcome == "done",
    )
    return db.session.scalar(row.limit(1)) is not None


def _one(condition: ColumnElement[bool], paper_id: int, *, for_change: bool) -> Paper:
    found: Select[Paper] = (
        select(Paper).join(Patient, Patient.id == Paper.patient_id).where(Paper.id == paper_id, condition)
    )
    if for_change:
        found = found.with_for_update(of=Paper).execution_options(populate_existing=True)
    found = found.options(
        contains_eager(Paper.patient),
        joinedload(Paper.practitioner),
        joinedload(Paper.uploader),
        joinedload(Paper.verifier),
    )
    paper = db.session.scalars(found).first()
    if paper is None:
        raise NotFound(_("There is no such paper."))
    return paper
