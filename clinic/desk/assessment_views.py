"""A patient's assessments: what was found, what waits, what is begun, and two or more side by side."""

from __future__ import annotations

from flask import Response, request

from clinic.core.access import Role, allow
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, read_id
from clinic.desk.patient_views import patient_bp, patient_tab
from clinic.encounters.assessments import comparing, policy, queries
from clinic.encounters.assessments.panel import in_one_line
from clinic.encounters.assessments.wording import kind_gloss, kind_word
from clinic.encounters.models import AssessmentKind
from clinic.patients.queries import get_patient


@patient_bp.get("/patients/<id:patient_id>/assessments")
@allow(Role.PRACTITIONER)
def assessments(patient_id: int) -> Response:
    """All that the reader may read, the newest of each kind first, with the pictures they make together."""
    actor = current_actor()
    patient = get_patient(actor, patient_id)
    found = queries.assessments_of(actor, patient_id)
    corrected = {row.supersedes_id for row in found if row.status == "confirmed"}
    return patient_tab(
        actor,
        patient,
        "assessments",
        waiting=[row for row in found if row.status == "submitted"],
        drafts=[row for row in found if row.status == "draft"],
        groups=[
            (kind.value, rows)
            for kind in AssessmentKind
            if (rows := [row for row in found if row.kind == kind and row.confirmed_at])
        ],
        set_aside=[row for row in found if row.status == "entered_in_error" and not row.confirmed_at],
        corrected=corrected,
        beside=comparing.beside(found),
        points=comparing.severities(found),
        kinds=[(kind.value, kind_word(kind), kind_gloss(kind)) for kind in AssessmentKind],
        kind_word=kind_word,
        in_one_line=in_one_line,
        writes=policy.can_assess(actor, patient),
    )


@patient_bp.get("/patients/<id:patient_id>/assessments/new")
@allow(Role.PRACTITIONER)
def new_assessment(patient_id: int) -> Response:
    """What can be assessed, each with a button that begins it."""
    actor = current_actor()
    patient = get_patient(actor, patient_id)
    chosen = request.args.get("kind", "")
    kinds = [(kind.value, kind_word(kind), kind_gloss(kind)) for kind in AssessmentKind]
    return patient_tab(
        actor,
        patient,
        "assessments",
        begins=sorted(kinds, key=lambda one: one[0] != chosen),
        chosen=chosen,
        visit=request.args.get("visit", ""),
    )


@patient_bp.get("/patients/<id:patient_id>/assessments/compare")
@allow(Role.PRACTITIONER)
def compare_assessments(patient_id: int) -> Response:
    """Those of one kind that hold side by side, the oldest first: the chosen ones, or the latest."""
    actor = current_actor()
    patient = get_patient(actor, patient_id)
    kind = request.args.get("kind", "")
    if kind not in set(AssessmentKind):
        raise NotFound(_("There is no such kind of assessment."))
    held = comparing.holding(queries.assessments_of(actor, patient_id, kind=kind))
    asked = {read_id(text) for text in request.args.getlist("id")}
    chosen = [row for row in held if row.id in asked] or held
    return patient_tab(
        actor,
        patient,
        "assessments",
        comparing=kind_word(kind),
        kind=kind,
        held=held,
        chosen=chosen[-comparing.MOST_SIDE_BY_SIDE :],
        rows=comparing.compare(chosen[-comparing.MOST_SIDE_BY_SIDE :]),
        points=comparing.severities(chosen) if kind == AssessmentKind.VIKRITI else [],
    )
