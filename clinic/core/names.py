"""How a name sounds: one spelling for Latin and Devanagari, so that either finds the other.

The sound of a typed beginning is, but for a few pairs of letters, the beginning of the sound: a search goes
on while somebody types. Whoever changes a rule here empties ``patients.search_sound`` in a migration; the
clock fills it again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from anyascii import anyascii

from clinic.core.text import fold

LETTERS = "abcdeghijklmnprstuvy"
"""What sounds are made of; digits stay as they are."""

TITLES = frozenset(
    (
        "mr", "mrs", "ms", "miss", "smt", "shri", "shree", "sri", "kum", "kumari", "master", "baby", "dr",
        "श्री", "श्रीमती", "कु", "कुमारी", "सुश्री", "माननीय", "डॉ",
    )
)  # fmt: skip
"""What stands before names, folded. Some are names too, so names keep them."""
_DEVANAGARI = 0x0900
_INDIC = re.compile("[\u0980-\u0d7f]")
_GURMUKHI_NASAL, _GURMUKHI_DOUBLE = "\u0a70", "\u0a71"
_WRITTEN = (
    (
        re.compile("([\u0915-\u0939]\u093c?)(?![\u093c\u093e-\u094d\u0962\u0963])"),
        r"\1a",
    ),  # heard, not written
    (re.compile("ज्ञ"), "gy"),
    (re.compile("[\u0921\u0922]\u093c"), "r"),
    (re.compile("ऋ"), "ri"),
    (re.compile("[\u0943\u0944]"), "ri"),
    (re.compile("[\u0901\u0902](?=[पफबभम])"), "m"),
    (re.compile("[\u0901\u0902](?=ह)"), "ng"),  # सिंह is Singh
    (re.compile("[\u0901\u0902](?=.)"), "n"),
    (re.compile("[\u0901\u0902\u093c\u093d\u094d\u200c\u200d]"), ""),
    (re.compile("च"), "ch"),
)
"""What Devanagari leaves to the reader, in the order it is written out."""

_HEARD = tuple(
    (re.compile(spelled), heard)
    for spelled, heard in (
        ("[^a-z0-9]", ""),
        ("cch", "ch"),
        ("chr", "kr"),
        ("c(?=[eiy])", "s"),
        ("c(?=[^h])", "k"),
        ("^x", "j"),
        ("x", "ks"),
        ("q", "k"),
        ("z", "j"),
        ("f", "p"),
        ("jn|dny|gny|^gn|(?<=^ya)gn", "gy"),  # ज्ञ, as it is heard from Kashmir to Maharashtra
        ("simh|sinh(?=[^aeiou]|$)", "singh"),
        ("(?:(?<=[kmptg])|(?<=^h))ru(?!u)", "ri"),  # Amruta and Amrita
        ("^rush", "rish"),
        ("^hr", "r"),  # Hrishikesh and Rishikesh
        ("^sy(?=e)", "say"),
        ("^ye", "ya"),
        ("eh", "ah"),  # Rehman and Rahman
        ("^iy+", "ay"),  # Iyer and Ayyar
        ("(?<=[bcdgjklmnprstvw])h+", ""),
        ("ow(?![aeiouy])", "u"),
        ("w", "v"),
        ("([ae])o(?!o)", r"\1v"),  # Rao and Rav, Deo and Dev
        ("ee+|ii+", "i"),
        (r"([a-z])\1+", r"\1"),
        ("(?<=...)ey(?![iou])", "e"),  # Pandey and Pande
        ("(?<=i)y", ""),
        ("([aeo])[iy]+", r"\1Y"),
        ("ae", "Y"),  # Gaekwad and Gaikwad
        ("(?<=[bcdghjklmnprstv])y", "i"),
        ("o+u*|a?u+", "u"),
        ("^e", "i"),
        ("^([^aeiouY]+)e(?!Y)", r"\1E"),
        ("(?<!^)[ae]+", ""),
        ("i+", "i"),
        ("u+", "u"),
        ("(?<=.)ind", "nd"),  # Rajinder and Rajendra
        ("udur", "udr"),  # Chowdhury and Chaudhari
        ("^s(Y|E)k$", "sEk"),  # Shaikh and Shekh
        ("Y+", "y"),
        ("E", "e"),
    )
)
"""Rules in order: what is spelled, and what is heard."""


def search_forms(name: str) -> dict[str, str]:
    """What a patient's row keeps of the name for searching: ``search_name`` as it is written, and
    ``search_sound`` as it is heard, words in order with blanks between them.
    """
    return {"search_name": fold(name), "search_sound": sound(name)}


def without_title(words: Sequence[str]) -> list[str]:
    """The folded words of a name without the titles before it; all of them where nothing else is left."""
    first = next((place for place, word in enumerate(words) if word not in TITLES), 0)
    return list(words[first:])


def sound(name: str) -> str:
    """A name as it is heard: each word in ``LETTERS`` and digits, blanks between; empty for nothing heard.

    Laxmi, Lakshmi and लक्ष्मी are one, Singh and सिंह too. ``a`` is heard only at the beginning, ``e`` only
    as the first vowel.
    """
    words = (_heard(_romanised(word)) for word in fold(name).split())
    return " ".join(word for word in words if word)


def _romanised(word: str) -> str:
    """A folded word in Latin letters, the vowels of Indian scripts that nobody writes included."""
    if word.isascii():
        return word
    text = _INDIC.sub(_as_devanagari, word)
    for written, latin in _WRITTEN:
        text = written.sub(latin, text)
    return anyascii(text).lower()


def _as_devanagari(letter: re.Match[str]) -> str:
    """The letter in the same place of the Devanagari block; India's scripts are laid out alike."""
    if letter[0] == _GURMUKHI_NASAL:
        return "\u0902"
    return "" if letter[0] == _GURMUKHI_DOUBLE else chr(_DEVANAGARI + ord(letter[0]) % 0x80)


@lru_cache(maxsize=4096)
def _heard(word: str) -> str:
    for spelled, heard in _HEARD:
        word = spelled.sub(heard, word)
    return word


def misspellings(heard: str) -> frozenset[str]:
    """All that one slip makes of a word as it is heard: a letter too many, too few, another one, or two that
    changed places. Some 40 for each letter of the word; the word itself is not among them.
    """
    halves = [(heard[:place], heard[place:]) for place in range(len(heard) + 1)]
    slips = {before + after[1:] for before, after in halves if after}
    slips.update(before + after[1] + after[0] + after[2:] for before, after in halves if len(after) > 1)
    slips.update(before + letter + after[1:] for before, after in halves if after for letter in LETTERS)
    slips.update(before + letter + after for before, after in halves for letter in LETTERS)
    return frozenset(slips - {heard, ""})
