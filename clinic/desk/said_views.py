"""The health profile, and what is written down of height, weight and insurer."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, url_for

from clinic.core.access import allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, NotFound
from clinic.core.forms import Form
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, go_to, say
from clinic.desk.health_page import show_health
from clinic.desk.patient_views import STAFF_OF_PATIENTS, patient_bp
from clinic.patients.body import parse_height, parse_weight
from clinic.patients.intake import InsuranceEntry
from clinic.patients.intake_checks import parse_until
from clinic.patients.queries import get_patient
from clinic.patients.said_forms import InsurerForm, MeasuresForm
from clinic.patients.service.said import set_insurance, set_measures


@patient_bp.get("/patients/<id:patient_id>/health")
@allow(*STAFF_OF_PATIENTS)
def health(patient_id: int) -> Response:
    """The health profile: what is known, with who said it and when, and the forms to change it."""
    return show_health(patient_id)


@patient_bp.post("/patients/<id:patient_id>/measures")
@allow(*STAFF_OF_PATIENTS)
def measures(patient_id: int) -> Response:
    """Write down height and weight of today."""
    get_patient(current_actor(), patient_id)
    form = MeasuresForm()

    def keep() -> bool:
        height = parse_height(form.height.data) if form.height.data else None
        weight = parse_weight(form.weight.data) if form.weight.data else None
        return set_measures(current_actor(), patient_id, height_cm=height, weight_kg=weight)

    return _change(patient_id, form, keep, measures_form=form)


@patient_bp.post("/patients/<id:patient_id>/insurance")
@allow(*STAFF_OF_PATIENTS)
def insurance(patient_id: int) -> Response:
    """Write down who insures the patient; without an insurer, nobody does."""
    get_patient(current_actor(), patient_id)
    form = InsurerForm()

    def keep() -> bool:
        until = parse_until(form.insured_until.data) if form.insured_until.data else None
        number = form.policy_number.data or ""
        entry = InsuranceEntry(insurer=form.insurer.data or "", policy_number=number, valid_until=until)
        nothing = not (entry.insurer or number or until)
        return set_insurance(current_actor(), patient_id, None if nothing else entry)

    return _change(patient_id, form, keep, insurer_form=form)


def _change(patient_id: int, form: Form, keep: Callable[[], bool], **forms: Form) -> Response:
    if not form.validate():
        return show_health(patient_id, 422, **forms)
    try:
        with unit_of_work():
            changed = keep()
    except NotFound:
        raise
    except DomainError as error:
        form.refuse(error)
        return show_health(patient_id, error.status, **forms)
    say(_("Saved.") if changed else _("That is written down already."))
    return go_to(url_for("patient_page.health", patient_id=patient_id))
