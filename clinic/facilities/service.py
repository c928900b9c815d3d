"""Clinics: opened, described, closed for booking."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import time
from zoneinfo import available_timezones

from sqlalchemy import select, text

from clinic.audit import service as audit
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import one_line
from clinic.facilities.meeting_patterns import read_pattern
from clinic.facilities.models import Facility
from clinic.facilities.policy import can_change, can_found


@dataclass(frozen=True, kw_only=True)
class FacilityDetails:
    """What is said about a clinic.

    ``opens`` and ``closes`` are wall times in ``zone``; ``booking_days`` is how far ahead patients book;
    ``meeting_pattern`` and ``hears_…`` are explained with ``Facility``.
    """

    name: str
    short_name: str
    zone: str = "Asia/Kolkata"
    phone: str | None = None
    email: str | None = None
    line: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    opens: time = time(8)
    closes: time = time(19)
    booking_days: int = 60
    whole_facility_in_care: bool = True
    care_months: int = 12
    meeting_pattern: str | None = None
    hears_waiting: bool = True
    hears_booked: bool = True
    hears_moved: bool = True
    hears_cancelled: bool = True
    second_step_required: bool = False


_FIRST = 7_301_003
"""Advisory lock: two first starts make one clinic."""


def ensure_first_facility(actor: Actor) -> Facility:
    """The first clinic, made if there is none: nothing can be shown without one."""
    db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _FIRST})
    first = db.session.scalars(select(Facility).order_by(Facility.id).limit(1)).first()
    if first is not None:
        return first
    return create(actor, FacilityDetails(name=_("The clinic"), short_name=_("Clinic")))


def create(actor: Actor, details: FacilityDetails) -> Facility:
    """Open a clinic. Raises Forbidden or Invalid."""
    if not can_found(actor):
        raise Forbidden(_("Only an administrator opens a clinic."))
    facility = Facility(active=True)
    _fill(facility, details)
    db.session.add(facility)
    db.session.flush()
    audit.record(
        actor, "facility.created", subject_type="facility", subject_id=facility.id, facility_id=facility.id
    )
    return facility


def update(actor: Actor, facility: Facility, details: FacilityDetails) -> None:
    """Change what is said about a clinic; what is booked stays. Raises Forbidden or Invalid."""
    if not can_change(actor, facility.id):
        raise Forbidden(_("You change only your own clinic."))
    before = {key: getattr(facility, key) for key in asdict(details)}
    _fill(facility, details)
    changed = sorted(key for key, value in before.items() if getattr(facility, key) != value)
    if changed:
        db.session.flush()
        audit.record(
            actor,
            "facility.changed",
            subject_type="facility",
            subject_id=facility.id,
            facility_id=facility.id,
            detail={"fields": changed},
        )


def _fill(facility: Facility, details: FacilityDetails) -> None:
    if details.opens >= details.closes:
        raise Invalid(_("The clinic closes after it opens."), field="closes")
    if not 1 <= details.booking_days <= 730:
        raise Invalid(_("Patients book 1 to 730 days ahead."), field="booking_days")
    if not 1 <= details.care_months <= 120:
        raise Invalid(_("Care ends 1 to 120 months after the last visit."), field="care_months")
    if details.zone not in available_timezones():
        raise Invalid(_("There is no such time zone."), field="zone")
    values = {
        key: (one_line(value) or None) if isinstance(value, str) else value
        for key, value in asdict(details).items()
    }
    for field, message in (("name", _("Enter a name.")), ("short_name", _("Enter a short name."))):
        if not values[field]:
            raise Invalid(message, field=field)
    if values["meeting_pattern"]:
        values["meeting_pattern"] = read_pattern(values["meeting_pattern"])
    for key, value in values.items():
        setattr(facility, key, value)
