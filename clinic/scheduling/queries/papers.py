"""The papers of a visit."""

from __future__ import annotations

from sqlalchemy import select

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.records.models import Paper
from clinic.records.policy import names_in_sight, papers_in_sight
from clinic.records.queries.papers import Listed
from clinic.scheduling.models import AppointmentPaper


def papers_of_visit(actor: Actor, appointment_id: int) -> list[Listed]:
    """What came with a visit, as far as ``actor`` may know of it."""
    found = (
        select(Paper, papers_in_sight(actor))
        .join(AppointmentPaper, AppointmentPaper.paper_id == Paper.id)
        .where(AppointmentPaper.appointment_id == appointment_id, names_in_sight(actor))
        .order_by(Paper.id)
    )
    return [Listed(paper=paper, opens=bool(opens)) for paper, opens in db.session.execute(found)]
