"""The papers of a visit, beside its history: one statement for both."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.records.models import Paper
from clinic.records.policy import names_in_sight, papers_in_sight
from clinic.scheduling.models import Appointment, AppointmentEvent, AppointmentPaper


@dataclass(frozen=True, kw_only=True)
class VisitPaper:
    """A paper's name; ``opens`` is false where the reader may know no more of it."""

    id: int
    title: str
    kind: str
    opens: bool


def history_and_papers(
    actor: Actor, appointment: Appointment
) -> tuple[list[AppointmentEvent], list[VisitPaper]]:
    """What happened to a visit, in order, and what came with it, as far as ``actor`` may know of that."""
    facts = func.jsonb_build_object(
        "id", Paper.id, "title", Paper.title, "kind", Paper.kind, "opens", papers_in_sight(actor)
    )
    papers = (
        select(func.jsonb_agg(aggregate_order_by(facts, Paper.id)))
        .select_from(Paper)
        .join(AppointmentPaper, AppointmentPaper.paper_id == Paper.id)
        .where(AppointmentPaper.appointment_id == appointment.id, names_in_sight(actor))
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(AppointmentEvent, papers)
        .select_from(Appointment)
        .outerjoin(AppointmentEvent, AppointmentEvent.appointment_id == Appointment.id)
        .where(Appointment.id == appointment.id)
        .order_by(AppointmentEvent.id)
    ).all()
    events = [event for event, _papers in rows if event is not None]
    return events, [VisitPaper(**facts) for facts in (rows[0][1] or [])] if rows else []
