"""Finding patients by the beginnings of words of their names, as they are written and as they are heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, or_, select, true

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.names import sound
from clinic.core.text import like_prefix
from clinic.patients.models import Patient, PatientWord
from clinic.patients.queries.stages import Part, visible_ids

HEARD = "~"
"""Stands in ``patient_words`` before a word as it is heard."""
FEWEST_HEARD = 2
"""A word of which less is heard says too little: ``De`` would find every name with a D."""
_ENOUGH = 2_000
"""A word is common from here on, and it does not matter how common."""
_HIT = PatientWord.__table__.alias("hit")
_ALSO = PatientWord.__table__.alias("also")


@dataclass(frozen=True)
class Word:
    """A typed word: how it is written, and how ``patient_words`` has it as heard; empty where that says too
    little.
    """

    written: str
    heard: str


def words_of(folded: Sequence[str]) -> list[Word]:
    """The words of a folded term with their sounds."""
    words = []
    for written in folded:
        heard = sound(written)
        says = len(heard) >= FEWEST_HEARD or (heard and not written.isascii())
        words.append(Word(written, HEARD + heard if says else ""))
    return words


def with_words(actor: Actor, folded: Sequence[str]) -> list[Part]:
    """Patients whose names have words that begin so; then those whose names sound so.

    With several words all must be there, in any order; the rarest leads, found by one statement here.
    """
    words = words_of(folded)
    written = [word.written for word in words]
    heard = [word.heard or word.written for word in words]
    ways = [written, heard] if any(word.heard for word in words) else [written]
    if len(words) > 1:
        counts = _counts([*written, *heard])
        ways = [sorted(way, key=counts.__getitem__) for way in ways]
        ways = [way for way in ways if counts[way[0]]]
    parts = [_by(actor, way) for way in ways if way]
    if len(words) == 1 and len(ways) == 2:
        parts[1] = _by(actor, ways[1], besides=written[0])
    return parts


def _counts(beginnings: Sequence[str]) -> dict[str, int]:
    """How many words begin so, as far as it matters."""
    different = list(dict.fromkeys(beginnings))
    counted = [
        select(func.count())
        .select_from(
            select(PatientWord.word).where(PatientWord.word.like(like_prefix(text))).limit(_ENOUGH).subquery()
        )
        .scalar_subquery()
        for text in different
    ]
    return dict(zip(different, db.session.execute(select(*counted)).one(), strict=True))


def _by(actor: Actor, beginnings: Sequence[str], *, besides: str = "") -> Part:
    """The first beginning leads, in the order of its index; the other words are looked up by patient, and
    last the patients. Who has a word that begins with ``besides`` is left out.

    To count those with several words, the planner may join all of each word's instead, which suits common
    words.
    """
    lead, *others = beginnings
    earlier = has_word(Patient.id, like_prefix(lead)).where(_ALSO.c.word < _HIT.c.word)
    person = one_by_one(actor, _HIT.c.patient_id, ~exists(earlier.correlate(Patient, _HIT)))
    leading = (
        select(person.c.id).select_from(_HIT.join(person, true())).where(_HIT.c.word.like(like_prefix(lead)))
    )
    if besides:
        leading = leading.where(~exists(has_word(_HIT.c.patient_id, like_prefix(besides)).correlate(_HIT)))
    also = [has_word(_HIT.c.patient_id, like_prefix(text)).correlate(_HIT) for text in others]
    return Part(
        leading.where(*(exists(one.offset(0)) for one in also)).order_by(_HIT.c.word, _HIT.c.patient_id),
        _HIT.c.word,
        counting=leading.where(*(exists(one) for one in also)) if also else None,
    )


def has_word(patient_id: Any, *patterns: str) -> Select[Any]:
    """The words of a patient that are like one of the patterns, for EXISTS; with an OFFSET 0 the planner
    looks them up patient by patient.
    """
    like_one = or_(*(_ALSO.c.word.like(pattern) for pattern in patterns))
    return select(_ALSO.c.word).where(_ALSO.c.patient_id == patient_id, like_one)


def one_by_one(actor: Actor, patient_id: Any, *conditions: ColumnElement[bool]) -> Any:
    """The patient of an id found outside, if ``actor`` may see them and the conditions hold.

    OFFSET 0 keeps the planner from turning this around and reading all patients first.
    """
    person = visible_ids(actor, Patient.id == patient_id, *conditions)
    return person.offset(0).lateral("person")
