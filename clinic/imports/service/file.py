"""The file into lines: how it is written, what its columns may be, and every line as it came."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, text

from clinic.core.db import db
from clinic.imports.kinds import Context
from clinic.imports.mapping import guess, is_known
from clinic.imports.models import Import, ImportRow
from clinic.imports.queries import kind_of, remembered_headings, samples_of
from clinic.imports.reading import Shape, look, read_lines
from clinic.imports.service.receiving import pieces_of
from clinic.imports.values import guess_order

BATCH = 1_000
SAMPLED = 200
DATED = ("birth", "first_visit", "date", "moment", "died")


def read_file(row: Import, _context: Context, tell: Callable[[int, int], None]) -> dict[str, Any]:
    """Take a file apart. Returns what is now known of it; raises Unreadable."""
    kind = kind_of(row)
    remembered = remembered_headings(row.facility_id, row.kind)
    db.session.execute(delete(ImportRow).where(ImportRow.import_id == row.id))
    with tempfile.TemporaryDirectory(prefix="sutra-import-") as folder:
        path = Path(folder) / "file"
        with path.open("wb") as file:
            file.writelines(pieces_of(row.id))
        wanted = (row.shape or {}).get("sheet")
        shape = look(
            path, name=row.file_name, known=lambda text: is_known(kind, text, remembered), sheet=wanted
        )
        total = _keep_lines(row.id, path, shape, tell)
    take_stock()
    samples = samples_of(row.id, len(shape.headings), lines=SAMPLED)
    mapping = guess(kind, shape.headings, samples, remembered)
    return {
        "shape": shape.to_json(),
        "mapping": mapping,
        "day_order": str(_day_order(mapping, samples)),
        "total": total,
        "done": total,
    }


def take_stock() -> None:
    """Let the planner know how many lines there are now: what it knew of an empty table would have it read
    all of them for each.
    """
    db.session.execute(text("ANALYZE import_rows"))


def _keep_lines(import_id: int, path: Path, shape: Shape, tell: Callable[[int, int], None]) -> int:
    count, batch = 0, []
    for line in read_lines(path, shape):
        batch.append(
            {"import_id": import_id, "number": line.number, "cells": list(line.cells), "flaw": line.fault}
        )
        if len(batch) == BATCH:
            count += _store(batch)
            batch = []
            tell(count, max(count, shape.rows or 0))
    return count + _store(batch)


def _store(batch: Sequence[dict[str, Any]]) -> int:
    if batch:
        empty: dict[str, Any] = {"mended": {}, "faults": [], "notes": [], "values": {}, "added": False}
        db.session.execute(insert(ImportRow), [{**empty, **line} for line in batch])
    return len(batch)


def _day_order(mapping: Sequence[str], samples: Sequence[Sequence[str]]) -> str:
    cells = [cell for name, column in zip(mapping, samples, strict=True) if name in DATED for cell in column]
    return guess_order(cells)
