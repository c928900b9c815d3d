"""Looking at a register file, and reading it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from clinic.imports.reading.csv_files import look_at_csv, read_csv_lines
from clinic.imports.reading.kinds import kind_of
from clinic.imports.reading.shape import MOST_ROWS, Line, Shape, too_many_rows


def look(path: Path, *, name: str, known: Callable[[str], bool], sheet: str | None = None) -> Shape:
    """How the file at ``path`` is written; its content decides, whatever its ``name`` ends in.

    ``known(heading)`` tells whether a heading means something to the importer. ``sheet`` chooses one of a
    workbook's visible sheets. Raises Unreadable.
    """
    if kind_of(path, name) == "xlsx":
        from clinic.imports.reading.workbook import look_at_workbook  # openpyxl is loaded when there is one

        shape = look_at_workbook(path, known, sheet)
    else:
        shape = look_at_csv(path, known)
    if shape.rows is not None and shape.rows > MOST_ROWS:
        raise too_many_rows()
    return shape


def read_lines(path: Path, shape: Shape) -> Iterator[Line]:
    """The data rows below the heading one by one, wholly blank ones left out.

    A row that did not arrive whole says so in its ``fault``. Raises Unreadable, also on the way.
    """
    for count, line in enumerate(_lines(path, shape), 1):
        if count > MOST_ROWS:
            raise too_many_rows()
        yield line


def _lines(path: Path, shape: Shape) -> Iterator[Line]:
    if kind_of(path) != "xlsx":
        return read_csv_lines(path, shape)
    from clinic.imports.reading.workbook import read_workbook_lines

    return read_workbook_lines(path, shape)
