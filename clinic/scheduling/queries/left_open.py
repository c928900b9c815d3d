"""Visits of earlier days that nobody brought to an end."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import func, select

from clinic.core import clock
from clinic.core.db import db
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import Appointment, AppointmentStatus, Service

STILL_OPEN = (
    AppointmentStatus.PENDING,
    AppointmentStatus.CONFIRMED,
    AppointmentStatus.ARRIVED,
    AppointmentStatus.IN_PROGRESS,
)
SHOWN = 30


class LeftOpen(NamedTuple):
    """A visit whose day is over and whose end nobody has written down."""

    reference: str
    version: int
    status: str
    starts: datetime
    patient: str
    service: str
    practitioner: str
    total: int


def left_open(facility: Facility, day: date | None = None) -> list[LeftOpen]:
    """The visits left open on a day, or on all days before today, the latest first: one statement.

    At most ``SHOWN``; each carries in ``total`` how many there are.
    """
    starts = func.lower(Appointment.during)
    first, after = clock.day_bounds(day or clock.today(facility.zone), facility.zone)
    bounds = [starts < first] if day is None else [starts >= first, starts < after]
    rows = db.session.execute(
        select(
            Appointment.reference,
            Appointment.version,
            Appointment.status,
            starts,
            Patient.name,
            Service.shown_name,
            Practitioner.name,
            func.count().over(),
        )
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(Service, Service.id == Appointment.service_id)
        .join(Practitioner, Practitioner.id == Appointment.practitioner_id)
        .where(Appointment.facility_id == facility.id, Appointment.status.in_(STILL_OPEN), *bounds)
        .order_by(starts.desc(), Appointment.id.desc())
        .limit(SHOWN)
    )
    return [LeftOpen(*row) for row in rows]
