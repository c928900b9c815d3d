"""Weekly hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from itertools import pairwise

from sqlalchemy import delete, func, select

from clinic.audit import service as audit
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.scheduling.models import Resource, WorkingHours
from clinic.scheduling.service.arrange.allowed import must_arrange


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A stretch of a weekday in which somebody works; Monday is 0."""

    weekday: int
    starts: time
    ends: time


def set_hours(actor: Actor, resource: Resource, intervals: Sequence[Interval], *, valid_from: date) -> None:
    """The weekly hours of a person from a date on; what was valid before stays for the days before it.

    Raises Invalid for intervals of one day that overlap.
    """
    must_arrange(actor, resource.facility_id)
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
