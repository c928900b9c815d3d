"""Waits that end by themselves: their days are over, or the patient has got a visit in another way."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Date, and_, cast, func, or_, select

from clinic.core import clock
from clinic.core.access import SYSTEM
from clinic.core.db import db, unit_of_work
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.scheduling.models import CLAIMING, WAITS, Appointment, WaitlistEntry, WaitStatus
from clinic.scheduling.service.waitlist.entries import end, lock, record
from clinic.scheduling.service.waitlist.offering import drop_offer

ENDED_AT_ONCE = 200
_STARTS = func.lower(Appointment.during)


def end_served() -> int:
    """End the waits of patients who got a visit otherwise; how many."""
    with unit_of_work():
        found = list(
            db.session.scalars(
                select(WaitlistEntry.id)
                .join(Facility, Facility.id == WaitlistEntry.facility_id)
                .join(Appointment, _serves())
                .where(WaitlistEntry.status.in_(WAITS))
                .distinct()
                .order_by(WaitlistEntry.id)
                .limit(ENDED_AT_ONCE)
            )
        )
    return sum(_end_served(entry_id) for entry_id in found)


def _end_served(entry_id: int) -> bool:
    with unit_of_work():
        entry = lock(entry_id)
        visit_id = serving_visit(entry)
        if not entry.waits or visit_id is None:
            return False
        drop_offer(SYSTEM, entry)
        end(entry, WaitStatus.SERVED, visit_id=visit_id)
        record(SYSTEM, entry, "served")
    return True


def serving_visit(entry: WaitlistEntry) -> int | None:
    """The visit by which a wait is over: of that service, in the days wanted, made since they joined (or the
    one they kept, if somebody has moved it forward).
    """
    return db.session.scalar(
        select(Appointment.id)
        .select_from(WaitlistEntry)
        .join(Facility, Facility.id == WaitlistEntry.facility_id)
        .join(Appointment, _serves())
        .where(WaitlistEntry.id == entry.id)
        .order_by(_STARTS, Appointment.id)
        .limit(1)
    )


def _serves() -> ColumnElement[bool]:
    since = or_(
        and_(
            Appointment.created_at > WaitlistEntry.created_at,
            Appointment.id.is_distinct_from(WaitlistEntry.appointment_id),
        ),
        and_(Appointment.id == WaitlistEntry.appointment_id, WaitlistEntry.kept_starts > _STARTS),
    )
    return and_(
        Appointment.patient_id == WaitlistEntry.patient_id,
        Appointment.service_id == WaitlistEntry.service_id,
        Appointment.facility_id == WaitlistEntry.facility_id,
        Appointment.status.in_(CLAIMING),
        _day(_STARTS).between(WaitlistEntry.from_day, WaitlistEntry.until_day),
        since,
    )


def end_overdue() -> int:
    """End the waits whose last day has passed, and those of patients who have died; how many.

    Who has an offer for that day is left until it is answered.
    """
    with unit_of_work():
        found = list(
            db.session.scalars(
                select(WaitlistEntry.id)
                .join(Facility, Facility.id == WaitlistEntry.facility_id)
                .join(Patient, Patient.id == WaitlistEntry.patient_id)
                .where(
                    WaitlistEntry.status.in_(WAITS),
                    or_(
                        and_(
                            WaitlistEntry.status == WaitStatus.WAITING,
                            WaitlistEntry.until_day < _day(clock.now()),
                        ),
                        Patient.deceased,
                    ),
                )
                .order_by(WaitlistEntry.id)
                .limit(ENDED_AT_ONCE)
            )
        )
    return sum(_end_overdue(entry_id) for entry_id in found)


def _end_overdue(entry_id: int) -> bool:
    with unit_of_work():
        entry = lock(entry_id)
        over = entry.status == WaitStatus.WAITING and entry.until_day < clock.today(entry.facility.zone)
        if not entry.waits or not (over or entry.patient.deceased):
            return False
        drop_offer(SYSTEM, entry)
        end(entry, WaitStatus.WITHDRAWN if entry.patient.deceased else WaitStatus.EXPIRED)
        record(SYSTEM, entry, "expired")
    return True


def _day(moment: Any) -> ColumnElement[Any]:
    """An SQL value: the date of an instant where the facility is."""
    return cast(func.timezone(Facility.zone, moment), Date)
