"""Which row holds the headings, and what the columns are called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from clinic.core.text import one_line
from clinic.imports.reading.cells import tidy
from clinic.imports.reading.shape import MOST_COLUMNS

LOOKED_AT = 20
_LONGEST_HEADING = 200

Row = tuple[int, Sequence[str]]


@dataclass(frozen=True)
class Headings:
    """The heading row's number and cells, and how many of them are known; ``row`` is None without one."""

    row: int | None
    cells: Sequence[str]
    known: int


def find_headings(rows: Sequence[Row], known: Callable[[str], bool]) -> Headings:
    """The row with the most known headings among the first non-blank ``rows`` (number, cells).

    Two known ones make a heading row, in a single column one. Failing that, a first row of several texts
    without any digit is one.
    """
    rows = rows[:LOOKED_AT]
    enough = 1 if all(filled_width(cells) <= 1 for _, cells in rows) else 2
    best = Headings(None, (), 0)
    for number, cells in rows:
        count = sum(bool(heading) and known(heading) for heading in map(_heading, cells[:MOST_COLUMNS]))
        if count >= enough and count > best.known:
            best = Headings(number, cells, count)
    if best.row is None and rows and _looks_like_headings(rows[0][1]):
        best = Headings(rows[0][0], rows[0][1], 0)
    return best


def filled_width(cells: Sequence[str]) -> int:
    """How many cells there are up to the last that is not blank."""
    width = len(cells)
    while width and not tidy(cells[width - 1]):
        width -= 1
    return width


def name_columns(cells: Sequence[str], width: int) -> tuple[str, ...]:
    """``width`` unique headings; a repeated one is numbered (``Mobile (2)``), a blank one is ``Column 3``."""
    names: list[str] = []
    taken = {heading for cell in cells[:width] if (heading := _heading(cell))}
    for place in range(1, width + 1):
        heading = _heading(cells[place - 1]) if place <= len(cells) else ""
        name = heading or f"Column {place}"
        if name in names or (not heading and name in taken):
            name = _numbered(name, taken)
        taken.add(name)
        names.append(name)
    return tuple(names)


def _numbered(name: str, taken: set[str]) -> str:
    count = 2
    while f"{name} ({count})" in taken:
        count += 1
    return f"{name} ({count})"


def _heading(cell: str) -> str:
    return one_line(tidy(cell))[:_LONGEST_HEADING].strip()


def _looks_like_headings(cells: Sequence[str]) -> bool:
    texts = [text for text in map(tidy, cells) if text]
    return len(texts) > 1 and not any(any(mark.isdigit() for mark in text) for text in texts)
