"""Finding assessments. Every loader for staff names who asks; a household's are given its patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, exists, func, literal, select
from sqlalchemy.orm import aliased, joinedload

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.encounters import policy as note_policy
from clinic.encounters.assessments import policy
from clinic.encounters.assessments.typed import Values
from clinic.encounters.models import Assessment, AssessmentKind, AssessmentStatus, VitalSigns

MOST = 200
"""More of one patient are not shown on one page."""


@dataclass(frozen=True, kw_only=True)
class Constitution:
    """A confirmed constitution: the result, each dosha's whole percent, and when it was confirmed."""

    result: str
    vata: int
    pitta: int
    kapha: int
    confirmed_at: datetime


def get_assessment(actor: Actor, assessment_id: int, *, fresh: bool = False) -> Assessment:
    """One assessment with its patient, place and assessor. Raises NotFound for who may not know of it.

    ``fresh`` reads it again from the database even if this session has seen it.
    """
    statement = _with_names().where(Assessment.id == assessment_id, policy.assessments_in_sight(actor))
    if fresh:
        statement = statement.execution_options(populate_existing=True)
    found = db.session.scalars(statement).one_or_none()
    if found is None:
        raise NotFound(_("There is no such assessment."))
    return found


def assessments_of(actor: Actor, patient_id: int, *, kind: str | None = None) -> list[Assessment]:
    """A patient's assessments that somebody may read, the latest first."""
    statement = (
        select(Assessment)
        .where(Assessment.patient_id == patient_id, policy.assessments_in_sight(actor))
        .order_by(_happened().desc(), Assessment.id.desc())
        .limit(MOST)
        .options(joinedload(Assessment.practitioner))
    )
    if kind is not None:
        statement = statement.where(Assessment.kind == kind)
    return list(db.session.scalars(statement))


def assessments_of_visit(actor: Actor, appointment_id: int) -> list[Assessment]:
    """What was assessed in a visit, as far as somebody may read it, in the order it was begun."""
    return list(
        db.session.scalars(
            select(Assessment)
            .where(Assessment.appointment_id == appointment_id, policy.assessments_in_sight(actor))
            .order_by(Assessment.id)
            .options(joinedload(Assessment.practitioner))
        )
    )


def before(actor: Actor, assessment: Assessment) -> Assessment | None:
    """The valid assessment of the same kind confirmed last before this one, other than what it corrects."""
    statement = (
        select(Assessment)
        .where(
            Assessment.patient_id == assessment.patient_id,
            Assessment.kind == assessment.kind,
            Assessment.id != assessment.id,
            policy.assessments_in_sight(actor),
            *valid(),
        )
        .order_by(Assessment.confirmed_at.desc(), Assessment.id.desc())
        .limit(1)
    )
    if assessment.supersedes_id is not None:
        statement = statement.where(Assessment.id != assessment.supersedes_id)
    if assessment.confirmed_at is not None:
        statement = statement.where(Assessment.confirmed_at < assessment.confirmed_at)
    return db.session.scalars(statement).first()


def constitution_of(patient_id: int) -> Constitution | None:
    """The constitution that holds: the one confirmed last, not corrected and no mistake. Whoever asks has
    asked whether the reader may see clinical things of this patient.
    """
    found = latest_prakriti(patient_id)
    if found is None or found.confirmed_at is None:
        return None
    return Constitution(
        result=found.result or "",
        vata=found.vata_percent or 0,
        pitta=found.pitta_percent or 0,
        kapha=found.kapha_percent or 0,
        confirmed_at=found.confirmed_at,
    )


def constitution_column(patient_id: int) -> ScalarSelect[Any]:
    """The constitution that holds as one column of a larger statement, for ``read_constitution``."""
    parts: list[Any] = []
    for name in ("result", "vata_percent", "pitta_percent", "kapha_percent", "confirmed_at"):
        parts += [literal(name), getattr(Assessment, name)]
    return (
        select(func.jsonb_build_object(*parts))
        .where(Assessment.patient_id == patient_id, Assessment.kind == AssessmentKind.PRAKRITI, *valid())
        .order_by(Assessment.confirmed_at.desc(), Assessment.id.desc())
        .limit(1)
        .scalar_subquery()
    )


def read_constitution(value: Mapping[str, Any] | None) -> Constitution | None:
    """What ``constitution_column`` gave."""
    if value is None:
        return None
    return Constitution(
        result=value["result"],
        vata=value["vata_percent"],
        pitta=value["pitta_percent"],
        kapha=value["kapha_percent"],
        confirmed_at=datetime.fromisoformat(value["confirmed_at"]),
    )


