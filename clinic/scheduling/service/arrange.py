"""Setting up what can be booked: people's places and hours, rooms, services, time off."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import Range, insert

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import constraint_means, db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.facilities.models import Facility
from clinic.practitioners.models import Practitioner
from clinic.scheduling import policy
from clinic.scheduling.models import (
    Resource,
    ResourceUnit,
    Service,
    ServicePractitioner,
    TimeOff,
    WorkingHours,
)
from clinic.scheduling.queries.performers import performers_of, who_may_perform

constraint_means(
    "uq_services_facility_code",
    lambda: Conflict(_("Another service of this clinic has this code."), field="code"),
)


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A stretch of a weekday in which somebody works; Monday is 0."""

    weekday: int
    starts: time
    ends: time


@dataclass(frozen=True, kw_only=True)
class ServiceDetails:
    """What is offered, for how long and how much."""

    code: str
    name: str
    minutes: int
    fee: Decimal = Decimal(0)
    hue: int = 1
    name_hi: str | None = None
    room_kind: str | None = None
    note_template: str = "soap"
    online_booking: bool = True
    needs_confirmation: bool = False
    before_you_come: str | None = None
    before_you_come_hi: str | None = None
    buffer_before: int = 0
    buffer_after: int = 0
    notice_minutes: int = 0
    horizon_days: int | None = None
    change_minutes: int = 0
    active: bool = True


def add_practitioner(practitioner: Practitioner, facility_id: int) -> Resource:
    """Give a practitioner a place in a facility's calendar; the one there is, if there is one."""
    made = db.session.scalar(
        insert(Resource)
        .values(
            facility_id=facility_id,
            kind="practitioner",
            name=practitioner.name,
            practitioner_id=practitioner.id,
            position=0,
            active=True,
            created_at=clock.now(),
        )
        .on_conflict_do_nothing(constraint="uq_resources_practitioner")
        .returning(Resource.id)
    )
    resource = db.session.scalars(
        select(Resource).where(
            Resource.facility_id == facility_id, Resource.practitioner_id == practitioner.id
        )
    ).one()
    if made is not None:
        db.session.add(ResourceUnit(resource_id=resource.id, number=0))
        db.session.flush()
    return resource


def add_room(actor: Actor, facility: Facility, *, name: str, room_kind: str, places: int = 1) -> Resource:
    """Add a room of a kind (``consultation``, ``dhara``, …) with as many places as visits fit in at once."""
    _may_arrange(actor, facility.id)
    if not name.strip():
        raise Invalid(_("Enter a name."), field="name")
    if not room_kind.strip():
        raise Invalid(_("Say what kind of room it is."), field="room_kind")
    if not 1 <= places <= 50:
        raise Invalid(_("A room has 1 to 50 places."), field="places")
    position = db.session.scalar(
        select(func.coalesce(func.max(Resource.position), 0) + 1).where(
            Resource.facility_id == facility.id, Resource.kind == "room"
        )
    )
    room = Resource(
        facility_id=facility.id,
        kind="room",
        name=name.strip(),
        room_kind=room_kind.strip(),
        position=min(position or 0, 32_000),
    )
    db.session.add(room)
    db.session.flush()
    db.session.add_all(ResourceUnit(resource_id=room.id, number=number) for number in range(places))
    db.session.flush()
    audit.record(actor, "room.created", subject_type="resource", subject_id=room.id, facility_id=facility.id)
    return room


def change_room(actor: Actor, room: Resource, *, name: str, room_kind: str, active: bool) -> None:
    """Rename a room, say what it is for, or close it. What is booked in it stays booked."""
    _may_arrange(actor, room.facility_id)
    if not name.strip():
        raise Invalid(_("Enter a name."), field="name")
    if not room_kind.strip():
        raise Invalid(_("Say what kind of room it is."), field="room_kind")
    room.name, room.room_kind, room.active = name.strip(), room_kind.strip(), active
    db.session.flush()
    audit.record(
        actor, "room.changed", subject_type="resource", subject_id=room.id, facility_id=room.facility_id
    )


def save_service(
    actor: Actor, facility: Facility, details: ServiceDetails, service: Service | None = None
) -> Service:
    """Add a service, or change one. Visits already booked keep their length."""
    _may_arrange(actor, facility.id)
    if not details.name.strip():
        raise Invalid(_("Enter a name."), field="name")
    if not 5 <= details.minutes <= 720:
        raise Invalid(_("A visit lasts 5 to 720 minutes."), field="minutes")
    if not 0 <= details.fee < 10_000_000:
        raise Invalid(_("A fee is from 0 to 9,999,999."), field="fee")
    for buffer in ("buffer_before", "buffer_after"):
        if not 0 <= getattr(details, buffer) <= 240 or getattr(details, buffer) % 5:
            raise Invalid(_("A buffer is 0 to 240 minutes, in steps of five."), field=buffer)
    for limit in ("notice_minutes", "change_minutes"):
        if not 0 <= getattr(details, limit) <= 43_200:
            raise Invalid(_("At most 720 hours."), field=limit.replace("minutes", "hours"))
    if details.horizon_days is not None and not 1 <= details.horizon_days <= 730:
        raise Invalid(_("From 1 to 730 days."), field="horizon_days")
    action = "service.changed"
    if service is None:
        service = Service(facility_id=facility.id, group_id=facility.group_id)
        db.session.add(service)
        action = "service.created"
    for name, value in asdict(details).items():
        setattr(service, name, (value.strip() or None) if isinstance(value, str) else value)
    if not service.code:
        raise Invalid(_("Enter a short code."), field="code")
    db.session.flush()
    audit.record(actor, action, subject_type="service", subject_id=service.id, facility_id=facility.id)
    return service


