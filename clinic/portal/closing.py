"""Deleting an account: what goes at once, what goes after a week, and what the clinic has to keep.

At once: every session, the visits to come (with consent) and places on the waitlist, the photos and the
choices about messages of those whom nobody else acts for. After a week, unless somebody signed in again: the
sign-in itself and everything it could reach. The record of care stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, delete, func, or_, select
from sqlalchemy.orm import aliased, joinedload

from clinic.accounts.models import AccountClosing, User
from clinic.accounts.service.closing import ask_to_close, close, due_closings
from clinic.core import clock, periodic
from clinic.core.access import SYSTEM, Actor
from clinic.core.db import db, unit_of_work
from clinic.core.errors import Conflict
from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_day
from clinic.notifications.models import InboxItem, MessageChoice, PushSubscription, QuietHours
from clinic.patients.display import years_before
from clinic.patients.models import Guardianship, Patient, PatientPhoto
from clinic.patients.service.guardians import end
from clinic.portal.queries import can_still_change
from clinic.portal.service import cancel
from clinic.scheduling.models import Appointment, AppointmentStatus, EndReason
from clinic.scheduling.queries.waitlist import waits_of
from clinic.scheduling.service import waitlist


@dataclass(frozen=True)
class Kept:
    """A person whose record of care the clinic keeps, at least until ``until``."""

    name: str
    until: date


def connect() -> None:
    """Register the periodic work."""
    periodic.every(300, "portal.carry_out_closings", carry_out)


def only_mine(user_id: int) -> list[Patient]:
    """The patients for whom no other sign-in acts: what is deleted with this one."""
    other = aliased(Guardianship)
    theirs = select(other.id).where(
        other.patient_id == Patient.id, other.user_id != user_id, other.ended_at.is_(None)
    )
    return list(
        db.session.scalars(
            select(Patient)
            .join(Guardianship, Guardianship.patient_id == Patient.id)
            .where(Guardianship.user_id == user_id, Guardianship.ended_at.is_(None), ~theirs.exists())
            .order_by(Patient.id)
        )
    )


def visits_to_come(patients: Sequence[Patient]) -> list[Appointment]:
    """Visits still to come of these patients, the next first."""
    return list(
        db.session.scalars(
            select(Appointment)
            .where(
                Appointment.patient_id.in_([patient.id for patient in patients]),
                Appointment.status.in_((AppointmentStatus.PENDING, AppointmentStatus.CONFIRMED)),
                func.lower(Appointment.during) > clock.now(),
            )
            .options(
                joinedload(Appointment.service),
                joinedload(Appointment.patient),
                joinedload(Appointment.facility),
            )
            .order_by(func.lower(Appointment.during), Appointment.id)
        )
    )


def kept_until(patients: Sequence[Patient], *, years: int, zone: str) -> list[Kept]:
    """Until when the record of each must be kept: ``years`` from the last visit, or from registering."""
    last: dict[int, datetime] = dict(
        db.session.execute(
            select(Appointment.patient_id, func.max(func.upper(Appointment.during)))
            .where(
                Appointment.patient_id.in_([patient.id for patient in patients]),
                Appointment.status.not_in((AppointmentStatus.CANCELLED, AppointmentStatus.REJECTED)),
                func.lower(Appointment.during) <= clock.now(),
            )
            .group_by(Appointment.patient_id)
        )
        .tuples()
        .all()
    )
    local = clock.zone(zone)
    return [
        Kept(
            patient.name,
            years_before((last.get(patient.id) or patient.created_at).astimezone(local).date(), -years),
        )
        for patient in patients
    ]


def ask(actor: Actor, user: User, *, cancel_visits: bool) -> AccountClosing:
    """Delete what goes at once, and let the rest go in a week.

    Raises Conflict where visits are to come that may not be, or can no longer be, cancelled.
    """
    mine = only_mine(user.id)
    visits = visits_to_come(mine)
    if visits and not cancel_visits:
        raise Conflict(_("Cancel the visits to come first, or let us cancel them."), field="cancel_visits")
    for visit in visits:
        if not can_still_change(visit):
            day = show_day(visit.starts, visit.facility.zone)
            raise Conflict(
                _(
                    "The visit of %(name)s on %(day)s cannot be cancelled here any more. Call us first.",
                    name=visit.patient.name,
                    day=day,
                ),
                field="cancel_visits",
            )
        cancel(actor, visit, reason=_("The account is being deleted"), code=EndReason.OTHER)
    for patient in mine:
        for entry in waits_of(patient.id):
            waitlist.withdraw(actor, entry)
    closing = ask_to_close(actor, user, visits_cancelled=len(visits))
    _forget_choices(user.id, [patient.id for patient in mine])
    return closing


def _forget_choices(user_id: int, patient_ids: list[int]) -> None:
    db.session.execute(delete(PatientPhoto).where(PatientPhoto.patient_id.in_(patient_ids)))
    for table in (MessageChoice, QuietHours):
        of_these = or_(
            and_(table.recipient_type == "user", table.recipient_id == user_id),
            and_(table.recipient_type == "patient", table.recipient_id.in_(patient_ids)),
        )
        db.session.execute(delete(table).where(of_these).execution_options(synchronize_session=False))
    db.session.execute(
        delete(PushSubscription)
        .where(PushSubscription.user_id == user_id)
        .execution_options(synchronize_session=False)
    )


def carry_out() -> int:
    """Delete the sign-ins whose week is over; how many."""
    with unit_of_work():
        closings = due_closings(clock.now())
        for closing in closings:
            acted_for = db.session.scalars(
                select(Patient)
                .join(Guardianship, Guardianship.patient_id == Patient.id)
                .where(Guardianship.user_id == closing.user_id, Guardianship.ended_at.is_(None))
                .order_by(Patient.id)
            ).all()
            for patient in acted_for:
                end(SYSTEM, patient, closing.user_id, given_as="household")
            db.session.execute(
                delete(InboxItem)
                .where(InboxItem.user_id == closing.user_id)
                .execution_options(synchronize_session=False)
            )
            close(closing)
    return len(closings)
