"""A patient answers the prakriti questions and sends them in. Whoever calls has checked whose they are."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.sql.expression import bindparam, cast, literal

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import clean
from clinic.encounters.assessments import policy, queries
from clinic.encounters.assessments.definitions import CURRENT, instrument
from clinic.encounters.assessments.service.journal import Moved, log
from clinic.encounters.assessments.typed import (
    LONGEST_REASON,
    Content,
    columns_of,
    read_tendencies,
    score_of,
)
from clinic.encounters.models import Assessment, AssessmentKind, AssessmentStatus
from clinic.patients.models import Patient


def begin_answers(actor: Actor, patient: Patient) -> Assessment:
    """The questions somebody answers for themselves or a member of the household: begun now, or gone on with.

    Raises Invalid for somebody who died.
    """
    if patient.deceased:
        raise Invalid(_("There is nothing to answer any more."))
    made = db.session.scalar(
        insert(Assessment)
        .values(
            facility_id=patient.facility_id,
            patient_id=patient.id,
            kind=AssessmentKind.PRAKRITI,
            form_version=CURRENT,
            status=AssessmentStatus.ANSWERING,
            version=1,
            patient_answers={},
            body={},
            answered_by=actor.user_id,
            created_at=clock.now(),
            saved_at=clock.now(),
            saved_by=actor.user_id,
        )
        .on_conflict_do_nothing(
            index_elements=["patient_id"], index_where=Assessment.status.in_(("answering", "submitted"))
        )
        .returning(Assessment.id)
    )
    found = queries.open_answers(patient.id)
    if found is None:
        raise Moved
    if made is not None:
        log(actor, "prakriti.begun", found)
    return found


def save_answer(actor: Actor, assessment: Assessment, item: str, first: str, second: str) -> None:
    """Keep the answer to one question over what was said before; no first tendency takes it away.

    Only this answer is written, so two devices that answer at once lose nothing. Raises Moved when the
    answers have been sent in.
    """
    if item not in instrument(assessment.form_version).codes:
        raise Invalid(_("There is no such question."))
    given = read_tendencies(first, second)
    held = func.coalesce(Assessment.patient_answers, cast(literal("{}"), JSONB))
    answers: Any = (
        held.op("||")(cast(bindparam(None, {item: given}, type_=JSONB), JSONB))
        if given
        else held.op("-")(item)
    )
    _while(
        assessment, AssessmentStatus.ANSWERING, patient_answers=answers, answered_by=actor.user_id,
        saved_at=clock.now(), saved_by=actor.user_id,
    )  # fmt: skip


def submit(actor: Actor, assessment: Assessment) -> None:
    """Send the answers to the clinic, where a practitioner goes through them. Raises Invalid for too few."""
    db.session.refresh(assessment)
    questions = instrument(assessment.form_version)
    answers = dict(assessment.patient_answers or {})
    if score_of(assessment, answers) is None:
        raise Invalid(
            _(
                "Please answer at least %(needed)s of the %(count)s questions; you have answered %(given)s.",
                needed=questions.needed,
                count=len(questions.items),
                given=len(answers),
            )
        )
    _while(
        assessment,
        AssessmentStatus.ANSWERING,
        status=AssessmentStatus.SUBMITTED,
        submitted_at=clock.now(),
        **columns_of(assessment, Content(values=answers)),
    )
    log(actor, "prakriti.submitted", assessment, answers=len(answers))


def take_back(actor: Actor, assessment: Assessment) -> None:
    """Have the answers back to change them, as long as no practitioner has begun on them. Raises Moved."""
    untouched = Assessment.practitioner_id.is_(None) & (Assessment.body == Assessment.patient_answers)
    _while(
        assessment,
        AssessmentStatus.SUBMITTED,
        untouched,
        status=AssessmentStatus.ANSWERING,
        submitted_at=None,
        **columns_of(assessment, Content(values={})),
    )
    log(actor, "prakriti.taken_back", assessment)


def set_aside(actor: Actor, assessment: Assessment, reason: str) -> None:
    """A practitioner puts answers aside that are of no use; the patient may answer again.

    Raises Forbidden, Invalid without a reason, Moved.
    """
    if not policy.can_write(actor, assessment):
        raise Forbidden(_("Only a practitioner who cares for the patient does this."))
    _while(
        assessment,
        AssessmentStatus.SUBMITTED,
        status=AssessmentStatus.ENTERED_IN_ERROR,
        error_at=clock.now(),
        error_by=actor.user_id,
        error_reason=checked_reason(reason),
    )
    log(actor, "prakriti.set_aside", assessment)


def checked_reason(reason: str) -> str:
    """A reason as it is kept. Raises Invalid for none, and for one too long."""
    reason = clean(reason).strip()
    if not reason:
        raise Invalid(_("Say why."), field="reason")
    if len(reason) > LONGEST_REASON:
        raise Invalid(_("At most %(count)s characters in one field.", count=LONGEST_REASON), field="reason")
    return reason


def _while(assessment: Assessment, held: AssessmentStatus, *conditions: Any, **values: Any) -> None:
    """Change the row as long as it has this status; one conditional UPDATE decides. Raises Moved."""
    changed = db.session.scalar(
        update(Assessment)
        .where(Assessment.id == assessment.id, Assessment.status == held, *conditions)
        .values(version=Assessment.version + 1, **values)
        .returning(Assessment.id)
        .execution_options(synchronize_session=False)
    )
    if changed is None:
        raise Moved
    db.session.expire(assessment)
