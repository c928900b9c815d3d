"""Finding patients by any word of their name, their mobile's digits, e-mail or number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.paging import COUNT_CAP, Page, PageRequest
from clinic.core.text import clean, fold, like_prefix, one_line
from clinic.patients import policy
from clinic.patients.models import Patient, PatientWord

LONGEST_TERM = 100
FEWEST_DIGITS = 3
MOST_WORDS = 6
_DIAL = re.compile(r"[\s()+.\-]")
_MRN = re.compile(r"^su-?[0-9]{1,18}$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class PatientRow:
    """A patient as a list shows them."""

    id: int
    mrn: str
    name: str
    sex: str
    birth_date: date | None
    birth_precision: str | None
    mobile: str | None
    phone_as_given: str | None
    email: str | None
    city: str | None
    allergy_status: str
    deceased: bool
    deceased_on: date | None
    created_at: datetime


_COLUMNS = tuple(getattr(Patient, name) for name in PatientRow.__dataclass_fields__)


def search_patients(actor: Actor, term: str, page: PageRequest) -> Page[PatientRow]:
    """Patients that ``actor`` may see and ``term`` finds.

    No term: all, the newest first. Words: every one begins a word of the name; in the order of the word
    found. Three digits or more: the mobile ends or begins with them, the newest first. With an ``@``: the
    e-mail begins with it. ``SU-…`` is the patient's number. ``%``, ``_`` and the backslash mean themselves.
    Two statements.
    """
    rows_found = found(actor, one_line(clean(term))[:LONGEST_TERM])
    total = _total(rows_found)
    rows = db.session.execute(rows_found.offset(page.offset).limit(page.limit))
    items = [PatientRow(**row._mapping) for row in rows]
    return Page(items, page, min(total, COUNT_CAP), capped=total > COUNT_CAP)


def quick_search(actor: Actor, term: str, *, limit: int = 8) -> list[PatientRow]:
    """The first few that ``search_patients`` would find, without counting the rest. One statement; none for
    no term.
    """
    cleaned = one_line(clean(term))[:LONGEST_TERM]
    if not cleaned:
        return []
    return [PatientRow(**row._mapping) for row in db.session.execute(found(actor, cleaned).limit(limit))]


def digits_of(term: str) -> str:
    """The digits of a term that is a telephone number or a part of one; empty for anything else."""
    bare = _DIAL.sub("", term)
    return bare if bare.isascii() and bare.isdigit() and len(bare) >= FEWEST_DIGITS else ""


def found(actor: Actor, term: str) -> Select[Any]:
    """The statement behind a search, for a cleaned ``term``; whoever runs it says how many rows."""
    rows = select(*_COLUMNS).where(policy.visible(actor))
    if not term:
        return rows.order_by(Patient.created_at.desc(), Patient.id.desc())
    if "@" in term:
        matching = Patient.email_folded.like(like_prefix(term.lower()))
        return rows.where(matching).order_by(Patient.email_folded, Patient.id)
    if _MRN.match(term):
        return rows.where(Patient.mrn == "SU-" + term[2:].lstrip("-"))
    digits = digits_of(term)
    if digits:
        return rows.where(_with_digits(digits)).order_by(Patient.created_at.desc(), Patient.id.desc())
    return _named(rows, fold(term).split()[:MOST_WORDS])


def _with_digits(digits: str) -> ColumnElement[bool]:
    starts = {digits, "91" + digits.removeprefix("0")}
    return or_(
        Patient.mobile_reversed.like(like_prefix(digits[::-1])),
        *(Patient.mobile.like(like_prefix("+" + start)) for start in sorted(starts)),
        Patient.mrn == "SU-" + digits,
    )


def _named(rows: Select[Any], words: list[str]) -> Select[Any]:
    """The longest word leads, in the order of its index; the others and the doubles are looked up patient by
    patient.
    """
    if not words:
        return rows.where(Patient.id < 0)
    lead, *others = sorted(words, key=len, reverse=True)
    hit, earlier = aliased(PatientWord), aliased(PatientWord)
    seen_before = exists().where(
        earlier.patient_id == hit.patient_id, earlier.word.like(like_prefix(lead)), earlier.word < hit.word
    )
    conditions: list[ColumnElement[bool]] = [hit.word.like(like_prefix(lead)), ~seen_before]
    for word in others:
        also = aliased(PatientWord)
        conditions.append(
            exists().where(also.patient_id == hit.patient_id, also.word.like(like_prefix(word)))
        )
    return (
        rows.join(hit, hit.patient_id == Patient.id)
        .where(and_(*conditions))
        .order_by(hit.word, hit.patient_id)
    )


def _total(found: Select[Any]) -> int:
    few = found.order_by(None).with_only_columns(Patient.id).limit(COUNT_CAP + 1).subquery()
    return db.session.scalar(select(func.count()).select_from(few)) or 0
