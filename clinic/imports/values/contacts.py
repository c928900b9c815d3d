"""The person to call, with name, relationship and number in one cell."""

from __future__ import annotations

import re
from dataclasses import dataclass

from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import one_line
from clinic.imports.values.blank import is_blank, plain, within, word
from clinic.imports.values.phones import FEWEST_DIGITS, find_numbers, refuse_shortened
from clinic.patients.details import RELATIONSHIPS

LONGEST = 300
FIELD = "emergency_phone"

_KINDS = {
    "parent": (
        "mother", "father", "mom", "mum", "mummy", "dad", "papa",
        "parent", "parents", "mata", "pita", "maa", "माता",
        "पिता", "माँ", "मां", "माताजी", "पिताजी", "माता जी", "पिता जी", "अभिभावक", "stepmother", "stepfather",
    ),
    "spouse": ("wife", "husband", "hubby", "spouse", "partner", "pati", "patni", "पति", "पत्नी", "जीवनसाथी"),
    "child": (
        "son", "daughter", "child", "beta", "beti", "putra", "putri", "बेटा", "बेटी", "पुत्र", "पुत्री", "संतान",
    ),
    "sibling": ("brother", "sister", "sibling", "bro", "sis", "भाई", "बहन", "बहिन", "भाईसाहब"),
    "friend": (
        "friend", "neighbour", "neighbor", "neighbours", "मित्र", "दोस्त",
        "पड़ोसी", "पड़ोसन", "सहेली", "mitra", "dost",
    ),
    "relative": (
        "relative", "uncle", "aunt", "aunty", "auntie", "cousin", "grandmother", "grandfather", "grandson",
        "granddaughter", "nephew", "niece", "brother-in-law",
        "sister-in-law", "mother-in-law", "father-in-law",
        "son-in-law", "daughter-in-law", "brother in law", "sister in law", "mother in law", "father in law",
        "son in law", "daughter in law", "चाचा", "चाची", "मामा", "मामी",
        "बुआ", "मौसी", "दादा", "दादी", "नाना", "नानी",
        "पोता", "पोती", "सास", "ससुर", "दामाद", "बहू", "भतीजा", "भतीजी", "भांजा", "भांजी", "रिश्तेदार", "संबंधी",
    ),
    "other": ("other", "others", "अन्य"),
}  # fmt: skip
_KIND_OF = {word(name): kind for kind, names in _KINDS.items() for name in names}
_OFTEN_NAMES = frozenset(
    word(name) for name in ("भाई", "beta", "बेटा", "दादा", "नाना", "मामा", "मित्र", "mitra", "papa", "संतान")
)
"""Words that also close names (Ramesh Bhai) or are names: at the end of one they are no relationship."""
_OF = {"w": "spouse", "h": "spouse", "s": "parent", "d": "parent", "m": "child", "f": "child", "c": None}
"""``w/o Ramesh``: the patient is his wife, so he is the patient's spouse; c/o says nothing of kinship."""
_OF_SOMEBODY = re.compile(r"^([wshdmfc])\s?/\s?o\b[\s.:-]*", re.IGNORECASE)
_BRACKETS = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
_NUMBER = re.compile(r"\+?\(?\+?\d[\d\s().-]*(?:\s?e\s?\+?\d+)?", re.IGNORECASE)
_TO_THE_NUMBER = re.compile(r"\s?\([^()]*\)")
_LABEL = re.compile(
    r"(?:(?<=[\s(,;:/-])|^)(?:mobile|mob|phone|ph|tel|cell|contact|मोबाइल|मो|फोन)[\s.:]*(?:(?:no|नं)[\s.:]*)?$",
    re.IGNORECASE,
)
_EDGES = " -.,:;/|&="


@dataclass(frozen=True, kw_only=True)
class Contact:
    """Whom to call: ``phone`` in E.164, ``relationship`` of ``details.RELATIONSHIPS`` or the words used."""

    name: str | None = None
    phone: str | None = None
    relationship: str | None = None
    note: str | None = None


