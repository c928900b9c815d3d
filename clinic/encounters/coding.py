"""Finding diagnoses, and the words and codes they can be named by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, case, func, literal, or_, select, union_all
from sqlalchemy.orm import aliased

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.i18n import chosen_locale
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.text import LIKE_ESCAPE, fold, like_prefix, one_line
from clinic.encounters import policy
from clinic.encounters.after_signing import holds
from clinic.encounters.models import Code, CodeSystem, CodeSystemName, CodeWord, Diagnosis, Note
from clinic.encounters.policy import notes_in_sight
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import Appointment

MOST_SUGGESTED = 10
SHORTEST = 2
"""Letters before anything is looked up."""
LONGEST = 100
MOST_WORDS = 5
MOST_LOOKED_AT = 500
"""Codes with the typed words among which the shortest names are chosen."""
OTHERS_USE = 2
"""Patients about whom colleagues used the same words before these are suggested to others: what was said of
one person alone stays with who said it.
"""
PROBLEMS = 6

SYSTEM_NAMES: Mapping[str, Any] = {
    CodeSystemName.ICD10: "ICD-10",
    CodeSystemName.NAMASTE: "NAMASTE",
    CodeSystemName.TM2: "ICD-11 TM2",
    CodeSystemName.OWN: _l("Clinic’s own list"),
}


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """Something a diagnosis could be: ``code_id`` None for words used before. ``second`` is its other
    name.
    """

    text: str
    second: str = ""
    code_id: int | None = None
    system: str = ""
    code: str = ""


def diagnoses_of(note_id: int) -> list[Diagnosis]:
    """A note's diagnoses in order."""
    return list(
        db.session.scalars(
            select(Diagnosis).where(Diagnosis.note_id == note_id).order_by(Diagnosis.position, Diagnosis.id)
        )
    )


def suggestions(actor: Actor, facility_id: int, typed: str) -> list[Suggestion]:
    """What the typed letters may become, words used before first, then codes: two statements at most."""
    text = one_line(typed)[:LONGEST]
    if len(text) < SHORTEST:
        return []
    used = _used_before(actor, facility_id, text)
    known = {item.text.casefold() for item in used}
    return [*used, *(item for item in codes_like(text) if item.text.casefold() not in known)][:MOST_SUGGESTED]


def code_id_of(system: str | None, code: str | None) -> int | None:
    """The id of a code in use; None for free words and for codes that left their list."""
    if system is None or code is None:
        return None
    return db.session.scalar(select(Code.id).where(Code.system == system, Code.code == code, Code.active))


def codes_like(text: str, limit: int = MOST_SUGGESTED) -> list[Suggestion]:
    """The codes that begin so, then those with all these words, the shortest names first."""
    rows = db.session.execute(codes_statement(text, limit)).all()
    hindi = chosen_locale() == "hi"
    found: dict[int, Suggestion] = {}
    for row in rows:
        name = row.display_hi if hindi and row.display_hi else row.display
        second = row.term or (row.display if name != row.display else "")
        found.setdefault(
            row.id, Suggestion(text=name, second=second, code_id=row.id, system=row.system, code=row.code)
        )
    return list(found.values())[:limit]


def codes_statement(text: str, limit: int) -> Select[Any]:
    """The statement behind ``codes_like``: both ways in go through an index, however long the lists are."""
    columns = (Code.id, Code.system, Code.code, Code.display, Code.display_hi, Code.term)
    begins = like_prefix(text.strip().lower())
    by_code = (
        select(*columns, literal(0).label("rank"), func.length(Code.code).label("size"))
        .where(Code.active, func.lower(Code.code).like(begins, escape=LIKE_ESCAPE))
        .order_by(func.lower(Code.code))
        .limit(limit)
    )
    words = sorted(fold(text).split()[:MOST_WORDS], key=len, reverse=True)
    if not words:
        return by_code
    hits = _with_words(words).subquery()
    by_words = (
        select(*columns, literal(1).label("rank"), func.length(Code.display).label("size"))
        .where(Code.active, Code.id.in_(select(hits.c.code_id)))
        .order_by(func.length(Code.display), Code.code)
        .limit(limit)
    )
    both = union_all(by_code.subquery().select(), by_words.subquery().select()).subquery()
    return select(both).order_by(both.c.rank, both.c.size, both.c.code)


