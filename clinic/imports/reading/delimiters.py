"""Which character separates the cells."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from clinic.imports.reading.cells import is_blank
from clinic.imports.reading.delimited import records
from clinic.imports.reading.headings import Row, find_headings

DELIMITERS = (",", ";", "\t", "|")
SAMPLE = 300


def sample_rows(lines: Iterator[str], delimiter: str | None) -> list[Row]:
    """The numbers and cells of the first SAMPLE records that are not blank."""
    numbered = enumerate(records(lines, delimiter), 1)
    filled = ((number, cells) for number, (cells, _fault) in numbered if not is_blank(cells))
    return list(islice(filled, SAMPLE))


def choose_delimiter(lines: Sequence[str], known: Callable[[str], bool]) -> str | None:
    """The delimiter of these first lines of a file; None when it has a single column.

    Known headings decide. Without them it is the delimiter that gives the most records the same number of
    cells, and many of those.
    """
    best: str | None = None
    best_score = (0, 0.0)
    for delimiter in (None, *DELIMITERS):
        rows = sample_rows(iter(lines), delimiter)
        if not rows:
            return delimiter
        score = (find_headings(rows, known).known, _evenness(rows))
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _evenness(rows: Sequence[Row]) -> float:
    """The share of records that have the commonest number of cells, weighed by the logarithm of that number;
    0 for a single column."""
    width, count = Counter(len(cells) for _, cells in rows).most_common(1)[0]
    return math.log2(width) * count / len(rows)
