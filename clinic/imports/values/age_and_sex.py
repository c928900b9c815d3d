"""Age and sex in one cell: ``45/F``, ``62 M``, ``F 34 yrs``, ``8 y / male``, ``३२/महिला``."""

from __future__ import annotations

import re

from clinic.imports.values.blank import is_blank, plain, word
from clinic.patients.models import Sex

LONGEST = 80
_SEXES = {
    Sex.FEMALE: ("f", "fem", "female", "girl", "lady", "महिला", "स्त्री", "बालिका", "म"),
    Sex.MALE: ("m", "male", "boy", "gents", "पुरुष", "पुरूष", "पु", "बालक"),
    Sex.OTHER: ("tg", "trans", "transgender", "other", "अन्य"),
}
_SEX_OF = {word(name): sex for sex, names in _SEXES.items() for name in names}
_MEAN_MORE = ("m", word("म"))
"""Without a mark before them these may be months or the end of another word."""
_SIGN = r"\s*[/,&|(;-]\s*"
_BEHIND = re.compile(rf"(.*?\d[^/,&|(;]*?)({_SIGN}|\s*)([^\W\d_][^\d/,&|();\s.-]*)[.)\s]*")
_BEFORE = re.compile(rf"([^\W\d_][^\d/,&|();\s.-]*)\.?(?:{_SIGN}|\s*)(\d.*)")
_BARE = re.compile(r"\d{1,3}(?:\.0)?")
MOST_MONTHS = 24
"""Babies are counted in months so long: a larger number with a bare M is no age in months."""


def split_sex(text: str, *, both: bool = False) -> tuple[str, str | None]:
    """The age as it stands in a cell, and the sex beside it; the whole cell and None where there is none.

    ``both``: the column holds age and sex, so a capital M behind a number is a man. Else it is one above
    ``MOST_MONTHS``, or behind a mark: ``18/M``.
    """
    line = plain(text) if len(text) <= LONGEST else ""
    if is_blank(line):
        return text, None
    if both and (sex := _SEX_OF.get(word(line).strip(" ."))):
        return "", sex.value
    if (found := _BEHIND.fullmatch(line)) and (sex := _SEX_OF.get(word(found[3]))):
        age, mark, said = found[1].strip(), found[2].strip(), found[3]
        if mark or word(said) not in _MEAN_MORE or _is_man(age, said, both=both):
            return age, sex.value
    if (found := _BEFORE.fullmatch(line)) and (sex := _SEX_OF.get(word(found[1]))):
        return found[2].strip(), sex.value
    return text, None


def _is_man(age: str, said: str, *, both: bool) -> bool:
    if not age[-1:].isdigit():  # "34 yrs M"
        return True
    return said == "M" and bool(_BARE.fullmatch(age)) and (both or float(age) > MOST_MONTHS)
