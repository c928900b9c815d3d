"""Which column is what: guessed from headings and contents, confirmed by a person, remembered."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from clinic.imports.heading_words import folded, how_well_held, is_of_others, is_part
from clinic.imports.kinds.base import Field, Kind, mostly, words

__all__ = ["SERIAL", "folded", "guess", "is_known"]

SERIAL = frozenset(
    words(
        "sl no|s no|sr no|sl|sr|sno|slno|srno|serial|serial no|serial number|no|s n|sn",
        "क्रम|क्र|क्रमांक|क्र सं|क्रम संख्या|अ क्र|why not brought in|क्यों नहीं लिया गया",
    )
)
"""Headings of columns that say nothing: they count the lines, or tell why a line was refused before."""
_NAMELESS = re.compile(r"Column \d+(?: \(\d+\))?")


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
    for how in (_own_heading, _fitting, _holding):
        for place, heading in enumerate(headings):
            if settled[place]:
                continue
            free = [entry for entry in kind.fields if _free(entry, heading, headings, found)]
            entry = how(kind, free, heading)
            if entry is not None:
                found[place], settled[place] = entry.name, True
    for place, cells in enumerate(samples):
        if not settled[place]:
            found[place] = _by_contents(kind, headings[place], cells, found)
    for place, heading in enumerate(headings):
        entry = next((entry for entry in kind.fields if entry.name == found[place]), None)
        if entry and keys[place] not in known and not _has_company(entry, heading, found):
            found[place] = ""
    return found


def _free(entry: Field, heading: str, headings: Sequence[str], found: Sequence[str]) -> bool:
    """Whether the field takes another column, and this one."""
    if entry.name not in found:
        return True
    if entry.joiner is None:
        return False
    if not entry.parts:
        return True
    first, *_others = entry.parts
    taken = [other for other, name in zip(headings, found, strict=True) if name == entry.name]
    if not is_part(entry, heading):
        return False
    if all(is_part(entry, other) for other in taken):
        return True
    # A plain "Name" beside "Surname" is the first of the two; beside "First name" it is all of it.
    whole = any(first in folded(other) or "full" in folded(other).split() for other in headings)
    return len(taken) == 1 and not whole


def _own_heading(_kind: Kind, entries: Sequence[Field], heading: str) -> Field | None:
    return next((entry for entry in entries if _is_own_heading(entry, folded(heading))), None)


def _fitting(_kind: Kind, entries: Sequence[Field], heading: str) -> Field | None:
    return next((entry for entry in entries if _fits(entry, folded(heading))), None)


def _holding(kind: Kind, entries: Sequence[Field], heading: str) -> Field | None:
    """The field of which the heading holds most: ``Mobile No of patient``."""
    best = max(entries, key=lambda entry: how_well_held(kind, entry, heading), default=None)
    return best if best is not None and how_well_held(kind, best, heading) else None


def _by_contents(kind: Kind, heading: str, cells: Sequence[str], found: Sequence[str]) -> str:
    """The field that the cells look like, "" for none; never against what the heading says."""
    nameless = _NAMELESS.fullmatch(heading) is not None
    for entry in kind.fields:
        if entry.name in found or is_of_others(kind, entry, heading):
            continue
        if entry.only_nameless and not nameless:
            continue
        if entry.column is not None and entry.column([cell for cell in cells if cell]):
            return entry.name
        if entry.looks is not None and mostly(cells, entry.looks):
            return entry.name
    return ""


def _has_company(entry: Field, heading: str, found: Sequence[str]) -> bool:
    return (
        not entry.beside or _is_own_heading(entry, folded(heading)) or not set(entry.beside).isdisjoint(found)
    )


def _is_own_heading(entry: Field, key: str) -> bool:
    return key in (folded(entry.heading), folded(str(entry.label)))


def _fits(entry: Field, key: str) -> bool:
    return _is_own_heading(entry, key) or key in entry.words
