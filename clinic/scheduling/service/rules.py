"""What may be booked at all: known people, working hours, time off, not the past."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Interval, and_, func, literal, select
from sqlalchemy.dialects.postgresql import TIMESTAMP, aggregate_order_by

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Forbidden, NotFound
from clinic.core.i18n import gettext as _
from clinic.facilities.models import Facility
from clinic.patients import policy as patients_policy
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.scheduling import policy
from clinic.scheduling.errors import OutsideRules
from clinic.scheduling.models import (
    Appointment,
    Resource,
    ResourceUnit,
    Service,
    TimeOff,
    WorkingHours,
)
from clinic.scheduling.queries.performers import performed_by
from clinic.scheduling.queries.taken import hours_entry
from clinic.scheduling.service.claims import Stretch, stale_holds_exist
from clinic.scheduling.slots import WeeklyInterval, spans

LATE_ENTRY = timedelta(minutes=10)
"""Somebody standing at the desk is booked from the last full five minutes on: that is not yet the past."""


@dataclass(frozen=True)
class Ground:
    """All that one booking has to know, loaded at once.

    ``unit_ids`` are the practitioner's, lowest number first, and ``extra_ids`` those for overbooking.
    ``clinic_hours`` are the facility's own, none where it has no other than its people's; ``closed_for`` is
    the reason it is closed then.
    """

    facility: Facility
    service: Service
    patient: Patient
    practitioner: Practitioner
    unit_ids: tuple[int, ...]
    extra_ids: tuple[int, ...]
    clinic_hours: tuple[WeeklyInterval, ...]
    closed_for: str | None
    intervals: tuple[WeeklyInterval, ...]
    is_off: bool
    performs: bool
    sees_patient: bool
    stale_holds: bool
    earlier_id: int | None


def load_ground(
    actor: Actor,
    *,
    facility_id: int,
    service_id: int,
    patient_id: int,
    practitioner_id: int,
    starts: datetime,
    duration: timedelta | None = None,
    submission_key: str | None = None,
    queue: bool = False,
) -> Ground:
    """Load what a booking stands on in one statement. Raises NotFound where something is not there.

    ``duration`` is the service's own unless given. With ``queue`` the patient's row stays locked: who else
    books for them, or moves a visit of theirs, waits until this is over.

    A practitioner who does not work at the facility is not there either.
    """
    wanted = (
        select(
            Facility,
            Service,
            Patient,
            Practitioner,
            _units(facility_id, practitioner_id, overbook=False),
            _units(facility_id, practitioner_id, overbook=True),
            _intervals(*_the_clinic(facility_id)),
            _closed_for(facility_id, starts, duration),
            _intervals(*_mine(facility_id, practitioner_id)),
            _is_off(facility_id, practitioner_id, starts, duration),
            performed_by(service_id, practitioner_id),
            patients_policy.changeable(actor).label("sees_patient"),
            stale_holds_exist(),
            _earlier(submission_key),
        )
        .join(Service, and_(Service.id == service_id, Service.facility_id == Facility.id))
        .join(Patient, and_(Patient.id == patient_id, Patient.group_id == Facility.group_id))
        .join(Practitioner, Practitioner.id == practitioner_id)
        .where(Facility.id == facility_id)
    )
    if queue:
        wanted = wanted.with_for_update(of=Patient, key_share=True)
    row = db.session.execute(wanted).first()
    if row is None or not row[4]:
        raise NotFound(_("The service, the patient or the practitioner is not at this clinic."))
    facility, service, patient, practitioner, units, extra, clinic_hours, closed_for, intervals, *known = row
    return Ground(
        facility,
        service,
        patient,
        practitioner,
        tuple(units),
        tuple(extra or ()),
        tuple(WeeklyInterval.read(entry) for entry in clinic_hours or ()),
        closed_for,
        tuple(WeeklyInterval.read(entry) for entry in intervals or ()),
        *known,
    )


def check(
    actor: Actor,
    ground: Ground,
    during: Stretch,
    *,
    override_reason: str | None,
    online: bool = False,
    overbook: bool = False,
    has: int | None = None,
) -> bool:
    """Whether a reason was needed to book this.

    ``has`` is who has the visit already, of one that moves: what was booked is kept, though its service is no
    longer offered, or that practitioner no longer performs it.

    Raises OutsideRules, or Forbidden for who may not book here.
    """
    if not policy.can_book(actor, ground.facility.id, sees_patient=ground.sees_patient):
        raise Forbidden(_("You may not book for this patient here."))
    _check_people(ground, has)
    _check_mode(ground, online=online)
    if overbook:
        _check_overbooking(actor, ground, override_reason)
    if actor.is_patient:
        _check_online(ground, during)
    problem = _problem(ground, during)
    if problem is None:
        return overbook
    may = policy.can_override(actor, ground.facility.id)
    if may and override_reason and override_reason.strip():
        return True
    raise OutsideRules(problem, can_override=may)


def _check_people(ground: Ground, has: int | None) -> None:
    if ground.patient.deceased:
        raise OutsideRules(_("This patient has died; nothing can be booked."), field="patient_id")
    if not ground.practitioner.active or ground.practitioner.verified_at is None:
        raise OutsideRules(
            _("%(name)s cannot be booked until verified and active.", name=ground.practitioner.name),
            field="practitioner_id",
        )
    if not ground.service.active and has is None:
        raise OutsideRules(_("This service is no longer offered."), field="service_id")
    if not ground.performs and ground.practitioner.id != has:
        raise OutsideRules(
            _(
                "%(name)s does not perform %(service)s.",
                name=ground.practitioner.name,
                service=ground.service.name,
            ),
            field="practitioner_id",
        )


def _check_mode(ground: Ground, *, online: bool) -> None:
    if online and not ground.service.online:
        raise OutsideRules(_("This service is not given online."), field="mode")
    if not online and not ground.service.in_person:
        raise OutsideRules(_("This service is given online only."), field="mode")
    if ground.service.same_sex and not online:
        sexes = {ground.patient.sex, ground.practitioner.sex}
        if {"female", "male"} <= sexes:
            raise OutsideRules(
                _("This service is given by somebody of the patient's sex."), field="practitioner_id"
            )


def _check_overbooking(actor: Actor, ground: Ground, reason: str | None) -> None:
    if not policy.can_overbook(actor, ground.facility.id):
        raise Forbidden(_("You may not overbook here."))
    if ground.service.capacity > 1:
        raise OutsideRules(
            _("A group takes as many as it has seats. Give the session more seats instead."),
            field="override_reason",
        )
    if not ground.extra_ids:
        raise OutsideRules(
            _("%(name)s takes nobody in between.", name=ground.practitioner.name), field="override_reason"
        )
    if not (reason or "").strip():
        raise OutsideRules(_("Say why."), field="override_reason", can_override=True)


def earliest_for_patients(service: Service) -> datetime:
    """The first instant at which a patient may still book the service by themselves."""
    return clock.now() + timedelta(minutes=service.notice_minutes)


def last_day_for_patients(facility: Facility, service: Service) -> date:
    """The last day for which a patient may book the service by themselves."""
    return clock.today(facility.zone) + timedelta(days=service.horizon_days or facility.booking_days)


def _check_online(ground: Ground, during: Stretch) -> None:
    if not ground.service.online_booking:
        raise OutsideRules(_("This service is booked by telephone or at the desk."), field="service_id")
    assert during.lower is not None
    if during.lower < earliest_for_patients(ground.service):
        raise OutsideRules(_("It is too late to book this online. Please telephone the clinic."))
    last = last_day_for_patients(ground.facility, ground.service)
    if during.lower.astimezone(clock.zone(ground.facility.zone)).date() > last:
        raise OutsideRules(_("That is too far ahead to book online."))


def _problem(ground: Ground, during: Stretch) -> str | None:
    assert during.lower is not None
    assert during.upper is not None
    if during.lower < clock.now() - LATE_ENTRY:
        return _("This time has passed.")
    if ground.closed_for is not None:
        return _("The clinic is closed then: %(reason)s.", reason=ground.closed_for)
    if ground.clinic_hours and not covers(ground.clinic_hours, during, ground.facility.zone):
        return _("The clinic is not open at that time.")
    if not covers(ground.intervals, during, ground.facility.zone):
        return _("%(name)s does not work at that time.", name=ground.practitioner.name)
    if ground.is_off:
        return _("%(name)s is away at that time.", name=ground.practitioner.name)
    return None


def covers(intervals: Iterable[WeeklyInterval], during: Stretch, zone_name: str) -> bool:
    """Whether a stretch lies within one working stretch of these hours."""
    assert during.lower is not None
    assert during.upper is not None
    zone = clock.zone(zone_name)
    first, last = during.lower.astimezone(zone).date(), during.upper.astimezone(zone).date()
    days = [first + timedelta(days=n) for n in range(-1, (last - first).days + 1)]
    return any(
        starts <= during.lower and during.upper <= ends for starts, ends in spans(days, intervals, zone_name)
    )


def _mine(facility_id: int, practitioner_id: int) -> tuple[Any, ...]:
    return (Resource.facility_id == facility_id, Resource.practitioner_id == practitioner_id, Resource.active)


def _the_clinic(facility_id: int) -> tuple[Any, ...]:
    return (Resource.facility_id == facility_id, Resource.kind == "facility", Resource.active)


def _units(facility_id: int, practitioner_id: int, *, overbook: bool) -> Any:
    return (
        select(func.array_agg(aggregate_order_by(ResourceUnit.id, ResourceUnit.number)))
        .join(Resource, Resource.id == ResourceUnit.resource_id)
        .where(*_mine(facility_id, practitioner_id), ResourceUnit.overbook == overbook)
        .scalar_subquery()
    )


def _intervals(*whose: Any) -> Any:
    return (
        select(func.json_agg(hours_entry()))
        .join(Resource, Resource.id == WorkingHours.resource_id)
        .where(*whose)
        .scalar_subquery()
    )


def _lasting(starts: datetime, duration: timedelta | None, *, buffers: bool) -> Any:
    """The stretch of a visit in SQL, with the service's buffers or without."""
    lasts = literal(duration, Interval) if duration else func.make_interval(0, 0, 0, 0, 0, Service.minutes)
    begins = literal(starts, TIMESTAMP(timezone=True))
    if not buffers:
        return func.tstzrange(begins, begins + lasts)
    return func.tstzrange(
        begins - func.make_interval(0, 0, 0, 0, 0, Service.buffer_before),
        begins + lasts + func.make_interval(0, 0, 0, 0, 0, Service.buffer_after),
    )


def _is_off(facility_id: int, practitioner_id: int, starts: datetime, duration: timedelta | None) -> Any:
    return (
        select(TimeOff.id)
        .join(Resource, Resource.id == TimeOff.resource_id)
        .where(
            *_mine(facility_id, practitioner_id),
            TimeOff.during.op("&&")(_lasting(starts, duration, buffers=True)),
        )
        .correlate(Service)
        .exists()
    )


def _closed_for(facility_id: int, starts: datetime, duration: timedelta | None) -> Any:
    """Why the clinic is closed during the visit, if it is; buffers may reach into the closed time."""
    return (
        select(TimeOff.reason)
        .join(Resource, Resource.id == TimeOff.resource_id)
        .where(*_the_clinic(facility_id), TimeOff.during.op("&&")(_lasting(starts, duration, buffers=False)))
        .order_by(TimeOff.id)
        .limit(1)
        .correlate(Service)
        .scalar_subquery()
    )


def _earlier(submission_key: str | None) -> Any:
    if submission_key is None:
        return literal(None)
    return (
        select(Appointment.id).where(Appointment.submission_key == submission_key).limit(1).scalar_subquery()
    )
