"""Text as people type and paste it: what is kept, what cannot be stored, how names are folded to search."""

from __future__ import annotations

import re
import unicodedata

_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_BLANKS = re.compile(r"\s+")
_NO_ASCII_WORD = re.compile("[^a-z0-9]+")
LIKE_ESCAPE = "\\"


def clean(text: str) -> str:
    """Typed text without what cannot be stored (NUL, other controls, lone surrogates); line ends become
    ``\\n``.

    Everything else stays as it was typed, in any script, directional marks included.
    """
    return _UNSTORABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str) -> str:
    """``clean`` for a single-line field: runs of blanks become one space, none at the ends."""
    return _BLANKS.sub(" ", clean(text)).strip()


def fold(name: str) -> str:
    """A name as searches compare it: lower case, Latin accents gone, punctuation as blanks.

    Devanagari vowel signs and conjuncts are marks too, and stay: without them the name would be another.
    """
    line = one_line(name)
    if line.isascii():  # the same in a quarter of the time
        return _NO_ASCII_WORD.sub(" ", line.lower()).strip()
    decomposed = unicodedata.normalize("NFKD", line).casefold()
    letters = (
        mark
        for mark in decomposed
        if unicodedata.category(mark) not in ("Mn", "Cf") or "\u0900" <= mark <= "\u0dff"
    )
    return unicodedata.normalize(
        "NFC", _BLANKS.sub(" ", "".join(_word_part(mark) for mark in letters)).strip()
    )


def _word_part(mark: str) -> str:
    return mark if mark.isalnum() or unicodedata.category(mark).startswith("M") else " "


def like_prefix(text: str) -> str:
    """A LIKE pattern for values that begin with ``text``; its ``%``, ``_`` and backslash are literal."""
    return re.sub(r"([\\%_])", r"\\\1", text) + "%"
