"""The history a patient wrote in their own words, taken into the list of conditions piece by piece."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from clinic.core.access import Actor
from clinic.core.text import fold, one_line
from clinic.patients.health_words import Unfit
from clinic.patients.service.health import INTAKE, add_entry

MOST_PIECES = 20
_APART = re.compile(r"[\n;,•·]+|(?<=[.।])\s+")
_SINCE = re.compile(
    r"^(?P<name>.+?)[\s,(]*(?:since|from|in|सन्?)\s*(?P<year>(?:19|20)\d{2})\)?\s*(?:से)?$", re.IGNORECASE
)
_NOTHING = frozenset({"no", "nil", "none", "nothing", "na", "नहीं", "कुछ नहीं", "-"})


def pieces_of(text: str, entries: Iterable[Any]) -> list[str]:
    """What a history may name, a line or a clause each, without what the list (``entries``) has already."""
    known = {fold(str(entry.values["name"])) for entry in entries}
    pieces: list[str] = []
    for part in _APART.split(text):
        piece = one_line(part).strip(" .।-–")
        if not piece or fold(piece) in _NOTHING or len(piece) > 200:
            continue
        if fold(read_piece(piece)["name"]) not in known and piece not in pieces:
            pieces.append(piece)
    return pieces[:MOST_PIECES]


def read_piece(piece: str) -> dict[str, str]:
    """A piece as it would be typed: ``Diabetes since 2015`` is a name and a year."""
    found = _SINCE.match(piece)
    if found:
        return {"name": found["name"].strip(), "since": found["year"], "status": "active"}
    return {"name": piece, "since": "", "status": "active"}


def take_pieces(actor: Actor, patient_id: int, pieces: Sequence[str]) -> int:
    """Write the chosen pieces down as conditions, marked as from the intake; how many. Raises NotFound."""
    taken = 0
    for piece in pieces[:MOST_PIECES]:
        try:
            added = add_entry(actor, patient_id, "condition", read_piece(one_line(piece)), source=INTAKE)
        except Unfit:
            continue
        taken += added is not None
    return taken
