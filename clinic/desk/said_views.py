"""What a patient takes, who insures them, how tall and heavy they are: shown, and changed by the staff."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, url_for

from clinic.core import clock
from clinic.core.access import allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, NotFound
from clinic.core.forms import Form
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, go_to, say
from clinic.desk.patient_views import STAFF_OF_PATIENTS, patient_bp, patient_tab
from clinic.facilities.queries import get_facility
from clinic.patients.births import write_birth
from clinic.patients.body import index_text, parse_height, parse_weight
from clinic.patients.display import years_between
from clinic.patients.intake import InsuranceEntry, MedicineEntry
from clinic.patients.intake_checks import parse_until
from clinic.patients.models import BirthPrecision, Patient
from clinic.patients.queries import get_patient
from clinic.patients.queries.said import Said, said_of
from clinic.patients.said_forms import InsurerForm, MeasuresForm, MedicineForm
from clinic.patients.service.said import add_medicine, end_medicine, set_insurance, set_measures


@patient_bp.get("/patients/<id:patient_id>/health")
@allow(*STAFF_OF_PATIENTS)
def health(patient_id: int) -> Response:
    """What was said, with who said it and when, and the forms to change it."""
    return _show(patient_id)


@patient_bp.post("/patients/<id:patient_id>/medicines")
@allow(*STAFF_OF_PATIENTS)
def medicine(patient_id: int) -> Response:
    """Write down one more medicine."""
    get_patient(current_actor(), patient_id)
    form = MedicineForm()
    entry = MedicineEntry(
        name=form.medicine.data or "", dose=form.dose.data or None, often=form.often.data or None
    )
    return _change(
        patient_id,
        form,
        lambda: add_medicine(current_actor(), patient_id, entry),
        medicine_form=form,
    )


@patient_bp.post("/patients/<id:patient_id>/medicines/<id:medication_id>/end")
@allow(*STAFF_OF_PATIENTS)
def no_medicine(patient_id: int, medication_id: int) -> Response:
    """A medicine is no longer taken."""
    try:
        with unit_of_work():
            end_medicine(current_actor(), patient_id, medication_id)
    except NotFound:
        raise
    except DomainError as error:
        say(error.message, "warn")
    else:
        say(_("It is off the list; the record keeps it."))
    return go_to(url_for("patient_page.health", patient_id=patient_id))


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
        return _show(patient_id, 422, **forms)
    try:
        with unit_of_work():
            changed = keep()
    except NotFound:
        raise
    except DomainError as error:
        form.refuse(error)
        return _show(patient_id, error.status, **forms)
    say(_("Saved.") if changed else _("That is written down already."))
    return go_to(url_for("patient_page.health", patient_id=patient_id))


def _show(patient_id: int, status: int = 200, **forms: Form) -> Response:
    actor = current_actor()
    patient = get_patient(actor, patient_id)
    said = said_of(patient.id)
    filled: dict[str, Form] = {
        "medicine_form": MedicineForm(formdata=None),
        "measures_form": MeasuresForm(formdata=None),
        "insurer_form": _insurer_form(said),
        **forms,
    }
    measured = said.measured
    values: dict[str, Any] = {
        "said": said,
        "body_index": index_text(measured.height_cm, measured.weight_kg, years=_years(patient)),
        "errors": bool(forms),
        **filled,
    }
    return patient_tab(actor, patient, "health", status=status, **values)


def _insurer_form(said: Said) -> InsurerForm:
    form = InsurerForm(formdata=None)
    if said.insurance is not None:
        form.insurer.data = said.insurance.insurer
        form.policy_number.data = said.insurance.policy_number
        form.insured_until.data = write_birth(said.insurance.valid_until, BirthPrecision.DAY)
    return form


def _years(patient: Patient) -> int | None:
    if patient.birth_date is None:
        return None
    return years_between(patient.birth_date, clock.today(get_facility(patient.facility_id).zone))
