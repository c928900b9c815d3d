"""Group sessions as lists show them: a week of them, and what stands in the way of new ones."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import joinedload

from clinic.core import clock
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.facilities.models import Facility
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import GroupSession, Resource, ResourceUnit, Service
from clinic.scheduling.queries.performers import performed_by
from clinic.scheduling.queries.sessions import taken_seats
from clinic.scheduling.queries.taken import weekly_hours
from clinic.scheduling.slots import WeeklyInterval


class SessionLine(NamedTuple):
    """A session and how many sit in it."""

    session: GroupSession
    taken: int


def sessions_between(
    facility: Facility,
    from_day: date,
    to_day: date,
    *,
    service_id: int | None = None,
    practitioner_id: int | None = None,
) -> list[SessionLine]:
    """Sessions that begin between two days (both included), called off or not, by time. One statement."""
    first, _ends = clock.day_bounds(from_day, facility.zone)
    _begins, after = clock.day_bounds(to_day, facility.zone)
    starts = func.lower(GroupSession.during)
    conditions: list[ColumnElement[bool]] = []
    if service_id is not None:
        conditions.append(GroupSession.service_id == service_id)
    if practitioner_id is not None:
        conditions.append(GroupSession.practitioner_id == practitioner_id)
    rows = db.session.execute(
        select(GroupSession, taken_seats(GroupSession.id))
        .where(GroupSession.facility_id == facility.id, starts >= first, starts < after, *conditions)
        .options(joinedload(GroupSession.service), joinedload(GroupSession.practitioner))
        .order_by(starts, GroupSession.id)
    )
    return [SessionLine(*row) for row in rows]


def group_services(facility_id: int) -> list[Service]:
    """The services that are held for groups, by name."""
    return list(
        db.session.scalars(
            select(Service)
            .where(Service.facility_id == facility_id, Service.active, Service.capacity > 1)
            .order_by(Service.name, Service.id)
        )
    )


class Leader(NamedTuple):
    """Who could hold a session: the person, their units, their hours and those of the clinic."""

    practitioner: Practitioner
    unit_ids: tuple[int, ...]
    hours: tuple[WeeklyInterval, ...]
    clinic_hours: tuple[WeeklyInterval, ...]


def leader_of(facility_id: int, service_id: int, practitioner_id: int) -> Leader:
    """Somebody who performs the service at a facility. Raises NotFound for anybody else."""
    rows = db.session.execute(
        select(Resource.kind, weekly_hours().label("hours"), Practitioner, ResourceUnit.id)
        .outerjoin(Practitioner, Practitioner.id == Resource.practitioner_id)
        .outerjoin(ResourceUnit, (ResourceUnit.resource_id == Resource.id) & ~ResourceUnit.overbook)
        .where(
            Resource.facility_id == facility_id,
            Resource.active,
            or_(
                Resource.kind == "facility",
                (Resource.practitioner_id == practitioner_id)
                & Practitioner.active
                & Practitioner.verified_at.is_not(None)
                & performed_by(service_id, practitioner_id),
            ),
        )
        .order_by(ResourceUnit.number)
    ).all()
    own = [row for row in rows if row.kind != "facility"]
    if not own or own[0].id is None:
        raise NotFound(_("This practitioner does not work at this clinic."))
    clinic = next((row.hours for row in rows if row.kind == "facility"), None)
    return Leader(
        own[0].Practitioner,
        tuple(row.id for row in own),
        tuple(WeeklyInterval.read(one) for one in own[0].hours or ()),
        tuple(WeeklyInterval.read(one) for one in clinic or ()),
    )


def monday_of(day: date) -> date:
    """The Monday of the day's week."""
    return day - timedelta(days=day.weekday())


def standing_at(service_id: int, practitioner_id: int, starts: Collection[object]) -> set[object]:
    """Of these instants those at which the person holds a session of the service already. One statement."""
    return set(
        db.session.scalars(
            select(func.lower(GroupSession.during)).where(
                GroupSession.service_id == service_id,
                GroupSession.practitioner_id == practitioner_id,
                GroupSession.cancelled_at.is_(None),
                func.lower(GroupSession.during).in_(starts),
            )
        )
    )
