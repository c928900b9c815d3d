"""Papers of a visit: those that come with its booking, and those that are brought in for it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.dialects.postgresql import insert

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.records.models import Paper, PaperSource
from clinic.records.service import Details, add_papers
from clinic.records.service.pending import take
from clinic.scheduling.models import Appointment, AppointmentPaper


def attach(appointment_id: int, papers: Sequence[Paper]) -> None:
    """Say that papers belong to a visit; once is enough."""
    if not papers:
        return
    rows = [{"appointment_id": appointment_id, "paper_id": paper.id} for paper in papers]
    db.session.execute(insert(AppointmentPaper).values(rows).on_conflict_do_nothing())


def take_from_form(actor: Actor, appointment: Appointment, form_key: str) -> None:
    """Put the files that were chosen in the booking's form into the patient's record, and to the visit, in
    the booking's own transaction. A file that the record has already is joined to the visit as it is; its
    second copy is left to the sweep.
    """
    patient = appointment.patient
    for kind, file in take(actor, form_key):
        added = add_papers(
            actor,
            patient,
            [file],
            Details(kind=kind),
            source=PaperSource.BOOKING,
            facility_id=appointment.facility_id,
        )
        attach(appointment.id, [*added.papers, *added.known])
