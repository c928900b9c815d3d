"""What can be booked, for whoever arranges it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.dialects.postgresql import Range

from clinic.core import clock
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.facilities.models import Facility
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import (
    PEOPLE,
    Resource,
    ResourceKind,
    ResourceUnit,
    Service,
    TimeOff,
    WorkingHours,
)

MOST_CLOSURES = 400


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A resource with the number of visits it takes at once, and how many may be booked over that."""

    resource: Resource
    places: int
    overbook: int


@dataclass(frozen=True, kw_only=True)
class HoursVersion:
    """The weekly hours from a day on, until another day (not included) or for good. Without ``hours`` nobody
    is there.
    """

    valid_from: date
    valid_until: date | None
    hours: Sequence[WorkingHours]


def practitioner_resource(facility_id: int, practitioner_id: int) -> Resource:
    """A practitioner's or therapist's place in a facility's calendar. Raises NotFound for who does not work
    there.
    """
    resource = db.session.scalars(
        select(Resource).where(
            Resource.facility_id == facility_id, Resource.practitioner_id == practitioner_id
        )
    ).first()
    if resource is None:
        raise NotFound(_("This practitioner does not work at this clinic."))
    return resource


def get_resource(facility_id: int, resource_id: int) -> Resource:
    """Somebody or something of a facility. Raises NotFound."""
    found = db.session.get(Resource, resource_id)
    if found is None or found.facility_id != facility_id:
        raise NotFound(_("There is no such person, room or equipment."))
    return found


def room(facility_id: int, room_id: int) -> Resource:
    """One room of a facility. Raises NotFound."""
    found = db.session.get(Resource, room_id)
    if found is None or found.facility_id != facility_id or found.kind != ResourceKind.ROOM:
        raise NotFound(_("There is no such room."))
    return found


def equipment(facility_id: int, resource_id: int) -> Resource:
    """One kind of equipment of a facility. Raises NotFound."""
    found = db.session.get(Resource, resource_id)
    if found is None or found.facility_id != facility_id or found.kind != ResourceKind.EQUIPMENT:
        raise NotFound(_("There is no such equipment."))
    return found


def rooms(facility_id: int) -> list[tuple[Resource, int]]:
    """All rooms of a facility, closed ones too, with their number of places."""
    placed = _placed(Resource.facility_id == facility_id, Resource.kind == ResourceKind.ROOM)
    return [(one.resource, one.places) for one in placed]


def pieces(facility_id: int) -> list[tuple[Resource, int]]:
    """All equipment of a facility, what is put away too, with how many pieces there are."""
    placed = _placed(Resource.facility_id == facility_id, Resource.kind == ResourceKind.EQUIPMENT)
    return [(one.resource, one.places) for one in placed]


def placed(resource: Resource) -> Placed:
    """A resource with its places."""
    return _placed(Resource.id == resource.id)[0]


def everything(facility_id: int) -> list[Placed]:
    """People, rooms and equipment of a facility, in this order, with their places. One statement."""
    return _placed(Resource.facility_id == facility_id, Resource.kind != ResourceKind.FACILITY)


def _placed(*conditions: ColumnElement[bool]) -> list[Placed]:
    order = case(
        (Resource.kind == ResourceKind.PRACTITIONER, 0),
        (Resource.kind == ResourceKind.THERAPIST, 1),
        (Resource.kind == ResourceKind.ROOM, 2),
        else_=3,
    )
    rows = db.session.execute(
        select(
            Resource,
            func.count(ResourceUnit.id).filter(~ResourceUnit.overbook),
            func.count(ResourceUnit.id).filter(ResourceUnit.overbook),
        )
        .outerjoin(ResourceUnit, ResourceUnit.resource_id == Resource.id)
        .outerjoin(Practitioner, Practitioner.id == Resource.practitioner_id)
        .where(*conditions)
        .group_by(Resource.id, Practitioner.search_name)
        .order_by(order, Resource.active.desc(), Resource.position, Practitioner.search_name, Resource.id)
    )
    return [Placed(resource=row[0], places=row[1], overbook=row[2]) for row in rows]


def room_kinds(facility_id: int) -> list[str]:
    """The kinds of rooms a facility has."""
    return all_kinds(facility_id)[0]


def equipment_kinds(facility_id: int) -> list[str]:
    """The kinds of equipment a facility has."""
    return all_kinds(facility_id)[1]


