"""An assessment made final by a practitioner, corrected by a new one, or said to be a mistake."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden
from clinic.core.i18n import gettext as _
from clinic.encounters.assessments import policy, queries
from clinic.encounters.assessments.service.answering import checked_reason
from clinic.encounters.assessments.service.journal import AssessmentLocked, Moved, NotReady, log
from clinic.encounters.assessments.service.writing import author_of, put_new
from clinic.encounters.assessments.typed import content_of, problems_of
from clinic.encounters.models import Assessment, AssessmentKind, AssessmentStatus
from clinic.encounters.models.assessment import TYPED_COLUMNS
from clinic.patients.models import Patient
from clinic.patients.service.updating import record_change


def confirm(
    actor: Actor, assessment: Assessment, *, version: int, share: bool, at: datetime | None = None
) -> Assessment:
    """Make an assessment final as it stands at ``version``, with the patient able to read it or not.

    A confirmed prakriti becomes the patient's; nothing else writes that. ``at`` is the moment, now unless
    something past is told. Raises Forbidden, AssessmentLocked,
    Conflict when it has moved on or two versions are unsettled, NotReady with what is missing.
    """
    if assessment.status == AssessmentStatus.CONFIRMED:
        raise AssessmentLocked
    if not policy.can_write(actor, assessment):
        raise Forbidden(_("Only a practitioner who cares for the patient confirms this."))
    author = author_of(actor)
    if assessment.other_body is not None:
        raise Conflict(_("There are two versions of this. Choose between them, then confirm."))
    content = content_of(assessment)
    problems = problems_of(assessment, content)
    if problems:
        raise NotReady(problems)
    at = at or clock.now()
    is_prakriti = assessment.kind == AssessmentKind.PRAKRITI
    done = db.session.scalar(
        update(Assessment)
        .where(
            Assessment.id == assessment.id,
            Assessment.version == version,
            Assessment.status.in_(policy.OPEN),
            Assessment.other_body.is_(None),
        )
        .values(
            status=AssessmentStatus.CONFIRMED,
            practitioner_id=author.id,
            confirmed_at=at,
            confirmed_by=actor.user_id,
            shared_at=at if share else None,
            replaced_prakriti=assessment.patient.prakriti if is_prakriti else None,
        )
        .returning(Assessment.id)
        .execution_options(synchronize_session=False)
    )
    if done is None:
        raise Moved
    if is_prakriti:
        _write_prakriti(actor, assessment.patient, content.result)
    log(actor, "assessment.confirmed", assessment, version=version, shared=share)
    db.session.expire(assessment)
    return assessment


def correct(actor: Actor, assessment: Assessment) -> Assessment:
    """A draft that begins as the confirmed one stands and takes its place once it is confirmed.

    Raises Forbidden, and Conflict when it was corrected already or is no confirmed one.
    """
    author = author_of(actor)
    if assessment.status != AssessmentStatus.CONFIRMED:
        raise Conflict(_("Only a confirmed assessment is corrected."))
    if queries.corrected_by(assessment.id) is not None:
        raise Conflict(_("This was corrected already. Correct the newer one."))
    open_one = queries.draft_of(assessment.patient_id, author.id, assessment.kind)
    if open_one is not None and open_one.supersedes_id != assessment.id:
        raise Conflict(_("You have an open draft of this kind. Confirm it or throw it away first."))
    return put_new(
        actor,
        author,
        assessment.patient,
        assessment.kind,
        dict(assessment.body),
        form_version=assessment.form_version,
        facility_id=assessment.facility_id,
        appointment_id=assessment.appointment_id,
        supersedes_id=assessment.id,
        patient_answers=assessment.patient_answers,
        answered_by=assessment.answered_by,
        submitted_at=assessment.submitted_at,
        **{name: getattr(assessment, name) for name in TYPED_COLUMNS},
    )


def enter_in_error(actor: Actor, assessment: Assessment, reason: str) -> None:
    """Say that a confirmed assessment is a mistake. It stays readable, struck through; the patient's prakriti
    goes back to the one that holds without it.

    Raises Forbidden, Invalid without a reason, Conflict for what is not confirmed.
    """
    author_of(actor)
    reason = checked_reason(reason)
    done = db.session.scalar(
        update(Assessment)
        .where(Assessment.id == assessment.id, Assessment.status == AssessmentStatus.CONFIRMED)
        .values(
            status=AssessmentStatus.ENTERED_IN_ERROR,
            error_at=clock.now(),
            error_by=actor.user_id,
            error_reason=reason,
        )
        .returning(Assessment.id)
        .execution_options(synchronize_session=False)
    )
    if done is None:
        raise Moved
    db.session.expire(assessment)
    log(actor, "assessment.entered_in_error", assessment)
    if assessment.kind == AssessmentKind.PRAKRITI and assessment.patient.prakriti == assessment.result:
        holds = queries.latest_prakriti(assessment.patient_id)
        first = queries.first_prakriti(assessment.patient_id)
        before = first.replaced_prakriti if first else None
        _write_prakriti(actor, assessment.patient, holds.result if holds else before)


def share(actor: Actor, assessment: Assessment) -> None:
    """Let the patient read a confirmed assessment. Raises Forbidden, Conflict."""
    _set_shared(actor, assessment, shared=True)


def stop_sharing(actor: Actor, assessment: Assessment) -> None:
    """Let the patient no longer read it. Raises Forbidden, Conflict."""
    _set_shared(actor, assessment, shared=False)


def _set_shared(actor: Actor, assessment: Assessment, *, shared: bool) -> None:
    author_of(actor)
    if assessment.status != AssessmentStatus.CONFIRMED:
        raise Conflict(_("Only a confirmed assessment can be shared."))
    assessment.shared_at = clock.now() if shared else None
    db.session.flush()
    log(actor, "assessment.shared" if shared else "assessment.not_shared", assessment)


def _write_prakriti(actor: Actor, patient: Patient, result: str | None) -> None:
    if patient.prakriti == result:
        return
    patient.prakriti = result
    db.session.flush()
    record_change(actor, patient, ["prakriti"])
