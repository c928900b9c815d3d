"""The desk's side of an intake: sending the link, taking it back, looking over what came in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Response, request, url_for

from clinic.core import clock
from clinic.core.access import allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, go_to, page, say
from clinic.facilities.queries import get_facility
from clinic.patients import service
from clinic.patients.births import write_birth
from clinic.patients.body import index_text
from clinic.patients.conflicts import field_label, worded
from clinic.patients.intake import Answers, entered, entered_allergies, entered_medicines, says_none_known
from clinic.patients.intake_checks import entered_insurance, entered_measures
from clinic.patients.models import IntakeLink, Patient
from clinic.patients.queries import IntakeState, active_allergies, get_patient, intake_of, sections_of
from clinic.patients.queries.said import said_of
from clinic.patients.views.blueprint import bp
from clinic.patients.views.register import DESK


@dataclass(frozen=True, kw_only=True)
class ReviewLine:
    """One answer beside what is kept. ``take`` is what is chosen before anybody has said otherwise."""

    field: str
    label: str
    kept: str
    entered: str
    take: bool
    wrong: str = ""


@bp.post("/patients/<id:patient_id>/intake-link")
@allow(*DESK)
def send_link(patient_id: int) -> Response:
    """Send the patient a link to the intake form."""
    try:
        with unit_of_work():
            service.send_intake_link(current_actor(), patient_id)
    except NotFound:
        raise
    except DomainError as error:
        say(error.message, "danger")
    else:
        say(_("The link is on its way. It stays open for 7 days."))
    return go_to(url_for("patient_page.show", patient_id=patient_id))


@bp.post("/patients/<id:patient_id>/intake-link/revoke")
@allow(*DESK)
def revoke_link(patient_id: int) -> Response:
    """Take an open link back."""
    with unit_of_work():
        ended = service.revoke_intake_link(current_actor(), patient_id)
    say(_("The link no longer opens anything.") if ended else _("There was no open link."))
    return go_to(url_for("patient_page.show", patient_id=patient_id))


@bp.route("/patients/<id:patient_id>/intake", methods=["GET", "POST"])
@allow(*DESK)
def review(patient_id: int) -> Response:
    """What came in beside what is kept; what is chosen is taken over."""
    actor = current_actor()
    patient = get_patient(actor, patient_id)
    link, state = intake_of(patient.id)
    if link is None or state is not IntakeState.SUBMITTED:
        say(_("There is no intake to look over."), "warn")
        return go_to(url_for("patient_page.show", patient_id=patient_id))
    if request.method == "GET":
        return _review_page(patient, link)
    try:
        with unit_of_work():
            service.review_intake(
                actor,
                patient_id,
                link.id,
                take={name for name in request.form if request.form[name] == "take"},
                allergies=_chosen_lines("allergy"),
                medicines=_chosen_lines("medicine"),
                measures=bool(request.form.get("measures")),
                insurance=bool(request.form.get("insurance")),
                none_known=bool(request.form.get("none_known")),
            )
    except DomainError as error:
        return _review_page(patient, link, error=error)
    say(_("Taken over."))
    return go_to(url_for("patient_page.details", patient_id=patient_id))


def _review_page(patient: Patient, link: IntakeLink, *, error: DomainError | None = None) -> Response:
    answers = {name: row.answers for name, row in sections_of(link.id).items()}
    zone = get_facility(patient.facility_id).zone
    known = {allergy.substance.casefold() for allergy in active_allergies(patient.id)}
    lines = entered_allergies(answers)
    return page(
        "patients/review.html",
        "patients/_review_form.html",
        error.status if error else 200,
        patient=patient,
        link=link,
        zone=zone,
        lines=_lines(patient, entered(answers), zone),
        allergies=[(number, line, line.substance.casefold() in known) for number, line in enumerate(lines)],
        none_known=says_none_known(answers) and not known,
        **_said(patient, answers),
        error=error,
        today=clock.today(zone),
    )


def _lines(patient: Patient, answers: dict[str, str], zone: str) -> list[ReviewLine]:
    """Each answer that says something else than what is kept; empty fields are filled unless somebody
    objects.
    """
    wrong = {fault.field: fault.message for fault in service.faults_of(answers, patient, zone=zone)}
    lines = []
    for field, text in answers.items():
        kept = getattr(patient, field)
        if field == "birth_date":
            shown = write_birth(patient.birth_date, patient.birth_precision)
        elif field == "sex" and kept == "unknown":
            shown = ""
        else:
            shown = worded(field, kept)
        new = text if field == "birth_date" else worded(field, text)
        if shown == new:
            continue
        chosen = request.form.get(field)
        take = chosen == "take" if chosen else not shown
        lines.append(
            ReviewLine(
                field=field,
                label=field_label(field),
                kept=shown,
                entered=new,
                take=take and field not in wrong,
                wrong=wrong.get(field, ""),
            )
        )
    return lines


def _said(patient: Patient, answers: Answers) -> dict[str, Any]:
    """What came in of medicines, body and insurer, each medicine with whether it is on the list already."""
    said = said_of(patient.id)
    taken = {row.name.casefold() for row in said.medicines}
    height, weight = entered_measures(answers)
    return {
        "medicines": [
            (number, entry, entry.name.casefold() in taken)
            for number, entry in enumerate(entered_medicines(answers))
        ],
        "height": height,
        "weight": weight,
        "body_index": index_text(height, weight),
        "insurance": entered_insurance(answers),
        "kept_insurance": said.insurance,
    }


def _chosen_lines(name: str) -> set[int]:
    return {
        int(number)
        for number in request.form.getlist(name)
        if number.isascii() and number.isdigit() and len(number) < 3
    }
