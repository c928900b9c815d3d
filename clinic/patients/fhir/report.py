"""What an import did, resource by resource, and what it could not take."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A line that was not taken, and why. The reason repeats nothing that identifies anybody."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.reason}"


@dataclass(kw_only=True)
class Count:
    """How many resources of one kind were read, and what became of them."""

    read: int = 0
    added: int = 0
    present: int = 0
    refused: int = 0


@dataclass(kw_only=True)
class Report:
    """The outcome of an import. ``notes`` count what was taken with something left out, by what it was."""

    counts: dict[str, Count] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    notes: dict[str, int] = field(default_factory=dict)

    def count(self, kind: str) -> Count:
        """The counts of one kind of resource."""
        return self.counts.setdefault(kind, Count())

    def refuse(self, kind: str, file: str, line: int, reason: str) -> None:
        """Note a line that was not taken."""
        self.count(kind).refused += 1
        self.refusals.append(Refusal(file=file, line=line, reason=reason))

    def note(self, what: str) -> None:
        """Count something that was left out of a resource that was taken."""
        self.notes[what] = self.notes.get(what, 0) + 1

    def __str__(self) -> str:
        head = f"{'':<20}{'read':>9}{'added':>9}{'present':>9}{'refused':>9}"
        rows = [
            f"{kind:<20}{count.read:>9}{count.added:>9}{count.present:>9}{count.refused:>9}"
            for kind, count in self.counts.items()
        ]
        notes = [f"{number} × {what}" for what, number in sorted(self.notes.items())]
        return "\n".join([head, *rows, *notes, *_listed(self.refusals)])


class ImportRefused(Exception):
    """The files hold resources that cannot be taken, and nothing was written."""

    def __init__(self, report: Report) -> None:
        self.report = report
        count = len(report.refusals)
        words = "1 line" if count == 1 else f"{count} lines"
        super().__init__(
            "\n".join([f"Nothing was written: {words} cannot be taken.", *_listed(report.refusals)])
        )


def _listed(refusals: list[Refusal]) -> list[str]:
    return [str(refusal) for refusal in refusals]
