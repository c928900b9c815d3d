"""Group sessions: who sits in them, and where a seat is free."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import joinedload

from clinic.core import clock
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.facilities.models import Facility
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import CLAIMING, Appointment, GroupSeat, GroupSession, Service
from clinic.scheduling.slots import Slot


def open_sessions(
    facility: Facility,
    service: Service,
    from_day: date,
    to_day: date,
    practitioner_ids: Collection[int] | None = None,
    *,
    patient_id: int | None = None,
    not_before: datetime,
    besides: frozenset[int] = frozenset(),
) -> list[Slot]:
    """Sessions of a service with a free seat that begin between two days (both included), by time.

    With ``patient_id`` only those at which the patient has no other visit; ``besides`` are visits, by id,
    that are about to leave their seats. One statement.
    """
    first, _ends = clock.day_bounds(from_day, facility.zone)
    _begins, after = clock.day_bounds(to_day, facility.zone)
    starts = func.lower(GroupSession.during)
    left = GroupSession.capacity - taken_seats(GroupSession.id, besides)
    wanted: Select[Any] = (
        select(starts, func.upper(GroupSession.during), Practitioner.id, Practitioner.name, left)
        .join(Practitioner, Practitioner.id == GroupSession.practitioner_id)
        .where(
            GroupSession.facility_id == facility.id,
            GroupSession.service_id == service.id,
            GroupSession.cancelled_at.is_(None),
            starts >= first,
            starts < after,
            starts >= not_before,
            left > 0,
        )
        .order_by(starts, GroupSession.id)
    )
    if practitioner_ids is not None:
        wanted = wanted.where(Practitioner.id.in_(practitioner_ids))
    if patient_id is not None:
        wanted = wanted.where(~_has_another(patient_id, besides))
    return [Slot(*row) for row in db.session.execute(wanted)]


def taken_seats(session_id: Any, besides: frozenset[int] = frozenset()) -> Any:
    """An SQL value: how many visits sit in a session, those named left out."""
    counted = select(func.count()).where(
        Appointment.session_id == session_id, Appointment.status.in_(CLAIMING)
    )
    if besides:
        counted = counted.where(Appointment.id.not_in(besides))
    return counted.correlate(GroupSession).scalar_subquery()


def _has_another(patient_id: int, besides: frozenset[int]) -> ColumnElement[bool]:
    others = [Appointment.id.not_in(besides)] if besides else []
    return exists().where(
        Appointment.patient_id == patient_id,
        Appointment.status.in_(CLAIMING),
        Appointment.during.op("&&")(GroupSession.during),
        *others,
    )


def session_at(service_id: int, practitioner_id: int, starts: datetime) -> GroupSession | None:
    """The session of a service that somebody holds from an instant on, unless called off."""
    return db.session.scalars(
        select(GroupSession).where(
            GroupSession.service_id == service_id,
            GroupSession.practitioner_id == practitioner_id,
            func.lower(GroupSession.during) == starts,
            GroupSession.cancelled_at.is_(None),
        )
    ).first()


def free_seats(session_id: int) -> list[int]:
    """The numbers of the seats nobody has, the lowest first."""
    taken = select(Appointment.seat).where(
        Appointment.session_id == session_id, Appointment.status.in_(CLAIMING)
    )
    return list(
        db.session.scalars(
            select(GroupSeat.number)
            .where(GroupSeat.session_id == session_id, GroupSeat.number.not_in(taken))
            .order_by(GroupSeat.number)
        )
    )


def get_session(facility_id: int, session_id: int) -> GroupSession:
    """One session of a facility with service and practitioner. Raises NotFound."""
    found = db.session.scalars(
        select(GroupSession)
        .where(GroupSession.id == session_id, GroupSession.facility_id == facility_id)
        .options(joinedload(GroupSession.service), joinedload(GroupSession.practitioner))
    ).first()
    if found is None:
        raise NotFound(_("There is no such session."))
    return found


def visits_of(session_id: int) -> list[Appointment]:
    """Who takes part in a session, by seat; those who cancelled are left out."""
    return list(
        db.session.scalars(
            select(Appointment)
            .where(Appointment.session_id == session_id, Appointment.status.in_(CLAIMING))
            .options(joinedload(Appointment.patient), joinedload(Appointment.service))
            .order_by(Appointment.seat)
        )
    )
