"""Names of people as lists write them: with titles or without, in either script, whole or in part."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from clinic.core.names import sound
from clinic.core.text import fold
from clinic.patients.likeness import Traits, compare

Key = TypeVar("Key")
TITLES = (
    "dr", "doctor", "vaidya", "vaid", "vd", "prof", "professor", "mr", "mrs", "ms", "miss", "shri", "smt",
    "डॉ", "डा", "डॉक्टर", "वैद्य", "वैद्या", "प्रो", "श्री", "श्रीमती", "कु",
)  # fmt: skip
"""What stands before a name, folded."""


def bare(name: str) -> str:
    """A name folded, without the titles before it; a name of titles alone stays."""
    words = fold(name).split()
    while len(words) > 1 and words[0] in TITLES:
        words = words[1:]
    return " ".join(words)


def are_alike(one: str, other: str) -> bool:
    """Whether two names may be one person's: the same, much the same, part of each other, or heard alike."""
    return any(fits(one, other) for fits in _FITS)


def likest(name: str, among: Iterable[tuple[Key, str]]) -> list[Key]:
    """Those whose names are nearest to ``name``, all of them when several are equally near; none if no name
    is like it.
    """
    known = list(among)
    for fits in _FITS:
        found = [key for key, other in known if fits(name, other)]
        if found:
            return found
    return []


def _same(one: str, other: str) -> bool:
    return bare(one) == bare(other)


def _same_words(one: str, other: str) -> bool:
    return sorted(bare(one).split()) == sorted(bare(other).split())


def _heard_alike(one: str, other: str) -> bool:
    heard = sound(bare(one))
    return bool(heard) and heard == sound(bare(other))


def _much_the_same(one: str, other: str) -> bool:
    mine, kept = (
        Traits(name=bare(name), mobile=None, birth_date=None, birth_precision=None) for name in (one, other)
    )
    return compare(mine, kept).score > 0


_FITS: tuple[Callable[[str, str], bool], ...] = (_same, _same_words, _heard_alike, _much_the_same)
"""The nearest first."""
