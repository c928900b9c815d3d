"""Finding patients whose names are one slip of the finger away from what was typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ARRAY, Integer, Text, cast, exists, func, select, true

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.names import misspellings
from clinic.core.text import like_prefix
from clinic.patients.models import Patient, PatientWord
from clinic.patients.queries.named import HEARD, Word, has_word, one_by_one, words_of
from clinic.patients.queries.stages import Part, Search

FEWEST_LETTERS = 5
FEWEST_HEARD = 4
"""A word of fewer letters, typed and heard, is one slip away from too many others."""
MOST_READINGS = 8
"""So many other readings of a word are followed."""
_FARTHEST = 2_000
"""So many names with one reading are looked through for the other words."""


@dataclass(frozen=True)
class Reading:
    """What a typed word may mean: a word of ``patient_words``, or with ``whole`` false, its beginning."""

    text: str
    whole: bool = False

    @property
    def pattern(self) -> str:
        """For LIKE; a word has nothing in it that would have to be escaped."""
        return self.text if self.whole else like_prefix(self.text)


def close_to(actor: Actor, folded: Sequence[str]) -> Search | None:
    """Where to look for patients with nearly these words in their names, the nearest first; None for nowhere.

    A word that no name has is read as if one letter of it were wrong; where each is some name's word, every
    one is. One statement; none where the words are too short for a slip to be told from another name.
    """
    words = words_of(folded)
    if not any(_tells_slips(word) for word in words):
        return None
    lead, *others = readings_of(words)
    if not lead or not all(others):
        return None
    return Search(tuple(_part(actor, reading, others) for reading in lead))


def readings_of(words: Sequence[Word]) -> list[list[Reading]]:
    """What each word may mean, itself first, as far as names have such words; the most doubtful word first.
    One statement.
    """
    slips = [sorted(misspellings(_heard(word))) if _tells_slips(word) else [] for word in words]
    typed = [[text for text in (word.written, word.heard) if text] for word in words]
    found = _found([[*own, *(HEARD + slip for slip in more)] for own, more in zip(typed, slips, strict=True)])
    itself = [
        [Reading(text) for text in own if text in known] for own, known in zip(typed, found, strict=True)
    ]
    unknown = [not own for own in itself]
    readings = []
    for number, word in enumerate(words):
        if unknown[number] or not any(unknown):
            near_by = _nearest(word, [HEARD + slip for slip in slips[number]], found[number])
        else:
            near_by = []
        readings.append((unknown[number], len(word.written), [*itself[number], *near_by]))
    readings.sort(key=lambda reading: reading[:2], reverse=True)
    return [reading for _unknown, _length, reading in readings]


def _heard(word: Word) -> str:
    return word.heard.removeprefix(HEARD)


def _tells_slips(word: Word) -> bool:
    heard = _heard(word)
    return len(heard) >= FEWEST_HEARD or (bool(heard) and len(word.written) >= FEWEST_LETTERS)


def _found(beginnings: Sequence[Sequence[str]]) -> list[dict[str, bool]]:
    """Which beginnings some name's words have, list by list, and whether one of those words ends there.

    One step into the index for each of a few hundred.
    """
    numbers = [number for number, texts in enumerate(beginnings) for _text in texts]
    texts = [text for some in beginnings for text in some]
    asked = func.unnest(cast(numbers, ARRAY(Integer)), cast(texts, ARRAY(Text))).table_valued(
        "number", "text"
    )
    asked = asked.render_derived("asked")
    first = (
        select(PatientWord.word)
        .where(PatientWord.word >= asked.c.text)
        .order_by(PatientWord.word)
        .limit(1)
        .lateral("first")
    )
    rows = db.session.execute(
        select(asked.c.number, asked.c.text, first.c.word)
        .select_from(asked.join(first, true()))
        .where(func.starts_with(first.c.word, asked.c.text))
    )
    found: list[dict[str, bool]] = [{} for _texts in beginnings]
    for number, text, word in rows:
        found[number][text] = word == text
    return found


def _nearest(word: Word, slips: Sequence[str], found: dict[str, bool]) -> list[Reading]:
    """The likeliest readings: whole words first, then those with the first letter typed."""
    shortest = FEWEST_HEARD + len(HEARD)
    near_by = [text for text in slips if text in found and (found[text] or len(text) >= shortest)]
    near_by.sort(
        key=lambda text: (
            not found[text],
            not text.startswith(word.heard[:2]),
            len(text) < len(word.heard),
            text,
        )
    )
    return [Reading(text, found[text]) for text in near_by[:MOST_READINGS]]


def _part(actor: Actor, lead: Reading, others: Sequence[Sequence[Reading]]) -> Part:
    hits = (
        select(PatientWord.word, PatientWord.patient_id)
        .where(PatientWord.word.like(lead.pattern))
        .order_by(PatientWord.word, PatientWord.patient_id)
        .limit(_FARTHEST)
        .subquery()
    )
    has_others = [
        exists(has_word(Patient.id, *(one.pattern for one in readings)).correlate(Patient))
        for readings in others
    ]
    person = one_by_one(actor, hits.c.patient_id, *has_others)
    return Part(select(person.c.id).select_from(hits).join(person, true()))
