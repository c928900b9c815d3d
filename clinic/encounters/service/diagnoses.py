"""The diagnoses of a draft: added, weighed, put in order, removed. Signed, they are locked with the note."""

from __future__ import annotations

from sqlalchemy import select, update

from clinic.core.access import Actor
from clinic.core.db import constraint_means, db
from clinic.core.errors import Conflict, Invalid, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.text import one_line
from clinic.encounters import policy
from clinic.encounters.coding import diagnoses_of
from clinic.encounters.errors import NoteLocked
from clinic.encounters.models import Code, Diagnosis, Note
from clinic.encounters.service.journal import log

LONGEST_DIAGNOSIS = 300
MOST_DIAGNOSES = 20
STATUSES = ("provisional", "final")


class SaidAlready(Conflict):
    """The note has this diagnosis."""

    code = "diagnosis_twice"

    def __init__(self) -> None:
        super().__init__(_("This diagnosis is in the note already."))


class OtherPrimary(Conflict):
    """Two tabs made two diagnoses the main one in the same moment."""

    code = "other_primary"

    def __init__(self) -> None:
        super().__init__(_("The main diagnosis was changed in another tab. Look at it once more."))


constraint_means("diagnoses_signed_locked", NoteLocked)
constraint_means("uq_diagnoses_once", SaidAlready)
constraint_means("uq_diagnoses_primary", OtherPrimary)


def add_diagnosis(
    actor: Actor, note: Note, text: str, *, code_id: int | None = None, status: str = "provisional"
) -> Diagnosis:
    """Add a diagnosis in free words, or the one of a code, to the end; the first is the main one.

    Raises NoteLocked, Invalid (nothing, too long, too many, no such code), SaidAlready.
    """
    _check(actor, note)
    code = _code(code_id) if code_id is not None else None
    text = one_line(text) or (code.display if code else "")
    if not text:
        raise Invalid(_("Write the diagnosis."), field="text")
    if len(text) > LONGEST_DIAGNOSIS:
        raise Invalid(_("At most %(count)s characters.", count=LONGEST_DIAGNOSIS), field="text")
    standing = diagnoses_of(note.id)
    if len(standing) >= MOST_DIAGNOSES:
        raise Invalid(_("At most %(count)s diagnoses in one note.", count=MOST_DIAGNOSES), field="text")
    if any(_same(item, text, code) for item in standing):
        raise SaidAlready
    row = Diagnosis(
        note_id=note.id,
        patient_id=note.patient_id,
        facility_id=note.facility_id,
        text=text,
        system=code.system if code else None,
        code=code.code if code else None,
        code_display=code.display if code else "",
        list_version=code.list_version if code else "",
        status=status if status in STATUSES else "provisional",
        is_primary=not any(item.is_primary for item in standing),
        position=max((item.position for item in standing), default=0) + 1,
        created_by=actor.user_id,
    )
    db.session.add(row)
    db.session.flush()
    log(actor, "diagnosis.added", note, diagnosis=row.id)
    return row


def weigh_diagnosis(actor: Actor, note: Note, diagnosis_id: int, status: str) -> Diagnosis:
    """Make a diagnosis provisional or final. Raises NoteLocked, NotFound, Invalid."""
    _check(actor, note)
    row = _find(note, diagnosis_id)
    if status not in STATUSES:
        raise Invalid(_("A diagnosis is provisional or final."))
    row.status = status
    db.session.flush()
    log(actor, "diagnosis.changed", note, diagnosis=row.id)
    return row


def make_primary(actor: Actor, note: Note, diagnosis_id: int) -> Diagnosis:
    """Make a diagnosis the main one, instead of the one that was. Raises NoteLocked, NotFound."""
    _check(actor, note)
    row = _find(note, diagnosis_id)
    db.session.execute(
        update(Diagnosis).where(Diagnosis.note_id == note.id, Diagnosis.is_primary).values(is_primary=False)
    )
    row.is_primary = True
    db.session.flush()
    log(actor, "diagnosis.changed", note, diagnosis=row.id)
    return row


def move_diagnosis(actor: Actor, note: Note, diagnosis_id: int, step: int) -> None:
    """Move a diagnosis one place up (``step`` -1) or down (1); at the end it stays. Raises NoteLocked,
    NotFound.
    """
    _check(actor, note)
    row = _find(note, diagnosis_id)
    rows = diagnoses_of(note.id)
    at = next(place for place, item in enumerate(rows) if item.id == row.id)
    to = at + (1 if step > 0 else -1)
    if not 0 <= to < len(rows):
        return
    rows[at], rows[to] = rows[to], rows[at]
    for place, item in enumerate(rows, start=1):
        item.position = place
    db.session.flush()
    log(actor, "diagnosis.changed", note, diagnosis=row.id)


def remove_diagnosis(actor: Actor, note: Note, diagnosis_id: int) -> Diagnosis:
    """Take a diagnosis out of a draft; the next becomes the main one if it was that. Gives what it was.

    Raises NoteLocked, NotFound.
    """
    _check(actor, note)
    row = _find(note, diagnosis_id)
    was_primary = row.is_primary
    db.session.delete(row)
    db.session.flush()
    log(actor, "diagnosis.removed", note, diagnosis=diagnosis_id)
    left = diagnoses_of(note.id)
    if was_primary and left:
        left[0].is_primary = True
        db.session.flush()
    return row


def _check(actor: Actor, note: Note) -> None:
    if not policy.can_edit(actor, note):
        raise NoteLocked


def _find(note: Note, diagnosis_id: int) -> Diagnosis:
    row = db.session.scalars(
        select(Diagnosis).where(Diagnosis.id == diagnosis_id, Diagnosis.note_id == note.id)
    ).one_or_none()
    if row is None:
        raise NotFound(_("This diagnosis is no longer in the note."))
    return row


def _code(code_id: int) -> Code:
    code = db.session.get(Code, code_id)
    if code is None or not code.active:
        raise Invalid(_("This code is no longer in its list. Choose another, or write it out."), field="text")
    return code


def _same(item: Diagnosis, text: str, code: Code | None) -> bool:
    return item.text.lower() == text.lower() and (item.code or "") == (code.code if code else "")
