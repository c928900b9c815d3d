"""The papers within a note: attached while it is a draft, kept as they are once it is signed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, false, or_, select, true

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.encounters import policy
from clinic.encounters.models import Note, NotePaper
from clinic.encounters.panels import Panel, PanelShown, register_panel
from clinic.records.models import Paper
from clinic.records.policy import papers_in_sight
from clinic.records.queries.papers import Listed
from clinic.records.uploads import TAKEN
from clinic.records.wording import KINDS

CODE = "papers"
TEMPLATE = "encounters/_papers.html"
MOST_OFFERED = 40


@dataclass(frozen=True, kw_only=True)
class TriedPapers:
    """What was refused just now, by file, and what to say else."""

    refused: tuple[tuple[str, str], ...] = ()
    problem: str = ""
    is_open: bool = False


def connect() -> None:
    """Let notes carry papers."""
    register_panel(Panel(code=CODE, template=TEMPLATE, order=30, load=_load))


def _load(actor: Actor, note: Note) -> dict[str, Any] | None:
    writes = policy.can_edit(actor, note)
    values = values_of(actor, note, writes=writes)
    return values if writes or values["attached"] else None


def values_of(actor: Actor, note: Note, *, writes: bool, tried: TriedPapers | None = None) -> dict[str, Any]:
    """What the panel's template shows: what is attached, and what could be. One statement."""
    in_sight = papers_in_sight(actor)
    here = and_(NotePaper.paper_id == Paper.id, NotePaper.note_id == note.id)
    attached = NotePaper.note_id.is_not(None)
    offered = and_(in_sight, Paper.removed_at.is_(None), true() if writes else false())
    found = db.session.execute(
        select(Paper, in_sight, attached)
        .outerjoin(NotePaper, here)
        .where(Paper.patient_id == note.patient_id, or_(attached, offered))
        .order_by(attached.desc(), Paper.id.desc())
        .limit(MOST_OFFERED)
    ).all()
    return {
        "note_id": note.id,
        "attached": [Listed(paper=paper, opens=bool(opens)) for paper, opens, is_here in found if is_here],
        "offered": [paper for paper, _opens, is_here in found if not is_here],
        "tried": tried or TriedPapers(),
        "kinds": KINDS,
        "words_of": dict(KINDS),
        "taken": TAKEN,
    }


def panel_alone(actor: Actor, note: Note, tried: TriedPapers | None = None) -> PanelShown:
    """The panel of a draft by itself, as it stands now."""
    values = values_of(actor, note, writes=True, tried=tried)
    return PanelShown(code=CODE, template=TEMPLATE, values=values, reading=False)
