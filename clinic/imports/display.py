"""How an import's lines are shown: what was read, what is wrong with it, and whom it may be about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clinic.core.i18n import gettext as _
from clinic.imports.kinds import Context, Kind
from clinic.imports.kinds.base import LINE, Record, cells_by_field
from clinic.imports.models import Import, ImportRow, Outcome
from clinic.imports.queries import get_lines, same_contact


@dataclass(frozen=True, kw_only=True)
class CellShown:
    """One field of a line to be mended: what stands there, and what is wrong with it."""

    name: str
    label: str
    text: str
    fault: str | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One thing that two records say: the line, and what is kept."""

    label: str
    mine: str
    kept: str

    @property
    def differs(self) -> bool:
        return bool(self.mine and self.kept and self.mine.casefold() != self.kept.casefold())


@dataclass(frozen=True, kw_only=True)
class LineShown:
    """A line of the preview. ``other`` is whom it may be about, ``pairs`` both side by side."""

    number: int
    title: str
    facts: list[str]
    outcome: str
    decision: str
    written: bool
    record: Record | None = None
    other: Record | None = None
    other_line: int | None = None
    known_line: bool = False
    reasons: list[str] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    fills: list[Pair] = field(default_factory=list)
    differs: list[Pair] = field(default_factory=list)
    cells: list[CellShown] = field(default_factory=list)
    line_fault: str | None = None
    notes: list[str] = field(default_factory=list)
    household: list[int] = field(default_factory=list)


def show_lines(row: Import, kind: Kind, context: Context, lines: Sequence[ImportRow]) -> list[LineShown]:
    """The lines of one page as they are shown. A fixed number of statements."""
    ids = {int(line.match["id"]) for line in lines if line.match and line.match.get("id")}
    ids |= {line.record_id for line in lines if line.record_id is not None}
    records = kind.records(context, sorted(ids))
    numbers = {int(line.match["line"]) for line in lines if line.match and line.match.get("line")}
    others = {line.number: line for line in get_lines(row.id, sorted(numbers))}
    shared = same_contact(row.id, [line.match_contact for line in lines if line.match_contact])
    around = _Around(row=row, kind=kind, context=context, records=records, others=others, shared=shared)
    return [_shown(line, around) for line in lines]


@dataclass(frozen=True, kw_only=True)
class _Around:
    """What the lines of a page are shown with, loaded once."""

    row: Import
    kind: Kind
    context: Context
    records: Mapping[int, Record]
    others: Mapping[int, ImportRow]
    shared: Mapping[str, list[int]]


def _shown(line: ImportRow, around: _Around) -> LineShown:
    kind, records = around.kind, around.records
    match = line.match or {}
    other = records.get(int(match["id"])) if match.get("id") else None
    earlier = around.others.get(int(match["line"])) if match.get("line") else None
    said = earlier.values if earlier is not None else (other.said if other is not None else {})
    household = [
        number for number in around.shared.get(line.match_contact or "", []) if number != line.number
    ]
    cells = cells_by_field(kind, around.row.mapping, line)
    title = kind.title(line) or cells.get(kind.fields[0].name, "") or _("Line %(number)d", number=line.number)
    return LineShown(
        number=line.number,
        title=title,
        facts=kind.facts(line, around.context),
        outcome=line.outcome or Outcome.NEW,
        decision=line.decision or "",
        written=line.written_at is not None,
        record=records.get(line.record_id or 0),
        other=other or (_record_of(kind, earlier) if earlier is not None else None),
        other_line=match.get("line"),
        known_line=bool(match.get("known_line")),
        reasons=match.get("reasons", []),
        pairs=_pairs(kind, line.values, said) if line.outcome == Outcome.DUPLICATE else [],
        fills=_changes(kind, match.get("fills", {}), line.values, said),
        differs=_changes(kind, match.get("differs", {}), line.values, said),
        cells=_wrong_cells(kind, cells, line),
        line_fault=next((fault["message"] for fault in line.faults if fault["field"] == LINE), None),
        notes=[_labelled(kind, note) for note in line.notes],
        household=household,
    )


def all_cells(row: Import, kind: Kind, line: ImportRow) -> list[CellShown]:
    """Every field of a line that a column fills, or that is needed, to be typed anew."""
    cells = cells_by_field(kind, row.mapping, line)
    faults = {fault["field"]: fault["message"] for fault in line.faults}
    notes = {note["field"]: note["message"] for note in line.notes}
    return [
        CellShown(
            name=entry.name,
            label=str(entry.label),
            text=cells.get(entry.name, ""),
            fault=faults.get(entry.name),
            note=notes.get(entry.name),
        )
        for entry in kind.fields
        if entry.name in row.mapping or entry.needed or entry.name in line.mended or entry.name in faults
    ]


def _wrong_cells(kind: Kind, cells: Mapping[str, str], line: ImportRow) -> list[CellShown]:
    labels = {entry.name: str(entry.label) for entry in kind.fields}
    return [
        CellShown(
            name=fault["field"],
            label=labels[fault["field"]],
            text=cells.get(fault["field"], ""),
            fault=fault["message"],
        )
        for fault in line.faults
        if fault["field"] in labels
    ]


def _record_of(kind: Kind, line: ImportRow) -> Record:
    return Record(id=0, title=kind.title(line), facts="", said=line.values)


def _pairs(kind: Kind, mine: Mapping[str, Any], kept: Mapping[str, Any]) -> list[Pair]:
    pairs = []
    for name, label in kind.shown:
        one, other = (
            kind.worded(name, said.get(name), said) if said.get(name) else "" for said in (mine, kept)
        )
        if one or other:
            pairs.append(Pair(label=str(label), mine=one, kept=other))
    return pairs


def _changes(
    kind: Kind, values: Mapping[str, Any], mine: Mapping[str, Any], kept: Mapping[str, Any]
) -> list[Pair]:
    labels = {name: str(label) for name, label in kind.shown}
    return [
        Pair(
            label=labels.get(name, name),
            mine=kind.worded(name, value, mine),
            kept=kind.worded(name, kept[name], kept) if kept.get(name) else "",
        )
        for name, value in values.items()
    ]


def _labelled(kind: Kind, note: Mapping[str, str]) -> str:
    label = next((str(entry.label) for entry in kind.fields if entry.name == note["field"]), "")
    return f"{label}: {note['message']}" if label else note["message"]


__all__ = ["CellShown", "LineShown", "Pair", "all_cells", "show_lines"]
