"""Reading what was written down."""

from __future__ import annotations

from sqlalchemy import func, select

from clinic.audit.models import AuditEvent
from clinic.core.db import db
from clinic.core.paging import COUNT_CAP, Page, PageRequest


def event_page(request: PageRequest, *, actor_id: int | None = None) -> Page[AuditEvent]:
    """What was done, the newest first; by one person if ``actor_id`` is given."""
    conditions = [] if actor_id is None else [AuditEvent.actor_id == actor_id]
    total = db.session.scalar(
        select(func.count()).select_from(
            select(AuditEvent.id).where(*conditions).limit(COUNT_CAP + 1).subquery()
        )
    )
    events = db.session.scalars(
        select(AuditEvent)
        .where(*conditions)
        .order_by(AuditEvent.id.desc())
        .limit(request.limit)
        .offset(request.offset)
    )
    return Page(list(events), request, min(total or 0, COUNT_CAP), capped=(total or 0) > COUNT_CAP)
