"""One assessment: begun, written, confirmed, read, corrected."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, jsonify, request, url_for

from clinic.audit import service as audit
from clinic.core.access import Actor, Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import Conflict, DomainError, Invalid, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_time
from clinic.core.limits import limiter
from clinic.core.web import current_actor, fragment, go_to, page, read_id, say
from clinic.encounters.assessments import queries, service, shown
from clinic.encounters.assessments.typed import Content, read_typed
from clinic.encounters.models import Assessment
from clinic.encounters.queries import get_visit
from clinic.encounters.views.blueprint import bp
from clinic.patients.queries import get_patient

FOLDER = "encounters/assessments"


@bp.post("/patients/<id:patient_id>/assessments")
@allow(Role.PRACTITIONER)
def begin_assessment(patient_id: int) -> Response:
    """Begin an assessment of a kind, or go on with one's draft of it."""
    actor = current_actor()
    patient = get_patient(actor, patient_id)
    reference = request.form.get("visit", "")
    try:
        visit = get_visit(actor, reference) if reference else None
        with unit_of_work():
            begun = service.begin(actor, patient, request.form.get("kind", ""), visit).id
    except Invalid as error:
        say(error.message, "danger")
        return go_to(url_for("patient_page.new_assessment", patient_id=patient_id))
    return go_to(url_for("encounters.assessment", assessment_id=begun))


@bp.get("/assessments/<id:assessment_id>")
@allow(Role.PRACTITIONER)
def assessment(assessment_id: int) -> Response:
    """An assessment: a form while it is open, a page to read once it is confirmed."""
    actor = current_actor()
    found = load_assessment(actor, assessment_id)
    audit.read(
        actor,
        "assessment.viewed",
        subject_type="assessment",
        subject_id=found.id,
        patient_id=found.patient_id,
        facility_id=found.facility_id,
        detail={"kind": found.kind},
    )
    return _render(actor, found)


@bp.post("/assessments/<id:assessment_id>")
@allow(Role.PRACTITIONER)
def save_assessment(assessment_id: int) -> Response:
    """Save without scripts, and come back to the page."""
    actor = current_actor()
    found = load_assessment(actor, assessment_id)
    try:
        with unit_of_work():
            saved = service.save(actor, found, _typed(), version=_version())
    except Invalid as error:
        return _refused(actor, assessment_id, {error.field or "": error.message})
    if not saved.late:
        say(_("Saved."))
    return _back(assessment_id)


@bp.post("/assessments/<id:assessment_id>/draft")
@allow(Role.PRACTITIONER)
@limiter.exempt
def draft_assessment(assessment_id: int) -> Response:
    """Save while somebody writes: JSON with the new version and the time, or both versions when another tab
    was first.
    """
    actor = current_actor()
    found = load_assessment(actor, assessment_id)
    with unit_of_work():
        saved = service.save(actor, found, _typed(), version=_version())
    found = queries.get_assessment(actor, assessment_id, fresh=True)
    if saved.late:
        return fragment(f"{FOLDER}/_conflict.html", 409, view=shown.page_of(actor, found))
    return jsonify(version=found.version, saved_at=show_time(found.saved_at, found.facility.zone))


@bp.get("/assessments/<id:assessment_id>/state")
@allow(Role.PRACTITIONER)
def assessment_state(assessment_id: int) -> Response:
    """What the answers come to so far and what is missing, after a save."""
    actor = current_actor()
    found = load_assessment(actor, assessment_id)
    return fragment(f"{FOLDER}/_state.html", view=shown.page_of(actor, found), zone=found.facility.zone)


@bp.post("/assessments/<id:assessment_id>/settle")
@allow(Role.PRACTITIONER)
def settle_assessment(assessment_id: int) -> Response:
    """Choose between the saved version and what another tab typed."""
    keep_other = request.form.get("keep") == "other"
    return _do(
        assessment_id, _("Chosen."), lambda actor, found: service.settle(actor, found, keep_other=keep_other)
    )


@bp.post("/assessments/<id:assessment_id>/confirm")
@allow(Role.PRACTITIONER)
def confirm_assessment(assessment_id: int) -> Response:
    """Keep what was typed, then confirm it; what is missing comes back beside its field."""
    actor = current_actor()
    found = load_assessment(actor, assessment_id)
    try:
        with unit_of_work():
            saved = service.save(actor, found, _typed(), version=_version())
        if saved.late:
            return _back(assessment_id)
        with unit_of_work():
            found = queries.get_assessment(actor, assessment_id, fresh=True)
            service.confirm(actor, found, version=saved.version, share=bool(request.form.get("share")))
    except service.NotReady as error:
        return _refused(actor, assessment_id, error.problems)
    except Invalid as error:
        return _refused(actor, assessment_id, {error.field or "": error.message})
    except Conflict as error:
        say(error.message, "warn")
        return _back(assessment_id)
    say(_("Confirmed."))
    return _back(assessment_id)


