"""A prescription begun: new, beside a note, or from an older one."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden
from clinic.core.i18n import gettext as _
from clinic.encounters.models import Note
from clinic.facilities.queries import facility_of
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.practitioners.queries import practitioner_of
from clinic.prescriptions import policy, queries
from clinic.prescriptions.models import Prescription, PrescriptionLine
from clinic.prescriptions.reading import columns_of, line_of
from clinic.prescriptions.service.journal import log

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
REFERENCE_LENGTH = 8


def author_of(actor: Actor) -> Practitioner:
    """The practitioner who writes. Raises Forbidden for whoever prescribes nothing."""
    author = practitioner_of(actor) if policy.can_prescribe(actor) else None
    if author is None or not author.active:
        raise Forbidden(_("Only practitioners write prescriptions."))
    return author


def begin(actor: Actor, patient: Patient, *, key: str | None = None) -> Prescription:
    """A new draft for a patient; the same ``key`` sent again is the draft it made. Raises Forbidden."""
    author = author_of(actor)
    return _insert(actor, author, patient, _place(actor, patient), key)


def begin_for_note(actor: Actor, note: Note) -> Prescription:
    """The draft that belongs to a note, made now if there is none: there is one at a time. Raises
    Forbidden.
    """
    author = author_of(actor)
    if note.practitioner_id != author.id:
        raise Forbidden(_("Only the person who writes this note writes its prescription."))
    if (existing := queries.draft_of_note(note.id, author.id)) is not None:
        return existing
    return _insert(
        actor,
        author,
        note.patient,
        note.facility_id,
        None,
        note_id=note.id,
        appointment_id=note.appointment_id,
    )


def repeat(actor: Actor, old: Prescription, *, key: str | None, replace: bool = False) -> Prescription:
    """A new draft with the lines and texts of an older prescription; stopped lines are left out.

    It is written at the old one's clinic, or by whoever does not work there at their own. With ``replace``
    the old one is superseded once the new one is signed. What was accepted there is
    accepted for nothing here: the checks begin anew. Raises Conflict for one that can't be replaced.
    """
    author = author_of(actor)
    if replace and old.status != "signed":
        raise Conflict(_("Only a prescription that is in force can be changed. Repeat it instead."))
    draft = _insert(
        actor,
        author,
        old.patient,
        old.facility_id if actor.works_at(old.facility_id) else _place(actor, old.patient),
        key,
        replaces_id=old.id if replace else None,
        advice=old.advice,
        pathya=old.pathya,
        apathya=old.apathya,
        tests=old.tests if replace else "",
        locale=old.locale,
        share=old.share,
    )
    if not queries.lines_of(draft.id):
        lines = [line for line in queries.lines_of(old.id) if line.stopped_at is None]
        _copy_lines(draft.id, lines)
    return draft


def _copy_lines(prescription_id: int, lines: list[PrescriptionLine]) -> None:
    if not lines:
        return
    rows = [
        {
            **columns_of(line_of(line)),
            "prescription_id": prescription_id,
            "position": at,
            "submission_key": f"copy:{line.id}",
            "created_at": clock.now(),
        }
        for at, line in enumerate(lines)
    ]
    db.session.execute(insert(PrescriptionLine).values(rows).on_conflict_do_nothing())


def _place(actor: Actor, patient: Patient) -> int:
    """The facility that orders: the patient's own, where the practitioner works there."""
    return patient.facility_id if actor.works_at(patient.facility_id) else facility_of(actor).id


def _insert(
    actor: Actor, author: Practitioner, patient: Patient, facility_id: int, key: str | None, **values: Any
) -> Prescription:
    now = clock.now()
    known = _by_key(key, author.id)
    if known is not None:
        return known
    made = db.session.scalar(
        insert(Prescription)
        .values(
            {
                "reference": "".join(secrets.choice(ALPHABET) for _place in range(REFERENCE_LENGTH)),
                "group_id": patient.group_id,
                "patient_id": patient.id,
                "facility_id": facility_id,
                "practitioner_id": author.id,
                "submission_key": _own_key(key, author.id),
                "status": "draft",
                "version": 1,
                "locale": patient.locale,
                "share": True,
                "saved_at": now,
                "saved_by": actor.user_id,
                "created_at": now,
                **values,
            }
        )
        .on_conflict_do_nothing()
        .returning(Prescription.id)
    )
    if made is None:
        other = _by_key(key, author.id) or queries.draft_of_note(values.get("note_id", 0), author.id)
        if other is None:
            raise Conflict(_("That did not work. Try once more."))
        return other
    prescription = queries.get_prescription(actor, made)
    log(actor, "prescription.begun", prescription, note=values.get("note_id"), old=values.get("replaces_id"))
    return prescription


def _own_key(key: str | None, practitioner_id: int) -> str | None:
    """A form's key is good for its own author only."""
    return f"{practitioner_id}:{key}" if key else None


def _by_key(key: str | None, practitioner_id: int) -> Prescription | None:
    own = _own_key(key, practitioner_id)
    if own is None:
        return None
    return db.session.scalars(select(Prescription).where(Prescription.submission_key == own)).first()
