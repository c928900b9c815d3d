"""The templates notes are written in."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Invalid
from clinic.core.i18n import gettext as _
from clinic.encounters import policy, queries
from clinic.encounters.errors import NoteLocked
from clinic.encounters.layout import (
    MARKS,
    Body,
    FieldKind,
    Layout,
    flat,
    form_labels,
    in_words,
    is_blank,
    read_layout,
)
from clinic.encounters.models import Note, NoteTemplate
from clinic.encounters.service.journal import log
from clinic.encounters.templates_data import ALIASES, SHIPPED
from clinic.encounters.vitals import MEASURES


def ensure_templates() -> int:
    """Put the shipped note templates into the database where they are not there yet; says how many were
    new.
    """
    now, retired = clock.now(), queries.retired_codes()
    rows = [
        {
            "code": t.code,
            "version": t.version,
            "name": t.name,
            "layout": t.layout,
            "active": t.code not in retired,
            "created_at": now,
            "published_at": now,
            "retired_at": now if t.code in retired else None,
        }
        for t in SHIPPED
    ]
    added = db.session.execute(
        insert(NoteTemplate)
        .values(rows)
        .on_conflict_do_nothing(constraint="uq_note_templates_code_version")
        .returning(NoteTemplate.id)
    )
    return len(added.all())


def template_for(code: str, *, facility_id: int) -> NoteTemplate:
    """The newest active template called ``code`` at a clinic; the consultation's when there is none. Loads
    the shipped ones at need.
    """
    templates = {template.code: template for template in queries.active_templates(facility_id)}
    if not templates:
        ensure_templates()
        templates = {template.code: template for template in queries.active_templates(facility_id)}
    found = (
        templates.get(code)
        or templates.get(ALIASES.get(code, "soap"))
        or next(iter(templates.values()), None)
    )
    if found is None:
        raise Invalid(_("There is no note template yet."))
    return found


def change_template(actor: Actor, note: Note, code: str) -> int:
    """Go on in another template. What has no field there is carried over as text, under its label.

    Returns the new version. Raises NoteLocked, and Conflict when the note has moved on.
    """
    if not policy.can_edit(actor, note):
        raise NoteLocked
    template = template_for(code, facility_id=note.facility_id)
    if template.id == note.template_id:
        return note.version
    body = carried_over(read_layout(note.template.layout), read_layout(template.layout), note.body)
    version: int | None = db.session.scalar(
        update(Note)
        .where(Note.id == note.id, Note.version == note.version, Note.status == "draft")
        .values(
            template_id=template.id,
            body=body,
            version=Note.version + 1,
            saved_at=clock.now(),
            saved_page=None,
            saved_turn=None,
        )
        .returning(Note.version)
        .execution_options(synchronize_session=False)
    )
    if version is None:
        raise Conflict(_("The note was saved again meanwhile. Try once more."))
    log(actor, "note.template_changed", note, version=version, template=template.id)
    db.session.expire(note)
    return version


def carried_over(old: Layout, new: Layout, body: Body) -> Body:
    """``body`` for the new layout: fields both have stay, what only the old has goes to the first text."""
    values, labels = flat(old, body), form_labels(old)
    places = {field.name: field for field in new.fields()}
    kinds = {field.name: (field.kind, field.options) for field in old.fields()}
    measured = {f"{moment}-{part.code}" for moment, code in new.measures() for part in MEASURES[code].parts}
    lost = []
    for name, text in values.items():
        place = places.get(name)
        same = place is not None and (place.kind, place.options) == kinds.get(name)
        if not is_blank(text) and not same and name not in measured:
            lost.append(f"{labels[name]}: {in_words(old, name, text)}")
    kept = {
        field.code: body[field.code]
        for field in new.fields()
        if field.code in body and kinds.get(field.name) == (field.kind, field.options)
    }
    goal = next((field for field in new.fields() if field.kind is FieldKind.TEXT), None)
    if goal is not None and lost:
        kept[goal.code] = "\n".join(filter(None, [kept.get(goal.code, ""), *lost]))
    marks = {code: mark for code, mark in body.get(MARKS, {}).items() if kept.get(code) == body.get(code)}
    whole = {**kept, "vitals": body.get("vitals", {})}
    return {**whole, MARKS: marks} if marks else whole
