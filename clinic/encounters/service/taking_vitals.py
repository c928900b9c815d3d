"""Measurements of the same day taken over into a note that is being written."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select, update

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, NotFound
from clinic.core.i18n import gettext as _
from clinic.encounters import policy
from clinic.encounters.errors import NoteLocked
from clinic.encounters.layout import read_layout
from clinic.encounters.models import Note, VitalSigns
from clinic.encounters.service.writing import put
from clinic.encounters.vitals import COLUMNS, MEASURES, Part

MOMENT = "before"


@dataclass(frozen=True, kw_only=True)
class Takeable:
    """What can be taken over: when it was measured, and ``148/96, 82``."""

    vitals_id: int
    measured_at: datetime
    words: str


def takeable(note: Note, rows: Sequence[VitalSigns]) -> Takeable | None:
    """The newest of ``rows`` (oldest first) from the visit's day outside notes that has a number for a box
    still empty.
    """
    zone = clock.zone(note.appointment.facility.zone)
    day = note.appointment.starts.astimezone(zone).date()
    for row in reversed(rows):
        if row.note_id is None and row.measured_at.astimezone(zone).date() == day:
            taken = _numbers(note, row)
            if taken:
                shown = (
                    "/".join(_plain(getattr(row, part.column)) for part in measure.parts)
                    for measure in MEASURES.values()
                    if any(part in taken for part in measure.parts)
                )
                return Takeable(vitals_id=row.id, measured_at=row.measured_at, words=", ".join(shown))
    return None


def take_vitals_over(actor: Actor, note: Note, vitals_id: int) -> int:
    """Fill the empty boxes of "before" with what was measured outside the note; the new version's number.

    Where the note then says the same as the measurement, it was measured when that was. Raises NoteLocked,
    NotFound, and Conflict when the note has moved on.
    """
    if not policy.can_edit(actor, note):
        raise NoteLocked
    row = db.session.scalars(
        select(VitalSigns).where(
            VitalSigns.id == vitals_id,
            VitalSigns.patient_id == note.patient_id,
            VitalSigns.note_id.is_(None),
            VitalSigns.error_at.is_(None),
            policy.vitals_in_sight(actor),
        )
    ).first()
    if row is None:
        raise NotFound(_("There is no such measurement."))
    body = deepcopy(note.body)
    boxes = body.setdefault("vitals", {}).setdefault(MOMENT, {})
    for part in _numbers(note, row):
        boxes[part.code] = _plain(getattr(row, part.column))
    version = put(actor, note, body)
    if version is None:
        raise Conflict(_("The note was changed meanwhile. Look at it again."))
    same = [
        getattr(VitalSigns, name).is_not_distinct_from(getattr(row, name))
        for name in COLUMNS
        if getattr(row, name) is not None
    ]
    db.session.execute(
        update(VitalSigns)
        .where(VitalSigns.note_id == note.id, VitalSigns.moment == MOMENT, *same)
        .values(measured_at=row.measured_at)
        .execution_options(synchronize_session=False)
    )
    return version


def _numbers(note: Note, row: VitalSigns) -> list[Part]:
    """The boxes of the note that are empty and that the row has a number for."""
    typed = note.body.get("vitals", {}).get(MOMENT, {})
    codes = [
        code
        for section in read_layout(note.template.layout).sections
        if section.moment == MOMENT
        for code in section.measures
    ]
    return [
        part
        for code in codes
        for part in MEASURES[code].parts
        if getattr(row, part.column) is not None and not typed.get(part.code, "").strip()
    ]


def _plain(value: Decimal | int | None) -> str:
    if value is None:
        return "–"
    text = f"{Decimal(value):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
