"""Assessments in a patient's timeline: confirmed ones, answers that wait, and what was a mistake."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, literal, select
from sqlalchemy.orm import aliased

from clinic.core.access import Actor
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.encounters.assessments import policy
from clinic.encounters.assessments.wording import kind_word, summary
from clinic.encounters.models import Assessment, AssessmentStatus
from clinic.encounters.models.assessment import TYPED_COLUMNS
from clinic.patients.timeline import Happened, Line, TimelineSource, register_source
from clinic.practitioners.models import Practitioner

KIND = "assessment"


def connect() -> None:
    """Let the timeline tell assessments."""
    register_source(
        TimelineSource(kind=KIND, label=_l("Assessments"), icon="leaf", order=40, select=_select, show=_show)
    )


def _select(actor: Actor, patient_id: int) -> Select[Any] | None:
    """Those this person may read, at the moment they were confirmed or sent in; drafts are no event."""
    if not policy.can_read_assessments(actor):
        return None
    later = aliased(Assessment)
    corrected = (
        select(later.id)
        .where(later.supersedes_id == Assessment.id, later.status == AssessmentStatus.CONFIRMED)
        .correlate(Assessment)
        .exists()
    )
    parts: list[Any] = []
    for name in ("kind", "status", *TYPED_COLUMNS):
        parts += [literal(name), getattr(Assessment, name)]
    parts += [literal("corrected"), corrected, literal("practitioner"), Practitioner.name]
    return (
        select(
            func.coalesce(Assessment.confirmed_at, Assessment.submitted_at).label("at"),
            Assessment.id.label("id"),
            func.jsonb_build_object(*parts).label("facts"),
        )
        .select_from(Assessment)
        .outerjoin(Practitioner, Practitioner.id == Assessment.practitioner_id)
        .where(
            Assessment.patient_id == patient_id,
            Assessment.status.in_(policy.WITH_THE_CLINIC),
            policy.assessments_in_sight(actor),
        )
    )


def _show(entry: Happened, _zone: str) -> Line:
    facts = entry.facts
    href = f"/assessments/{entry.id}"
    title = kind_word(facts["kind"])
    if facts["status"] == AssessmentStatus.SUBMITTED:
        return Line(
            title=_("Answers waiting: %(kind)s", kind=title),
            text=_("Sent in by the patient; nobody has confirmed them yet"),
            href=href,
            mark=_("Answers waiting"),
            tone="warn",
            icon="clipboard-list",
        )
    text = ", ".join(part for part in (summary(facts), facts["practitioner"] or "") if part)
    wrong = facts["status"] == AssessmentStatus.ENTERED_IN_ERROR
    mark = _("Entered in error") if wrong else _("Corrected since") if facts["corrected"] else _("Assessment")
    return Line(title=title, text=text, href=href, mark=mark, icon="leaf", struck=wrong or facts["corrected"])
