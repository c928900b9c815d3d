"""Cells that name one of a few things: sex, prakriti, blood group, yes or no."""

from __future__ import annotations

import re

from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.imports.values.blank import is_blank, word
from clinic.patients.models import Prakriti, Sex

_LONGEST = 60
_SEXES = {
    Sex.FEMALE: (
        "f", "fe", "fem", "female", "woman", "women", "girl", "lady",
        "mrs", "ms", "miss", "w", "महिला", "स्त्री", "औरत",
        "लड़की", "म", "बालिका", "कन्या", "नारी", "mahila", "stri", "ladki", "aurat",
    ),
    Sex.MALE: (
        "m", "male", "man", "men", "boy", "gent", "gents", "mr",
        "पुरुष", "पुरूष", "लड़का", "बालक", "आदमी", "पु", "नर",
        "purush", "ladka",
    ),
    Sex.OTHER: (
        "o", "other", "others", "t", "tg", "trans", "transgender", "third gender", "third", "nonbinary",
        "non-binary", "non binary", "nb", "intersex", "x", "अन्य", "ट्रांसजेंडर", "तृतीय लिंग", "किन्नर", "अ",
    ),
}  # fmt: skip
_SEX_OF = {word(name): sex for sex, names in _SEXES.items() for name in names}

_VATA, _PITTA, _KAPHA = "v", "p", "k"
_DOSHA = re.compile(r"(?P<v>va+t+a?|vayu|v|वात|वायु)|(?P<p>pit+h?a?|p|पित्त|पित)|(?P<k>ka(?:ph|f)a*|k|कफ)")
_ADDITIONS = re.compile(
    r"prakriti|prakruti|prakrti|constitution|type|dominant|predominant|pradhana?|dosha|dosh|body"
    r"|प्रकृति|प्रधान|दोष|(?<=\S)(?:ja|aja|aj|j)\b"
)
_ALL_THREE = frozenset(
    word(name)
    for name in (
        "tridosha", "tridosh", "tridoshaj", "tridoshaja", "tridoshic", "tri dosha", "tri", "sama", "sam",
        "samadosha", "sama dosha", "sama prakriti", "samadoshaja",
        "samaprakriti", "balanced", "all", "all three",
        "त्रिदोष", "त्रिदोषज", "सम", "समदोष", "सम दोष", "सम प्रकृति", "समप्रकृति",
    )
)  # fmt: skip
_PRAKRITI_OF = {
    frozenset(_VATA): Prakriti.VATA,
    frozenset(_PITTA): Prakriti.PITTA,
    frozenset(_KAPHA): Prakriti.KAPHA,
    frozenset(_VATA + _PITTA): Prakriti.VATA_PITTA,
    frozenset(_PITTA + _KAPHA): Prakriti.PITTA_KAPHA,
    frozenset(_VATA + _KAPHA): Prakriti.VATA_KAPHA,
    frozenset(_VATA + _PITTA + _KAPHA): Prakriti.TRIDOSHA,
}

_BLOOD_WORDS = re.compile(r"blood|group|type|bg|\brh\b|factor|रक्त|समूह|ब्लड|ग्रुप|[:=()\[\].]")
_BLOOD = re.compile(
    r"(ab|a[12]?b|a|b|o|0|एबी|ए बी|ए|बी|ओ)\s?[12]?\s?-?\s?d?\s?"
    r"(\+\s?ve|-\s?ve|\+|-|positive|postive|pos|plus|p|negative|neg|minus|n|ve\+|ve-"
    r"|पॉजिटिव|पोजिटिव|पाजिटिव|पॉजीटिव|धनात्मक|नेगेटिव|निगेटिव|नेगटिव|ऋणात्मक)"
)
_LETTERS = {"0": "O", "ए": "A", "बी": "B", "एबी": "AB", "ए बी": "AB", "ओ": "O", "A1B": "AB", "A2B": "AB"}
_NEGATIVE = ("-", "n", "m", "ve-", "ने", "नि", "ऋ")

_YES = frozenset(
    word(name) for name in ("yes", "y", "true", "1", "ok", "✓", "✔", "हाँ", "जी हाँ", "haan", "ha")
)
_NO = frozenset(
    word(name) for name in ("no", "n", "false", "0", "✗", "✘", "नहीं", "जी नहीं", "ना", "nahi", "nahin")
)


def read_sex(text: str, *, field: str = "sex") -> str | None:
    """``female``, ``male`` or ``other``; None for an empty cell. Raises Invalid for any other word."""
    if is_blank(text):
        return None
    if len(text) <= _LONGEST and (sex := _SEX_OF.get(word(text).strip(" ."))):
        return sex.value
    raise Invalid(_("Write the sex as F, M or O (female, male, other)."), field=field)


def read_prakriti(text: str, *, field: str = "prakriti") -> str | None:
    """A Prakriti from the doshas named, in any order: ``V-P``, ``pitta kapha``, ``वात-पित्त``, ``sama``.

    None for an empty cell. Raises Invalid for anything else, percentages too.
    """
    if is_blank(text):
        return None
    if len(text) <= _LONGEST:
        said = word(text)
        if said.strip(" .") in _ALL_THREE:
            return Prakriti.TRIDOSHA.value
        said = re.sub(r"[\s\-_/>,.&+()|]+|\b(?:and|और)\b", " ", _ADDITIONS.sub(" ", said))
        named = _doshas(said)
        if named:
            return _PRAKRITI_OF[frozenset(named)].value
    raise Invalid(
        _("Write the prakriti with its doshas: vata, pitta, kapha, two of them, or tridosha."), field=field
    )


def _doshas(said: str) -> set[str] | None:
    """The doshas of which the text consists; None if it says anything else."""
    named: set[str] = set()
    for part in said.split():
        position = 0
        while position < len(part):
            found = _DOSHA.match(part, position)
            if found is None or found.lastgroup is None:
                return None
            named.add(found.lastgroup)
            position = found.end()
    return named


def read_blood_group(text: str, *, field: str = "blood_group") -> str | None:
    """``A+`` to ``O-``: ``B +ve``, ``O positive``, ``A1+``, ``बी पॉजिटिव``.

    None for an empty cell. Raises Invalid.
    """
    if is_blank(text):
        return None
    if len(text) <= _LONGEST:
        said = " ".join(_BLOOD_WORDS.sub(" ", word(text)).split())
        if found := _BLOOD.fullmatch(said):
            letters = _LETTERS.get(found[1].upper(), found[1].upper())
            return letters + ("-" if found[2].startswith(_NEGATIVE) else "+")
    raise Invalid(_("Write the blood group with its sign: A+, B-, AB+ or O-."), field=field)


def read_yes_no(text: str, *, field: str = "") -> bool | None:
    """Yes or no; here ``नहीं`` is a no. None for an empty cell. Raises Invalid."""
    said = word(text).strip(" .") if len(text) <= _LONGEST else text
    if said in _YES or said in _NO:
        return said in _YES
    if is_blank(text):
        return None
    raise Invalid(_("Write yes or no."), field=field or None)
