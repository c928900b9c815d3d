"""When somebody or something is away, and when the clinic is closed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import delete, exists, literal, select
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range, insert

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Invalid
from clinic.core.i18n import gettext as _
from clinic.facilities.models import Facility
from clinic.scheduling.models import Resource, ResourceKind, TimeOff
from clinic.scheduling.service.arrange.allowed import must_arrange

LONGEST = timedelta(days=400)


@dataclass(frozen=True, kw_only=True)
class Closure:
    """Days on which the clinic is closed, the first and the last included, and why."""

    first: date
    last: date
    reason: str

    def during(self, zone_name: str) -> Range[datetime]:
        """From the midnight before to the midnight after, by the clocks of the zone."""
        return Range(clock.day_bounds(self.first, zone_name)[0], clock.day_bounds(self.last, zone_name)[1])


def add_time_off(
    actor: Actor, resource: Resource, *, starts: datetime, ends: datetime, reason: str
) -> TimeOff:
    """Say that somebody or something is away for a while. Visits already booked stay, and show in the
    calendar.
    """
    must_arrange(actor, resource.facility_id)
    if ends <= starts:
        raise Invalid(_("The end comes after the beginning."), field="ends")
    if ends - starts > LONGEST:
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
    must_arrange(actor, resource.facility_id)
    db.session.execute(delete(TimeOff).where(TimeOff.id == time_off_id, TimeOff.resource_id == resource.id))
    audit.record(
        actor,
        "time_off.removed",
        subject_type="resource",
        subject_id=resource.id,
        facility_id=resource.facility_id,
    )


def facility_resource(facility: Facility) -> Resource:
    """The facility itself as a resource, made on first use: opening hours and closures hang on it."""
    db.session.execute(
        insert(Resource)
        .values(
            facility_id=facility.id,
            kind=ResourceKind.FACILITY,
            name=facility.name,
            position=0,
            active=True,
            created_at=clock.now(),
        )
        .on_conflict_do_nothing(index_elements=["facility_id"], index_where=Resource.kind == "facility")
    )
    return db.session.scalars(
        select(Resource).where(Resource.facility_id == facility.id, Resource.kind == ResourceKind.FACILITY)
    ).one()


def add_closures(actor: Actor, facility: Facility, closures: Collection[Closure]) -> list[TimeOff]:
    """Close the clinic on whole days. Days on which it is closed already are left as they are, unless there
    is only one closure to add: that raises Conflict.

    Raises Invalid for days in the wrong order, too many at a time, or no reason.
    """
    must_arrange(actor, facility.id)
    resource = facility_resource(facility)
    added = []
    for closure in closures:
        _check(closure)
        during = closure.during(facility.zone)
        if _is_closed(resource.id, during):
            if len(closures) == 1:
                raise Conflict(_("The clinic is closed then already."), field="first")
            continue
        off = TimeOff(
            resource_id=resource.id,
            during=during,
            reason=closure.reason.strip(),
            created_by=actor.user_id,
        )
        db.session.add(off)
        added.append(off)
        audit.record(
            actor,
            "closure.added",
            subject_type="resource",
            subject_id=resource.id,
            facility_id=facility.id,
            detail={"first": closure.first.isoformat(), "last": closure.last.isoformat()},
        )
    db.session.flush()
    return added


def remove_closure(actor: Actor, facility: Facility, time_off_id: int) -> None:
    """Open the clinic again. Visits that were moved stay where they are."""
    must_arrange(actor, facility.id)
    resource = facility_resource(facility)
    removed = db.session.execute(
        delete(TimeOff)
        .where(TimeOff.id == time_off_id, TimeOff.resource_id == resource.id)
        .returning(TimeOff.id)
    ).first()
    if removed is not None:
        audit.record(
            actor,
            "closure.removed",
            subject_type="resource",
            subject_id=resource.id,
            facility_id=facility.id,
        )


def _check(closure: Closure) -> None:
    if closure.last < closure.first:
        raise Invalid(_("The last day comes after the first."), field="last")
    if closure.last - closure.first > LONGEST:
        raise Invalid(_("At most 400 days at a time."), field="last")
    if not closure.reason.strip():
        raise Invalid(_("Say why, in a word or two."), field="reason")


def _is_closed(resource_id: int, during: Range[datetime]) -> bool:
    """Whether one closure covers all of this."""
    return bool(
        db.session.scalar(
            select(
                exists().where(
                    TimeOff.resource_id == resource_id,
                    TimeOff.during.op("@>")(literal(during, TSTZRANGE)),
                )
            )
        )
    )
