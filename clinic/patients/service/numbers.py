"""The mobile a household signs in with: changed with both numbers proved, or by the clinic; and an adult who
takes their record to a number of their own.
"""

from __future__ import annotations

from sqlalchemy import select

from clinic.accounts.models import User
from clinic.accounts.service import ensure_patient_login
from clinic.accounts.service.households import change_mobile, own_mobile
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden, Invalid, NotFound
from clinic.core.i18n import gettext as _
from clinic.facilities.queries import get_facility
from clinic.notifications.service import queue_message
from clinic.patients import policy
from clinic.patients.models import Guardianship, Patient
from clinic.patients.queries import get_patient_for_change
from clinic.patients.service.guardians import SELF, allow, end, guardians_of, is_child, is_only_named
from clinic.patients.service.updating import record_change


def change_number(actor: Actor, user: User, new: str) -> None:
    """A household signs in with another number from now on, and its patients are reached under it.

    Guardianships stay as they are. Whoever calls has had both numbers proved, or is the clinic. Raises
    Conflict where somebody is signed in for under the new number already, Invalid for the same number.
    """
    if user.mobile == new:
        raise Invalid(_("This is the number you have now."), field="mobile")
    _refuse_used(new)
    old = change_mobile(actor, user, new)
    reached = (
        select(Patient)
        .join(Guardianship, Guardianship.patient_id == Patient.id)
        .where(Guardianship.user_id == user.id, Guardianship.ended_at.is_(None), Patient.mobile == old)
        .order_by(Patient.id)
        .with_for_update(of=Patient)
        .execution_options(populate_existing=True)
    )
    for patient in db.session.scalars(reached).all():
        patient.mobile = new
        db.session.flush()
        record_change(actor, patient, ["mobile"])


def change_number_by_clinic(actor: Actor, patient_id: int, user_id: int, new: str) -> None:
    """The same by the front desk, for a household that has lost its old number.

    Raises NotFound where this is no sign-in of the patient, Forbidden where it acts for somebody the reader
    may not see.
    """
    get_patient_for_change(actor, patient_id)
    user = db.session.get(User, user_id)
    if user is None or user_id not in {row.user_id for row in guardians_of(patient_id)}:
        raise NotFound(_("This sign-in does not act for the patient."))
    whole = set(
        db.session.scalars(
            select(Guardianship.patient_id).where(
                Guardianship.user_id == user_id, Guardianship.ended_at.is_(None)
            )
        )
    )
    seen = set(db.session.scalars(select(Patient.id).where(Patient.id.in_(whole), policy.visible(actor))))
    if whole - seen:
        raise Forbidden(_("This sign-in also acts for somebody you may not see."), field="mobile")
    change_number(actor, user, new)


def leave_household(actor: Actor, patient_id: int, new: str) -> None:
    """An adult's record goes to a number of their own: its sign-in acts for them, nobody else does.

    Whoever calls has had both numbers proved. Raises Invalid for a child, or for the number it has now,
    Forbidden for somebody who was only named as a guardian beside others.
    """
    patient = get_patient_for_change(actor, patient_id)
    if is_child(patient, clock.today(get_facility(patient.facility_id).zone)):
        raise Invalid(_("A child stays with those who look after them."))
    if is_only_named(actor.user_id, patient.id):
        raise Forbidden(_("Ask the clinic: you look after %(name)s beside others.", name=patient.name))
    old = own_mobile(actor)
    if new == old:
        raise Invalid(_("This is the number you have now."), field="mobile")
    user = ensure_patient_login(actor, mobile=new, name=patient.name, locale=patient.locale)
    if not user.active:
        raise Conflict(_("This number cannot be used here. Ask the clinic to change it."), field="mobile")
    patient.mobile, patient.email_verified_at = new, None
    db.session.flush()
    allow(actor, patient, user, given_as="patient", kind=SELF)
    for row in guardians_of(patient.id):
        if row.user_id != user.id:
            end(actor, patient, row.user_id, given_as="patient")
    record_change(actor, patient, ["mobile"])
    for which, address in (("old", old), ("new", new)):
        queue_message(
            kind="household_left",
            channel="sms",
            recipient_type="mobile",
            address=address,
            subject_type="patient",
            subject_id=patient.id,
            patient_id=patient.id,
            facility_id=patient.facility_id,
            locale=patient.locale,
            dedupe_key=f"household_left:{patient.id}:{which}:{patient.version}",
        )


def _refuse_used(mobile: str) -> None:
    """Two households do not become one by a number: who is in the other has not been asked."""
    used = db.session.scalar(
        select(Guardianship.id)
        .join(User, User.id == Guardianship.user_id)
        .where(User.mobile == mobile, Guardianship.ended_at.is_(None))
        .limit(1)
    )
    if used is not None:
        raise Conflict(
            _("This number has visits of its own here. Sign in with it, or ask the clinic."), field="mobile"
        )