def read_contact(text: str) -> Contact | None:
    """``Gabriel (mother) 63082-46281`` and its like; None for an empty cell. Of two persons the first.

    Raises Invalid (field ``emergency_phone``) for a number that is none.
    """
    if is_blank(text):
        return None
    within(text, LONGEST, field="emergency_name")
    cell = plain(text, joiners=True)
    refuse_shortened(cell, field=FIELD)
    cell, rest = _first_person(cell)
    spans = _numbers(cell)
    relationship, left = _relationship(_without(cell, spans))
    name = re.sub(r"\s+", " ", left).strip(_EDGES) or None
    if name is None and relationship not in (None, *RELATIONSHIPS):
        name, relationship = relationship, None
    phone, note = _phone([cell[start:end] for start, end in spans])
    if name is None and phone is None and relationship is None:
        raise Invalid(_("Write the name and the telephone number of this person."), field="emergency_name")
    if rest:
        note = _("Another person was left out: %(person)s.", person=rest)
    return Contact(name=name, phone=phone, relationship=relationship, note=note)


def _numbers(cell: str) -> list[tuple[int, int]]:
    """Where telephone numbers stand, without a bracket that opens behind one: ``98450 11723 (wife)``."""
    spans = []
    for found in _NUMBER.finditer(cell):
        if sum(mark.isdigit() for mark in found[0]) >= FEWEST_DIGITS:
            number = found[0].rstrip(" (.-")
            spans.append((found.start(), found.start() + len(number)))
    return spans


def _first_person(cell: str) -> tuple[str, str]:
    """The cell up to where a second name with its own number begins, and the rest."""
    spans = _numbers(cell)
    if len(spans) < 2 or not _said(cell[: spans[0][0]]):
        return cell, ""
    start, end = spans[0][1], spans[1][0]
    behind = _TO_THE_NUMBER.match(cell, start, end)
    cut = behind.end() if behind else start
    return (cell[:cut], cell[cut:].strip(_EDGES)) if _said(cell[cut:end]) else (cell, "")


def _said(text: str) -> str:
    """What is said beside labels such as ``Mob:``."""
    return _LABEL.sub("", text.strip(_EDGES)).strip(_EDGES + "()+")


def _without(cell: str, spans: list[tuple[int, int]]) -> str:
    kept, position = [], 0
    for start, end in spans:
        kept.append(_LABEL.sub("", cell[position:start]))
        position = end
    kept.append(cell[position:])
    return " ".join(kept)


def _phone(pieces: list[str]) -> tuple[str | None, str | None]:
    if not pieces:
        return None, None
    numbers, unread, _words = find_numbers("\n".join(pieces), field=FIELD)
    if not numbers:
        raise unread[0].fault if unread else Invalid(_("This is not a telephone number."), field=FIELD)
    first = next((number for number in numbers if not number.landline), numbers[0])
    if first.landline:
        return first.e164, _("A landline: messages cannot reach it.")
    others = [number.given for number in numbers if number is not first]
    if others:
        return first.e164, _("Another number was left out: %(number)s.", number=", ".join(others))
    return first.e164, _("Another number in this cell could not be read.") if unread else None


def _relationship(text: str) -> tuple[str | None, str]:
    """The relationship and the text without it."""
    text = text.strip(_EDGES)
    if found := _OF_SOMEBODY.match(text):
        return _OF[found[1].lower()], text[found.end() :]
    brackets = [found for found in _BRACKETS.finditer(text) if found[1].strip(_EDGES)]
    for found in brackets:
        if kind := _KIND_OF.get(word(found[1]).strip(_EDGES)):
            return kind, text[: found.start()] + " " + text[found.end() :]
    if kind_and_rest := _unbracketed(text):
        return kind_and_rest
    if brackets:
        found = brackets[0]
        return one_line(found[1].strip(_EDGES)), text[: found.start()] + " " + text[found.end() :]
    return None, text


def _unbracketed(text: str) -> tuple[str, str] | None:
    words = text.split()
    if not words:
        return None
    first, last = word(words[0]).strip(_EDGES), word(words[-1]).strip(_EDGES)
    if kind := _KIND_OF.get(first):
        return kind, " ".join(words[1:])
    if last not in _OFTEN_NAMES and (kind := _KIND_OF.get(last)):
        return kind, " ".join(words[:-1])
    return None
