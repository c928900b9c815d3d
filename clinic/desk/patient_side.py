"""What stands at the side of a patient's page: pieces in one order, each with a template and its values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from clinic.core.access import Actor
from clinic.desk import side_medicines
from clinic.encounters import vitals_shown
from clinic.encounters.coding import SYSTEM_NAMES, problems_of
from clinic.encounters.policy import can_read_notes
from clinic.patients.models import Patient

Load = Callable[[Actor, Patient], dict[str, Any] | None]
"""Answers what the template shows, or None for whoever may not see the piece: then it is left out."""


@dataclass(frozen=True)
class SidePiece:
    """One piece: its template shows ``piece`` (what ``load`` gave) and has ``patient``, ``zone``
    and ``today`` besides.
    """

    code: str
    template: str
    load: Load


def _always(_actor: Actor, _patient: Patient) -> dict[str, Any] | None:
    return {}


def _problems(actor: Actor, patient: Patient) -> dict[str, Any] | None:
    """What the patient was found to have, for whoever reads notes."""
    if not can_read_notes(actor):
        return None
    return {"problems": problems_of(actor, patient.id), "systems": SYSTEM_NAMES}


PIECES: tuple[SidePiece, ...] = (
    SidePiece("problems", "desk/_side_problems.html", _problems),
    SidePiece("vitals", "desk/_side_vitals.html", vitals_shown.side),
    SidePiece("medicines", "desk/_side_medicines.html", side_medicines.load),
    SidePiece("care", "desk/_side_care.html", _always),
    SidePiece("beginning", "desk/_side_beginning.html", _always),
)
"""In the order they stand in: vitals, medicines, course, then how the clinic knows the patient."""


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A piece with what it shows."""

    template: str
    values: dict[str, Any]


def side_of(actor: Actor, patient: Patient) -> list[Filled]:
    """The pieces that a reader of this patient's page gets."""
    found = ((piece, piece.load(actor, patient)) for piece in PIECES)
    return [Filled(template=piece.template, values=values) for piece, values in found if values is not None]
