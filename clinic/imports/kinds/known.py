"""Lines and the records they belong to, alike for every kind: brought in before, an earlier line, refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.exc import DBAPIError

from clinic.core.db import db, error_of
from clinic.core.errors import DomainError
from clinic.imports.kinds.base import LINE, Context
from clinic.imports.models import Decision, ImportedLine, ImportRow, Outcome


def brought_in_before(context: Context, kind: str, model: Any, rows: Sequence[ImportRow]) -> dict[str, int]:
    """The records that these lines made before at the facility, by fingerprint, if they are still there.

    ``model`` is the table of the records. One statement.
    """
    found = db.session.execute(
        select(ImportedLine.fingerprint, ImportedLine.record_id)
        .join(model, model.id == ImportedLine.record_id)
        .where(
            ImportedLine.facility_id == context.facility.id,
            ImportedLine.kind == kind,
            ImportedLine.fingerprint.in_([row.fingerprint for row in rows]),
        )
    )
    return dict(found.tuples().all())


def records_of_lines(context: Context, rows: Sequence[ImportRow]) -> dict[int, int]:
    """What became of the earlier lines that lines refer to. One statement, none where they refer to none."""
    wanted = [row.match["line"] for row in rows if row.match and row.match.get("line")]
    if not wanted:
        return {}
    found = db.session.execute(
        select(ImportRow.number, ImportRow.record_id).where(
            ImportRow.import_id == context.import_id,
            ImportRow.number.in_(wanted),
            ImportRow.record_id.is_not(None),
        )
    )
    return {number: record_id for number, record_id in found if record_id is not None}


def target_of(row: ImportRow, lines: Mapping[int, int]) -> int | None:
    """The record a line belongs to; minus the number of a line before it in the same batch; None for new."""
    if row.outcome == Outcome.NEW or row.decision == Decision.ADD or row.match is None:
        return None
    if row.match.get("id"):
        return int(row.match["id"])
    earlier = int(row.match["line"])
    return lines.get(earlier, -earlier)


def added_by(context: Context) -> Select[Any]:
    """The ids of the records an import added."""
    return select(ImportRow.record_id).where(
        ImportRow.import_id == context.import_id, ImportRow.added, ImportRow.record_id.is_not(None)
    )


def refuse(row: ImportRow, message: str, field: str | None = None) -> None:
    """Do not take a line, and say why, beside a field or of the whole of it."""
    row.record_id = row.written_at = row.version_after = row.before = row.match = None
    row.added = False
    row.outcome = Outcome.REFUSED
    row.faults = [*row.faults, {"field": field or LINE, "message": message}]


def remark(row: ImportRow, field: str, message: str) -> None:
    """Say beside a field what is worth knowing; once, however often the line is judged."""
    note = {"field": field, "message": message}
    if note not in row.notes:
        row.notes = [*row.notes, note]


@contextmanager
def by_itself(row: ImportRow) -> Iterator[None]:
    """Write one line so that it can fail alone: what the domain refuses is said of the line, nothing of it
    stays, and the others go on.
    """
    try:
        with db.session.begin_nested():
            yield
    except DomainError as wrong:
        refuse(row, wrong.message, wrong.field)
    except DBAPIError as failure:
        wrong_row = error_of(failure)
        if wrong_row is None:
            raise
        refuse(row, wrong_row.message, wrong_row.field)


__all__ = [
    "added_by",
    "brought_in_before",
    "by_itself",
    "records_of_lines",
    "refuse",
    "remark",
    "target_of",
]
