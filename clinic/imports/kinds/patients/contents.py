"""What a column of a register is about, told from its cells where its heading does not."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from datetime import timedelta

from clinic.core.clock import now
from clinic.imports.kinds.base import mostly
from clinic.imports.values import Order
from clinic.imports.values.written import read_written

RECENT_YEARS = 15
"""Days of so many years back are those of visits; births in a register go back further."""
OLDEST = 110
_FEWEST_AGES = 3
_LONGEST = 40
_DAY = re.compile(r"\d{1,4}[-/. ]\w{1,9}[-/. ]\d{2,4}")
_AGE = re.compile(r"\d{1,3}\s*(?:y|yrs?|years?|m|months?)\b.*", re.IGNORECASE)
_WHOLE = re.compile(r"\d{1,3}")


def are_births(cells: Sequence[str]) -> bool:
    """Days that go back further than visits do, or ages with their unit."""
    return mostly(cells, lambda cell: bool(_DAY.fullmatch(cell) or _AGE.fullmatch(cell))) and not are_visits(
        cells
    )


def are_visits(cells: Sequence[str]) -> bool:
    """Days only, none of them further back than ``RECENT_YEARS``."""
    today = now().date()
    days = [day for cell in cells if (day := _year(cell)) is not None]
    first = (today - timedelta(days=RECENT_YEARS * 365)).year
    return (
        mostly(cells, lambda cell: bool(_DAY.fullmatch(cell)))
        and not any(_AGE.fullmatch(cell) for cell in cells)
        and bool(days)
        and all(first <= year <= today.year for year in days)
    )


def are_ages(cells: Sequence[str]) -> bool:
    """Whole numbers as people have years, most above five, some alike or in no order: no count of lines."""
    numbers = [int(cell) for cell in cells if _WHOLE.fullmatch(cell)]
    counts_up = all(before < after for before, after in itertools.pairwise(numbers))
    return (
        len(numbers) >= max(_FEWEST_AGES, 0.9 * len(cells))
        and max(numbers) <= OLDEST
        and sum(number > 5 for number in numbers) > len(numbers) / 2
        and len(set(numbers)) >= _FEWEST_AGES
        and not counts_up
    )


def _year(cell: str) -> int | None:
    """The year of a day; of two digits the nearest one that is not to come."""
    written = read_written(cell, Order.DAY_FIRST) if len(cell) <= _LONGEST else None
    if written is None:
        return None
    if not written.two_digits:
        return written.year
    this_year = now().year
    year = this_year - this_year % 100 + written.year
    return year if year <= this_year else year - 100