def all_kinds(facility_id: int) -> tuple[list[str], list[str]]:
    """The kinds of rooms and the kinds of equipment a facility has. One statement."""
    rows = db.session.execute(
        select(Resource.room_kind, Resource.equipment_kind)
        .where(
            Resource.facility_id == facility_id,
            Resource.kind.in_((ResourceKind.ROOM, ResourceKind.EQUIPMENT)),
        )
        .distinct()
    ).all()
    return sorted({row[0] for row in rows if row[0]}), sorted({row[1] for row in rows if row[1]})


def all_services(facility_id: int) -> list[Service]:
    """All services of a facility, those no longer offered too."""
    return list(
        db.session.scalars(
            select(Service)
            .where(Service.facility_id == facility_id)
            .order_by(Service.active.desc(), Service.name, Service.id)
        )
    )


def hours_on(resource_id: int, day: date) -> list[WorkingHours]:
    """The weekly hours valid on a day, by weekday and time."""
    return list(
        db.session.scalars(
            select(WorkingHours)
            .where(
                WorkingHours.resource_id == resource_id,
                ~WorkingHours.once,
                WorkingHours.valid_from <= day,
                or_(WorkingHours.valid_until.is_(None), WorkingHours.valid_until > day),
            )
            .order_by(WorkingHours.weekday, WorkingHours.starts)
        )
    )


def hours_of(resource_id: int, today: date) -> tuple[list[HoursVersion], list[WorkingHours]]:
    """The weekly hours through time, the oldest first, and the extra stretches that are not over. One
    statement.
    """
    rows = db.session.scalars(
        select(WorkingHours)
        .where(
            WorkingHours.resource_id == resource_id,
            or_(~WorkingHours.once, WorkingHours.valid_until > today),
        )
        .order_by(WorkingHours.valid_from, WorkingHours.weekday, WorkingHours.starts)
    ).all()
    weekly = [row for row in rows if not row.once]
    edges = sorted(
        {row.valid_from for row in weekly} | {row.valid_until for row in weekly if row.valid_until}
    )
    versions = [
        HoursVersion(
            valid_from=edge,
            valid_until=following,
            hours=[row for row in weekly if row.valid_from <= edge and (row.valid_until or date.max) > edge],
        )
        for edge, following in zip(edges, [*edges[1:], None], strict=False)
    ]
    return versions, [row for row in rows if row.once]


def version_on(versions: Sequence[HoursVersion], day: date) -> HoursVersion | None:
    """The hours that are valid on a day."""
    return next(
        (
            one
            for one in versions
            if one.valid_from <= day and (one.valid_until is None or day < one.valid_until)
        ),
        None,
    )


def time_off_after(resource_id: int, moment: datetime) -> list[TimeOff]:
    """Time off that is not over, the next first."""
    return list(
        db.session.scalars(
            select(TimeOff)
            .where(TimeOff.resource_id == resource_id, func.upper(TimeOff.during) > moment)
            .order_by(func.lower(TimeOff.during), TimeOff.id)
            .limit(100)
        )
    )


def closures_of(facility: Facility, year: int) -> list[TimeOff]:
    """When the clinic is closed in a year by its own clocks, in order; what reaches into the year counts."""
    first, _after = clock.day_bounds(date(year, 1, 1), facility.zone)
    _before, last = clock.day_bounds(date(year, 12, 31), facility.zone)
    return list(
        db.session.scalars(
            select(TimeOff)
            .join(Resource, Resource.id == TimeOff.resource_id)
            .where(
                Resource.facility_id == facility.id,
                Resource.kind == ResourceKind.FACILITY,
                TimeOff.during.op("&&")(Range(first, last)),
            )
            .order_by(func.lower(TimeOff.during), TimeOff.id)
            .limit(MOST_CLOSURES)
        )
    )


def days_of(off: TimeOff, zone_name: str) -> tuple[date, date]:
    """The first and the last day of which time off takes something."""
    assert off.during.lower is not None
    assert off.during.upper is not None
    zone = clock.zone(zone_name)
    last = (off.during.upper - timedelta(microseconds=1)).astimezone(zone).date()
    return off.during.lower.astimezone(zone).date(), last


def is_person(resource: Resource) -> bool:
    """Whether it is somebody."""
    return resource.kind in PEOPLE
