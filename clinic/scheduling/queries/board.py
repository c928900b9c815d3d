"""The day at the desk, as plain rows."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Select, Text, and_, bindparam, case, exists, func, literal, null, select, union_all
from sqlalchemy.orm import aliased

from clinic.core import clock
from clinic.core.db import db
from clinic.core.i18n import LOCALES, locale_tag
from clinic.facilities.models import Facility
from clinic.patients.models import IntakeLink, Patient
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import Allocation, Appointment, Resource, ResourceUnit, Service
from clinic.scheduling.queries.coming import coming, not_coming
from clinic.scheduling.queries.left_open import STILL_OPEN

SHOWN_LEFT = 5
COUNTED_LEFT = 1_000
"""More than so many are not counted."""
STARTS = func.lower(Appointment.during)


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
    coming: bool
    not_coming: bool
    token: int | None
    left_open: int
    """0 for the visits of the day; for those left open of earlier days, how many there are in all."""
    id: int


def board(facility: Facility, day: date) -> list[BoardRow]:
    """The visits that begin on a day and were not called off, by time, and after them those of earlier days
    that nobody brought to an end, the latest first: one statement.

    A patient is new who has no visit before; their intake is missing if a link went out and nothing came
    back.
    """
    first, after = clock.day_bounds(day, facility.zone)
    bounds = {"facility": facility.id, "first": first, "after": after}
    return [BoardRow(*row) for row in db.session.execute(_statement(locale_tag()), bounds)]


@lru_cache(maxsize=len(LOCALES))
def _statement(_locale: str) -> Select[Any]:
    """One for each language, in which services have their names."""
    today, earlier = _of_the_day().subquery(), _left_open().subquery()
    rows = union_all(select(today), select(earlier)).subquery()
    starts = rows.c.starts
    is_today = rows.c.left_open == 0
    return select(rows).order_by(
        is_today.desc(), case((is_today, starts)), starts.desc(), rows.c.id, rows.c.room
    )


def _of_the_day() -> Select[Any]:
    claim, unit, room = aliased(Allocation), aliased(ResourceUnit), aliased(Resource)
    return (
        _visits(room.name, literal(0))
        .outerjoin(claim, and_(claim.appointment_id == Appointment.id, claim.active))
        .outerjoin(unit, unit.id == claim.unit_id)
        .outerjoin(room, and_(room.id == unit.resource_id, room.kind == "room"))
        .where(
            bindparam("first") <= STARTS,
            bindparam("after") > STARTS,
            Appointment.status.not_in(("cancelled", "rejected")),
        )
        .distinct(STARTS, Appointment.id)
        .order_by(STARTS, Appointment.id, room.id.nulls_last())
    )


def _left_open() -> Select[Any]:
    counted = select(func.count()).select_from(_still_open(COUNTED_LEFT).subquery()).scalar_subquery()
    return (
        _visits(null().cast(Text), counted)
        .where(Appointment.id.in_(_still_open(SHOWN_LEFT)))
        .order_by(STARTS.desc(), Appointment.id.desc())
    )


def _still_open(most: int) -> Select[Any]:
    """The latest visits of earlier days that nobody brought to an end, so many of them."""
    visit = aliased(Appointment)
    return (
        select(visit.id)
        .where(
            visit.facility_id == bindparam("facility"),
            bindparam("first") > func.lower(visit.during),
            visit.status.in_(STILL_OPEN),
        )
        .order_by(func.lower(visit.during).desc(), visit.id.desc())
        .limit(most)
    )


def _visits(room: Any, left_open: Any) -> Select[Any]:
    first: Any = bindparam("first")
    before = aliased(Appointment)
    seen_before = exists().where(
        before.patient_id == Appointment.patient_id,
        func.lower(before.during) < first,
        before.status.not_in(("cancelled", "rejected", "no_show")),
    )
    link = exists().where(IntakeLink.patient_id == Appointment.patient_id)
    filled = exists().where(
        IntakeLink.patient_id == Appointment.patient_id, IntakeLink.submitted_at.is_not(None)
    )
    columns: dict[str, Any] = {
        "reference": Appointment.reference,
        "version": Appointment.version,
        "status": Appointment.status,
        "mode": Appointment.mode,
        "starts": STARTS,
        "ends": func.upper(Appointment.during),
        "arrived_at": Appointment.arrived_at,
        "started_at": Appointment.started_at,
        "completed_at": Appointment.completed_at,
        "patient_id": Patient.id,
        "patient": Patient.name,
        "mobile": Patient.mobile,
        "service": Service.shown_name,
        "practitioner_id": Practitioner.id,
        "practitioner": Practitioner.name,
        "room": room,
        "is_new": ~seen_before,
        "intake_missing": and_(link, ~filled),
        "coming": coming(),
        "not_coming": not_coming(),
        "token": Appointment.token,
        "left_open": left_open,
        "id": Appointment.id,
    }
    return (
        select(*(column.label(name) for name, column in columns.items()))
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(Service, Service.id == Appointment.service_id)
        .join(Practitioner, Practitioner.id == Appointment.practitioner_id)
        .where(Appointment.facility_id == bindparam("facility"))
    )
