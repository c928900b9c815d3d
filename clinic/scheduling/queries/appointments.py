"""Visits, for whoever may see them."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import contains_eager

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.facilities.models import Facility
from clinic.patients import policy as patients_policy
from clinic.patients.models import Guardianship
from clinic.practitioners.models import Practitioner
from clinic.scheduling import policy
from clinic.scheduling.models import (
    CLAIMING,
    Allocation,
    Appointment,
    AppointmentEvent,
    Resource,
    ResourceUnit,
    Service,
)
from clinic.scheduling.queries.performers import performed_by

_REFERENCE = re.compile(r"[0-9A-HJKMNP-TV-Z]{10}")
STARTS = func.lower(Appointment.during)
ENDS = func.upper(Appointment.during)


def get_appointment(actor: Actor, reference: str) -> Appointment:
    """The visit with this reference, its patient, practitioner, service and facility loaded.

    Raises NotFound where there is none or the person may not know of it.
    """
    text = reference.strip().upper()
    row = None
    if _REFERENCE.fullmatch(text):
        seen = patients_policy.visible(actor).label("sees_patient")
        row = db.session.execute(_with_all(seen).where(Appointment.reference == text)).first()
    if row is None or not policy.can_view(actor, row[0], sees_patient=row[1]):
        raise NotFound(_("There is no such visit."))
    appointment: Appointment = row[0]
    return appointment


def _with_all(*more: Any) -> Select[Any]:
    return (
        select(Appointment, *more)
        .join(Appointment.patient)
        .join(Appointment.practitioner)
        .join(Appointment.service)
        .join(Appointment.facility)
        .options(
            contains_eager(Appointment.patient),
            contains_eager(Appointment.practitioner),
            contains_eager(Appointment.service),
            contains_eager(Appointment.facility),
        )
    )


def is_guardian(actor: Actor, patient_id: int) -> bool:
    """Whether the person's sign-in may act for the patient."""
    return bool(
        actor.user_id
        and db.session.scalar(
            select(
                exists().where(
                    Guardianship.patient_id == patient_id,
                    Guardianship.user_id == actor.user_id,
                    Guardianship.ended_at.is_(None),
                )
            )
        )
    )


def history(appointment: Appointment) -> list[AppointmentEvent]:
    """What happened to a visit, in order."""
    return list(
        db.session.scalars(
            select(AppointmentEvent)
            .where(AppointmentEvent.appointment_id == appointment.id)
            .order_by(AppointmentEvent.id)
        )
    )


def resources_of(appointment: Appointment) -> list[Resource]:
    """What a visit claims, or claimed last: people, room, equipment, in the calendar's order."""
    rows = db.session.execute(
        select(Resource, Allocation.version)
        .join(ResourceUnit, ResourceUnit.resource_id == Resource.id)
        .join(Allocation, Allocation.unit_id == ResourceUnit.id)
        .where(
            Allocation.session_id == appointment.session_id
            if appointment.session_id is not None
            else Allocation.appointment_id == appointment.id
        )
        .order_by(
            Allocation.active.desc(),
            Allocation.version.desc().nulls_last(),
            Resource.position,
            Resource.id,
            Allocation.id,
        )
    ).all()
    last = rows[0][1] if rows else None
    return list(dict.fromkeys(resource for resource, version in rows if version == last))


def day_appointments(facility: Facility, day: date) -> list[Appointment]:
    """All visits that begin on a day at a facility, in order, with patient, practitioner and service."""
    first, after = clock.day_bounds(day, facility.zone)
    return list(
        db.session.scalars(
            _with_all()
            .where(Appointment.facility_id == facility.id, first <= STARTS, after > STARTS)
            .order_by(STARTS, Appointment.id)
        )
    )


def practitioner_day(practitioner_id: int, facility: Facility, day: date) -> list[Appointment]:
    """A practitioner's visits of one day that take up time, in order."""
    first, after = clock.day_bounds(day, facility.zone)
    return list(
        db.session.scalars(
            _with_all()
            .where(
                Appointment.practitioner_id == practitioner_id,
                Appointment.facility_id == facility.id,
                first <= STARTS,
                after > STARTS,
                Appointment.status.in_(CLAIMING),
            )
            .order_by(STARTS, Appointment.id)
        )
    )


def patient_appointments(patient_id: int, *, limit: int = 100) -> list[Appointment]:
    """A patient's visits, the latest first. Whoever calls has asked whether the person may see the
    patient.
    """
    return list(
        db.session.scalars(
            _with_all()
            .where(Appointment.patient_id == patient_id)
            .order_by(STARTS.desc(), Appointment.id.desc())
            .limit(limit)
        )
    )


def next_appointment(patient_id: int) -> Appointment | None:
    """A patient's next visit that is not over yet."""
    return db.session.scalars(
        _with_all()
        .where(
            Appointment.patient_id == patient_id,
            clock.now() < ENDS,
            Appointment.status.in_(("pending", "confirmed", "arrived", "in_progress")),
        )
        .order_by(STARTS, Appointment.id)
        .limit(1)
    ).first()


def services(facility_id: int, *, online_only: bool = False) -> list[Service]:
    """What can be booked at a facility, by name."""
    wanted = select(Service).where(Service.facility_id == facility_id, Service.active)
    if online_only:
        wanted = wanted.where(Service.online_booking)
    return list(db.session.scalars(wanted.order_by(Service.name, Service.id)))


def get_service(facility_id: int, service_id: int) -> Service:
    """One service of a facility. Raises NotFound."""
    service = db.session.get(Service, service_id)
    if service is None or service.facility_id != facility_id:
        raise NotFound(_("There is no such service."))
    return service


def practitioners(facility_id: int, service_id: int | None = None) -> list[tuple[int, str]]:
    """Id and name of everybody who can be booked at a facility, for a service if one is named, in the
    calendar's order.
    """
    performs = [performed_by(service_id, Practitioner.id)] if service_id is not None else []
    rows = db.session.execute(
        select(Practitioner.id, Practitioner.name)
        .join(Resource, Resource.practitioner_id == Practitioner.id)
        .where(
            Resource.facility_id == facility_id,
            Resource.active,
            Practitioner.active,
            Practitioner.verified_at.is_not(None),
            *performs,
        )
        .order_by(Resource.position, Practitioner.search_name, Practitioner.id)
    )
    return [(row[0], row[1]) for row in rows]
