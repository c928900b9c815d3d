"""The prescription within a note: written beside it, signed with it, read with it."""

from __future__ import annotations

from typing import Any

from clinic.core.access import Actor
from clinic.core.i18n import locale_tag
from clinic.encounters.models import Note
from clinic.encounters.panels import Panel, register_panel
from clinic.prescriptions import policy, queries
from clinic.prescriptions.editor import editor_of
from clinic.prescriptions.sheets import paper_of


def connect() -> None:
    """Let notes carry their prescription."""
    register_panel(Panel(code="prescription", template="prescriptions/_panel.html", order=20, load=_load))


def _load(actor: Actor, note: Note) -> dict[str, Any] | None:
    """The draft as a form for its author, the signed one to read; None where there is nothing to show."""
    writes = (
        note.status == "draft" and policy.can_prescribe(actor) and note.practitioner.user_id == actor.user_id
    )
    found = queries.prescription_of_note(actor, note.id)
    if found is None:
        return {"note_id": note.id, "prescription": None} if writes else None
    values: dict[str, Any] = {"note_id": note.id, "prescription": found, "writes": writes}
    if policy.can_edit(actor, found):
        values["view"] = editor_of(actor, found)
        values["count"] = len(values["view"].lines)
    else:
        paper = paper_of(found, locale_tag())
        values |= {"sheet": paper.sheet, "lines": paper.lines, "count": len(paper.lines)}
    return values
