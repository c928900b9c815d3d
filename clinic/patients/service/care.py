"""Who cares for a patient: assigned, ended, taken up again, each with its audit row.

Care lets a practitioner read the record, so whoever gives it has to hold it: managers of the clinic, and
practitioners who see the patient in the ordinary way.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import SYSTEM, Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden, Invalid, NotFound
from clinic.core.i18n import gettext as _
from clinic.patients import policy
from clinic.patients.models import CareRelationship, Patient
from clinic.patients.queries.people import get_patient_for_change
from clinic.practitioners.models import Practitioner
from clinic.practitioners.queries import bookable_practitioners

ASSIGNMENT = "assignment"
UNDO_FOR = timedelta(minutes=10)
"""Within this time care that was ended by hand can be taken up again as it was."""


def assign(actor: Actor, patient_id: int, practitioner_id: int | None) -> CareRelationship:
    """A practitioner of the patient's clinic cares for them from now on. Raises Forbidden, Invalid where
    there is no such practitioner there, and Conflict where they care already.
    """
    patient = _for_change(actor, patient_id)
    found = [one for one in bookable_practitioners(patient.facility_id) if one.id == practitioner_id]
    if not found:
        raise Invalid(_("Choose a practitioner of this clinic."), field="practitioner")
    care_id = db.session.scalar(
        insert(CareRelationship)
        .values(
            patient_id=patient.id,
            practitioner_id=found[0].id,
            source=ASSIGNMENT,
            created_at=clock.now(),
            created_by=actor.user_id,
        )
        .on_conflict_do_nothing()
        .returning(CareRelationship.id)
    )
    if care_id is None:
        raise Conflict(_("%(name)s cares for the patient already.", name=found[0].name), field="practitioner")
    care = db.session.get_one(CareRelationship, care_id)
    _write_down(actor, "care.assigned", patient, care)
    return care


def end(actor: Actor, patient_id: int, care_id: int) -> CareRelationship:
    """A practitioner no longer cares for the patient. Raises Forbidden, NotFound, and Conflict where that
    was so already.
    """
    patient = _for_change(actor, patient_id)
    care = _care_of(patient, care_id)
    if care.ended_at is not None:
        raise Conflict(_("That has ended already."))
    care.ended_at, care.ended_by = clock.now(), actor.user_id
    _write_down(actor, "care.ended", patient, care)
    db.session.flush()
    return care


def take_up_again(actor: Actor, patient_id: int, care_id: int) -> CareRelationship:
    """Care that was ended a moment ago goes on as if it had not. Raises Forbidden, NotFound, and Conflict
    where it is too late, or the practitioner cares again for another reason.
    """
    patient = _for_change(actor, patient_id)
    care = _care_of(patient, care_id)
    if care.ended_at is None:
        return care
    if care.ended_by is None or care.ended_at < clock.now() - UNDO_FOR:
        raise Conflict(_("That is too long ago to take back. Assign them again."))
    again = select(CareRelationship.id).where(
        CareRelationship.patient_id == patient.id,
        CareRelationship.practitioner_id == care.practitioner_id,
        CareRelationship.ended_at.is_(None),
    )
    if db.session.scalar(again) is not None:
        raise Conflict(_("They care for the patient again already."))
    care.ended_at = care.ended_by = None
    _write_down(actor, "care.resumed", patient, care)
    db.session.flush()
    return care


def end_by_itself(over: Sequence[tuple[CareRelationship, Patient]]) -> None:
    """End care whose time is over, the patient beside each."""
    for care, patient in over:
        care.ended_at = clock.now()
        _write_down(SYSTEM, "care.ended", patient, care)
    db.session.flush()


def _for_change(actor: Actor, patient_id: int) -> Patient:
    patient = get_patient_for_change(actor, patient_id)
    if not policy.can_arrange_care(actor, patient):
        raise Forbidden(
            _("Managers of the clinic and practitioners of the patient arrange who cares for them.")
        )
    return patient


def _care_of(patient: Patient, care_id: int) -> CareRelationship:
    care = db.session.scalars(
        select(CareRelationship)
        .where(CareRelationship.id == care_id, CareRelationship.patient_id == patient.id)
        .with_for_update()
    ).first()
    if care is None:
        raise NotFound(_("There is no such care."))
    return care


def _write_down(actor: Actor, action: str, patient: Patient, care: CareRelationship) -> None:
    audit.record(
        actor,
        action,
        subject_type="care_relationship",
        subject_id=care.id,
        patient_id=patient.id,
        facility_id=patient.facility_id,
        detail={"practitioner_id": care.practitioner_id, "source": care.source},
    )


def name_of(care: CareRelationship) -> str:
    """Whose care it is."""
    return db.session.get_one(Practitioner, care.practitioner_id).name
