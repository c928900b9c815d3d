"""The lines that were not brought in, as the same file with a column that says why."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from sqlalchemy import and_, or_, select

from clinic.core.cells import neutral
from clinic.core.db import db
from clinic.core.i18n import gettext as _
from clinic.imports.models import Import, ImportRow, Outcome
from clinic.imports.queries import kind_of

BATCH = 500


def refused_file(row: Import) -> Iterator[str]:
    """Lines refused or waiting, as far as they were mended, and the reason last, as CSV text by pieces.

    Once mended it can be brought in as it is: the headings are the file's own.
    """
    headings = list((row.shape or {}).get("headings", []))
    labels = {entry.name: str(entry.label) for entry in kind_of(row).fields}
    delimiter = (row.shape or {}).get("delimiter") or ","
    yield "\ufeff" + _written([*headings, _("Why not brought in")], delimiter)
    last = 0
    while True:
        lines = db.session.scalars(
            select(ImportRow)
            .where(
                ImportRow.import_id == row.id,
                ImportRow.number > last,
                ImportRow.written_at.is_(None),
                or_(
                    ImportRow.outcome == Outcome.REFUSED,
                    and_(ImportRow.outcome == Outcome.DUPLICATE, ImportRow.decision.is_(None)),
                ),
            )
            .order_by(ImportRow.number)
            .limit(BATCH)
        ).all()
        if not lines:
            return
        for line in lines:
            cells = _as_mended(row, line, len(headings))
            yield _written([*cells, _why(line, labels)], delimiter)
        last = lines[-1].number


def _as_mended(row: Import, line: ImportRow, width: int) -> list[str]:
    """The cells of a line, with what a person typed instead in the first column of its field."""
    cells = [*line.cells[:width], *[""] * (width - len(line.cells))]
    for name, text in line.mended.items():
        places = [place for place, field in enumerate(row.mapping) if field == name]
        for place in places:
            cells[place] = text if place == places[0] else ""
    return cells


def _why(line: ImportRow, labels: dict[str, str]) -> str:
    if line.outcome == Outcome.DUPLICATE:
        return _("May be somebody who is here already; nobody has decided.")
    return " ".join(
        f"{labels[fault['field']]}: {fault['message']}" if fault["field"] in labels else fault["message"]
        for fault in line.faults
    )


def _written(cells: list[str], delimiter: str) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerow([neutral(cell) for cell in cells])
    return buffer.getvalue()