@bp.post("/assessments/<id:assessment_id>/correct")
@allow(Role.PRACTITIONER)
def correct_assessment(assessment_id: int) -> Response:
    """Begin the version that takes this one's place."""
    actor = current_actor()
    found = load_assessment(actor, assessment_id)
    try:
        with unit_of_work():
            newer = service.correct(actor, found).id
    except Conflict as error:
        say(error.message, "warn")
        return _back(assessment_id)
    return go_to(url_for("encounters.assessment", assessment_id=newer))


@bp.post("/assessments/<id:assessment_id>/error")
@allow(Role.PRACTITIONER)
def assessment_in_error(assessment_id: int) -> Response:
    """Say that it is a mistake: a confirmed one is struck, a patient's answers are put aside."""
    actor = current_actor()
    found = load_assessment(actor, assessment_id)
    reason = request.form.get("reason", "")
    try:
        with unit_of_work():
            if found.status == "submitted":
                service.set_aside(actor, found, reason)
            else:
                service.enter_in_error(actor, found, reason)
    except Invalid as error:
        found = queries.get_assessment(actor, assessment_id, fresh=True)
        return _render(actor, found, status=422, error_problem=error.message, error_reason=reason)
    except Conflict as error:
        say(error.message, "warn")
        return _back(assessment_id)
    say(_("Marked as entered in error."))
    return _back(assessment_id)


@bp.post("/assessments/<id:assessment_id>/share")
@allow(Role.PRACTITIONER)
def share_assessment(assessment_id: int) -> Response:
    """Let the patient read it, or no longer."""
    if request.form.get("share") == "yes":
        return _do(assessment_id, _("The patient can read this now."), service.share)
    return _do(assessment_id, _("The patient can no longer read this."), service.stop_sharing)


@bp.post("/assessments/<id:assessment_id>/discard")
@allow(Role.PRACTITIONER)
def discard_assessment(assessment_id: int) -> Response:
    """Throw one's draft away."""
    actor = current_actor()
    found = load_assessment(actor, assessment_id)
    patient_id = found.patient_id
    with unit_of_work():
        service.discard(actor, found)
    say(_("The draft is gone."))
    return go_to(url_for("patient_page.assessments", patient_id=patient_id))


def load_assessment(actor: Actor, assessment_id: int) -> Assessment:
    """The assessment, or NotFound with an audit row: one that is not there and one that is not theirs look
    the same.
    """
    try:
        return queries.get_assessment(actor, assessment_id)
    except NotFound:
        audit.read(
            actor,
            "assessment.viewed",
            subject_type="assessment",
            subject_id=assessment_id,
            outcome="refused",
        )
        raise


def _render(
    actor: Actor,
    found: Assessment,
    *,
    problems: dict[str, str] | None = None,
    content: Content | None = None,
    status: int = 200,
    error_problem: str = "",
    error_reason: str = "",
) -> Response:
    view = shown.page_of(actor, found, problems, content)
    return page(
        f"{FOLDER}/{'write' if view.can_write else 'read'}.html",
        None,
        status,
        view=view,
        row=found,
        patient=found.patient,
        zone=found.facility.zone,
        told=shown.told(found),
        second_choices=shown.second_choices(),
        error_problem=error_problem,
        error_reason=error_reason,
    )


def _refused(actor: Actor, assessment_id: int, problems: dict[str, str]) -> Response:
    """The form again with what is wrong beside its field; what is too long to keep comes back as typed."""
    found = queries.get_assessment(actor, assessment_id, fresh=True)
    try:
        content = read_typed(found, _typed())
    except Invalid:
        content = None
    return _render(actor, found, problems=problems, content=content, status=422)


def _do(assessment_id: int, done: str, work: Callable[[Actor, Assessment], None]) -> Response:
    actor = current_actor()
    found = load_assessment(actor, assessment_id)
    try:
        with unit_of_work():
            work(actor, found)
    except DomainError as error:
        if not isinstance(error, Conflict | Invalid):
            raise
        say(error.message, "warn")
    else:
        say(done)
    return _back(assessment_id)


def _back(assessment_id: int) -> Response:
    return go_to(url_for("encounters.assessment", assessment_id=assessment_id))


def _typed() -> dict[str, list[str]]:
    return request.form.to_dict(flat=False)


def _version() -> int:
    return read_id(request.form.get("version")) or 0
