"""The prakriti questions, one per screen, kept as one goes, sent in; and what the vaidya confirmed."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for

from clinic.audit import service as audit
from clinic.core.access import Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import Conflict, Invalid, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, go_to, page, say
from clinic.encounters.assessments import queries, service, shown, wording
from clinic.encounters.assessments.definitions import DOSHAS, Instrument, instrument
from clinic.encounters.assessments.plain_words import about
from clinic.encounters.models import Assessment, AssessmentKind
from clinic.portal.views.blueprint import bp, clinic
from clinic.portal.views.household import Household, choose, household


@bp.get("/prakriti")
@allow(Role.PATIENT)
def prakriti() -> Response:
    """Where the chosen member stands: nothing yet, on the way, with the clinic, or confirmed."""
    family = household()
    shared = queries.shared_with(family.chosen.id)
    found = queries.open_answers(family.chosen.id)
    confirmed = next((row for row in shared if row.kind == AssessmentKind.PRAKRITI), None)
    if shared:
        _looked(family, [row.id for row in shared])
    return _page(
        "portal/prakriti.html",
        family,
        open=found,
        questions=instrument(found.form_version) if found else instrument(),
        confirmed=confirmed,
        about=about(confirmed.result or "") if confirmed else None,
        others=[(row, wording.kind_word(row.kind)) for row in shared if row is not confirmed],
    )


@bp.post("/family/<id:patient_id>/prakriti")
@allow(Role.PATIENT)
def begin_prakriti(patient_id: int) -> Response:
    """Begin the questions for a member of the household, or go on with them."""
    patient = household().member(patient_id)
    choose(patient)
    try:
        with unit_of_work():
            begun = service.begin_answers(current_actor(), patient)
            answers, status, begun_id = dict(begun.patient_answers or {}), begun.status, begun.id
            questions = instrument(begun.form_version)
    except Invalid as error:
        say(error.message, "danger")
        return go_to(url_for("portal.prakriti"))
    if status == "submitted":
        return go_to(url_for("portal.prakriti"))
    return go_to(_first_open(begun_id, answers, questions))


@bp.route("/prakriti/<id:assessment_id>/<int:number>", methods=["GET", "POST"])
@allow(Role.PATIENT)
def prakriti_question(assessment_id: int, number: int) -> Response:
    """One question: what fits best, and perhaps what fits too."""
    family, found = _answers(assessment_id)
    questions = instrument(found.form_version)
    if found.status != "answering":
        return go_to(url_for("portal.prakriti"))
    if not 1 <= number <= len(questions.items):
        raise NotFound(_("There is no such question."))
    item = questions.items[number - 1]
    if request.method == "POST":
        try:
            with unit_of_work():
                service.save_answer(
                    current_actor(),
                    found,
                    item.code,
                    request.form.get("first", ""),
                    request.form.get("second", ""),
                )
        except Conflict as error:
            say(error.message, "warn")
            return go_to(url_for("portal.prakriti"))
        if request.form.get("then") == "check" or number == len(questions.items):
            return go_to(url_for("portal.check_prakriti", assessment_id=assessment_id))
        return go_to(url_for("portal.prakriti_question", assessment_id=assessment_id, number=number + 1))
    given = (found.patient_answers or {}).get(item.code) or []
    return _page(
        "portal/prakriti_question.html",
        family,
        row=found,
        item=item,
        number=number,
        count=len(questions.items),
        answered=len(found.patient_answers or {}),
        tendencies=[(dosha, item.tendencies[dosha].said) for dosha in DOSHAS],
        first=given[0] if given else "",
        second=given[1] if len(given) > 1 else "",
        checking=request.args.get("then") == "check",
    )


@bp.get("/prakriti/<id:assessment_id>/check")
@allow(Role.PATIENT)
def check_prakriti(assessment_id: int) -> Response:
    """All answers on one page, each with a way to change it, and the button that sends them in."""
    family, found = _answers(assessment_id)
    if found.status != "answering":
        return go_to(url_for("portal.prakriti"))
    return _check(family, found)


@bp.post("/prakriti/<id:assessment_id>/send")
@allow(Role.PATIENT)
def send_prakriti(assessment_id: int) -> Response:
    """Send the answers to the clinic."""
    family, found = _answers(assessment_id)
    choose(family.chosen)
    try:
        with unit_of_work():
            service.submit(current_actor(), found)
    except Invalid as error:
        return _check(family, found, problem=error.message)
    except Conflict as error:
        say(error.message, "warn")
    else:
        say(_("Sent. Thank you."))
    return go_to(url_for("portal.prakriti"))


@bp.post("/prakriti/<id:assessment_id>/back")
@allow(Role.PATIENT)
def take_prakriti_back(assessment_id: int) -> Response:
    """Have the answers back to change them, as long as nobody at the clinic has begun on them."""
    _family, found = _answers(assessment_id)
    try:
        with unit_of_work():
            service.take_back(current_actor(), found)
    except Conflict:
        say(
            _("The clinic is going through your answers already. Tell the vaidya what should change."), "warn"
        )
        return go_to(url_for("portal.prakriti"))
    return go_to(url_for("portal.check_prakriti", assessment_id=assessment_id))


@bp.get("/assessments/<id:assessment_id>")
@allow(Role.PATIENT)
def shared_assessment(assessment_id: int) -> Response:
    """An assessment that was shared with a member of the household, to read."""
    family = household()
    shared = queries.shared_with(*(member.id for member in family.patients))
    found = next((row for row in shared if row.id == assessment_id), None)
    if found is None:
        raise NotFound(_("There is no such assessment."))
    family = family.showing(family.member(found.patient_id))
    _looked(family, [found.id])
    return _page(
        "portal/assessment.html",
        family,
        row=found,
        title=wording.kind_word(found.kind),
        told=shown.told(found),
    )


def _answers(assessment_id: int) -> tuple[Household, Assessment]:
    """The questions of a member of the household, with that member in front. Raises NotFound."""
    family = household()
    found = queries.get_answers([patient.id for patient in family.patients], assessment_id)
    return family.showing(family.member(found.patient_id)), found


def _first_open(assessment_id: int, answers: dict[str, Any], questions: Instrument) -> str:
    for number, item in enumerate(questions.items, start=1):
        if item.code not in answers:
            return url_for("portal.prakriti_question", assessment_id=assessment_id, number=number)
    return url_for("portal.check_prakriti", assessment_id=assessment_id)


def _check(family: Household, found: Assessment, *, problem: str = "") -> Response:
    questions = instrument(found.form_version)
    answers = found.patient_answers or {}
    return _page(
        "portal/prakriti_check.html",
        family,
        422 if problem else 200,
        row=found,
        questions=questions,
        lines=[
            (number, item.short.said, wording.tendency_words(item, answers.get(item.code)))
            for number, item in enumerate(questions.items, start=1)
        ],
        answered=len(answers),
        problem=problem,
    )


def _looked(family: Household, ids: list[int]) -> None:
    audit.read(
        current_actor(),
        "assessment.viewed",
        subject_type="assessment",
        subject_id=ids[0],
        patient_id=family.chosen.id,
        facility_id=family.chosen.facility_id,
        detail={"page": "portal", "assessments": ids},
    )


def _page(template: str, family: Household, status: int = 200, **values: Any) -> Response:
    return page(template, None, status, family=family, patient=family.chosen, zone=clinic().zone, **values)
