"""What a cell says before anybody asks what it means: the same digits, dashes and blanks in every script."""

from __future__ import annotations

import re
import unicodedata

from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import one_line

_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d", "-"))
_ONLY_MARKS = re.compile(r"[-._?*/\\~\s]+")
_JOINERS = "\u200c\u200d"
_NUKTA, _CHANDRABINDU, _ANUSVARA = "\u093c", "\u0901", "\u0902"


def plain(text: str, *, joiners: bool = False) -> str:
    """The cell in one line with ASCII digits and ``-`` for every dash, without invisible marks.

    ``joiners`` keeps the two that shape Devanagari conjuncts, for names. A spreadsheet's leading apostrophe
    ("this is text") is dropped.
    """
    line = one_line(text).translate(_DASHES)
    if not line.isascii():
        kept = _JOINERS if joiners else ""
        line = "".join(_digit(mark) for mark in line if unicodedata.category(mark) != "Cf" or mark in kept)
    return line.removeprefix("'").strip()


def _digit(mark: str) -> str:
    value = unicodedata.decimal(mark, None)
    return mark if value is None else str(value)


def word(text: str) -> str:
    """Text as words are looked up: ``plain``, lower case, without nukta and with one nasal sign for two."""
    folded = unicodedata.normalize("NFD", plain(text).casefold()).replace(_NUKTA, "")
    return unicodedata.normalize("NFC", folded.replace(_CHANDRABINDU, _ANUSVARA))


_BLANKS = frozenset(
    word(text)
    for text in (
        "", "na", "n/a", "n.a", "#n/a", "none",
        "null", "nil", "not known", "notknown", "unknown", "not available",
        "not applicable", "not given", "not recorded", "nan", "नहीं",
        "पता नहीं", "लागू नहीं", "ज्ञात नहीं", "मालूम नहीं",
        "अज्ञात", "उपलब्ध नहीं",
    )
)  # fmt: skip
_LONGEST_BLANK = 40


def is_blank(text: str) -> bool:
    """True for an empty cell and for the ways to write that there is nothing: ``-``, ``NA``, ``पता नहीं``."""
    if not text:
        return True
    line = one_line(text)
    if len(line) > _LONGEST_BLANK:
        return False
    if _ONLY_MARKS.fullmatch(plain(line)):
        return True
    said = word(line).strip(" .()[]")
    return said in _BLANKS or (len(said) > 1 and not said.strip("x"))


def within(text: str, most: int, *, field: str) -> str:
    """``plain(text)``. Raises Invalid when it is longer than a value of this kind can be."""
    line = one_line(text)
    if len(line) <= 4 * most:
        line = plain(line)
    if len(line) > most:
        raise Invalid(_("At most %(max)d characters.", max=most), field=field)
    return line
