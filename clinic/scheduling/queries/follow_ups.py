"""Patients who were to come again and have nothing booked yet."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import and_, exists, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.facilities.models import Facility
from clinic.patients import policy as patients_policy
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import Appointment, AppointmentStatus, FollowUp, Service

SHOWN = 25


class Which(StrEnum):
    """Which follow-ups: due until the end of this week (whatever is overdue too), overdue, or all."""

    WEEK = "week"
    OVERDUE = "overdue"
    ALL = "all"


class FollowUpRow(NamedTuple):
    """A follow-up that is due, with whom to call and what to book."""

    id: int
    reference: str
    version: int
    on: date
    seen: datetime
    patient_id: int
    patient: str
    mobile: str | None
    service_id: int
    service: str
    practitioner_id: int
    practitioner: str

    @property
    def key(self) -> str:
        """Where the next page goes on."""
        return f"{self.on.isoformat()}.{self.id}"


def follow_ups(
    actor: Actor, facility: Facility, which: Which, *, after: tuple[date, int] | None = None
) -> tuple[list[FollowUpRow], bool]:
    """A page of open follow-ups at a facility, the earliest first, and whether there are more.

    One is settled by hand, or by a later visit of the patient with the same practitioner or for the same
    service. Only of patients the person may see.
    """
    today = clock.today(facility.zone)
    later = aliased(Appointment)
    booked = exists().where(
        later.patient_id == Appointment.patient_id,
        func.lower(later.during) > func.lower(Appointment.during),
        or_(
            later.practitioner_id == Appointment.practitioner_id,
            later.service_id == Appointment.service_id,
        ),
        later.status.not_in(
            (AppointmentStatus.CANCELLED, AppointmentStatus.REJECTED, AppointmentStatus.NO_SHOW)
        ),
    )
    wanted = [
        Appointment.facility_id == facility.id,
        Appointment.follow_up == FollowUp.ON,
        Appointment.follow_up_settled_at.is_(None),
        Appointment.status.in_((AppointmentStatus.IN_PROGRESS, AppointmentStatus.COMPLETED)),
        ~Patient.deceased,
        patients_policy.visible(actor),
        ~booked,
    ]
    if which is Which.OVERDUE:
        wanted.append(Appointment.follow_up_on < today)
    elif which is Which.WEEK:
        wanted.append(Appointment.follow_up_on <= today + timedelta(days=6 - today.weekday()))
    if after is not None:
        wanted.append(tuple_(Appointment.follow_up_on, Appointment.id) > after)
    rows = db.session.execute(
        select(
            Appointment.id,
            Appointment.reference,
            Appointment.version,
            Appointment.follow_up_on,
            func.lower(Appointment.during),
            Patient.id,
            Patient.name,
            Patient.mobile,
            Service.id,
            Service.shown_name,
            Practitioner.id,
            Practitioner.name,
        )
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(Service, Service.id == Appointment.service_id)
        .join(Practitioner, Practitioner.id == Appointment.practitioner_id)
        .where(and_(*wanted))
        .order_by(Appointment.follow_up_on, Appointment.id)
        .limit(SHOWN + 1)
    ).all()
    found = [FollowUpRow(*row) for row in rows]
    return found[:SHOWN], len(found) > SHOWN


def read_key(text: str | None) -> tuple[date, int] | None:
    """What ``FollowUpRow.key`` wrote; None for anything else."""
    day, _dot, number = (text or "").partition(".")
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        return None
    try:
        return date.fromisoformat(day), int(number)
    except ValueError:
        return None
