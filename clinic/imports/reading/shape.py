"""What reading a register file yields, and how much of one is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from babel.numbers import format_decimal

from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _

MOST_BYTES = 50_000_000
MOST_ROWS = 200_000
MOST_RECORDS = 1_048_576
"""Rows of a spreadsheet, the blank ones included."""
MOST_COLUMNS = 200
LONGEST_CELL = 100_000

Fault = Literal["torn", "unreadable", "overlong"]


class Unreadable(Invalid):
    """A file that cannot be read as a table, and what the person can do about it."""

    def __init__(self, message: str) -> None:
        super().__init__(message, field="file")


def too_many_rows() -> Unreadable:
    """What is said of a file with more rows than one import takes."""
    return Unreadable(
        _(
            "This file has more than %(limit)s rows. Split it into smaller files.",
            limit=format_decimal(MOST_ROWS, locale="en_IN"),
        )
    )


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How a file is written.

    ``format`` is ``csv`` or ``xlsx``. ``encoding`` (``utf-8``, ``utf-16-le``, ``utf-16-be``,
    ``windows-1252``) and ``delimiter`` (``,`` ``;`` tab ``|``, None for a single column) belong to CSV,
    ``sheet`` and ``sheets`` (the visible ones) to workbooks. ``header_row`` counts as a spreadsheet does,
    from 1; None when there is no heading row. ``headings`` are unique and as many as each line has cells.
    ``width`` is how many cells a full row is written with, blank columns at its end included; ``pads``
    tells that rows carry their empty cells at the end, so that a shorter one is torn. ``rows`` is the
    number of data rows, None where counting would take too long.
    """

    format: str
    encoding: str | None
    delimiter: str | None
    sheet: str | None
    sheets: tuple[str, ...]
    header_row: int | None
    headings: tuple[str, ...]
    width: int
    pads: bool
    rows: int | None

    def to_json(self) -> dict[str, Any]:
        """The shape as JSON takes it; ``from_json`` is its inverse."""
        return {**asdict(self), "sheets": list(self.sheets), "headings": list(self.headings)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Shape:
        """The shape that ``to_json`` wrote. Raises TypeError when keys are missing or unknown."""
        return cls(
            **{
                **values,
                "sheets": tuple(values.get("sheets", ())),
                "headings": tuple(values.get("headings", ())),
            }
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One data row: as many ``cells`` as there are headings, as text that can be stored.

    ``number`` is the row as a spreadsheet shows it, so a cell with line breaks does not shift it. A
    ``fault`` says that the row did not arrive whole: ``torn`` stops early or has a quote that is never
    closed, ``unreadable`` has bytes that are no text (shown as U+FFFD), ``overlong`` has more than the
    headings hold, or a cell beyond LONGEST_CELL characters, cut there.
    """

    number: int
    cells: tuple[str, ...]
    fault: Fault | None = None
