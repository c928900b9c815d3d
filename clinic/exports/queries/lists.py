"""Whole lists, read in batches by key: no offset, no list in memory, no transaction open between batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, false, func, or_, select, tuple_

from clinic.core import clock
from clinic.core.db import db
from clinic.exports.columns import PatientLine, VisitLine
from clinic.exports.policy import Listing
from clinic.facilities.models import Facility
from clinic.patients.models import Allergy, Patient
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import Allocation, Appointment, Resource, ResourceUnit, Service
from clinic.scheduling.queries import listing
from clinic.scheduling.queries.listing import Filter

BATCH = 2_000
"""Rows of one statement."""
Reach = frozenset[int] | None
"""The facilities whose rows are taken; None for all."""
_STARTS = func.lower(Appointment.during)
_ENDS = func.upper(Appointment.during)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which rows of a list. Days are those of the facility's own zone, both included. ``visits`` says what
    else visits have to be like, and ``facility_id`` where.
    """

    from_day: date | None = None
    to_day: date | None = None
    status: str | None = None
    with_mobile: bool = False
    visits: Filter | None = None
    facility_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Extent:
    """How many rows there are, and the smallest and largest id among them (None without any)."""

    count: int
    first_id: int | None
    last_id: int | None


def extent(listing: Listing, reach: Reach, wanted: Wanted) -> Extent:
    """How much a list holds now. What is entered after that is not in the file."""
    model = _MODELS[listing]
    measured = select(func.count(), func.min(model.id), func.max(model.id))
    row = db.session.execute(measured.where(*_conditions(listing, reach, wanted))).one()
    return Extent(count=row[0], first_id=row[1], last_id=row[2])


def batches(
    listing: Listing, reach: Reach, wanted: Wanted, *, last_id: int | None
) -> Iterator[Sequence[Any]]:
    """The lines of a list, up to the row ``last_id``, in batches. Patients, practitioners and services come
    by id, visits by facility and time.

    The transaction ends after each batch, so that a slow reader keeps no connection from others.
    """
    if last_id is None:
        return
    if listing is Listing.APPOINTMENTS:
        yield from _visits(reach, wanted, last_id)
        return
    model = _MODELS[listing]
    statement = select(*model.__table__.columns).where(*_conditions(listing, reach, wanted))
    for rows in _by_id(statement, model.id, last_id):
        lines = _with_allergies(rows) if listing is Listing.PATIENTS else rows
        _let_go()
        yield lines


def _let_go() -> None:
    """End the transaction, and give the connection back, before the rows go out to a slow reader."""
    db.session.rollback()


def _by_id(statement: Select[Any], key: Any, last_id: int) -> Iterator[Sequence[Row[Any]]]:
    after = 0
    while True:
        rows = db.session.execute(
            statement.where(key > after, key <= last_id).order_by(key).limit(BATCH)
        ).all()
        if rows:
            yield rows
        if len(rows) < BATCH:
            return
        after = rows[-1].id


def _with_allergies(rows: Sequence[Row[Any]]) -> list[PatientLine]:
    by_patient: dict[int, list[Row[Any]]] = {}
    for allergy in db.session.execute(
        select(*Allergy.__table__.columns)
        .where(Allergy.patient_id.in_([row.id for row in rows]), Allergy.status != "entered_in_error")
        .order_by(Allergy.id)
    ):
        by_patient.setdefault(allergy.patient_id, []).append(allergy)
    return [PatientLine(row, by_patient.get(row.id, ())) for row in rows]


def _visits(reach: Reach, wanted: Wanted, last_id: int) -> Iterator[list[VisitLine]]:
    """Facility by facility, each by its index on start and id."""
    for facility_id, zone_name in _facilities(reach, wanted):
        zone = clock.zone(zone_name)
        statement = _visit_statement().where(
            Appointment.facility_id == facility_id, Appointment.id <= last_id, *_in_time(zone_name, wanted)
        )
        statement = statement.where(*_like(wanted))
        after: tuple[datetime, int] | None = None
        while True:
            further = statement if after is None else statement.where(tuple_(_STARTS, Appointment.id) > after)
            rows = db.session.execute(further.order_by(_STARTS, Appointment.id).limit(BATCH)).all()
            _let_go()
            if rows:
                yield [VisitLine(row, row.starts.astimezone(zone)) for row in rows]
            if len(rows) < BATCH:
                break
            after = (rows[-1].starts, rows[-1].id)


def _visit_statement() -> Select[Any]:
    room = (
        select(Resource.name)
        .join(ResourceUnit, ResourceUnit.resource_id == Resource.id)
        .join(Allocation, Allocation.unit_id == ResourceUnit.id)
        .where(Allocation.appointment_id == Appointment.id, Resource.kind == "room")
        .order_by(Allocation.active.desc(), Allocation.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(
            Appointment.id,
            Appointment.reference,
            _STARTS.label("starts"),
            _ENDS.label("ends"),
            Patient.mrn,
            Patient.name.label("patient"),
            Patient.mobile,
            Practitioner.name.label("practitioner"),
            Service.name.label("service"),
            room.label("room"),
            Appointment.status,
            Appointment.mode,
            Appointment.purpose,
        )
        .join(Appointment.patient)
        .join(Appointment.practitioner)
        .join(Appointment.service)
    )


def _like(wanted: Wanted) -> list[ColumnElement[bool]]:
    status = [Appointment.status == wanted.status] if wanted.status else []
    return [*status, *(listing.conditions(wanted.visits) if wanted.visits else [])]


def _facilities(reach: Reach, wanted: Wanted) -> list[tuple[int, str]]:
    statement = select(Facility.id, Facility.zone).order_by(Facility.id)
    if wanted.facility_id is not None:
        statement = statement.where(Facility.id == wanted.facility_id)
    if reach is not None:
        statement = statement.where(Facility.id.in_(reach))
    return [(row[0], row[1]) for row in db.session.execute(statement)]


def _in_time(zone_name: str, wanted: Wanted) -> list[ColumnElement[bool]]:
    bounds: list[ColumnElement[bool]] = []
    if wanted.from_day is not None:
        bounds.append(clock.day_bounds(wanted.from_day, zone_name)[0] <= _STARTS)
    if wanted.to_day is not None:
        bounds.append(clock.day_bounds(wanted.to_day, zone_name)[1] > _STARTS)
    return bounds


def _conditions(listing: Listing, reach: Reach, wanted: Wanted) -> list[ColumnElement[bool]]:
    match listing:
        case Listing.PATIENTS:
            here = [] if reach is None else [Patient.facility_id.in_(reach)]
            return [*here, *([Patient.mobile.is_not(None)] if wanted.with_mobile else [])]
        case Listing.SERVICES:
            return [] if reach is None else [Service.facility_id.in_(reach)]
        case Listing.PRACTITIONERS:
            return []
        case Listing.APPOINTMENTS:
            each = [
                and_(Appointment.facility_id == facility_id, *_in_time(zone_name, wanted))
                for facility_id, zone_name in _facilities(reach, wanted)
            ]
            return [or_(*each) if each else false(), *_like(wanted)]


_MODELS: dict[Listing, Any] = {
    Listing.PATIENTS: Patient,
    Listing.PRACTITIONERS: Practitioner,
    Listing.SERVICES: Service,
    Listing.APPOINTMENTS: Appointment,
}
