"""The lines a person agreed to into the clinic's records, all in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.db import db
from clinic.imports.kinds import Context
from clinic.imports.models import Import, ImportedLine, ImportRow
from clinic.imports.queries import kind_of, to_write

BATCH = 500


def bring_in(row: Import, context: Context, tell: Callable[[int, int], None]) -> dict[str, Any]:
    """Write all lines that are to be written; all of them or, when something fails, none."""
    kind, last, done, added = kind_of(row), 0, 0, 0
    total = db.session.scalar(select(func.count()).where(ImportRow.import_id == row.id, to_write())) or 0
    while True:
        rows = db.session.scalars(
            select(ImportRow)
            .where(ImportRow.import_id == row.id, ImportRow.number > last, to_write())
            .order_by(ImportRow.number)
            .limit(BATCH)
        ).all()
        if not rows:
            break
        last, done = rows[-1].number, done + len(rows)
        kind.write(context, rows)
        added += sum(line.added for line in rows)
        _remember(row, rows)
        db.session.flush()
        db.session.expunge_all()
        tell(done, total)
    kind.finish(context)
    audit.record(
        context.actor,
        "import.brought_in",
        subject_type="import",
        subject_id=row.id,
        facility_id=row.facility_id,
        detail={"kind": row.kind, "lines": done, "added": added},
    )
    return {"committed_at": clock.now(), "done": done, "total": total}


def _remember(row: Import, rows: Any) -> None:
    """Know these lines again, should the same file come once more."""
    known = [
        {
            "facility_id": row.facility_id,
            "kind": row.kind,
            "fingerprint": line.fingerprint,
            "record_id": line.record_id,
            "import_id": row.id,
        }
        for line in rows
        if line.record_id is not None and line.fingerprint
    ]
    if known:
        db.session.execute(
            insert(ImportedLine)
            .values(known)
            .on_conflict_do_nothing(constraint="uq_imported_lines_fingerprint")
        )
