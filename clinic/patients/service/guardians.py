"""Who may sign in for a patient, and who cares for them. Every permission and its end is written down with
who gave it.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from clinic.accounts.models import User
from clinic.accounts.service import end_sessions, ensure_patient_login
from clinic.accounts.service.households import drop_sign_in_emails, tell_of_change
from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden, NotFound
from clinic.core.i18n import gettext as _
from clinic.patients.display import ADULT, years_between
from clinic.patients.models import CareRelationship, GuardianConsent, Guardianship, Patient

HOUSEHOLD, GUARDIAN, SELF = "household", "guardian", "self"
"""Why a sign-in may act: it has the patient's mobile, it was named for a child, it is the patient's own."""


def is_child(patient: Patient, today: date) -> bool:
    """Whether the patient is known to be under 18."""
    return patient.birth_date is not None and years_between(patient.birth_date, today) < ADULT


def open_login(actor: Actor, patient: Patient) -> None:
    """Let the sign-in of the patient's mobile act for them; it is made if there is none."""
    if patient.mobile is None:
        return
    user = ensure_patient_login(actor, mobile=patient.mobile, name=patient.name, locale=patient.locale)
    allow(actor, patient, user, given_as="household" if actor.is_patient else "clinic")


def allow(actor: Actor, patient: Patient, user: User, *, given_as: str, kind: str = HOUSEHOLD) -> bool:
    """Let a sign-in act for a patient, and write down who said so; False where it could already."""
    if not add_guardian(user_id=user.id, patient_id=patient.id, kind=kind):
        return False
    _write_consent(actor, patient, user.id, allowed=True, given_as=given_as)
    return True


def end(actor: Actor, patient: Patient, user_id: int, *, given_as: str) -> None:
    """A sign-in no longer acts for a patient. Raises NotFound where it did not."""
    ended = db.session.execute(
        update(Guardianship)
        .where(
            Guardianship.patient_id == patient.id,
            Guardianship.user_id == user_id,
            Guardianship.ended_at.is_(None),
        )
        .values(ended_at=clock.now())
        .returning(Guardianship.id)
        .execution_options(synchronize_session=False)
    ).first()
    if ended is None:
        raise NotFound(_("This sign-in does not act for the patient."))
    if patient.email:
        drop_sign_in_emails([user_id], email=patient.email.lower())
    _write_consent(actor, patient, user_id, allowed=False, given_as=given_as)


def leave_to_others(actor: Actor, patient: Patient) -> None:
    """The reader's own sign-in stops acting for a patient. Raises Conflict where nobody else would."""
    others = db.session.scalar(
        select(func.count()).where(
            Guardianship.patient_id == patient.id,
            Guardianship.ended_at.is_(None),
            Guardianship.user_id != actor.user_id,
        )
    )
    if not others:
        raise Conflict(_("Nobody else looks after %(name)s yet. Ask somebody first.", name=patient.name))
    end(actor, patient, actor.user_id or 0, given_as="guardian")


def add_guardian(*, user_id: int, patient_id: int, kind: str = HOUSEHOLD) -> bool:
    """Let a sign-in act for a patient; once is enough. True where it is new."""
    made = db.session.execute(
        insert(Guardianship)
        .values(user_id=user_id, patient_id=patient_id, relationship_kind=kind, created_at=clock.now())
        .on_conflict_do_nothing()
        .returning(Guardianship.id)
    ).first()
    return made is not None


def guardians_of(patient_id: int) -> list[Guardianship]:
    """The sign-ins that act for a patient now, the first first."""
    return list(
        db.session.scalars(
            select(Guardianship)
            .where(Guardianship.patient_id == patient_id, Guardianship.ended_at.is_(None))
            .order_by(Guardianship.id)
        )
    )


def is_only_named(user_id: int | None, patient_id: int) -> bool:
    """Whether a sign-in acts for a patient only as a guardian who was named beside those who did before."""
    return any(
        row.user_id == user_id and row.relationship_kind == GUARDIAN for row in guardians_of(patient_id)
    )


def refuse_coming_of_age(patient: Patient, born: date | None, *, today: date) -> None:
    """Raises Forbidden where a household would make a child an adult whom somebody else looks after too.

    An adult's record can be taken away from all others, which one parent must not do to the other.
    """
    still = born is not None and years_between(born, today) < ADULT
    if is_child(patient, today) and not still and len(guardians_of(patient.id)) > 1:
        raise Forbidden(
            _("Somebody else looks after %(name)s too. Ask the clinic to correct this.", name=patient.name),
            field="birth_date",
        )


def move_login(actor: Actor, patient: Patient, *, old_mobile: str | None) -> None:
    """After the clinic changed a patient's mobile: the sign-in of the new number acts for them.

    That of the old number no longer does, unless it was named as a child's guardian apart from the number;
    it is signed out everywhere. Both numbers are told.
    """
    old = None
    if old_mobile is not None:
        old = db.session.scalars(select(User).where(User.mobile == old_mobile)).first()
    open_login(actor, patient)
    if old is None:
        return
    held = [row for row in guardians_of(patient.id) if row.user_id == old.id]
    for row in held:
        if row.relationship_kind != GUARDIAN:
            end(actor, patient, old.id, given_as="clinic")
            end_sessions(old.id, "mobile.changed")
    if held and patient.mobile is not None:
        new = db.session.scalars(select(User).where(User.mobile == patient.mobile)).one()
        tell_of_change(new, old=old_mobile, new=patient.mobile)


def forget_email(patient: Patient, old: str | None) -> None:
    """After a change of e-mail: the old address opens nothing any more, the new one is not proved yet."""
    patient.email_verified_at = None
    if old:
        drop_sign_in_emails([row.user_id for row in guardians_of(patient.id)], email=old.lower())


def _write_consent(actor: Actor, patient: Patient, user_id: int, *, allowed: bool, given_as: str) -> None:
    db.session.add(
        GuardianConsent(
            patient_id=patient.id,
            user_id=user_id,
            allowed=allowed,
            given_as=given_as,
            given_by=actor.user_id,
        )
    )
    audit.record(
        actor,
        "guardian.allowed" if allowed else "guardian.ended",
        subject_type="user",
        subject_id=user_id,
        patient_id=patient.id,
        facility_id=patient.facility_id,
        detail={"as": given_as},
    )
    db.session.flush()


def begin_care(*, patient_id: int, practitioner_id: int, source: str) -> None:
    """A practitioner cares for the patient from now on; ``source`` is ``booking`` or ``assignment``."""
    db.session.execute(
        insert(CareRelationship)
        .values(patient_id=patient_id, practitioner_id=practitioner_id, source=source, created_at=clock.now())
        .on_conflict_do_nothing()
    )
