"""A practitioner's day: their visits in order, each with its patient and the state of its note."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, and_, func, or_, select
from sqlalchemy.orm import contains_eager, joinedload

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.encounters.models import Note
from clinic.patients.display import age_text, sex_letter
from clinic.patients.models import Allergy, AllergyStatus, Patient
from clinic.scheduling.meeting import meeting_of
from clinic.scheduling.models import Allocation, Appointment, AppointmentStatus, Resource, ResourceUnit

NOT_WRITTEN_DAYS = 14
"""A visit that is done and has no note is mentioned for this long."""
MOST_EARLIER = 30
_GONE = (AppointmentStatus.CANCELLED, AppointmentStatus.REJECTED)
_WAITING = (AppointmentStatus.ARRIVED, AppointmentStatus.CONFIRMED, AppointmentStatus.PENDING)


@dataclass(frozen=True, kw_only=True)
class DayVisit:
    """One visit as its practitioner sees it. ``is_next`` is the patient to call now."""

    visit: Appointment
    allergies: str
    room: str
    note_id: int | None
    note_status: str | None
    is_next: bool = False

    @property
    def patient(self) -> Patient:
        return self.visit.patient

    @property
    def join_url(self) -> str | None:
        """Where the practitioner joins an online visit; None but for the time in which it is open."""
        meeting = meeting_of(self.visit, joins=True)
        return meeting.link if meeting else None

    def facts(self, today: date) -> str:
        """Sex and age: ``F, 46 years``."""
        words = (sex_letter(self.patient.sex), age_text(self.patient, today))
        return ", ".join(word for word in words if word)

    @property
    def unsigned(self) -> bool:
        """Whether the visit is over or running and its note is not signed."""
        return self.visit.status in ("in_progress", "completed") and self.note_status != "signed"

    @property
    def not_asked(self) -> bool:
        """Whether nobody has asked about allergies."""
        return self.patient.allergy_status in (AllergyStatus.NOT_ASKED, AllergyStatus.NONE_STATED)


def visits_between(actor: Actor, practitioner_id: int, start: datetime, end: datetime) -> list[DayVisit]:
    """The practitioner's visits that begin in [start, end), in order, at the actor's facilities. One
    statement.
    """
    statement = (
        _visits(practitioner_id)
        .where(func.lower(Appointment.during) >= start, func.lower(Appointment.during) < end)
        .where(Appointment.status.not_in(_GONE))
        .order_by(func.lower(Appointment.during), Appointment.id)
    )
    if actor.facility_ids is not None:
        statement = statement.where(Appointment.facility_id.in_(actor.facility_ids))
    return _with_next([_day_visit(row) for row in db.session.execute(statement)])


def unsigned_before(actor: Actor, practitioner_id: int, start: datetime) -> list[DayVisit]:
    """Visits before ``start`` whose note is a draft, and those of the last days that are done without any.
    One statement.
    """
    drafts = select(Note.appointment_id).where(
        Note.practitioner_id == practitioner_id, Note.status == "draft"
    )
    recent = func.lower(Appointment.during) >= start - timedelta(days=NOT_WRITTEN_DAYS)
    statement = (
        _visits(practitioner_id)
        .where(func.lower(Appointment.during) < start)
        .where(
            or_(
                Appointment.id.in_(drafts),
                and_(Note.id.is_(None), Appointment.status == AppointmentStatus.COMPLETED, recent),
            )
        )
        .order_by(func.lower(Appointment.during).desc(), Appointment.id)
        .limit(MOST_EARLIER)
    )
    if actor.facility_ids is not None:
        statement = statement.where(Appointment.facility_id.in_(actor.facility_ids))
    return [_day_visit(row) for row in db.session.execute(statement)]


def _visits(practitioner_id: int) -> Select[Any]:
    allergies = (
        select(func.string_agg(Allergy.substance, ", "))
        .where(Allergy.patient_id == Appointment.patient_id, Allergy.status == "active")
        .scalar_subquery()
    )
    room = (
        select(func.min(Resource.name))
        .join(ResourceUnit, ResourceUnit.resource_id == Resource.id)
        .join(Allocation, Allocation.unit_id == ResourceUnit.id)
        .where(Allocation.appointment_id == Appointment.id, Allocation.active, Resource.kind == "room")
        .correlate(Appointment)
        .scalar_subquery()
    )
    own_note = and_(Note.appointment_id == Appointment.id, Note.practitioner_id == practitioner_id)
    return (
        select(Appointment, allergies, room, Note.id, Note.status)
        .join(Appointment.patient)
        .outerjoin(Note, own_note)
        .where(or_(Appointment.practitioner_id == practitioner_id, Note.id.is_not(None)))
        .options(
            contains_eager(Appointment.patient),
            joinedload(Appointment.service),
            joinedload(Appointment.facility),
        )
    )


def _day_visit(row: Row[Any]) -> DayVisit:
    visit, allergies, room, note_id, note_status = tuple(row)
    return DayVisit(
        visit=visit, allergies=allergies or "", room=room or "", note_id=note_id, note_status=note_status
    )


def _with_next(visits: Sequence[DayVisit]) -> list[DayVisit]:
    """Mark whom to call: the first who has arrived, else the first who is expected; nobody while somebody
    is in.
    """
    if any(item.visit.status == AppointmentStatus.IN_PROGRESS for item in visits):
        return list(visits)
    waiting = [item for item in visits if item.visit.status in _WAITING]
    first = min(waiting, key=lambda item: (item.visit.status != "arrived", item.visit.starts), default=None)
    return [replace(item, is_next=item is first) for item in visits]
