"""Reading what was written down, the newest first, paged by key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, or_, select, true
from sqlalchemy.orm import aliased

from clinic.audit.models import AuditBatch, AuditCheck, AuditEvent
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.core.text import like_prefix

PAGE, BATCH = 50, 2_000
MOST_COUNTED = 10_000


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which rows: of one person, about one patient, what (the noun of an action), how it ended, when
    (``since`` included, ``until`` not), at one facility. None leaves it open.
    """

    actor_id: int | None = None
    patient_id: int | None = None
    noun: str | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    facility_id: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The same as conditions on ``audit_events``."""
        found: list[ColumnElement[bool]] = []
        equal = {
            AuditEvent.actor_id: self.actor_id,
            AuditEvent.patient_id: self.patient_id,
            AuditEvent.outcome: self.outcome,
            AuditEvent.facility_id: self.facility_id,
        }
        found.extend(column == value for column, value in equal.items() if value is not None)
        if self.noun is not None:
            found.append(AuditEvent.action.like(like_prefix(f"{self.noun}.")))
        if self.since is not None:
            found.append(AuditEvent.at >= self.since)
        if self.until is not None:
            found.append(AuditEvent.at < self.until)
        return found


@dataclass(frozen=True, kw_only=True)
class Events:
    """Some rows, the newest first; ``before`` is the key that leads on, None at the end."""

    items: Sequence[AuditEvent]
    before: int | None


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """How far the audit is sealed, how many rows were written since (counted up to ``MOST_COUNTED``), and
    what the last verification found.
    """

    until: datetime | None
    last_id: int
    batches: int
    unsealed: int
    check: AuditCheck | None


def events(wanted: Wanted, *, before: int | None = None, limit: int = PAGE) -> Events:
    """A page of rows. One statement."""
    query = select(AuditEvent).where(*wanted.conditions())
    if before is not None:
        query = query.where(AuditEvent.id < before)
    rows = db.session.scalars(query.order_by(AuditEvent.id.desc()).limit(limit + 1)).all()
    return Events(items=rows[:limit], before=rows[limit - 1].id if len(rows) > limit else None)


def get_event(event_id: int) -> tuple[AuditEvent, AuditBatch | None]:
    """One row, and the batch it is sealed in, None for what came after the last seal. Raises NotFound."""
    within = and_(AuditBatch.first_id <= AuditEvent.id, AuditBatch.last_id >= AuditEvent.id)
    row = db.session.execute(
        select(AuditEvent, AuditBatch).outerjoin(AuditBatch, within).where(AuditEvent.id == event_id)
    ).first()
    if row is None:
        raise NotFound(_("There is no such row."))
    return row.AuditEvent, row.AuditBatch


def sealed() -> Sealed:
    """How the sealing stands. One statement."""
    batch = aliased(AuditBatch, select(AuditBatch).order_by(AuditBatch.number.desc()).limit(1).subquery())
    check = aliased(AuditCheck, select(AuditCheck).order_by(AuditCheck.id.desc()).limit(1).subquery())
    last = select(func.coalesce(func.max(AuditBatch.last_id), 0)).scalar_subquery()
    after = select(AuditEvent.id).where(AuditEvent.id > last).limit(MOST_COUNTED).subquery()
    one = select(select(func.count()).select_from(after).scalar_subquery().label("unsealed")).subquery()
    row = db.session.execute(
        select(one.c.unsealed, batch.sealed_at, batch.last_id, batch.number, check)
        .select_from(one)
        .outerjoin(batch, true())
        .outerjoin(check, true())
    ).one()
    return Sealed(until=row[1], last_id=row[2] or 0, batches=row[3] or 0, unsealed=row[0], check=row[4])


def batches_of(wanted: Wanted, *, last_id: int) -> Iterator[Sequence[Row[Any]]]:
    """Rows up to ``last_id`` in batches, the oldest first, for a file."""
    columns = AuditEvent.__table__.columns
    after = 0
    while True:
        rows = db.session.execute(
            select(*columns)
            .where(*wanted.conditions(), AuditEvent.id > after, AuditEvent.id <= last_id)
            .order_by(AuditEvent.id)
            .limit(BATCH)
        ).all()
        db.session.rollback()
        if not rows:
            return
        yield rows
        after = rows[-1].id


def newest_id() -> int:
    """The id of the row written last, 0 before the first."""
    return db.session.scalar(select(func.max(AuditEvent.id))) or 0


def lookings(patient_id: int, *, before: int | None = None, limit: int = PAGE) -> Events:
    """What people did with one patient's data, the newest first; what the clinic's own machinery did by
    itself is left out. One statement.
    """
    query = select(AuditEvent).where(
        AuditEvent.patient_id == patient_id,
        or_(AuditEvent.actor_id.is_not(None), AuditEvent.origin != ""),
    )
    if before is not None:
        query = query.where(AuditEvent.id < before)
    rows = db.session.scalars(query.order_by(AuditEvent.id.desc()).limit(limit + 1)).all()
    return Events(items=rows[:limit], before=rows[limit - 1].id if len(rows) > limit else None)
