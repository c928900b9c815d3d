"""Writing lists as files: CSV line by line, Excel row by row, neither ever whole in memory."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from io import StringIO
from typing import IO, Any

import xlsxwriter

from clinic.core.cells import neutral
from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.exports.columns import Cell, Column

EXCEL_ROWS = 100_000
"""More rows than this take too long in one request; the CSV has no such limit."""
LONGEST_EXCEL_TEXT = 32_767
"""Excel keeps no more (UTF-16 units) in one cell."""
_LINES_AT_ONCE = 200
_CHUNK = 256 * 1024
Batches = Iterable[Iterable[Any]]


def csv_chunks(columns: Sequence[Column], batches: Batches) -> Iterator[bytes]:
    """The list as CSV: UTF-8 with a byte order mark (Excel looks for it), lines that end in CR LF, commas.

    Text that a spreadsheet could take for a formula has an apostrophe before it.
    """
    buffer = StringIO()
    lines = csv.writer(buffer, lineterminator="\r\n")
    buffer.write("\ufeff")
    lines.writerow([column.heading for column in columns])
    held = 0
    for batch in batches:
        for row in batch:
            lines.writerow([_csv_cell(column.cell(row)) for column in columns])
            held += 1
            if held % _LINES_AT_ONCE == 0:
                yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def _csv_cell(value: Cell | None) -> str | int | Decimal:
    if value is None:
        return ""
    return neutral(value) if isinstance(value, str) else value


def excel_file(
    name: str, columns: Sequence[Column], batches: Batches, *, alive: Callable[[], None]
) -> IO[bytes]:
    """The list as an Excel file, open at its beginning; it has no name on the disk and goes when closed.

    Text is written as text, never as a formula or an address, numbers as numbers. ``alive`` is called after
    every batch. Raises Invalid for a text that is too long for Excel, rather than cutting it.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller sends it, then closes it
    try:
        book = xlsxwriter.Workbook(file, {"constant_memory": True})
        sheet = book.add_worksheet(name)
        bold = book.add_format({"bold": True})
        for at, column in enumerate(columns):
            sheet.set_column(at, at, column.width)
            sheet.write_string(0, at, column.heading, bold)
        sheet.freeze_panes(1, 0)
        number = 0
        for batch in batches:
            for row in batch:
                number += 1
                for at, column in enumerate(columns):
                    _write(sheet, number, at, column.cell(row))
            alive()
        sheet.autofilter(0, 0, number, len(columns) - 1)
        book.close()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def _write(sheet: Any, row: int, at: int, value: Cell | None) -> None:
    if value is None or value == "":
        return
    if not isinstance(value, str):
        sheet.write_number(row, at, float(value))
    elif sheet.write_string(row, at, value) != 0:
        raise Invalid(
            _("One text in this list is longer than Excel can hold (row %(row)d). Take the CSV.", row=row + 1)
        )


def chunks_of(file: IO[bytes]) -> Iterator[bytes]:
    """A file piece by piece, closed at the end or when the reader goes away."""
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk
