"""A line that a patient is taking now, as queries give it to pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from clinic.prescriptions.plain import line_words
from clinic.prescriptions.reading import LineRead, line_of

_NUMBERS = ("dose_amount", "morning", "noon", "evening", "night", "takes")


@dataclass(frozen=True, kw_only=True)
class RunningLine:
    """One medicine that is being taken: ``until`` is its last day, None for one that goes on."""

    line_id: int
    prescription_id: int
    practitioner: str
    signed_on: date
    until: date | None
    line: LineRead

    @property
    def name(self) -> str:
        return self.line.title

    @property
    def dosing(self) -> str:
        """``1-0-1``, ``1-0-1 (BD)``."""
        return self.line.dosing.shown(self.line.dose) if self.line.dosing else ""

    @property
    def plain(self) -> str:
        """``1 in the morning, 1 at night, after food``, in the language in use."""
        return line_words(self.line)


def read_running(value: list[dict[str, Any]] | None) -> list[RunningLine]:
    """What ``queries.running_column`` gave."""
    found = []
    for row in value or []:
        numbers = {name: None if row[name] is None else Decimal(str(row[name])) for name in _NUMBERS}
        found.append(
            RunningLine(
                line_id=row["line_id"],
                prescription_id=row["prescription_id"],
                practitioner=row["practitioner"],
                signed_on=date.fromisoformat(row["signed_on"]),
                until=date.fromisoformat(row["until"]) if row["until"] else None,
                line=line_of(SimpleNamespace(**{**row, **numbers})),
            )
        )
    return found
