"""What stands in a cell, as text that can be stored."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from clinic.core.text import clean
from clinic.imports.reading.shape import LONGEST_CELL, Fault, Line

# XML, and so a workbook, has every line end as "\n".
_NEUTRALISED = ("'=", "'+", "'-", "'@", "'\t", "'\r", "'\n", "''")
_NO_TEXT = re.compile("[\ud800-\udfff]")
_ESCAPED_CONTROL = re.compile("_x(00[01][0-9A-Fa-f])_")
MOST_EXTRA = 50


def tidy(cell: str) -> str:
    """A cell without outer blanks and what cannot be stored; line breaks inside stay, as ``\\n``.

    Exports put an apostrophe before text that a spreadsheet would take for a formula; that one is taken
    off again. Bytes that were no text show as U+FFFD.
    """
    if cell.startswith(_NEUTRALISED):
        cell = cell[1:]
    if not cell.isprintable():
        cell = clean(_NO_TEXT.sub("\ufffd", cell))
    return cell.strip()


def is_blank(cells: Sequence[str]) -> bool:
    """Whether no cell has anything to show."""
    return not any(tidy(cell) for cell in cells)


def make_line(number: int, cells: Sequence[str], *, columns: int, fault: Fault | None) -> Line | None:
    """The row as ``columns`` tidy cells, with its gravest fault; None for a blank row.

    Of an overlong row up to MOST_EXTRA cells more are kept: nothing of a line is lost sight of.
    """
    written = "".join(cells)
    plain = written.isprintable()
    kept = list(map(str.strip if plain and "'" not in written else tidy, cells[:columns]))
    if not plain and _NO_TEXT.search(written):
        fault = "unreadable"
    elif tidy("".join(cells[columns:])):
        fault = "overlong"
        kept += [tidy(cell)[:LONGEST_CELL] for cell in cells[columns : columns + MOST_EXTRA]]
        while len(kept) > columns and not kept[-1]:
            kept.pop()
    if any(len(cell) > LONGEST_CELL for cell in kept):
        kept = [cell[:LONGEST_CELL] for cell in kept]
        fault = fault if fault == "unreadable" else "overlong"
    if fault is None and not any(kept):
        return None
    kept.extend([""] * (columns - len(kept)))
    return Line(number, tuple(kept), fault)


def show(value: object) -> str:  # noqa: PLR0911
    """A spreadsheet's value as text: whole numbers without a point or exponent, dates as ISO 8601
    (``2018-08-18``, ``2018-08-18 10:30``), times as ``10:30``, truth as ``yes`` and ``no``."""
    match value:
        case None:
            return ""
        case str():
            return _ESCAPED_CONTROL.sub(lambda match: chr(int(match[1], 16)), value)
        case bool():
            return "yes" if value else "no"
        case int():
            return str(value)
        case float():
            return _number(value)
        case datetime():
            moment = _whole_seconds(value)
            return (
                f"{moment:%Y-%m-%d}"
                if moment.time() == time()
                else f"{moment.date()} {_clock(moment.time())}"
            )
        case date():
            return value.isoformat()
        case time():
            return _clock(_whole_seconds(datetime.combine(date(2000, 1, 1), value)).time())
        case timedelta():
            return _duration(value)
        case _:
            return str(value)


def _number(value: float) -> str:
    if value.is_integer():
        return str(int(value)) if abs(value) < 1e15 else f"{Decimal(repr(value)):f}".removesuffix(".0")
    return f"{Decimal(repr(value)):f}"


def _whole_seconds(moment: datetime) -> datetime:
    """Spreadsheets count days in fractions, which makes 10:30 of 10:29:59.9995."""
    rounded = moment.replace(microsecond=0)
    return rounded + timedelta(seconds=1) if moment.microsecond >= 500_000 else rounded


def _clock(moment: time) -> str:
    return f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"


def _duration(value: timedelta) -> str:
    seconds = round(abs(value).total_seconds())
    sign = "-" if value < timedelta() else ""
    clock = f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}"
    return f"{clock}:{seconds % 60:02d}" if seconds % 60 else clock
