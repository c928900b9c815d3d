"""The names of note templates, for the form in which a service says what its notes begin with."""

from __future__ import annotations

from sqlalchemy import or_, select

from clinic.core.db import db
from clinic.encounters.models import NoteTemplate
from clinic.scheduling.note_templates import register_note_templates


def connect() -> None:
    """Let services choose among the templates."""
    register_note_templates(template_names)


def template_names(facility_id: int) -> list[tuple[str, str]]:
    """Code and name of each active template a clinic may use, by name. One statement."""
    here = or_(NoteTemplate.facility_id.is_(None), NoteTemplate.facility_id == facility_id)
    rows = db.session.execute(
        select(NoteTemplate.code, NoteTemplate.name)
        .distinct(NoteTemplate.code)
        .where(NoteTemplate.active, here)
        .order_by(NoteTemplate.code, NoteTemplate.version.desc())
    )
    return sorted(((code, name) for code, name in rows), key=lambda one: one[1].casefold())
