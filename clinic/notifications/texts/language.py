"""The language of texts a clinic writes: words, and placeholders in braces. Nothing in it can be run.

``{name}`` is a placeholder when a message has one of that name; any other brace is refused. A text is cut
into pieces once, and the pieces are put together with plain strings: a value is never read for placeholders.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from clinic.core.i18n import gettext as _
from clinic.core.text import clean, one_line

_TOKEN = re.compile(r"\{([a-z][a-z0-9_]{0,39})\}")
_AROUND = 20
"""So many characters after a stray brace are quoted, so that it can be found."""


@dataclass(frozen=True)
class Words:
    """What goes out as it stands."""

    text: str


@dataclass(frozen=True)
class Slot:
    """Where a placeholder's value goes."""

    name: str


Piece = Words | Slot


class Unreadable(Exception):
    """A text that cannot be read or filled, and why, in words for whoever writes it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True)
class Run:
    """Words of a laid out line; ``name`` is the placeholder they came from, if they did."""

    text: str
    name: str = ""


Line = tuple[Run, ...]
Paragraph = tuple[Line, ...]


def parse(text: str, names: Collection[str]) -> tuple[Piece, ...]:
    """The pieces of a text. Raises Unreadable for an unknown placeholder and for a brace of none."""
    pieces: list[Piece] = []
    at = 0
    for found in _TOKEN.finditer(text):
        _take_words(text[at : found.start()], pieces)
        if found.group(1) not in names:
            raise Unreadable(
                _("This message has no {%(name)s}. Use the placeholders shown here.", name=found.group(1))
            )
        pieces.append(Slot(found.group(1)))
        at = found.end()
    _take_words(text[at:], pieces)
    return tuple(pieces)


def _take_words(words: str, pieces: list[Piece]) -> None:
    stray = min((at for brace in "{}" if (at := words.find(brace)) >= 0), default=None)
    if stray is not None:
        place = one_line(words[stray : stray + _AROUND])
        raise Unreadable(_("The brace at “%(place)s” belongs to no placeholder.", place=place))
    if words:
        pieces.append(Words(words))


def written(pieces: Sequence[Piece]) -> str:
    """The text that ``parse`` cuts into these pieces."""
    return "".join(piece.text if isinstance(piece, Words) else f"{{{piece.name}}}" for piece in pieces)


def names_in(pieces: Sequence[Piece]) -> set[str]:
    """The placeholders used."""
    return {piece.name for piece in pieces if isinstance(piece, Slot)}


def lay_out(pieces: Sequence[Piece], values: Mapping[str, str]) -> tuple[Paragraph, ...]:
    """Paragraphs of lines with the values in their places; a line whose values are all empty is left out.

    So is a line before it that ends in a colon, the heading of nothing. A blank line ends a paragraph. Raises
    Unreadable when a value is missing.
    """
    lines: list[list[Run]] = [[]]
    for piece in pieces:
        name = piece.name if isinstance(piece, Slot) else ""
        if name and name not in values:
            raise Unreadable(f"no value for {name}")
        text = clean(values[name]) if isinstance(piece, Slot) else piece.text
        first, *others = text.split("\n")
        lines[-1].append(Run(first, name))
        lines.extend([Run(other, name)] for other in others)
    paragraphs: list[list[Line]] = [[]]
    for line in lines:
        if words_of(line).strip():
            paragraphs[-1].append(tuple(run for run in line if run.text))
        elif not any(run.name for run in line):
            paragraphs.append([])
        elif paragraphs[-1] and words_of(paragraphs[-1][-1]).rstrip().endswith(":"):
            paragraphs[-1].pop()
    return tuple(tuple(paragraph) for paragraph in paragraphs if paragraph)


def words_of(line: Sequence[Run]) -> str:
    """A laid out line as plain text."""
    return "".join(run.text for run in line)


def as_text(paragraphs: Sequence[Paragraph]) -> str:
    """Laid out paragraphs as plain text, a blank line between them."""
    return "\n\n".join(
        "\n".join(words_of(line).rstrip() for line in paragraph) for paragraph in paragraphs
    ).strip()


def fill(pieces: Sequence[Piece], values: Mapping[str, str]) -> str:
    """The text with its values, as plain text of any number of lines. Raises Unreadable."""
    return as_text(lay_out(pieces, values))


def fill_line(pieces: Sequence[Piece], values: Mapping[str, str]) -> str:
    """The text with its values in one line, as a subject or title: no value can end it. Raises Unreadable."""
    return one_line(fill(pieces, values))
