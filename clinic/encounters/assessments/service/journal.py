"""The audit row of every change, and what can go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clinic.audit.service import record
from clinic.core.access import Actor
from clinic.core.db import constraint_means
from clinic.core.errors import Conflict, Invalid
from clinic.core.i18n import gettext as _
from clinic.encounters.models import Assessment


class AssessmentLocked(Conflict):
    """The assessment is confirmed: it can only be corrected by a new one."""

    code = "assessment_locked"

    def __init__(self) -> None:
        super().__init__(
            _("This assessment is confirmed and can no longer change. Correct it with a new one.")
        )


class Moved(Conflict):
    """Somebody else changed it meanwhile."""

    code = "assessment_moved"

    def __init__(self) -> None:
        super().__init__(_("This changed in the meantime. Look at it once more."))


class NotReady(Invalid):
    """An assessment cannot be confirmed yet. ``problems`` maps field codes to words."""

    code = "not_ready"

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(problems.get("") or _("This cannot be confirmed yet. Look at what is marked."))
        self.problems = dict(problems)


constraint_means("assessments_confirmed_locked", AssessmentLocked)
constraint_means("assessments_answers_locked", Moved)
constraint_means("uq_assessments_supersedes", Moved)
constraint_means("uq_assessments_draft", Moved)
constraint_means("uq_assessments_open_answers", Moved)


def log(actor: Actor, action: str, assessment: Assessment, **detail: Any) -> None:
    """Write down what was done to an assessment: its kind, ids and versions, never what it says."""
    record(
        actor,
        action,
        subject_type="assessment",
        subject_id=assessment.id,
        patient_id=assessment.patient_id,
        facility_id=assessment.facility_id,
        detail={"kind": assessment.kind, **detail},
    )
