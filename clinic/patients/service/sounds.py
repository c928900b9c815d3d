"""Sounds of names that were written without one, added afterwards."""

from __future__ import annotations

from sqlalchemy import ARRAY, BigInteger, Text, cast, func, select, update

from clinic.core.db import db, unit_of_work
from clinic.core.names import sound
from clinic.patients.models import Patient

BATCH = 1_000


def fill_sounds() -> int:
    """Give every patient without one the sound of their name, a batch to a transaction; how many got one.

    Nobody changed these patients, so their version stays. A name that is changed meanwhile keeps the sound it
    was given then.
    """
    filled = 0
    while batch := _fill_batch():
        filled += batch
    return filled


def _fill_batch() -> int:
    with unit_of_work():
        rows = db.session.execute(
            select(Patient.id, Patient.name)
            .where(Patient.search_sound.is_(None))
            .order_by(Patient.id)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        if not rows:
            return 0
        sounds = func.unnest(
            cast([row.id for row in rows], ARRAY(BigInteger)),
            cast([sound(row.name) for row in rows], ARRAY(Text)),
        )
        heard = sounds.table_valued("id", "sound").render_derived("heard")
        table = Patient.__table__
        db.session.execute(
            update(table).where(table.c.id == heard.c.id).values(search_sound=heard.c.sound)  # type: ignore[arg-type]
        )
        return len(rows)
