"""The day at the desk, as plain rows."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, bindparam, exists, func, select
from sqlalchemy.orm import aliased

from clinic.core import clock
from clinic.core.db import db
from clinic.facilities.models import Facility
from clinic.patients.models import IntakeLink, Patient
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import Allocation, Appointment, Resource, ResourceUnit, Service


class BoardRow(NamedTuple):
    """A visit of the day with what the board says about it."""

    reference: str
    version: int
    status: str
    mode: str
    starts: datetime
    ends: datetime
    arrived_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    patient_id: int
    patient: str
    mobile: str | None
    service: str
    practitioner_id: int
    practitioner: str
    room: str | None
    is_new: bool
    intake_missing: bool


def board(facility: Facility, day: date) -> list[BoardRow]:
    """The visits that begin on a day and were not called off, by time: one statement.

    A patient is new who has no visit before; their intake is missing if a link went out and nothing came
    back.
    """
    first, after = clock.day_bounds(day, facility.zone)
    bounds = {"facility": facility.id, "first": first, "after": after}
    return [BoardRow(*row) for row in db.session.execute(_statement(), bounds)]


@lru_cache(maxsize=1)
def _statement() -> Select[Any]:
    first: Any = bindparam("first")
    after: Any = bindparam("after")
    starts = func.lower(Appointment.during)
    claim, unit, room, before = (
        aliased(Allocation),
        aliased(ResourceUnit),
        aliased(Resource),
        aliased(Appointment),
    )
    seen_before = exists().where(
        before.patient_id == Appointment.patient_id,
        func.lower(before.during) < first,
        before.status.not_in(("cancelled", "rejected", "no_show")),
    )
    link = exists().where(IntakeLink.patient_id == Appointment.patient_id)
    filled = exists().where(
        IntakeLink.patient_id == Appointment.patient_id, IntakeLink.submitted_at.is_not(None)
    )
    return (
        select(
            Appointment.reference,
            Appointment.version,
            Appointment.status,
            Appointment.mode,
            starts,
            func.upper(Appointment.during),
            Appointment.arrived_at,
            Appointment.started_at,
            Appointment.completed_at,
            Patient.id,
            Patient.name,
            Patient.mobile,
            Service.name,
            Practitioner.id,
            Practitioner.name,
            room.name,
            ~seen_before,
            and_(link, ~filled),
        )
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(Service, Service.id == Appointment.service_id)
        .join(Practitioner, Practitioner.id == Appointment.practitioner_id)
        .outerjoin(claim, and_(claim.appointment_id == Appointment.id, claim.active))
        .outerjoin(unit, unit.id == claim.unit_id)
        .outerjoin(room, and_(room.id == unit.resource_id, room.kind == "room"))
        .where(
            Appointment.facility_id == bindparam("facility"),
            starts >= first,
            starts < after,
            Appointment.status.not_in(("cancelled", "rejected")),
        )
        .distinct(starts, Appointment.id)
        .order_by(starts, Appointment.id, room.id.nulls_last())
    )