def latest_prakriti(patient_id: int) -> Assessment | None:
    """The valid prakriti assessment that was confirmed last."""
    return db.session.scalars(
        select(Assessment)
        .where(Assessment.patient_id == patient_id, Assessment.kind == AssessmentKind.PRAKRITI, *valid())
        .order_by(Assessment.confirmed_at.desc(), Assessment.id.desc())
        .limit(1)
        .options(joinedload(Assessment.practitioner))
    ).first()


def first_prakriti(patient_id: int) -> Assessment | None:
    """The first prakriti assessment that ever was confirmed, whatever became of it."""
    return db.session.scalars(
        select(Assessment)
        .where(
            Assessment.patient_id == patient_id,
            Assessment.kind == AssessmentKind.PRAKRITI,
            Assessment.confirmed_at.is_not(None),
        )
        .order_by(Assessment.confirmed_at, Assessment.id)
        .limit(1)
    ).first()


def corrected_by(assessment_id: int) -> int | None:
    """The confirmed assessment that corrects this one."""
    return db.session.scalar(
        select(Assessment.id).where(
            Assessment.supersedes_id == assessment_id, Assessment.status == AssessmentStatus.CONFIRMED
        )
    )


def draft_of(patient_id: int, practitioner_id: int, kind: str) -> Assessment | None:
    """The draft of a kind that a practitioner has begun about a patient."""
    return db.session.scalars(
        select(Assessment).where(
            Assessment.patient_id == patient_id,
            Assessment.practitioner_id == practitioner_id,
            Assessment.kind == kind,
            Assessment.status == AssessmentStatus.DRAFT,
        )
    ).one_or_none()


def latest_measures(actor: Actor, patient_id: int) -> Values:
    """The patient's last measured height and weight, as the tenfold examination takes them over."""
    found: Values = {}
    for column in (VitalSigns.height_cm, VitalSigns.weight_kg):
        value = db.session.scalar(
            select(column)
            .where(
                VitalSigns.patient_id == patient_id, column.is_not(None), note_policy.vitals_in_sight(actor)
            )
            .order_by(VitalSigns.measured_at.desc(), VitalSigns.id.desc())
            .limit(1)
        )
        if value is not None:
            found[column.key] = int(value) if value == value.to_integral_value() else float(value)
    return found


def open_answers(patient_id: int) -> Assessment | None:
    """The prakriti questions that a patient is answering, or whose answers wait at the clinic."""
    return db.session.scalars(
        select(Assessment).where(
            Assessment.patient_id == patient_id,
            Assessment.status.in_((AssessmentStatus.ANSWERING, AssessmentStatus.SUBMITTED)),
        )
    ).one_or_none()


def get_answers(patient_ids: Sequence[int], assessment_id: int) -> Assessment:
    """The questions one of these patients is answering or has sent in. Raises NotFound."""
    found = db.session.scalars(
        select(Assessment).where(
            Assessment.id == assessment_id,
            Assessment.patient_id.in_(patient_ids),
            Assessment.status.in_((AssessmentStatus.ANSWERING, AssessmentStatus.SUBMITTED)),
        )
    ).one_or_none()
    if found is None:
        raise NotFound(_("There are no such questions."))
    return found


def shared_with(*patient_ids: int) -> list[Assessment]:
    """What these patients may read: valid, confirmed and shared, the latest first."""
    return list(
        db.session.scalars(
            select(Assessment)
            .where(Assessment.patient_id.in_(patient_ids), Assessment.shared_at.is_not(None), *valid())
            .order_by(Assessment.confirmed_at.desc(), Assessment.id.desc())
            .options(joinedload(Assessment.practitioner))
        )
    )


def valid() -> tuple[ColumnElement[bool], ...]:
    """The conditions for an assessment that holds: confirmed, no mistake, and not corrected since."""
    later = aliased(Assessment)
    corrected = exists().where(
        later.supersedes_id == Assessment.id, later.status == AssessmentStatus.CONFIRMED
    )
    return Assessment.status == AssessmentStatus.CONFIRMED, ~corrected


def _happened() -> ColumnElement[datetime]:
    return func.coalesce(Assessment.confirmed_at, Assessment.submitted_at, Assessment.created_at)


def _with_names() -> Select[Assessment]:
    return select(Assessment).options(
        joinedload(Assessment.patient),
        joinedload(Assessment.facility),
        joinedload(Assessment.practitioner),
    )
