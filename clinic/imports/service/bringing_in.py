"""The lines a person agreed to into the clinic's records, all in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import func, literal, select
from sqlalchemy.dialects.postgresql import insert

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.db import db
from clinic.imports.kinds import Context
from clinic.imports.models import Import, ImportedLine, ImportRow
from clinic.imports.queries import kind_of, to_write
from clinic.imports.service.lines import load_lines, store_lines

BATCH = 500


def bring_in(row: Import, context: Context, tell: Callable[[int, int], None]) -> dict[str, Any]:
    """Write all lines that are to be written; all of them or, when something fails, none."""
    kind, last, done, added = kind_of(row), 0, 0, 0
    total = db.session.scalar(select(func.count()).where(ImportRow.import_id == row.id, to_write())) or 0
    while True:
        rows = load_lines(
            select(ImportRow)
            .where(ImportRow.import_id == row.id, ImportRow.number > last, to_write())
            .order_by(ImportRow.number)
            .limit(min(BATCH, kind.batch))
        )
        if not rows:
            break
        last, done = rows[-1].number, done + len(rows)
        kind.write(context, rows)
        added += sum(line.added for line in rows)
        store_lines(rows)
        db.session.flush()
        db.session.expunge_all()
        tell(done, total)
    kind.finish(context)
    _remember(row)
    audit.record(
        context.actor,
        "import.brought_in",
        subject_type="import",
        subject_id=row.id,
        facility_id=row.facility_id,
        detail={"kind": row.kind, "lines": done, "added": added},
    )
    return {"committed_at": clock.now(), "done": done, "total": total}


def _remember(row: Import) -> None:
    """Know these lines again, should the same file come once more. One statement."""
    lines = (
        select(
            literal(row.facility_id),
            literal(row.kind),
            ImportRow.fingerprint,
            func.min(ImportRow.record_id),
            literal(row.id),
        )
        .where(
            ImportRow.import_id == row.id,
            ImportRow.record_id.is_not(None),
            ImportRow.fingerprint.is_not(None),
        )
        .group_by(ImportRow.fingerprint)
    )
    db.session.execute(
        insert(ImportedLine)
        .from_select(["facility_id", "kind", "fingerprint", "record_id", "import_id"], lines)
        .on_conflict_do_nothing(constraint="uq_imported_lines_fingerprint")
    )
