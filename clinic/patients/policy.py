"""Who may see a patient, change them, book for them.

The front desk sees the patients of its facilities; a practitioner those of the facility where it says so,
else the patients in their care; a therapist the patients in their care; a household its own. An
administrator's role reaches no patient. Beyond that, clinical staff and administrators see a patient whose
record they opened in an emergency, for as long as that lasts; of them only a practitioner changes anything.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import ColumnElement, Select, false, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from clinic.core.access import CLINICAL, EMERGENCY, FRONT_DESK, STAFF, Actor, Role
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
    if _opened_any(actor):
        reasons.append(in_emergency(actor, Patient.id))
    if not reasons:
        return false()
    if actor.reach(*FRONT_DESK) is None:
        return true()
    return or_(*reasons)


def changeable(actor: Actor) -> ColumnElement[bool]:
    """The condition on ``patients`` for those ``actor`` may change something about: an emergency lets a
    therapist and an administrator read, and nothing else.
    """
    return visible(actor if actor.has(Role.PRACTITIONER) else replace(actor, emergencies=frozenset()))


def sees_usually(actor: Actor, patient_id: int) -> bool:
    """Whether ``actor`` sees this patient without any emergency."""
    usual = visible(replace(actor, emergencies=frozenset()))
    return db.session.scalar(select(Patient.id).where(Patient.id == patient_id, usual)) is not None


def only_in_emergency(actor: Actor, patient_id: int) -> bool:
    """Whether ``actor`` sees this patient for no other reason than an emergency."""
    return patient_id in actor.emergencies and not sees_usually(actor, patient_id)


def in_emergency(actor: Actor, patient_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """The condition on a column of patients' ids for those whose records the actor has open in an emergency.

    False for whoever may not, and once it is over.
    """
    return patient_id.in_(sorted(actor.emergencies)) if _opened_any(actor) else false()


def can_view(actor: Actor, patient: Patient) -> bool:
    """Whether ``actor`` may know of this patient."""
    condition = visible(actor)
    return db.session.scalar(select(Patient.id).where(Patient.id == patient.id, condition)) is not None


def can_edit(actor: Actor, patient: Patient) -> bool:
    """Whether ``actor`` may change who the patient is and how to reach them."""
    condition = changeable(actor)
    return db.session.scalar(select(Patient.id).where(Patient.id == patient.id, condition)) is not None


def can_register(actor: Actor) -> bool:
    """Whether ``actor`` may add patients; a household adds to its own sign-in only."""
    if actor.link is not None:
        return False
    return is_system(actor) or actor.is_patient or actor.has(*STAFF - {Role.ADMIN})


def can_book_for(actor: Actor, patient: Patient) -> bool:
    """Whether a visit may be booked: the patient is alive, and within the actor's sight."""
    return not patient.deceased and can_view(actor, patient)


def can_arrange_care(actor: Actor, patient: Patient) -> bool:
    """Whether ``actor`` may say who cares for the patient: managers of the patient's clinic, and
    practitioners who see the patient without an emergency, so that none ever turns into care by itself.
    """
    calm = replace(actor, emergencies=frozenset())
    if is_system(actor) or calm.has(Role.FACILITY_ADMIN, at=patient.facility_id):
        return True
    as_practitioner = calm.acting_as(frozenset({Role.PRACTITIONER}))
    return actor.has(Role.PRACTITIONER) and can_view(as_practitioner, patient)


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

    ``patient_id`` and ``facility_id`` are that table's columns. Whoever is no practitioner reads only what
    they opened in an emergency, so nothing may be written on this condition alone.
    """
    opened = in_emergency(actor, patient_id)
    if not actor.has(Role.PRACTITIONER):
        return opened
    return or_(in_care(actor, patient_id), facility_id.in_(_open_facilities(actor)), opened)


def in_care(actor: Actor, patient_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """The condition on a column of patients' ids for those in the actor's care today."""
    return patient_id.in_(
        select(CareRelationship.patient_id)
        .join(Practitioner, Practitioner.id == CareRelationship.practitioner_id)
        .where(Practitioner.user_id == actor.user_id, CareRelationship.ended_at.is_(None))
    )


def _opened_any(actor: Actor) -> bool:
    return bool(actor.emergencies) and actor.has(*EMERGENCY)


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
