"""What the words of a heading say, where it is not simply the name of a field."""

from __future__ import annotations

import re
from collections.abc import Iterable

from clinic.core.text import fold
from clinic.imports.kinds.base import Field, Kind

_LONGEST = 200
_FEWEST_LETTERS = 3
"""Shorter names of fields, ``no`` or ``id``, count only as the whole heading."""


def folded(heading: str) -> str:
    """A heading as it is compared and remembered: ``Mobile No.`` and ``MOBILE  NO`` are one."""
    return fold(heading)[:_LONGEST]


_OF_OTHERS = frozenset(
    folded(word)
    for word in (
        # somebody else
        "father", "fathers", "husband", "husbands", "mother", "mothers", "wife", "spouse", "guardian",
        "guardians",
        "son", "daughter", "brother", "sister", "relative", "attendant", "nominee", "emergency",
        "doctor", "doctors",
        "dr", "vaidya", "vaid", "consultant", "physician", "therapist", "referred", "referring",
        "referral", "refer",
        "ref", "reference", "agent", "staff", "user", "operator",
        # something else
        "company", "employer", "office", "insurance", "tpa", "service", "medicine", "drug", "product",
        "clinic",
        "hospital", "branch", "school",
        # another day, and money
        "next", "last", "previous", "prev", "latest", "recent", "follow", "followup", "followups",
        "payment", "paid",
        "bill", "billing", "invoice", "receipt", "due", "review", "expiry", "discharge", "created", "updated",
        "modified", "printed", "cancelled",
        "पिता", "पति", "माता", "माँ", "मां", "पत्नी", "पुत्र", "पुत्री", "अभिभावक", "परिजन", "डॉक्टर",
        "डाक्टर",
        "चिकित्सक", "वैद्य", "रेफर", "संदर्भ", "कंपनी", "कम्पनी", "बीमा", "सेवा", "दवा", "दवाई", "औषधि",
        "क्लिनिक", "क्लीनिक", "अस्पताल", "अगली", "अगला", "अगले", "पिछली", "पिछला", "पिछले", "अंतिम", "आखिरी",
        "भुगतान", "बिल", "देय", "बकाया", "समीक्षा",
    )
)  # fmt: skip
"""Beside these words a telephone, a name or a date is not that of the person the line is about."""
_SAY_LITTLE = frozenset(
    ("no", "nos", "number", "num", "in", "yrs", "years", "if", "any", "details", "detail", "full", "the", "s")
)
_BEHIND = re.compile(r"[(\[/,&+]|\s(?:of|and|or)\s", re.IGNORECASE)
"""What a heading is about stands before these: ``Date of registration``, ``Mobile (WhatsApp)``."""


def is_of_others(kind: Kind, entry: Field, heading: str, *, besides: Iterable[str] = ()) -> bool:
    """Whether words of the heading, ``besides`` those known, say that it is about something else.

    What the kind itself is about is nobody else: a doctor's telephone among practitioners.
    """
    rest = set(folded(heading).split()) - set(besides)
    subject = {word for field in kind.fields if field.needed for word in field.words}
    return bool(rest & ((_OF_OTHERS - subject) | set(entry.unless)))


def how_well_held(kind: Kind, entry: Field, heading: str) -> int:
    """The letters of the field's longest name that the heading holds, 0 for none.

    ``Patient Mobile No`` holds ``mobile no``. A name of one word must be what the heading is about:
    ``Patient Age`` is no ``patient``. Free text may stand anywhere: ``Remarks, if any``.
    """
    whole = f" {folded(heading)} "
    about = _about(heading)
    free = entry.joiner == "\n"
    held = (
        len(name)
        for name in entry.words
        if len(name) >= _FEWEST_LETTERS
        and f" {name} " in whole
        and (" " in name or free or name == about)
        and (free or not is_of_others(kind, entry, heading, besides=name.split()))
    )
    return max(held, default=0)


def _about(heading: str) -> str:
    """The noun of a heading: ``Patient Phone No. 2`` is about a phone."""
    words = folded(_BEHIND.split(heading, maxsplit=1)[0]).split()
    while words and (words[-1] in _SAY_LITTLE or words[-1].isdigit() or len(words[-1]) == 1):
        words.pop()
    return words[-1] if words else ""


def is_part(entry: Field, heading: str) -> bool:
    """Whether the heading names a part of what the field holds: ``Patient's Surname``."""
    words = set(folded(heading).split())
    return any(words.issuperset(part.split()) for part in entry.parts)
