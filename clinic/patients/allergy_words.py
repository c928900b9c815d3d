"""Words about allergies that name none: that nobody asked, that there are none, that there is one."""

from __future__ import annotations

import re
import unicodedata

from clinic.patients.models import AllergyStatus

_SAID = {
    AllergyStatus.NOT_ASKED: (
        "",
        "not asked", "not known", "notknown", "unknown", "null", "na", "n/a", "#n/a", "nan", "not applicable",
        "not available", "not recorded", "not given", "not sure", "not tested", "not aware", "no idea",
        "?", "??",
        "xx", "पता नहीं", "लागू नहीं",
        "मालूम नहीं", "अज्ञात", "नहीं पूछा",
    ),
    AllergyStatus.NONE_STATED: (
        "nil", "none", "no", "nothing", "-", "--", "0", "no allergy", "no allergies", "nil allergy",
        "nil allergies", "no any allergy", "no h/o allergy", "-ve", "neg", "negative", "absent",
        "denies", "denied",
        "no history of allergy", "no history of allergies", "nil significant", "nothing significant",
        "nahi", "nahin", "nahi hai", "nahin hai", "koi nahi", "koi nahin", "koi nahi hai", "koi nahin hai",
        "नहीं", "नही", "कोई नहीं", "नहीं है", "नही है", "कोई नहीं है", "कोई एलर्जी नहीं",
        "एलर्जी नहीं", "कुछ नहीं", "none stated", "निल",
    ),
    AllergyStatus.NONE_KNOWN: (
        "nil known", "none known", "no known", "nka", "nkda",
        "nkfa", "nkfda", "no known allergy", "no known allergies",
        "no known drug allergy", "no known drug allergies",
        "no known food allergy", "no known food allergies",
        "no known food or drug allergies", "no known drug or food allergies", "nil known allergies",
        "nil known allergy", "none known allergies", "no known allergen",
        "कोई ज्ञात नहीं", "कोई ज्ञात एलर्जी नहीं",
        "ज्ञात नहीं", "कोई ज्ञात एलर्जी नहीं है",
    ),
}  # fmt: skip
_YES = (
    "yes", "y", "true", "present", "positive", "+ve", "+", "allergic", "has allergy", "haan", "han",
    "हाँ", "हां",
    "है", "हाँ है", "जी हाँ",
)  # fmt: skip
_SORTS = (
    "drug", "drugs", "drug allergy", "medicine", "medicines", "food", "food allergy", "allergy", "allergies",
    "allergic to", "known allergy", "known allergies", "environmental", "other", "others", "दवा", "भोजन",
    "एलर्जी",
)  # fmt: skip
LONGEST_SAID = 60
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"))
_NO_ALLERGY = re.compile(
    r"(?:no|nil|none|denies|denied)(?: any)?(?P<known> known)?(?: history of| h/o)?(?: any)?"
    r"(?:(?: (?:food|drug|medicine|medication|environmental|dust|other)s?| or| and)[,/&]*)*"
    r" allerg(?:y|ies|ic)"
)
_DENIAL = re.compile(
    r"(?:no|not|none|nil|nothing|denies|denied|negative for)(?P<known> known)?(?:\s\S+){1,4}"
    r"|(?:\S+\s){1,4}(?:नहीं|नही|nahi|nahin)(?:\s(?:है|hai))?"
)
"""``No penicillin``, ``पेनिसिलिन से एलर्जी नहीं है``; with more words than these it may say anything."""
_SAYS_MORE = re.compile(
    r"\b(?:but|except|only|rash|reaction|itching|swelling|gets|develops|avoid|give|use|than|from)\b"
)
_EXCEPT = re.compile(
    r"\s*(?P<none>.{1,40}?)[\s,]+(?:except(?:ing)?(?:\s+for)?|other\s+than|apart\s+from|besides|excluding|but|सिवाय)"
    r"[\s:]+(?=\S)",
    re.IGNORECASE,
)


def said_key(text: str) -> str:
    """Words as they are looked up: in lower case, without full stops, of a mark repeated two."""
    visible = "".join(char for char in text if unicodedata.category(char) != "Cf")
    key = " ".join(visible.casefold().translate(_DASHES).replace("ँ", "ं").replace(".", "").split())
    return key[:2] if key and key == key[0] * len(key) else key


_STATUS_OF = {said_key(text): status for status, texts in _SAID.items() for text in texts}
_YES_KEYS = frozenset(said_key(text) for text in _YES)
_SORT_KEYS = frozenset(said_key(text) for text in _SORTS)


def status_said(text: str, *, several: bool = False) -> AllergyStatus | None:
    """What the words say where they name no allergy; None where they may. ``No penicillin`` names none,
    unless the text may hold ``several`` answers.
    """
    if len(text) > LONGEST_SAID:
        return None
    key = said_key(text)
    if (status := _STATUS_OF.get(key)) is not None:
        return status
    found = _NO_ALLERGY.fullmatch(key) or (None if several else _DENIAL.fullmatch(key))
    if found is None or _SAYS_MORE.search(key):
        return None
    return AllergyStatus.NONE_KNOWN if found["known"] else AllergyStatus.NONE_STATED


def only_says_yes(text: str) -> bool:
    """Whether the words say that there is an allergy, but not which."""
    return len(text) <= LONGEST_SAID and said_key(text) in _YES_KEYS


def names_a_sort(text: str) -> bool:
    """Whether the words say what sort of allergy follows: ``Drug: Sulfa``."""
    return len(text) <= LONGEST_SAID and said_key(text) in _SORT_KEYS


def end_of_denial(text: str) -> int:
    """Where the exception begins in ``None except Sulfa``; 0 where there is none."""
    found = _EXCEPT.match(text)
    return found.end() if found and status_said(found["none"]) is not None else 0
