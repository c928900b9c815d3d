"""Who may see a patient, change them, book for them.

The front desk sees the patients of its facilities; a practitioner those of the facility where it says so,
else the patients in their care; a therapist the patients in their care; a household its own. An
administrator's role reaches no patient.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, false, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from clinic.core.access import CLINICAL, FRONT_DESK, STAFF, Actor, Role
from clinic.core.db import db
from clinic.facilities.models import Facility
from clinic.patients.models import CareRelationship, Guardianship, Patient
from clinic.practitioners.models import Practitioner


def is_system(actor: Actor) -> bool:
    """Whether this is the clinic's own machinery. Somebody who is not signed in has no id either, but no
    role.
    """
    return actor.user_id is None and Role.ADMIN in actor.roles


def visible(actor: Actor) -> ColumnElement[bool]:
    """The condition on ``patients`` for those ``actor`` may see. It is plain true for whoever sees all of
    them.
    """
    if is_system(actor):
        return true()
    if actor.link is not None:
        return Patient.id == actor.link.patient_id
    if actor.is_patient:
        return _guarded(actor)
    reasons: list[ColumnElement[bool]] = []
    if actor.has(*FRONT_DESK):
        reasons.append(_at(actor))
    if actor.has(Role.PRACTITIONER):
        reasons.append(Patient.facility_id.in_(_open_facilities(actor)))
    if actor.has(*CLINICAL):
        reasons.append(in_care(actor, Patient.id))
    if not reasons:
        return false()
    if actor.reach(*FRONT_DESK) is None:
        return true()
    return or_(*reasons)


def can_view(actor: Actor, patient: Patient) -> bool:
    """Whether ``actor`` may know of this patient."""
    condition = visible(actor)
    return db.session.scalar(select(Patient.id).where(Patient.id == patient.id, condition)) is not None


def can_edit(actor: Actor, patient: Patient) -> bool:
    """Whether ``actor`` may change who the patient is and how to reach them."""
    return can_view(actor, patient)


def can_register(actor: Actor) -> bool:
    """Whether ``actor`` may add patients; a household adds to its own sign-in only."""
    if actor.link is not None:
        return False
    return is_system(actor) or actor.is_patient or actor.has(*STAFF - {Role.ADMIN})


def can_book_for(actor: Actor, patient: Patient) -> bool:
    """Whether a visit may be booked: the patient is alive, and within the actor's sight."""
    return not patient.deceased and can_view(actor, patient)


def sees_clinical(actor: Actor, patient: Patient) -> bool:
    """Whether notes and what is in them may be shown at all. Who sees the patient from the desk of one clinic
    is no practitioner of theirs for being one in another.
    """
    if not actor.has(*CLINICAL):
        return False
    return not actor.has(*FRONT_DESK) or can_view(actor.acting_as(CLINICAL), patient)


def clinical_reach(
    actor: Actor, patient_id: InstrumentedAttribute[int], facility_id: InstrumentedAttribute[int]
) -> ColumnElement[bool]:
    """The condition on a table of clinical rows for those of patients whom a practitioner may read about:
    patients in their care, and whatever belongs to a facility that opens its records to all of its own.

    ``patient_id`` and ``facility_id`` are that table's columns. False for whoever is no practitioner.
    """
    if not actor.has(Role.PRACTITIONER):
        return false()
    return or_(in_care(actor, patient_id), facility_id.in_(_open_facilities(actor)))


def in_care(actor: Actor, patient_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """The condition on a column of patients' ids for those in the actor's care today."""
    return patient_id.in_(
        select(CareRelationship.patient_id)
        .join(Practitioner, Practitioner.id == CareRelationship.practitioner_id)
        .where(Practitioner.user_id == actor.user_id, CareRelationship.ended_at.is_(None))
    )


def _at(actor: Actor) -> ColumnElement[bool]:
    places = actor.reach(*FRONT_DESK)
    return true() if places is None else Patient.facility_id.in_(places)


def _open_facilities(actor: Actor) -> Select[int]:
    """Facilities whose practitioners read about all of its patients, as far as the actor is one of them."""
    open_ones = select(Facility.id).where(Facility.whole_facility_in_care)
    if (places := actor.reach(Role.PRACTITIONER)) is not None:
        open_ones = open_ones.where(Facility.id.in_(places))
    return open_ones


def _guarded(actor: Actor) -> ColumnElement[bool]:
    mine = select(Guardianship.patient_id).where(
        Guardianship.user_id == actor.user_id, Guardianship.ended_at.is_(None)
    )
    return Patient.id.in_(mine)
