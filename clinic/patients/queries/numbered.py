"""Finding patients by digits: their mobile, their number here, the number of an older file; and by e-mail."""

from __future__ import annotations

import re
from typing import Any

from clinic.core.access import Actor
from clinic.core.text import like_prefix
from clinic.patients.models import Patient
from clinic.patients.queries.stages import Part, visible_ids

FEWEST_DIGITS = 3
_DIAL = re.compile(r"[\s()+.\-]")
_MRN = re.compile(r"^su-?[0-9]{1,18}$", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s./\-]+")


def digits_of(term: str) -> str:
    """The digits of a term that is a telephone number or a part of one; empty for anything else."""
    bare = _DIAL.sub("", term)
    return bare if bare.isascii() and bare.isdigit() and len(bare) >= FEWEST_DIGITS else ""


def fold_number(number: str) -> str:
    """A file number as ``patients.file_number_folded`` keeps it."""
    return _BETWEEN.sub("", number.lower())


def file_beginning(term: str) -> str:
    """What file numbers would have to begin with; empty for a term without digits or with an ``@``."""
    if "@" in term or not any(mark.isdecimal() for mark in term):
        return ""
    return fold_number(term)


def with_email(actor: Actor, term: str) -> Part:
    """Patients whose e-mail begins with the term, by e-mail."""
    key = Patient.email_folded
    found = visible_ids(actor, key.like(like_prefix(term.lower()))).order_by(key)
    return Part(found, key)


def with_number(actor: Actor, term: str) -> list[Part]:
    """Patients with that number here, with a file number that begins so, and, for digits, with a mobile that
    ends or begins so.
    """
    digits = digits_of(term)
    numbers = {term, term.upper()}
    if digits or _MRN.match(term):
        numbers.add("SU-" + (digits or term[2:].lstrip("-")))
    parts = [Part(visible_ids(actor, Patient.mrn.in_(sorted(numbers))))]
    if digits:
        parts.append(_beginning(actor, Patient.mobile_reversed, digits[::-1]))
        starts = sorted({"+" + digits, "+91" + digits.removeprefix("0")})
        parts.extend(_beginning(actor, Patient.mobile, start) for start in starts)
    if beginning := fold_number(term):
        parts.append(_beginning(actor, Patient.file_number_folded, beginning))
    return parts


def _beginning(actor: Actor, column: Any, text: str) -> Part:
    return Part(visible_ids(actor, column.like(like_prefix(text))).order_by(column), column)
