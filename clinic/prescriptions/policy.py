"""Who may see which prescriptions, and who writes them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, ScalarSelect, and_, false, or_, select

from clinic.core.access import Actor, Role
from clinic.patients.models import Patient
from clinic.patients.policy import clinical_reach, visible
from clinic.practitioners.models import Practitioner
from clinic.prescriptions.models import Prescription


def can_prescribe(actor: Actor) -> bool:
    """Whether somebody writes prescriptions at all: practitioners do, therapists and the desk do not."""
    return actor.user_id is not None and actor.has(Role.PRACTITIONER)


def is_author(actor: Actor, prescription: Prescription) -> bool:
    """Whether the prescription is the person's own."""
    return can_prescribe(actor) and prescription.practitioner.user_id == actor.user_id


def can_edit(actor: Actor, prescription: Prescription) -> bool:
    """Whether the person may write in it: their own, until it is signed."""
    return is_author(actor, prescription) and prescription.status == "draft"


def can_end(actor: Actor, prescription: Prescription) -> bool:
    """Whether the person may stop it or a line of it: any practitioner who sees it, for a patient comes to
    harm by a medicine that only an absent colleague could stop.
    """
    return can_prescribe(actor) and prescription.status == "signed"


def prescriptions_in_sight(actor: Actor) -> ColumnElement[bool]:
    """The prescriptions somebody may read: a practitioner their own, and signed ones of patients in their
    care, or of their whole facility where it says so; a household what was shared with it. Drafts are for
    their author alone.
    """
    if actor.user_id is None:
        return false()
    if actor.is_patient:
        household = select(Patient.id).where(visible(actor))
        return and_(Prescription.shared_at.is_not(None), Prescription.patient_id.in_(household))
    reach = clinical_reach(actor, Prescription.patient_id, Prescription.facility_id)
    signed = and_(Prescription.signed_at.is_not(None), reach)
    if not can_prescribe(actor):
        return signed
    return or_(Prescription.practitioner_id.in_(own_practitioner(actor)), signed)


def patients_to_prescribe_for(actor: Actor) -> ColumnElement[bool]:
    """The condition on ``patients`` for those somebody may write a prescription for: alive, and theirs to
    treat.
    """
    if not can_prescribe(actor):
        return false()
    return and_(~Patient.deceased, clinical_reach(actor, Patient.id, Patient.facility_id))


def own_practitioner(actor: Actor) -> ScalarSelect[int]:
    """The practitioner a person is, as a sub-select."""
    return select(Practitioner.id).where(Practitioner.user_id == actor.user_id).scalar_subquery()
