"""The verification that comes round every night, and whenever an administrator asks for it."""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy import select

from clinic.audit.models import AuditCheck
from clinic.audit.verifying import check
from clinic.core import clock, queue
from clinic.core.db import db
from clinic.core.periodic import every

log = structlog.get_logger(__name__)
TASK = "clinic.audit.nightly.run"
LONGEST_SECONDS = 4 * 3600
NIGHT = range(1, 5)
"""The hours of the night, at home, in which it is asked for."""
OFTEN, SELDOM = timedelta(hours=12), timedelta(hours=26)


def connect() -> None:
    """Register the work that comes round."""
    every(900, "audit.ask_to_verify", ask_when_due)


def last_check() -> AuditCheck | None:
    """The last verification that was finished."""
    return db.session.scalars(select(AuditCheck).order_by(AuditCheck.id.desc()).limit(1)).first()


def ask_when_due() -> bool:
    """Ask a worker to verify once a night; by day only where the last time is longer ago than a day."""
    last, now = last_check(), clock.now()
    at_night = now.astimezone(clock.zone(clock.HOME_ZONE)).hour in NIGHT
    ago = now - last.finished_at if last else None
    if ago is not None and ago < (OFTEN if at_night else SELDOM):
        return False
    return ask()


def ask() -> bool:
    """Ask a worker to verify everything sealed; False while the queue is away."""
    return queue.enqueue(TASK, priority=queue.LONG, longest_seconds=LONGEST_SECONDS)


def run() -> None:
    """Verify, unless somebody was quicker: what was asked for twice is done once."""
    try:
        last = last_check()
        if last is not None and clock.now() - last.finished_at < timedelta(seconds=30):
            return
        found = check()
        level = log.info if found.good else log.error
        level("audit_verified", good=found.good, finding=found.finding, batch=found.batch, rows=found.rows)
    finally:
        db.session.remove()
