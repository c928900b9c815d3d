"""When somebody or something is away."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import Range

from clinic.audit import service as audit
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.scheduling.models import Resource, TimeOff
from clinic.scheduling.service.arrange.allowed import must_arrange


def add_time_off(
    actor: Actor, resource: Resource, *, starts: datetime, ends: datetime, reason: str
) -> TimeOff:
    """Say that somebody or something is away for a while. Visits already booked stay, and show in the
    calendar.
    """
    must_arrange(actor, resource.facility_id)
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
    must_arrange(actor, resource.facility_id)
    db.session.execute(delete(TimeOff).where(TimeOff.id == time_off_id, TimeOff.resource_id == resource.id))
    audit.record(
        actor,
        "time_off.removed",
        subject_type="resource",
        subject_id=resource.id,
        facility_id=resource.facility_id,
    )
