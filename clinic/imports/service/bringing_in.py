"""The lines a person agreed to into the clinic's records, all in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import func, literal, select, text
from sqlalchemy.dialects.postgresql import insert

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.db import db
from clinic.imports.kinds import Context
from clinic.imports.mapping import folded, is_known
from clinic.imports.models import Import, ImportedLine, ImportHeading, ImportRow
from clinic.imports.queries import kind_of, to_write
from clinic.imports.service.lines import load_lines, store_lines

BATCH = 500
LOCK_SPACE = 0x1421


def bring_in(row: Import, context: Context, tell: Callable[[int, int], None]) -> dict[str, Any]:
    """Write all lines that are to be written; all of them or, when something fails, none."""
    one_at_a_time(row.facility_id)
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
    _remember_headings(row)
    audit.record(
        context.actor,
        "import.brought_in",
        subject_type="import",
        subject_id=row.id,
        facility_id=row.facility_id,
        detail={"kind": row.kind, "lines": done, "added": added},
    )
    return {"committed_at": clock.now(), "done": done, "total": total}


def one_at_a_time(facility_id: int) -> None:
    """Wait until no other import of the facility is being written: two of the same people are one each."""
    db.session.execute(
        text("SELECT pg_advisory_xact_lock(:space, :id)"), {"space": LOCK_SPACE, "id": facility_id % 2**31}
    )


def _remember_headings(row: Import) -> None:
    """Understand the next file with these headings. A column left out is remembered only where its heading
    says nothing by itself: it may well be wanted the next time.
    """
    shape, kind = row.shape or {}, kind_of(row)
    if not shape.get("header_row"):
        return
    remembered = {
        folded(heading): name
        for heading, name in zip(shape.get("headings", []), row.mapping, strict=False)
        if folded(heading) and (name or not is_known(kind, heading))
    }
    if not remembered:
        return
    statement = insert(ImportHeading).values(
        [
            {"facility_id": row.facility_id, "kind": row.kind, "heading": heading, "field": name}
            for heading, name in sorted(remembered.items())
        ]
    )
    db.session.execute(
        statement.on_conflict_do_update(
            constraint="pk_import_headings", set_={"field": statement.excluded.field}
        )
    )


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
