"""What other domains show within a note: diagnoses, the prescription, papers, assessments.

A panel stands under the note's sections, outside the form that saves itself, and works by fragments and
routes of its own. It is shown while the note is written and, with ``reading``, when it is read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from clinic.core.access import Actor
from clinic.encounters.models import Note


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One panel. ``load`` gives what its template needs as ``panel.values``, or None for who may not see it
    or where there is nothing to show. Panels stand in the order of ``order``; ``template`` wraps itself in
    ``note_panel`` of encounters/_panel.html.
    """

    code: str
    template: str
    order: int
    load: Callable[[Actor, Note], dict[str, Any] | None]


@dataclass(frozen=True, kw_only=True)
class PanelShown:
    """A panel with its values, for writing or for reading."""

    code: str
    template: str
    values: dict[str, Any]
    reading: bool


_panels: dict[str, Panel] = {}


def register_panel(panel: Panel) -> None:
    """Let notes carry this panel too; a code registered again is replaced."""
    _panels[panel.code] = panel


def panels_of(actor: Actor, note: Note, *, reading: bool) -> list[PanelShown]:
    """The panels somebody sees with this note, in order."""
    shown = []
    for panel in sorted(_panels.values(), key=lambda item: (item.order, item.code)):
        values = panel.load(actor, note)
        if values is not None:
            shown.append(PanelShown(code=panel.code, template=panel.template, values=values, reading=reading))
    return shown
