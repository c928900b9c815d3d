"""Calendars outside: which practitioner an address belongs to, and what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import contains_eager

from clinic.accounts.models import User
from clinic.core import clock, crypto
from clinic.core.access import CLINICAL, Actor
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.practitioners.models import Practitioner
from clinic.practitioners.queries import facilities_of, get_practitioner, practitioner_of
from clinic.scheduling import policy
from clinic.scheduling.models import Appointment, AppointmentEvent, CalendarFeed, Resource, TimeOff
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


def feed_visits(practitioner_id: int) -> Sequence[tuple[Appointment, datetime]]:
    """A practitioner's visits from 30 days back to 180 ahead with the moment each last changed, in order.

    One statement; of more than 4,000 those that come first.
    """
    now = clock.now()
    changed = (
        select(func.max(AppointmentEvent.at))
        .where(AppointmentEvent.appointment_id == Appointment.id)
        .correlate(Appointment)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(Appointment, func.coalesce(changed, Appointment.created_at))
        .join(Appointment.patient)
        .join(Appointment.service)
        .join(Appointment.facility)
        .options(
            contains_eager(Appointment.patient),
            contains_eager(Appointment.service),
            contains_eager(Appointment.facility),
        )
        .where(
            Appointment.practitioner_id == practitioner_id,
            now - BACK < ENDS,
            now - BACK - timedelta(hours=12) < STARTS,  # the index is on the start; no visit is longer
            now + AHEAD > STARTS,
        )
        .order_by(STARTS, Appointment.id)
        .limit(MOST_VISITS)
    )
    return [(row[0], row[1]) for row in rows]


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
