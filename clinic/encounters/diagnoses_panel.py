"""The diagnoses within a note: written, weighed and ordered while it is a draft, read when it is signed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clinic.core.access import Actor
from clinic.encounters import policy
from clinic.encounters.coding import SYSTEM_NAMES, diagnoses_of
from clinic.encounters.models import Diagnosis, Note
from clinic.encounters.panels import Panel, PanelShown, register_panel

CODE = "diagnoses"
TEMPLATE = "encounters/_diagnoses.html"


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What somebody has just done in the panel: the text that was refused and why, or what was removed."""

    text: str = ""
    problem: str = ""
    removed: Diagnosis | None = None
    removed_code_id: int | None = None
    said: str = ""


def connect() -> None:
    """Let notes carry their diagnoses."""
    register_panel(Panel(code=CODE, template=TEMPLATE, order=10, load=_load))


def _load(actor: Actor, note: Note) -> dict[str, Any] | None:
    rows = diagnoses_of(note.id)
    if not rows and not policy.can_edit(actor, note):
        return None
    return values_of(note, rows)


def values_of(note: Note, rows: list[Diagnosis], tried: Tried | None = None) -> dict[str, Any]:
    """What the panel's template shows."""
    return {"note_id": note.id, "rows": rows, "tried": tried or Tried(), "systems": SYSTEM_NAMES}


def panel_alone(note: Note, tried: Tried | None = None) -> PanelShown:
    """The panel of a draft by itself, as it stands now."""
    values = values_of(note, diagnoses_of(note.id), tried)
    return PanelShown(code=CODE, template=TEMPLATE, values=values, reading=False)
