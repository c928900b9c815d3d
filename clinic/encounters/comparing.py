"""Two texts of one note side by side: the fields in which they differ, and the words that only one has."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

from clinic.encounters.layout import FieldKind, flat, form_labels, in_words, is_blank, read_layout
from clinic.encounters.models import Note, NoteConflict

MOST_WORDS = 4000
"""In both texts together; longer ones are shown without marks, which would take too long to find."""
_WORDS = re.compile(r"\s+|[^\s]+")
BETWEEN = {FieldKind.TEXT: "\n", FieldKind.LINE: " / "}
"""What stands between two texts of a field when both are kept."""


@dataclass(frozen=True)
class Piece:
    """A run of words. ``only_here`` when the other text does not have it."""

    text: str
    only_here: bool


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One field in which two texts of a note differ; ``both`` is what it says when both are kept."""

    name: str
    label: str
    yours: tuple[Piece, ...]
    theirs: tuple[Piece, ...]
    both: str
    can_keep_both: bool

    @property
    def start(self) -> str:
        """What is chosen before anybody chooses: whatever loses nothing."""
        if self.can_keep_both:
            return "both"
        return "yours" if self.yours else "theirs"

    def says(self, side: str) -> str:
        """What the note says after that choice."""
        return self.both if side == "both" else "".join(piece.text for piece in getattr(self, side))


def differences(note: Note, conflict: NoteConflict) -> list[Difference]:
    """The fields in which a text kept aside and the note differ, in the note's order."""
    layout = read_layout(note.template.layout)
    mine, theirs, labels = flat(layout, conflict.body), flat(layout, note.body), form_labels(layout)
    kinds = {field.name: field.kind for field in layout.fields()}
    found = []
    for name in mine:
        if mine[name] == theirs[name]:
            continue
        kind = kinds.get(name)
        yours_said, theirs_said = in_words(layout, name, mine[name]), in_words(layout, name, theirs[name])
        marked_yours, marked_theirs = pieces(yours_said, theirs_said)
        if kind is FieldKind.CHOICES:
            picked = dict.fromkeys([*theirs[name].split("\n"), *mine[name].split("\n")])
            both = in_words(layout, name, "\n".join(picked))
        else:
            both = BETWEEN.get(kind, " / ").join((theirs_said, yours_said)) if kind else ""
        keepable = kind in (*BETWEEN, FieldKind.CHOICES)
        found.append(
            Difference(
                name=name,
                label=labels[name],
                yours=marked_yours,
                theirs=marked_theirs,
                both=both,
                can_keep_both=keepable and not is_blank(mine[name]) and not is_blank(theirs[name]),
            )
        )
    return found


def pieces(yours: str, theirs: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Both texts in runs of words, those that only one of them has marked."""
    left, right = _WORDS.findall(yours), _WORDS.findall(theirs)
    if len(left) + len(right) > MOST_WORDS or not yours.strip() or not theirs.strip():
        return _whole(yours), _whole(theirs)
    here: list[Piece] = []
    there: list[Piece] = []
    for kind, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if b > a:
            here.append(Piece("".join(left[a:b]), kind != "equal"))
        if d > c:
            there.append(Piece("".join(right[c:d]), kind != "equal"))
    return tuple(here), tuple(there)


def _whole(text: str) -> tuple[Piece, ...]:
    return (Piece(text, only_here=False),) if text else ()
