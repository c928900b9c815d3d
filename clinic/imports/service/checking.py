"""Looking at every line before anything is written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import func, or_, select

from clinic.core.db import db
from clinic.core.i18n import gettext as _
from clinic.imports.kinds import Context, Kind
from clinic.imports.kinds.base import LINE, cells_by_field
from clinic.imports.models import Import, ImportRow, Outcome
from clinic.imports.queries import kind_of
from clinic.imports.service.file import take_stock
from clinic.imports.service.lines import load_lines, store_lines

BATCH = 500
MOST_RELATED = 50
ACCEPTED = "_accepted"
"""Among what was mended: the line is to be taken although it is torn."""


def check_all(row: Import, context: Context, tell: Callable[[int, int], None]) -> dict[str, Any]:
    """Look at all lines that are not written yet, in the order of the file."""
    kind, last, done = kind_of(row), 0, 0
    total = (
        db.session.scalar(
            select(func.count()).where(ImportRow.import_id == row.id, ImportRow.written_at.is_(None))
        )
        or 0
    )
    while True:
        rows = load_lines(
            select(ImportRow)
            .where(ImportRow.import_id == row.id, ImportRow.number > last, ImportRow.written_at.is_(None))
            .order_by(ImportRow.number)
            .limit(min(BATCH, kind.batch))
        )
        if not rows:
            take_stock()
            return {"done": total, "total": total}
        last, done = rows[-1].number, done + len(rows)
        check_lines(kind, row.mapping, context, rows)
        tell(done, total)


def check_line(row: Import, context: Context, line: ImportRow) -> None:
    """Look again at one line that was mended, and at later lines that may be about the same person."""
    kind = kind_of(row)
    before = (line.match_name, line.match_contact)
    check_lines(kind, row.mapping, context, [line])
    names = {before[0], line.match_name} - {None}
    contacts = {before[1], line.match_contact} - {None}
    later = load_lines(
        select(ImportRow)
        .where(
            ImportRow.import_id == row.id,
            ImportRow.number > line.number,
            ImportRow.written_at.is_(None),
            ImportRow.outcome != Outcome.REFUSED,
            or_(ImportRow.match_name.in_(names), ImportRow.match_contact.in_(contacts)),
        )
        .order_by(ImportRow.number)
        .limit(MOST_RELATED)
    )
    if later:
        _judge(kind, context, later, {line.number: _about(line) for line in later})


def check_lines(kind: Kind, mapping: Sequence[str], context: Context, rows: Sequence[ImportRow]) -> None:
    """Read and judge lines; what a person decided stays where it is still about the same."""
    about = {line.number: _about(line) for line in rows}
    for line in rows:
        cells = cells_by_field(kind, mapping, line)
        reading = kind.read(cells, context)
        line.fingerprint = fingerprint(mapping, line)
        line.values, line.notes = reading.values, reading.notes
        line.faults = [*_flaws(line, context, len(mapping)), *reading.faults]
        line.match_name, line.match_contact = reading.name, reading.contact
        line.outcome = Outcome.REFUSED if line.faults else Outcome.NEW
        if line.faults:
            line.match = None
    store_lines(rows)
    _judge(kind, context, [line for line in rows if not line.faults], about)


def _judge(
    kind: Kind, context: Context, rows: Sequence[ImportRow], about: Mapping[int, tuple[Any, ...]]
) -> None:
    """Judge lines; ``about`` is what each was about when somebody decided."""
    if not rows:
        return
    kind.judge(context, rows)
    for line in rows:
        if line.decision is not None and about[line.number] != _about(line):
            line.decision = None
    store_lines(rows)


def _about(line: ImportRow) -> tuple[Any, ...]:
    return (line.outcome != Outcome.NEW, *((line.match or {}).get(part) for part in ("id", "line")))


def fingerprint(mapping: Sequence[str], line: ImportRow) -> str:
    """A line as it is known again: its cells as they came, by field, whatever their order."""
    cells = sorted((name, text) for name, text in zip(mapping, line.cells, strict=False) if name and text)
    return hashlib.sha256(json.dumps(cells, ensure_ascii=True).encode()).hexdigest()


def _flaws(line: ImportRow, context: Context, width: int) -> list[dict[str, str]]:
    if not line.flaw or line.mended.get(ACCEPTED) or LINE in context.lenient:
        return []
    return [{"field": LINE, "message": flaw_words(line.flaw, line.cells[width:])}]


def flaw_words(flaw: str, extra: Sequence[str]) -> str:
    """What is wrong with a line as a whole; ``extra`` are the cells beyond the headings."""
    words: Mapping[str, str] = {
        "torn": _("The line stops in the middle: something is missing at its end."),
        "unreadable": _("The line has characters that cannot be read."),
        "overlong": _("The line has more cells than there are headings."),
    }
    shown = ", ".join(f"“{cell[:40]}”" for cell in extra if cell)
    return f"{words.get(flaw, flaw)} {shown}".rstrip()
