"""Who may see which assessments, and write them: practitioners alone, neither front desk nor therapists."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, false, or_, select

from clinic.core.access import Actor, Role
from clinic.encounters.models import Assessment, AssessmentStatus
from clinic.patients.models import Patient
from clinic.patients.policy import clinical_reach, sees_clinical
from clinic.practitioners.models import Practitioner

WITH_THE_CLINIC = (AssessmentStatus.SUBMITTED, AssessmentStatus.CONFIRMED, AssessmentStatus.ENTERED_IN_ERROR)
OPEN = (AssessmentStatus.DRAFT, AssessmentStatus.SUBMITTED)


def can_read_assessments(actor: Actor) -> bool:
    """Whether somebody reads assessments at all."""
    return actor.user_id is not None and actor.has(Role.PRACTITIONER)


def can_assess(actor: Actor, patient: Patient) -> bool:
    """Whether somebody may begin an assessment of a patient whom they see."""
    return can_read_assessments(actor) and sees_clinical(actor, patient)


def can_write(actor: Actor, assessment: Assessment) -> bool:
    """Whether somebody may write in an assessment that they see: a draft is its author's alone, a patient's
    answers are for whoever cares for the patient.
    """
    return can_read_assessments(actor) and assessment.status in OPEN


def assessments_in_sight(actor: Actor) -> ColumnElement[bool]:
    """The assessments somebody may read: their own, and those with the clinic of patients they care for."""
    if not can_read_assessments(actor):
        return false()
    own = select(Practitioner.id).where(Practitioner.user_id == actor.user_id).scalar_subquery()
    return or_(
        Assessment.practitioner_id.in_(own),
        and_(
            Assessment.status.in_(WITH_THE_CLINIC),
            clinical_reach(actor, Assessment.patient_id, Assessment.facility_id),
        ),
    )
