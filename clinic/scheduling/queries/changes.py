"""The last change of a visit, and whom of the staff it concerns."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select

from clinic.accounts.models import User
from clinic.core.access import SYSTEM
from clinic.core.db import db
from clinic.patients.models import Guardianship
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import (
    Allocation,
    Appointment,
    AppointmentEvent,
    Resource,
    ResourceKind,
    ResourceUnit,
)

TOLD = ("booked", "confirmed", "moved", "cancelled", "rejected", "move_undone", "taken_back", "undone")
"""What somebody is told of, as the history calls it."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What happened last: ``kind`` as the history calls it, by whom, and when the visit was before a move."""

    kind: str
    actor_id: int | None
    by_patient: bool
    old_start: datetime | None


@dataclass(frozen=True, kw_only=True)
class Concerned:
    """A practitioner whom a change concerns, with what decides whether and where they are written to.

    ``email`` is their own address, else the one they sign in with.
    """

    id: int
    user_id: int | None
    email: str | None
    locale: str
    booked: bool
    moved: bool
    cancelled: bool
    soon_only: bool


def last_change(visit: Appointment) -> Change | None:
    """The last change of a visit that somebody is told of, as its history has it; None where there is none.

    A patient did it who acts for the visit's patient in the portal, or by a link, without any sign-in.
    """
    guardian = exists().where(
        Guardianship.user_id == AppointmentEvent.actor_id,
        Guardianship.patient_id == visit.patient_id,
        Guardianship.ended_at.is_(None),
    )
    row = db.session.execute(
        select(
            AppointmentEvent.kind,
            AppointmentEvent.actor_id,
            AppointmentEvent.actor_name,
            AppointmentEvent.from_during,
            guardian.label("guardian"),
        )
        .where(AppointmentEvent.appointment_id == visit.id, AppointmentEvent.kind.in_(TOLD))
        .order_by(AppointmentEvent.id.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    by_link = row.actor_id is None and row.actor_name != SYSTEM.name
    return Change(
        kind=row.kind,
        actor_id=row.actor_id,
        by_patient=row.guardian or by_link,
        old_start=row.from_during.lower if row.from_during is not None else None,
    )


def earlier_practitioner(visit: Appointment) -> int | None:
    """Who had a visit that was just moved: whose time it gave back last."""
    return db.session.scalar(
        select(Resource.practitioner_id)
        .join(ResourceUnit, ResourceUnit.resource_id == Resource.id)
        .join(Allocation, Allocation.unit_id == ResourceUnit.id)
        .where(
            Allocation.appointment_id == visit.id,
            ~Allocation.active,
            Resource.kind == ResourceKind.PRACTITIONER,
        )
        .order_by(Allocation.id.desc())
        .limit(1)
    )


def concerned(practitioner_ids: Collection[int]) -> list[Concerned]:
    """These practitioners, as far as they are in use and can be reached."""
    rows = db.session.execute(
        select(
            Practitioner.id,
            Practitioner.user_id,
            Practitioner.email,
            Practitioner.hears_booked,
            Practitioner.hears_moved,
            Practitioner.hears_cancelled,
            Practitioner.hears_soon_only,
            User.email.label("sign_in"),
            User.locale,
        )
        .outerjoin(User, User.id == Practitioner.user_id)
        .where(Practitioner.id.in_(practitioner_ids), Practitioner.active)
        .order_by(Practitioner.id)
    )
    return [
        Concerned(
            id=row.id,
            user_id=row.user_id,
            email=row.email or row.sign_in,
            locale=row.locale or "en",
            booked=row.hears_booked,
            moved=row.hears_moved,
            cancelled=row.hears_cancelled,
            soon_only=row.hears_soon_only,
        )
        for row in rows
        if row.email or row.sign_in
    ]
