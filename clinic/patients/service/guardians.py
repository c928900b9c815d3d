"""Who may sign in for a patient, and who cares for them."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from clinic.accounts.models import User
from clinic.accounts.service import ensure_patient_login
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.patients.models import CareRelationship, Guardianship, Patient


def open_login(actor: Actor, patient: Patient) -> None:
    """Let the sign-in of the patient's mobile act for them; it is made if there is none."""
    if patient.mobile is None:
        return
    user = ensure_patient_login(actor, mobile=patient.mobile, name=patient.name, locale=patient.locale)
    add_guardian(user_id=user.id, patient_id=patient.id)


def add_guardian(*, user_id: int, patient_id: int, kind: str = "household") -> None:
    """Let a sign-in act for a patient; once is enough."""
    db.session.execute(
        insert(Guardianship)
        .values(user_id=user_id, patient_id=patient_id, relationship_kind=kind, created_at=clock.now())
        .on_conflict_do_nothing()
    )


def move_login(actor: Actor, patient: Patient, *, old_mobile: str | None) -> None:
    """After a change of mobile: the sign-in of the old number no longer acts for the patient, that of the new
    one does.
    """
    if old_mobile is not None:
        old = select(User.id).where(User.mobile == old_mobile)
        db.session.execute(
            update(Guardianship)
            .where(
                Guardianship.patient_id == patient.id,
                Guardianship.user_id.in_(old),
                Guardianship.ended_at.is_(None),
            )
            .values(ended_at=clock.now())
            .execution_options(synchronize_session=False)
        )
    open_login(actor, patient)


def begin_care(*, patient_id: int, practitioner_id: int, source: str) -> None:
    """A practitioner cares for the patient from now on; ``source`` is ``booking`` or ``assignment``."""
    db.session.execute(
        insert(CareRelationship)
        .values(patient_id=patient_id, practitioner_id=practitioner_id, source=source, created_at=clock.now())
        .on_conflict_do_nothing()
    )
