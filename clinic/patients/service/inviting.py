"""A guardian of a child asks another person, by their mobile, to look after the child as well."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Select, func, or_, select, update

from clinic.accounts.models import User
from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import constraint_means, db
from clinic.core.errors import Conflict, DomainError, Invalid, NotFound, TooMany
from clinic.core.i18n import gettext as _
from clinic.facilities.queries import get_facility
from clinic.notifications.service import queue_message
from clinic.patients.models import GuardianInvitation, Guardianship, Patient
from clinic.patients.queries import get_patient_for_change
from clinic.patients.service.guardians import GUARDIAN, allow, is_child

OPEN_FOR = timedelta(days=7)
PER_DAY = 3
"""Invitations a household may send in a day, and a number may get: each is a text message."""


def _asked_already() -> DomainError:
    return Conflict(_("This number has been asked already."), field="mobile")


constraint_means("uq_guardian_invitations_open", _asked_already)


def invite_guardian(actor: Actor, patient_id: int, mobile: str) -> GuardianInvitation:
    """Ask whoever has this mobile (E.164) to be a child's guardian; they are sent a text message.

    Raises Invalid for an adult or the reader's own number, Conflict where it was asked already, TooMany.
    """
    patient = get_patient_for_change(actor, patient_id)
    if not is_child(patient, clock.today(get_facility(patient.facility_id).zone)):
        raise Invalid(_("Only for a child. An adult's record is shared through the clinic."), field="mobile")
    own = db.session.scalar(select(User.mobile).where(User.id == actor.user_id))
    if mobile == own:
        raise Invalid(_("This is your own number."), field="mobile")
    now = clock.now()
    _close_old(patient.id, mobile)
    sent = db.session.scalar(
        select(func.count()).where(
            or_(GuardianInvitation.invited_by == actor.user_id, GuardianInvitation.mobile == mobile),
            GuardianInvitation.created_at > now - timedelta(days=1),
        )
    )
    if (sent or 0) >= PER_DAY:
        raise TooMany(_("No more can be asked today. Try again tomorrow."), retry_after=86400, field="mobile")
    row = GuardianInvitation(
        patient_id=patient.id,
        mobile=mobile,
        invited_by=actor.user_id,
        status="open",
        expires_at=now + OPEN_FOR,
        created_at=now,
    )
    db.session.add(row)
    db.session.flush()
    queue_message(
        kind="guardian_invitation",
        channel="sms",
        recipient_type="mobile",
        address=mobile,
        subject_type="guardian_invitation",
        subject_id=row.id,
        patient_id=patient.id,
        facility_id=patient.facility_id,
        locale=actor.locale,
        dedupe_key=f"guardian_invitation:{row.id}",
        expires_at=row.expires_at,
    )
    _write_down(actor, row, "guardian.invited", patient.facility_id)
    return row


def invitations_for(actor: Actor) -> list[GuardianInvitation]:
    """What the reader's own number has been asked and may still answer."""
    own = select(User.mobile).where(User.id == actor.user_id).scalar_subquery()
    return list(db.session.scalars(_open().where(GuardianInvitation.mobile == own)))


def invitations_by(actor: Actor) -> list[GuardianInvitation]:
    """What the reader has asked and nobody has answered."""
    return list(db.session.scalars(_open().where(GuardianInvitation.invited_by == actor.user_id)))


def accept(actor: Actor, invitation_id: int) -> Patient:
    """Look after the child from now on.

    Raises NotFound for what this number was not asked, or where whoever asked no longer looks after the child
    themselves, or the child has come of age.
    """
    row = _mine(actor, invitation_id)
    if not _may_still_ask(row):
        raise NotFound(_("There is no such invitation any more."))
    _settle(row, "accepted")
    user = db.session.get_one(User, actor.user_id)
    inviter = Actor(user_id=row.invited_by, name="", origin=actor.origin, request_id=actor.request_id)
    allow(inviter, row.patient, user, given_as="guardian", kind=GUARDIAN)
    _write_down(actor, row, "guardian.accepted", row.patient.facility_id)
    return row.patient


def decline(actor: Actor, invitation_id: int) -> None:
    """Say no. Raises NotFound for what this number was not asked."""
    row = _mine(actor, invitation_id)
    _settle(row, "declined")
    _write_down(actor, row, "guardian.declined", row.patient.facility_id)


def withdraw(actor: Actor, invitation_id: int) -> None:
    """Take an invitation back. Raises NotFound for one of somebody else, or one that was answered."""
    row = next((row for row in invitations_by(actor) if row.id == invitation_id), None)
    if row is None:
        raise NotFound(_("There is no such invitation any more."))
    _settle(row, "withdrawn")
    _write_down(actor, row, "guardian.invitation_withdrawn", row.patient.facility_id)


def _open() -> Select[GuardianInvitation]:
    return (
        select(GuardianInvitation)
        .where(GuardianInvitation.status == "open", GuardianInvitation.expires_at > clock.now())
        .order_by(GuardianInvitation.id)
    )


def _mine(actor: Actor, invitation_id: int) -> GuardianInvitation:
    row = next((row for row in invitations_for(actor) if row.id == invitation_id), None)
    if row is None:
        raise NotFound(_("There is no such invitation any more."))
    return row


def _may_still_ask(row: GuardianInvitation) -> bool:
    """Whether who asked could ask now: nobody whose own right has ended passes it on."""
    acts = select(Guardianship.id).where(
        Guardianship.patient_id == row.patient_id,
        Guardianship.user_id == row.invited_by,
        Guardianship.ended_at.is_(None),
    )
    today = clock.today(get_facility(row.patient.facility_id).zone)
    return db.session.scalar(acts.with_for_update()) is not None and is_child(row.patient, today)


def _settle(row: GuardianInvitation, status: str) -> None:
    settled = db.session.execute(
        update(GuardianInvitation)
        .where(GuardianInvitation.id == row.id, GuardianInvitation.status == "open")
        .values(status=status, settled_at=clock.now())
        .returning(GuardianInvitation.id)
        .execution_options(synchronize_session=False)
    ).first()
    if settled is None:
        raise NotFound(_("There is no such invitation any more."))


def _close_old(patient_id: int, mobile: str) -> None:
    db.session.execute(
        update(GuardianInvitation)
        .where(
            GuardianInvitation.patient_id == patient_id,
            GuardianInvitation.mobile == mobile,
            GuardianInvitation.status == "open",
            GuardianInvitation.expires_at <= clock.now(),
        )
        .values(status="withdrawn", settled_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def _write_down(actor: Actor, row: GuardianInvitation, action: str, facility_id: int) -> None:
    audit.record(
        actor,
        action,
        subject_type="guardian_invitation",
        subject_id=row.id,
        patient_id=row.patient_id,
        facility_id=facility_id,
    )
