"""Calendars outside: which practitioner an address belongs to, and what it shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range

from clinic.accounts.models import User
from clinic.core import clock, crypto
from clinic.core.access import CLINICAL, Actor
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.practitioners.queries import facilities_of, get_practitioner, practitioner_of
from clinic.scheduling import policy
from clinic.scheduling.ical import FeedVisit, place_of
from clinic.scheduling.models import (
    Appointment,
    AppointmentEvent,
    CalendarFeed,
    Resource,
    Service,
    TimeOff,
)
from clinic.scheduling.queries.appointments import ENDS, STARTS

BACK, AHEAD = timedelta(days=30), timedelta(days=180)
MOST_VISITS = 4000
MOST_TIME_OFF = 500


@dataclass(frozen=True, kw_only=True)
class OpenFeed:
    """A feed that may be read, and the language of whoever it belongs to."""

    feed: CalendarFeed
    practitioner: Practitioner
    locale: str


def open_feed(token: str) -> OpenFeed | None:
    """The feed of a token; None for one that never was, was revoked, or whose practitioner is not in use."""
    if not 20 <= len(token) <= 100 or not token.isascii():
        return None
    row = db.session.execute(
        select(CalendarFeed, Practitioner, User.locale)
        .join(Practitioner, Practitioner.id == CalendarFeed.practitioner_id)
        .outerjoin(User, User.id == Practitioner.user_id)
        .where(
            CalendarFeed.token_hash == crypto.token_hash(token),
            CalendarFeed.revoked_at.is_(None),
            Practitioner.active,
            func.coalesce(User.active, True),
        )
    ).first()
    if row is None:
        return None
    return OpenFeed(feed=row[0], practitioner=row[1], locale=row[2] or "en")


def live_feed(practitioner_id: int) -> CalendarFeed | None:
    """The feed a practitioner has now."""
    return db.session.scalars(
        select(CalendarFeed).where(
            CalendarFeed.practitioner_id == practitioner_id, CalendarFeed.revoked_at.is_(None)
        )
    ).first()


def whose_calendar(actor: Actor, practitioner_id: int | None) -> Practitioner:
    """The practitioner whose calendar outside somebody may arrange; without an id their own.

    Raises NotFound for everybody else's.
    """
    if practitioner_id is None:
        own = practitioner_of(actor) if actor.has(*CLINICAL) else None
        if own is None:
            raise NotFound(_("There is no such practitioner."))
        return own
    practitioner = get_practitioner(practitioner_id)
    if not policy.can_arrange_calendar(actor, practitioner, facilities_of(practitioner.id)):
        raise NotFound(_("There is no such practitioner."))
    return practitioner


def feed_visits(practitioner_id: int) -> list[FeedVisit]:
    """A practitioner's visits from 30 days back to 180 ahead, in order.

    One statement, and no objects of thousands of rows; of more than 4,000 visits those that come first.
    """
    now = clock.now()
    changed = (
        select(func.max(AppointmentEvent.at))
        .where(AppointmentEvent.appointment_id == Appointment.id)
        .correlate(Appointment)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(
            Appointment.reference,
            Appointment.version,
            Appointment.status,
            Appointment.mode,
            STARTS.label("starts"),
            ENDS.label("ends"),
            func.coalesce(changed, Appointment.created_at).label("changed_at"),
            Service.name.label("service"),
            Facility.name.label("facility"),
            Facility.line,
            Facility.city,
            Facility.postal_code,
            Patient.name.label("patient"),
        )
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(Service, Service.id == Appointment.service_id)
        .join(Facility, Facility.id == Appointment.facility_id)
        .where(
            Appointment.practitioner_id == practitioner_id,
            now - BACK < ENDS,
            now - BACK - timedelta(hours=12) < STARTS,  # the index is on the start; no visit is longer
            now + AHEAD > STARTS,
        )
        .order_by(STARTS, Appointment.id)
        .limit(MOST_VISITS)
    )
    return [
        FeedVisit(
            reference=row.reference,
            version=row.version,
            status=row.status,
            online=row.mode == "online",
            starts=row.starts,
            ends=row.ends,
            changed_at=row.changed_at,
            service=row.service,
            place=place_of(row.facility, row.line, row.city, row.postal_code),
            patient=row.patient,
        )
        for row in rows
    ]


def feed_time_off(practitioner_id: int) -> list[TimeOff]:
    """A practitioner's time off in the same time, at every facility. One statement."""
    now = clock.now()
    return list(
        db.session.scalars(
            select(TimeOff)
            .join(Resource, Resource.id == TimeOff.resource_id)
            .where(
                Resource.practitioner_id == practitioner_id,
                TimeOff.during.op("&&")(Range(now - BACK, now + AHEAD)),
            )
            .order_by(func.lower(TimeOff.during), TimeOff.id)
            .limit(MOST_TIME_OFF)
        )
    )
