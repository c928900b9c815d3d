"""The one way a draft gets a new version."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.encounters import queries
from clinic.encounters.layout import Body
from clinic.encounters.models import Note, VitalSigns
from clinic.encounters.service.journal import log
from clinic.encounters.vitals import MEASURES, read_vitals


def put(actor: Actor, note: Note, body: Body, *, page: str = "", turn: int = 0) -> int | None:
    """The one conditional UPDATE: the new version's number, or None when the note had moved on.

    ``page`` and ``turn`` say which open page sent it; empty for what no page sent by itself.
    """
    version: int | None = db.session.scalar(
        update(Note)
        .where(Note.id == note.id, Note.version == note.version, Note.status == "draft")
        .values(
            body=body,
            version=Note.version + 1,
            saved_at=clock.now(),
            saved_by=actor.user_id,
            saved_page=page or None,
            saved_turn=turn if page else None,
        )
        .returning(Note.version)
        .execution_options(synchronize_session=False)
    )
    if version is None:
        return None
    if body.get("vitals") != note.body.get("vitals"):
        _write_vitals(note, body)
    if not queries.was_logged_lately(actor, "note.saved", note.id):
        log(actor, "note.saved", note, version=version)
    db.session.expire(note, ["body", "version", "saved_at", "saved_by", "saved_page", "saved_turn"])
    return version


def _measured_at(note: Note) -> datetime:
    """Now, while the visit goes on or has yet to begin; what is written up afterwards was measured in it."""
    visit, now = note.appointment, clock.now()
    return now if now <= visit.ends else visit.started_at or visit.starts


def _write_vitals(note: Note, body: Body) -> None:
    """Keep the measurements that are right as numbers; what is wrong or half typed stays as text in the
    note.
    """
    for moment, typed in body.get("vitals", {}).items():
        values = read_vitals(typed).values
        if not values:
            db.session.execute(
                delete(VitalSigns).where(VitalSigns.note_id == note.id, VitalSigns.moment == moment)
            )
            continue
        columns = {part.column: values.get(part.column) for m in MEASURES.values() for part in m.parts}
        statement = insert(VitalSigns).values(
            note_id=note.id,
            patient_id=note.patient_id,
            moment=moment,
            measured_at=_measured_at(note),
            created_at=clock.now(),
            **columns,
        )
        db.session.execute(
            statement.on_conflict_do_update(constraint="uq_vital_signs_note_moment", set_=columns)
        )