def set_hours(actor: Actor, resource: Resource, intervals: Sequence[Interval], *, valid_from: date) -> None:
    """The weekly hours of a person from a date on; what was valid before stays for the days before it.

    Raises Invalid for intervals of one day that overlap.
    """
    _may_arrange(actor, resource.facility_id)
    ordered = sorted(intervals, key=lambda one: (one.weekday, one.starts))
    for one in ordered:
        if one.starts >= one.ends:
            raise Invalid(_("The end of working hours comes after their beginning."), field="hours")
    for one, following in pairwise(ordered):
        if one.weekday == following.weekday and following.starts < one.ends:
            raise Invalid(_("Two stretches of one day overlap."), field="hours")
    db.session.execute(
        delete(WorkingHours).where(
            WorkingHours.resource_id == resource.id, WorkingHours.valid_from >= valid_from
        )
    )
    for old in db.session.scalars(
        select(WorkingHours).where(
            WorkingHours.resource_id == resource.id,
            func.coalesce(WorkingHours.valid_until, date.max) > valid_from,
        )
    ):
        old.valid_until = valid_from
    db.session.add_all(
        WorkingHours(
            resource_id=resource.id,
            weekday=one.weekday,
            starts=one.starts,
            ends=one.ends,
            valid_from=valid_from,
        )
        for one in ordered
    )
    db.session.flush()
    audit.record(
        actor,
        "hours.changed",
        subject_type="resource",
        subject_id=resource.id,
        facility_id=resource.facility_id,
        detail={"from": valid_from.isoformat()},
    )


def add_time_off(
    actor: Actor, resource: Resource, *, starts: datetime, ends: datetime, reason: str
) -> TimeOff:
    """Say that somebody or something is away for a while. Visits already booked stay, and show in the
    calendar.
    """
    _may_arrange(actor, resource.facility_id)
    if ends <= starts:
        raise Invalid(_("The end comes after the beginning."), field="ends")
    if ends - starts > timedelta(days=400):
        raise Invalid(_("At most 400 days at a time."), field="ends")
    if not reason.strip():
        raise Invalid(_("Say why, in a word or two."), field="reason")
    off = TimeOff(
        resource_id=resource.id, during=Range(starts, ends), reason=reason.strip(), created_by=actor.user_id
    )
    db.session.add(off)
    db.session.flush()
    audit.record(
        actor,
        "time_off.added",
        subject_type="resource",
        subject_id=resource.id,
        facility_id=resource.facility_id,
    )
    return off


def remove_time_off(actor: Actor, resource: Resource, time_off_id: int) -> None:
    """Say that somebody is there after all."""
    _may_arrange(actor, resource.facility_id)
    db.session.execute(delete(TimeOff).where(TimeOff.id == time_off_id, TimeOff.resource_id == resource.id))
    audit.record(
        actor,
        "time_off.removed",
        subject_type="resource",
        subject_id=resource.id,
        facility_id=resource.facility_id,
    )


def set_performers(actor: Actor, service: Service, practitioner_ids: Collection[int]) -> None:
    """Name who performs a service; nobody named means everybody. What is booked stays.

    Raises Invalid for somebody who is not in the facility's calendar.
    """
    _may_arrange(actor, service.facility_id)
    wanted, kept = set(practitioner_ids), performers_of(service.id)
    here = {practitioner_id for practitioner_id, _name in who_may_perform(service.facility_id)}
    if not wanted - kept <= here:
        raise Invalid(_("Choose one of these."), field="performers")
    if wanted == kept:
        return
    db.session.execute(delete(ServicePractitioner).where(ServicePractitioner.service_id == service.id))
    if wanted:
        db.session.execute(
            insert(ServicePractitioner).values(
                [{"service_id": service.id, "practitioner_id": one} for one in sorted(wanted)]
            )
        )
    audit.record(
        actor,
        "service.performers_changed",
        subject_type="service",
        subject_id=service.id,
        facility_id=service.facility_id,
        detail={"practitioners": sorted(wanted)},
    )


def _may_arrange(actor: Actor, facility_id: int) -> None:
    if not policy.is_system(actor) and not policy.can_arrange(actor, facility_id):
        raise Forbidden(_("Hours, rooms and services are the administrator's."))
