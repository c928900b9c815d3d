"""When what a service needs is taken: a row for each unit it could claim, all of them from one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    and_,
    bindparam,
    case,
    column,
    false,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range

from clinic.core import clock
from clinic.core.db import db
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import (
    CLAIMING,
    PEOPLE,
    Allocation,
    Appointment,
    Hold,
    Resource,
    ResourceUnit,
    Service,
    TimeOff,
    WorkingHours,
)
from clinic.scheduling.queries.performers import performed_by
from clinic.scheduling.slots import Window


@dataclass(frozen=True, kw_only=True)
class Besides:
    """Whose own claims do not stand in the way: visits that are about to move, a form's or an offer's hold,
    by its purpose.
    """

    appointment_id: int | None = None
    appointment_ids: frozenset[int] = frozenset()
    hold: str | None = None

    @property
    def visits(self) -> frozenset[int]:
        """All the visits, by id."""
        one = () if self.appointment_id is None else (self.appointment_id,)
        return self.appointment_ids.union(one)


NOTHING = Besides()


def taken_units(
    facility: Facility,
    service: Service,
    window: Window,
    patient_id: int | None,
    besides: Besides,
    *,
    online: bool,
) -> Sequence[Row[Any]]:
    """One row for each unit the service could claim, and one for the facility: one statement."""
    during = Range(window.origin, window.instant(window.cells))
    return db.session.execute(
        select(
            Resource.id.label("resource_id"),
            Resource.kind.label("kind"),
            Resource.practitioner_id.label("practitioner_id"),
            func.coalesce(Practitioner.name, Resource.name).label("name"),
            case((Resource.kind == "room", Resource.room_kind), else_=Resource.equipment_kind).label("sort"),
            case((Resource.kind.in_(PEOPLE), performed_by(service.id, Practitioner.id)), else_=false()).label(
                "performs"
            ),
            ResourceUnit.id.label("unit_id"),
            weekly_hours().label("hours"),
            _taken(during, besides).label("taken"),
            _patient_taken(patient_id, during, besides).label("patient_taken"),
        )
        .outerjoin(ResourceUnit, and_(ResourceUnit.resource_id == Resource.id, ~ResourceUnit.overbook))
        .outerjoin(Practitioner, Practitioner.id == Resource.practitioner_id)
        .where(
            Resource.facility_id == facility.id,
            Resource.active,
            _wanted(service, patient_id, online=online),
        )
        .order_by(Resource.position, Practitioner.search_name, Resource.id, ResourceUnit.number)
    ).all()


def _wanted(service: Service, patient_id: int | None, *, online: bool) -> ColumnElement[bool]:
    """Which resources matter: people who may do it, rooms and equipment of its kinds, and the clinic."""
    person = and_(
        Resource.kind.in_(PEOPLE),
        ResourceUnit.id.is_not(None),
        Practitioner.active,
        Practitioner.verified_at.is_not(None),
        or_(
            performed_by(service.id, Practitioner.id),
            Resource.kind == "therapist" if service.therapists else false(),
        ),
    )
    if service.same_sex and patient_id is not None and not online:
        sex = select(Patient.sex).where(Patient.id == patient_id).scalar_subquery()
        person = and_(person, of_that_sex(Practitioner.sex, sex))
    wanted = [person, Resource.kind == "facility"]
    if service.room_kind and not online:
        wanted.append(and_(Resource.kind == "room", Resource.room_kind == service.room_kind))
    if service.equipment and not online:
        wanted.append(and_(Resource.kind == "equipment", Resource.equipment_kind.in_(set(service.equipment))))
    return or_(*wanted)


def of_that_sex(theirs: Any, patients: Any) -> ColumnElement[bool]:
    """An SQL condition: both are of one sex, or the sex of one is not known or neither."""
    known = ("female", "male")
    return or_(
        theirs == patients,
        func.coalesce(theirs, "").not_in(known),
        func.coalesce(patients, "").not_in(known),
    )


def hours_entry() -> Any:
    """One row of working hours as JSON for ``WeeklyInterval.read``."""
    return func.json_build_array(
        WorkingHours.weekday,
        WorkingHours.starts,
        WorkingHours.ends,
        WorkingHours.valid_from,
        WorkingHours.valid_until,
    )


def weekly_hours() -> Any:
    """A resource's hours as JSON for ``WeeklyInterval.read``; NULL where there are none."""
    return (
        select(func.json_agg(hours_entry()))
        .where(WorkingHours.resource_id == Resource.id)
        .correlate(Resource)
        .scalar_subquery()
    )


def _taken(during: Range[datetime], besides: Besides) -> Any:
    """When a unit is claimed or its resource off, as JSON; what touches or overlaps is one stretch."""
    claims = (
        select(Allocation.during.label("stretch"))
        .outerjoin(Hold, Hold.id == Allocation.hold_id)
        .where(
            Allocation.unit_id == ResourceUnit.id,
            Allocation.active,
            func.upper(Allocation.during) > during.lower,
            Allocation.during.op("&&")(_stretch(during)),
            or_(Hold.id.is_(None), Hold.expires_at > clock.now()),
            *(
                [Allocation.appointment_id.is_distinct_from(besides.appointment_id)]
                if besides.appointment_id is not None
                else []
            ),
            *(
                [func.coalesce(Allocation.appointment_id, 0).not_in(besides.appointment_ids)]
                if besides.appointment_ids
                else []
            ),
            *([Hold.purpose.is_distinct_from(besides.hold)] if besides.hold is not None else []),
        )
        .correlate(ResourceUnit)
    )
    off = (
        select(TimeOff.during.label("stretch"))
        .where(TimeOff.resource_id == Resource.id, TimeOff.during.op("&&")(_stretch(during)))
        .correlate(Resource)
    )
    both = claims.union_all(off).subquery()
    return _as_seconds(select(func.range_agg(both.c.stretch)).scalar_subquery())


def _patient_taken(patient_id: int | None, during: Range[datetime], besides: Besides) -> Any:
    """When the patient has another visit; the same in every row, and worked out once."""
    if patient_id is None:
        return literal_column("NULL::json")
    own = select(func.range_agg(Appointment.during)).where(
        Appointment.patient_id == patient_id,
        Appointment.status.in_(CLAIMING),
        Appointment.during.op("&&")(_stretch(during)),
    )
    if besides.appointment_id is not None:
        own = own.where(Appointment.id != besides.appointment_id)
    if besides.appointment_ids:
        own = own.where(Appointment.id.not_in(besides.appointment_ids))
    return _as_seconds(own.scalar_subquery())


def _as_seconds(stretches: Any) -> Any:
    """A multirange as a JSON list of pairs of seconds since 1970; None where a side has no bound."""
    each = func.unnest(stretches).table_valued(column("stretch", TSTZRANGE)).render_derived()
    pair = func.json_build_array(
        func.date_part("epoch", func.lower(each.c.stretch)),
        func.date_part("epoch", func.upper(each.c.stretch)),
    )
    return select(func.json_agg(pair)).select_from(each).scalar_subquery()


def _stretch(during: Range[datetime]) -> Any:
    return bindparam(None, during, type_=TSTZRANGE, unique=True)
