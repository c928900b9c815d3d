"""What can be booked, for whoever arranges it."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import func, or_, select

from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.scheduling.models import Resource, ResourceUnit, Service, TimeOff, WorkingHours


def practitioner_resource(facility_id: int, practitioner_id: int) -> Resource:
    """A practitioner's place in a facility's calendar. Raises NotFound for who does not work there."""
    resource = db.session.scalars(
        select(Resource).where(
            Resource.facility_id == facility_id, Resource.practitioner_id == practitioner_id
        )
    ).first()
    if resource is None:
        raise NotFound(_("This practitioner does not work at this clinic."))
    return resource


def room(facility_id: int, room_id: int) -> Resource:
    """One room of a facility. Raises NotFound."""
    found = db.session.get(Resource, room_id)
    if found is None or found.facility_id != facility_id or found.kind != "room":
        raise NotFound(_("There is no such room."))
    return found


def rooms(facility_id: int) -> list[tuple[Resource, int]]:
    """All rooms of a facility, closed ones too, with their number of places."""
    rows = db.session.execute(
        select(Resource, func.count(ResourceUnit.id))
        .outerjoin(ResourceUnit, ResourceUnit.resource_id == Resource.id)
        .where(Resource.facility_id == facility_id, Resource.kind == "room")
        .group_by(Resource.id)
        .order_by(Resource.active.desc(), Resource.position, Resource.id)
    )
    return [(row[0], row[1]) for row in rows]


def room_kinds(facility_id: int) -> list[str]:
    """The kinds of rooms a facility has."""
    return [
        kind
        for kind in db.session.scalars(
            select(Resource.room_kind)
            .where(Resource.facility_id == facility_id, Resource.kind == "room")
            .distinct()
            .order_by(Resource.room_kind)
        )
        if kind
    ]


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
                WorkingHours.valid_from <= day,
                or_(WorkingHours.valid_until.is_(None), WorkingHours.valid_until > day),
            )
            .order_by(WorkingHours.weekday, WorkingHours.starts)
        )
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
