"""A note begun with what an earlier one says: taken over field by field, and marked as old."""

from __future__ import annotations

from collections.abc import Collection

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.errors import Conflict, Invalid
from clinic.core.i18n import gettext as _
from clinic.encounters import policy
from clinic.encounters.copied import copied_mark
from clinic.encounters.errors import NoteLocked
from clinic.encounters.layout import (
    MARKS,
    NoteField,
    is_blank,
    is_untouched,
    read_layout,
)
from clinic.encounters.models import Note
from clinic.encounters.service.journal import log
from clinic.encounters.service.writing import put


def takeable(note: Note, source: Note) -> list[NoteField]:
    """The fields that could be filled from ``source``: those both notes have, written there, empty here."""
    old = {field.code: field for field in read_layout(source.template.layout).fields()}
    return [
        field
        for field in read_layout(note.template.layout).fields()
        if field.code in old
        and (field.kind, field.options) == (old[field.code].kind, old[field.code].options)
        and not is_blank(source.body.get(field.code))
        and _is_free(field, note)
    ]


def take_over(actor: Actor, note: Note, source: Note, codes: Collection[str]) -> int:
    """Fill these fields of a draft with what a signed note of the same patient says, marked as from there.

    Fields in which something is written stay as they are. Returns how many were filled. Raises NoteLocked,
    Invalid for a note that cannot be copied from, and Conflict when the draft has moved on.
    """
    if not policy.can_edit(actor, note):
        raise NoteLocked
    if source.patient_id != note.patient_id or source.status != "signed" or source.retracted:
        raise Invalid(_("Only signed notes of the same patient can be taken over."))
    fields = [field for field in takeable(note, source) if field.code in codes]
    if not fields:
        return 0
    zone = source.appointment.facility.zone
    mark = copied_mark(source, source.appointment.starts.astimezone(clock.zone(zone)).date())
    body = dict(note.body)
    marks = dict(body.get(MARKS, {}))
    for field in fields:
        body[field.code] = source.body[field.code]
        marks[field.code] = mark
    if put(actor, note, body | {MARKS: marks}) is None:
        raise Conflict(_("The note was saved again meanwhile. Look at it once more."))
    log(actor, "note.taken_over", note, source=source.id, fields=len(fields))
    return len(fields)


def _is_free(field: NoteField, note: Note) -> bool:
    return is_blank(note.body.get(field.code)) or is_untouched(field, note.body)
