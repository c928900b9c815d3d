"""When somebody or something is there: weekly hours from a date on, and extra days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from itertools import pairwise

from sqlalchemy import delete, select

from clinic.audit import service as audit
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Invalid
from clinic.core.i18n import gettext as _
from clinic.scheduling.models import PEOPLE, Resource, WorkingHours
from clinic.scheduling.service.arrange.allowed import must_arrange


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A stretch of a weekday in which somebody works; Monday is 0."""

    weekday: int
    starts: time
    ends: time


def set_hours(actor: Actor, resource: Resource, intervals: Sequence[Interval], *, valid_from: date) -> None:
    """The weekly hours of somebody or something from a date on, until the next change that is planned.

    What was valid before stays for the days before it, and extra days stay. Raises Invalid for intervals of
    one day that overlap.
    """
    must_arrange(actor, resource.facility_id)
    ordered = sorted(intervals, key=lambda one: (one.weekday, one.starts))
    for one in ordered:
        if one.starts >= one.ends:
            raise Invalid(_("The end of working hours comes after their beginning."), field="hours")
    for one, following in pairwise(ordered):
        if one.weekday == following.weekday and following.starts < one.ends:
            raise Invalid(_("Two stretches of one day overlap."), field="hours")
    weekly = _weekly(resource)
    until = _next_change(weekly, valid_from)
    for old in weekly:
        if old.valid_from == valid_from:
            db.session.delete(old)
        elif old.valid_from < valid_from and (old.valid_until or date.max) > valid_from:
            old.valid_until = valid_from
    db.session.add_all(
        WorkingHours(
            resource_id=resource.id,
            weekday=one.weekday,
            starts=one.starts,
            ends=one.ends,
            valid_from=valid_from,
            valid_until=until,
        )
        for one in ordered
    )
    db.session.flush()
    _noted(actor, "hours.changed", resource, {"from": valid_from.isoformat()})


def remove_planned_hours(actor: Actor, resource: Resource, *, valid_from: date, today: date) -> None:
    """Take back a change of weekly hours that is still to come; what was valid before goes on.

    Raises Conflict for hours that are valid already.
    """
    must_arrange(actor, resource.facility_id)
    if valid_from <= today:
        raise Conflict(_("These hours are valid already. Enter new ones instead."), field="hours")
    weekly = _weekly(resource)
    until = _next_change(weekly, valid_from)
    for one in weekly:
        if one.valid_from == valid_from:
            db.session.delete(one)
        elif one.valid_until == valid_from:
            one.valid_until = until
    db.session.flush()
    _noted(actor, "hours.change_removed", resource, {"from": valid_from.isoformat()})


def add_extra_day(actor: Actor, resource: Resource, *, day: date, starts: time, ends: time) -> WorkingHours:
    """One more stretch on one day, beside the weekly hours.

    Raises Invalid where it overlaps with hours of that day, and where there are no weekly hours: a room
    without any is there always, and an extra stretch would be its only one.
    """
    must_arrange(actor, resource.facility_id)
    if starts >= ends:
        raise Invalid(_("The end of working hours comes after their beginning."), field="extra")
    kept = _all_hours(resource)
    if resource.kind not in PEOPLE and all(one.once for one in kept):
        raise Invalid(_("Without weekly hours it is there at any time already."), field="extra")
    for one in kept:
        valid = one.valid_from <= day < (one.valid_until or date.max)
        if valid and one.weekday == day.weekday() and one.starts < ends and starts < one.ends:
            raise Invalid(_("That overlaps with hours of this day."), field="extra")
    extra = WorkingHours(
        resource_id=resource.id,
        weekday=day.weekday(),
        starts=starts,
        ends=ends,
        valid_from=day,
        valid_until=day + timedelta(days=1),
        once=True,
    )
    db.session.add(extra)
    db.session.flush()
    _noted(actor, "hours.extra_added", resource, {"day": day.isoformat()})
    return extra


def remove_extra_day(actor: Actor, resource: Resource, hours_id: int) -> None:
    """Take an extra stretch back. Visits already booked stay."""
    must_arrange(actor, resource.facility_id)
    removed = db.session.execute(
        delete(WorkingHours)
        .where(WorkingHours.id == hours_id, WorkingHours.resource_id == resource.id, WorkingHours.once)
        .returning(WorkingHours.valid_from)
    ).first()
    if removed is not None:
        _noted(actor, "hours.extra_removed", resource, {"day": removed[0].isoformat()})


def _all_hours(resource: Resource) -> list[WorkingHours]:
    """All hours of a resource, in the order in which changes to them queue up."""
    db.session.execute(select(Resource.id).where(Resource.id == resource.id).with_for_update())
    return list(
        db.session.scalars(
            select(WorkingHours).where(WorkingHours.resource_id == resource.id).order_by(WorkingHours.id)
        )
    )


def _weekly(resource: Resource) -> list[WorkingHours]:
    return [one for one in _all_hours(resource) if not one.once]


def _next_change(weekly: Sequence[WorkingHours], day: date) -> date | None:
    """The first day after ``day`` on which weekly hours begin or end."""
    edges = {one.valid_from for one in weekly} | {one.valid_until for one in weekly if one.valid_until}
    return min((edge for edge in edges if edge > day), default=None)


def _noted(actor: Actor, action: str, resource: Resource, detail: dict[str, str]) -> None:
    audit.record(
        actor,
        action,
        subject_type="resource",
        subject_id=resource.id,
        facility_id=resource.facility_id,
        detail=detail,
    )