def _with_words(words: list[str]) -> Select[Any]:
    """The ids of codes that have a word beginning with each of these, at most MOST_LOOKED_AT.

    The words are joined with each other, so that the planner begins with the rarest of them.
    """
    first = aliased(CodeWord)
    begins = first.word.like(like_prefix(words[0]), escape=LIKE_ESCAPE)
    found = select(first.code_id).where(begins).limit(MOST_LOOKED_AT)
    if len(words) == 1:
        return found.order_by(first.word)
    for word in words[1:]:
        other = aliased(CodeWord)
        also = other.word.like(like_prefix(word), escape=LIKE_ESCAPE)
        found = found.join(other, (other.code_id == first.code_id) & also)
    return found


def _used_before(actor: Actor, facility_id: int, text: str) -> list[Suggestion]:
    folded = func.lower(Diagnosis.text)
    patients = func.count(Diagnosis.patient_id.distinct())
    mine = func.count().filter(Diagnosis.created_by == actor.user_id)
    rows = db.session.execute(
        select(func.max(Diagnosis.text).label("text"))
        .where(
            Diagnosis.facility_id == facility_id,
            Diagnosis.code.is_(None),
            folded.like(like_prefix(text.lower()), escape=LIKE_ESCAPE),
        )
        .group_by(folded)
        .having(or_(mine > 0, patients >= OTHERS_USE))
        .order_by(patients.desc(), folded)
        .limit(5)
    )
    return [Suggestion(text=row.text, second=_("Used here before")) for row in rows]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A diagnosis as it was last made of a patient, and where."""

    text: str
    system: str | None
    code: str | None
    status: str
    is_primary: bool
    note_id: int
    at: datetime
    practitioner: str


def problems_of(actor: Actor, patient_id: int, limit: int = PROBLEMS) -> list[Problem]:
    """What the patient has by the signed notes somebody may read, each once as it was last said, the latest
    first: one statement. Notes entered in error do not count.
    """
    if not policy.can_read_notes(actor):
        return []
    at = func.lower(Appointment.during)
    latest = (
        select(
            Diagnosis.text,
            Diagnosis.system,
            Diagnosis.code,
            Diagnosis.status,
            Diagnosis.is_primary,
            Diagnosis.position,
            Diagnosis.note_id,
            at.label("at"),
            Practitioner.name.label("practitioner"),
        )
        .join(Note, Note.id == Diagnosis.note_id)
        .join(Appointment, Appointment.id == Note.appointment_id)
        .join(Practitioner, Practitioner.id == Note.practitioner_id)
        .where(Diagnosis.patient_id == patient_id, holds(), notes_in_sight(actor))
        .distinct(func.lower(Diagnosis.text), func.coalesce(Diagnosis.code, ""))
        .order_by(func.lower(Diagnosis.text), func.coalesce(Diagnosis.code, ""), at.desc())
        .subquery()
    )
    rows = db.session.execute(
        select(latest)
        .order_by(latest.c.at.desc(), case((latest.c.is_primary, 0), else_=1), latest.c.position)
        .limit(limit)
    ).all()
    return [
        Problem(
            text=row.text,
            system=row.system,
            code=row.code,
            status=row.status,
            is_primary=row.is_primary,
            note_id=row.note_id,
            at=row.at,
            practitioner=row.practitioner,
        )
        for row in rows
    ]


@dataclass(frozen=True, kw_only=True)
class CodeList:
    """A code list as the settings show it."""

    code: str
    name: str
    system: CodeSystem | None
    active: int
    retired: int


def code_lists() -> list[CodeList]:
    """Every system there can be, with how many codes it holds: two statements."""
    systems = {row.code: row for row in db.session.scalars(select(CodeSystem))}
    counts = {
        row.system: (row.active, row.retired)
        for row in db.session.execute(
            select(
                Code.system,
                func.count().filter(Code.active).label("active"),
                func.count().filter(and_(~Code.active)).label("retired"),
            ).group_by(Code.system)
        )
    }
    return [
        CodeList(
            code=name.value,
            name=str(SYSTEM_NAMES[name]),
            system=systems.get(name.value),
            active=counts.get(name.value, (0, 0))[0],
            retired=counts.get(name.value, (0, 0))[1],
        )
        for name in CodeSystemName
    ]
