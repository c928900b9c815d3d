"""What the clock does for imports: begins again what a crash left behind, and drops old files."""

from __future__ import annotations

from sqlalchemy import func, select

from clinic.core import clock, queue
from clinic.core.db import db, unit_of_work
from clinic.core.periodic import every
from clinic.imports.models import SILENT, WORKING, Import
from clinic.imports.service import KEPT_FOR, TASK, forget_lines
from clinic.imports.service.code_uploads import forget_uploads
from clinic.imports.service.receiving import LONGEST_SECONDS


def connect() -> None:
    """Register the work that comes round."""
    every(15, "imports.carry_on", ask_again)
    every(3_600, "imports.forget", forget_old)
    every(3_600, "imports.forget_code_uploads", forget_uploads)


def ask_again() -> int:
    """Put imports that stand still on the queue again; how many. A worker still at one is not disturbed."""
    with unit_of_work():
        waiting = db.session.scalars(
            select(Import.id)
            .where(
                Import.state.in_(WORKING),
                func.coalesce(Import.beat_at, Import.created_at) < clock.now() - SILENT,
            )
            .order_by(Import.id)
            .limit(20)
        ).all()
    return sum(
        queue.enqueue(TASK, import_id, priority=queue.LONG, longest_seconds=LONGEST_SECONDS)
        for import_id in waiting
    )


def forget_old() -> int:
    """Drop the lines of files nobody has worked on for 90 days; how many files."""
    with unit_of_work():
        old = db.session.scalars(
            select(Import.id).where(
                Import.state.not_in(WORKING),
                Import.cleared_at.is_(None),
                func.coalesce(Import.beat_at, Import.created_at) < clock.now() - KEPT_FOR,
            )
        ).all()
        if old:
            forget_lines(old)
    return len(old)
