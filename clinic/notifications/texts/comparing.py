"""Two versions of a text, line by line."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher


@dataclass(frozen=True)
class Change:
    """A line that stayed (``same``), went (``gone``) or came (``new``)."""

    what: str
    text: str


def changes(before: str, after: str) -> list[Change]:
    """What became of each line between two texts, in order."""
    old, new = before.split("\n"), after.split("\n")
    found: list[Change] = []
    for step, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if step == "equal":
            found += [Change("same", line) for line in old[i1:i2]]
        else:
            found += [Change("gone", line) for line in old[i1:i2]]
            found += [Change("new", line) for line in new[j1:j2]]
    return found
