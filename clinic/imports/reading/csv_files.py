"""Registers as delimited text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from clinic.imports.reading.cells import is_blank, make_line
from clinic.imports.reading.delimited import records
from clinic.imports.reading.delimiters import choose_delimiter, sample_rows
from clinic.imports.reading.encodings import encoding_of, physical_lines, separator_line
from clinic.imports.reading.headings import Headings, Row, filled_width, find_headings, name_columns
from clinic.imports.reading.kinds import no_table, nothing_in_it
from clinic.imports.reading.shape import (
    MOST_COLUMNS,
    MOST_RECORDS,
    MOST_ROWS,
    Fault,
    Line,
    Shape,
    too_many_rows,
)

_SAMPLE_LINES = 1_000
_SAMPLE_TEXT = 1_000_000
_CONTROL = re.compile("[\x01-\x08\x0e-\x19\x1b-\x1f]")


def look_at_csv(path: Path, known: Callable[[str], bool]) -> Shape:
    """How the text at ``path`` is written, after reading all of it. Raises Unreadable when there is no
    table in it."""
    encoding = encoding_of(path)
    lines, declared = _sample(path, encoding)
    if _is_binary(lines):
        raise no_table()
    delimiter = declared or choose_delimiter(lines, known)
    rows = sample_rows(iter(lines), delimiter)
    if not rows:
        raise nothing_in_it()
    headings = find_headings(rows, known)
    width = _width(headings, rows)
    seen = _survey(path, encoding, delimiter, headings=headings, width=width)
    columns = max(1, filled_width(headings.cells[:width]), min(seen.filled, width))
    return Shape(
        format="csv",
        encoding=encoding,
        delimiter=delimiter,
        sheet=None,
        sheets=(),
        header_row=headings.row,
        headings=name_columns(headings.cells, columns),
        width=width,
        pads=seen.pads,
        rows=seen.rows,
    )


def read_csv_lines(path: Path, shape: Shape) -> Iterator[Line]:
    """The data rows of the text at ``path``, blank ones left out."""
    head = shape.header_row or 0
    columns = len(shape.headings)
    encoding = shape.encoding or "utf-8"
    for number, cells, fault in _data(path, encoding, shape.delimiter, width=shape.width, head=head):
        if fault is None and shape.pads and len(cells) < shape.width and not is_blank(cells):
            fault = "torn"
        if line := make_line(number, cells, columns=columns, fault=fault):
            yield line


def _lines(path: Path, encoding: str) -> Iterator[str]:
    """The physical lines without a first one that only declares the delimiter."""
    lines = physical_lines(path, encoding)
    first = next(lines, "")
    return lines if separator_line(first) else chain([first], lines)


def _data(
    path: Path, encoding: str, delimiter: str | None, *, width: int, head: int
) -> Iterator[tuple[int, list[str], Fault | None]]:
    """The number, cells and fault of each record below the heading."""
    written = records(_lines(path, encoding), delimiter, width=width, head=head)
    for number, (cells, fault) in enumerate(written, 1):
        if number > MOST_RECORDS:
            raise too_many_rows()
        if number > head:
            yield number, cells, fault


def _sample(path: Path, encoding: str) -> tuple[list[str], str | None]:
    declared = separator_line(next(physical_lines(path, encoding), ""))
    sample: list[str] = []
    size = 0
    for line in islice(_lines(path, encoding), _SAMPLE_LINES):
        sample.append(line)
        size += len(line)
        if size > _SAMPLE_TEXT:
            break
    return sample, declared


def _is_binary(lines: Sequence[str]) -> bool:
    """Files of programs are full of control characters; a register has at most a few strays."""
    controls = sum(len(_CONTROL.findall(line)) for line in lines)
    return controls > 16 and controls * 20 > sum(map(len, lines))


def _width(headings: Headings, rows: Sequence[Row]) -> int:
    """How many cells a full row has: as many as the heading row, else what most rows have, else the most."""
    if headings.row is not None:
        return min(len(headings.cells), MOST_COLUMNS)
    widths = Counter(len(cells) for _, cells in rows)
    commonest, count = widths.most_common(1)[0]
    return min(commonest if count * 5 >= len(rows) * 4 else max(widths), MOST_COLUMNS)


@dataclass(frozen=True)
class _Survey:
    rows: int
    pads: bool
    filled: int  # columns up to the last that has data


def _survey(path: Path, encoding: str, delimiter: str | None, *, headings: Headings, width: int) -> _Survey:
    """Read the whole file once for what only all of it can tell."""
    head = headings.row or 0
    count = short = filled = 0
    padded = False
    for _number, cells, fault in _data(path, encoding, delimiter, width=width, head=head):
        if (extent := filled_width(cells)) == 0 and fault is None:
            continue
        count += 1
        if count > MOST_ROWS:
            raise too_many_rows()
        filled = max(filled, extent)
        short += len(cells) < width
        padded = padded or extent < len(cells) >= width
    return _Survey(rows=count, pads=padded or short * 50 < count or short == 0, filled=filled)
