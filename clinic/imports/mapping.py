"""Which column is what: guessed from headings and contents, confirmed by a person, remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clinic.core.text import fold
from clinic.imports.kinds.base import Field, Kind, mostly, words

SERIAL = frozenset(
    words(
        "sl no|s no|sr no|sl|sr|sno|slno|srno|serial|serial no|serial number|no|s n|sn",
        "क्रम|क्र|क्रमांक|क्र सं|क्रम संख्या|अ क्र|why not brought in|क्यों नहीं लिया गया",
    )
)
"""Headings of columns that say nothing: they count the lines, or tell why a line was refused before."""


def folded(heading: str) -> str:
    """A heading as it is compared and remembered: ``Mobile No.`` and ``MOBILE  NO`` are one."""
    return fold(heading)[:200]


def is_known(kind: Kind, heading: str, remembered: Mapping[str, str] | None = None) -> bool:
    """Whether a heading means something, or was given a meaning before."""
    key = folded(heading)
    return key in SERIAL or key in (remembered or {}) or any(_fits(entry, key) for entry in kind.fields)


def guess(
    kind: Kind,
    headings: Sequence[str],
    samples: Sequence[Sequence[str]],
    remembered: Mapping[str, str] | None = None,
) -> list[str]:
    """A field's name for each column, "" for none; ``samples`` are some cells of each column.

    What was said about a heading before counts first, then the heading, then what the cells look like. A
    field that takes one column gets the one that fits best.
    """
    known, keys = remembered or {}, [folded(heading) for heading in headings]
    names = {entry.name for entry in kind.fields}
    found = [known.get(key, "") if known.get(key, "") in names else "" for key in keys]
    settled = [key in known or key in SERIAL for key in keys]
    for fits in (_is_own_heading, _fits, _holds):
        for place, key in enumerate(keys):
            if settled[place]:
                continue
            entry = next((entry for entry in kind.fields if fits(entry, key) and _free(entry, found)), None)
            if entry is not None:
                found[place], settled[place] = entry.name, True
    for place, cells in enumerate(samples):
        if settled[place]:
            continue
        for entry in kind.fields:
            if entry.looks is not None and entry.name not in found and mostly(cells, entry.looks):
                found[place] = entry.name
                break
    return found


def _free(entry: Field, found: Sequence[str]) -> bool:
    return entry.joiner is not None or entry.name not in found


def _is_own_heading(entry: Field, key: str) -> bool:
    return key in (folded(entry.heading), folded(str(entry.label)))


def _fits(entry: Field, key: str) -> bool:
    return _is_own_heading(entry, key) or key in entry.words


def _holds(entry: Field, key: str) -> bool:
    """Whether the heading has all the words of one of the field's longer names: ``Mobile No (father)``."""
    parts = set(key.split())
    return any(len(word) > 3 and set(word.split()) <= parts for word in entry.words)
