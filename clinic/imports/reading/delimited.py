"""Records of delimited text, where one slip must not swallow what follows it."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator

from clinic.imports.reading.encodings import LONGEST_LINE
from clinic.imports.reading.headings import filled_width
from clinic.imports.reading.shape import Fault

MOST_LINES = 50
MOST_TEXT = 65_536
# A single column is not split at all; this control character cannot be part of a text that is stored.
_NEVER = "\x1f"
_AFTER = "\x1eafter"


class _Source:
    """Lines that can be put back."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._returned: deque[str] = deque()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        return self._returned.popleft() if self._returned else next(self._lines)

    def put_back(self, lines: list[str]) -> None:
        self._returned.extendleft(reversed(lines))


def records(
    lines: Iterator[str], delimiter: str | None, *, width: int | None = None, head: int = 0
) -> Iterator[tuple[list[str], Fault | None]]:
    """Each record's cells as written, and its fault; blank records too, so that counting them numbers them.

    ``width`` is the number of cells that makes a record with a slip in its quotes acceptable, from record
    ``head + 1`` on. A record that is not well formed, or runs over MOST_LINES lines or MOST_TEXT characters,
    is its first line alone, torn; reading goes on with the line after it.
    """
    source = _Source(lines)
    splitter = delimiter or _NEVER
    for number, line in enumerate(source, 1):
        if len(line) >= LONGEST_LINE:
            yield line.split(splitter), "overlong"
        elif '"' not in line:
            yield line.rstrip("\r\n").split(splitter), None
        else:
            yield _quoted(line, source, splitter, width if number > head else None)


def _quoted(first: str, source: _Source, splitter: str, width: int | None) -> tuple[list[str], Fault | None]:
    taken = [first]

    def feed() -> Iterator[str]:
        yield first
        size = len(first)
        while len(taken) < MOST_LINES and (line := next(source, None)) is not None:
            taken.append(line)
            size += len(line)
            if size > MOST_TEXT:
                return
            yield line

    # Some programs write a blank before the quote; elsewhere a blank is part of the text.
    spaced = f'{splitter} "' in first
    try:
        cells = next(csv.reader(feed(), delimiter=splitter, strict=True, skipinitialspace=spaced))
    except csv.Error:
        cells = []
    if cells and (len(taken) == 1 or width is None or filled_width(cells) <= width):
        return cells, None
    source.put_back(taken[1:])
    return _first_line(first, splitter, width)


def _first_line(line: str, splitter: str, width: int | None) -> tuple[list[str], Fault | None]:
    """The line by itself, read as leniently as can be; torn unless its quotes close and its cells fit."""
    lenient = csv.reader([line, _AFTER], delimiter=splitter, skipinitialspace=True)
    try:
        cells = next(lenient)
    except csv.Error:
        return line.rstrip("\r\n").split(splitter), "overlong"
    if cells and cells[-1].endswith(_AFTER):
        cells[-1] = cells[-1].removesuffix(_AFTER)
        return cells, "torn"
    fits = width is None or filled_width(cells) <= width <= len(cells)
    return cells, None if fits else "torn"
