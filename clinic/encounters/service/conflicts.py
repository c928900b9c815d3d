"""Two texts of one note: kept, settled, or added to what was signed."""

from __future__ import annotations

from collections.abc import Mapping

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden
from clinic.core.i18n import gettext as _
from clinic.encounters import policy, queries
from clinic.encounters.comparing import BETWEEN
from clinic.encounters.errors import NoteLocked
from clinic.encounters.layout import (
    Body,
    Layout,
    contains,
    flat,
    form_labels,
    is_blank,
    multiple,
    read_body,
    read_layout,
)
from clinic.encounters.models import Addendum, Note, NoteConflict
from clinic.encounters.service.journal import log
from clinic.encounters.service.signing import add_addendum
from clinic.encounters.service.writing import put


def keep_aside(actor: Actor, note: Note, body: Body, version: int) -> int:
    """Keep a text that came too late; the same text sent again, or grown, is one text."""
    layout = read_layout(note.template.layout)
    vitals = body.get("vitals", {})
    for kept in queries.open_conflicts(note.id):
        if (
            kept.saved_by == actor.user_id
            and kept.based_on_version == version
            and contains(layout, body, kept.body)
        ):
            kept.body, kept.vitals = body, vitals
            db.session.flush()
            return kept.id
    conflict = NoteConflict(
        note_id=note.id, based_on_version=version, body=body, vitals=vitals, saved_by=actor.user_id
    )
    db.session.add(conflict)
    db.session.flush()
    log(actor, "note.conflicted", note, based_on=version, version=note.version)
    return conflict.id


def settle_conflict(
    actor: Actor, note: Note, conflict: NoteConflict, choices: Mapping[str, str], *, version: int
) -> int:
    """Make a new version of two texts: per form name ``yours`` (the one kept aside), ``theirs`` or
    ``both``.

    Fields nobody chose about keep both texts where both are written. Raises Conflict when the note has
    moved on since.
    """
    if not policy.can_edit(actor, note):
        raise NoteLocked
    if conflict.settled_at is not None:
        return note.version
    if note.version != version:
        raise Conflict(_("The note was saved again meanwhile. Look at both texts once more."))
    layout = read_layout(note.template.layout)
    body = _merged(layout, note.body, conflict.body, choices)
    conflict.settled_at = clock.now()
    if body != note.body:
        saved = put(actor, note, body)
        if saved is None:
            raise Conflict(_("The note was saved again meanwhile. Look at both texts once more."))
        version = saved
    log(actor, "note.settled", note, version=version)
    db.session.flush()
    return version


def _merged(layout: Layout, theirs: Body, yours: Body, choices: Mapping[str, str]) -> Body:
    mine, other = flat(layout, yours), flat(layout, theirs)
    chosen: dict[str, list[str]] = {}
    many = multiple(layout)
    between = {field.name: BETWEEN[field.kind] for field in layout.fields() if field.kind in BETWEEN}
    for name in mine:
        if mine[name] == other[name]:
            continue
        choice = choices.get(name, "both")
        if choice == "both" and name in between and not is_blank(mine[name]) and not is_blank(other[name]):
            text = between[name].join((other[name], mine[name]))
        elif choice == "both" and name in many:
            text = "\n".join((other[name], mine[name])).strip("\n")
        else:
            text = (
                other[name]
                if choice == "theirs" or (choice == "both" and is_blank(mine[name]))
                else mine[name]
            )
        chosen[name] = text.split("\n") if name in many else [text]
    return read_body(layout, chosen, theirs)


def settle_as_addendum(actor: Actor, note: Note, conflict: NoteConflict) -> Addendum | None:
    """Add to a signed note what was typed too late for it; None when that says nothing the note does not."""
    if not policy.is_author(actor, note):
        raise Forbidden(_("Only the person who wrote this note adds what they typed."))
    if conflict.settled_at is not None:
        return None
    conflict.settled_at = clock.now()
    text = late_text(note, conflict)
    db.session.flush()
    return add_addendum(actor, note, text) if text else None


def late_text(note: Note, conflict: NoteConflict) -> str:
    """What a text kept aside says that the note does not, a line or more per field under its label."""
    layout = read_layout(note.template.layout)
    mine, theirs = flat(layout, conflict.body), flat(layout, note.body)
    labels = form_labels(layout)
    return "\n".join(
        f"{labels[name]}: {mine[name]}"
        for name in mine
        if mine[name] != theirs[name] and not is_blank(mine[name])
    )
