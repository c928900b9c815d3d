"""Registers as Excel workbooks (.xlsx)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula

from clinic.core.i18n import gettext as _
from clinic.imports.reading.cells import is_blank, make_line, show
from clinic.imports.reading.headings import (
    LOOKED_AT,
    Headings,
    Row,
    filled_width,
    find_headings,
    name_columns,
)
from clinic.imports.reading.kinds import nothing_in_it
from clinic.imports.reading.packages import damaged, unpacked_size
from clinic.imports.reading.shape import MOST_COLUMNS, Line, Shape, Unreadable

MOST_BLANK_ROWS = 1_000
_SAMPLE = 300
# A larger workbook is not read through only to count its rows.
_COUNTED_BYTES = 10_000_000


def look_at_workbook(path: Path, known: Callable[[str], bool], sheet: str | None) -> Shape:
    """Which sheet of the workbook is read, and its headings: ``sheet``, else the visible one with the most
    known headings. Raises Unreadable."""
    with _workbook(path) as book:
        sheets = tuple(page.title for page in book.worksheets if page.sheet_state == "visible")
        if sheet is not None and sheet not in sheets:
            raise Unreadable(_("This file has no sheet called “%(sheet)s”.", sheet=sheet))
        chosen, headings = _choose(path, book, [sheet] if sheet is not None else list(sheets), known)
        head = headings.row or 0
        data = (row for row in _filled_rows(path, book, chosen) if row[0] > head)
        sample = list(islice(data, _SAMPLE))
        counted = unpacked_size(path) <= _COUNTED_BYTES
        rows = len(sample) + sum(1 for _row in data) if counted else None
    width = max(filled_width(cells) for cells in [headings.cells, *(cells for _, cells in sample)])
    width = max(1, min(width, MOST_COLUMNS))
    return Shape(
        format="xlsx",
        encoding=None,
        delimiter=None,
        sheet=chosen,
        sheets=sheets,
        header_row=headings.row,
        headings=name_columns(headings.cells, width),
        width=width,
        pads=False,
        rows=rows,
    )


def read_workbook_lines(path: Path, shape: Shape) -> Iterator[Line]:
    """The data rows of the chosen sheet, blank ones left out. Raises Unreadable."""
    head, columns = shape.header_row or 0, len(shape.headings)
    with _workbook(path) as book:
        for number, cells in _filled_rows(path, book, shape.sheet or ""):
            if number > head and (line := make_line(number, cells, columns=columns, fault=None)):
                yield line


def _choose(path: Path, book: Any, sheets: list[str], known: Callable[[str], bool]) -> tuple[str, Headings]:
    best: tuple[str, Headings] | None = None
    for sheet in sheets:
        if rows := list(islice(_filled_rows(path, book, sheet), LOOKED_AT)):
            headings = find_headings(rows, known)
            if best is None or headings.known > best[1].known:
                best = sheet, headings
    if best is None:
        raise nothing_in_it()
    return best


@contextmanager
def _workbook(path: Path, *, saved_values: bool = False) -> Iterator[Any]:
    """The workbook with its formulas, or with the values they had when it was saved.

    The library trusts what it reads and fails in many ways; each of them means a damaged file.
    """
    with path.open("rb") as file:
        try:
            book = load_workbook(file, read_only=True, data_only=saved_values, keep_links=False)
        except Exception:
            raise damaged() from None
        try:
            yield book
        finally:
            book.close()


def _rows(book: Any, sheet: str, *, values_only: bool) -> Iterator[tuple[Any, ...]]:
    """All rows of a sheet, the missing ones between them too, without belief in its declared size."""
    try:
        page = book[sheet]
        page.reset_dimensions()
        yield from page.iter_rows(values_only=values_only)
    except Exception:
        raise damaged() from None


def _filled_rows(path: Path, book: Any, sheet: str) -> Iterator[Row]:
    """The number and the texts of each row that is not blank; ends after MOST_BLANK_ROWS blank ones.

    A formula gives the value that was saved with it, or itself when there is none. The saved values take a
    second reading of the sheet, which begins at the first formula.
    """
    blank = 0
    with ExitStack() as stack:
        saved: Iterator[tuple[Any, ...]] | None = None
        read = 0
        for number, row in enumerate(_rows(book, sheet, values_only=True), 1):
            if any(map(_is_formula, row)):
                if saved is None:
                    second = stack.enter_context(_workbook(path, saved_values=True))
                    saved = _rows(second, sheet, values_only=False)
                values = next(islice(saved, number - read - 1, None), ())
                read = number
                cells = [
                    _saved_text(formula, values[place] if place < len(values) else None)
                    for place, formula in enumerate(row)
                ]
            else:
                cells = [] if row.count(None) == len(row) else [show(value) for value in row]
            if not is_blank(cells):
                blank = 0
                yield number, cells
            elif (blank := blank + 1) > MOST_BLANK_ROWS:
                return


def _is_formula(value: object) -> bool:
    return isinstance(value, (ArrayFormula, DataTableFormula)) or (
        isinstance(value, str) and value.startswith("=")
    )


def _saved_text(formula: object, cell: Any) -> str:
    if not _is_formula(formula):
        return show(formula)
    # A formula whose saved value is the empty text, unlike one that was never calculated, has that type.
    if cell is not None and (cell.value is not None or cell.data_type == "str"):
        return show(cell.value)
    return str(getattr(formula, "text", None) or "=TABLE()") if not isinstance(formula, str) else formula
