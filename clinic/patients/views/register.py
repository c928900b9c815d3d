"""Adding a patient and changing one."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

from flask import Response, request, url_for

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor, Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, fragment, go_to, page, say
from clinic.facilities.queries import facility_of, get_facility
from clinic.patients import service
from clinic.patients.conflicts import ConflictLine, conflict_lines, settle
from clinic.patients.forms import PatientForm
from clinic.patients.models import Allergy, Patient
from clinic.patients.queries import all_allergies, get_patient
from clinic.patients.service import Alike
from clinic.patients.views.blueprint import bp

DESK = (Role.RECEPTIONIST, Role.FACILITY_ADMIN, Role.PRACTITIONER, Role.THERAPIST)


@bp.route("/patients/new", methods=["GET", "POST"])
@allow(*DESK)
def new() -> Response:
    """Register a patient; whoever may already be there is shown before anything is saved."""
    actor = current_actor()
    form = PatientForm()
    if request.method == "GET":
        form.submission_key.data = str(uuid4())
        return page("patients/new.html", form=form, alike=Alike(), asked=False, tell=True)
    today = clock.today(facility_of(actor).zone)
    details = form.read(today=today)
    if details is None:
        return _refused(form, Alike(), today)
    alike = service.find_duplicates(actor, details)
    if not _seen(alike):
        _write_down(actor, alike)
        return _refused(form, alike, today, status=409)
    try:
        with unit_of_work():
            patient = service.register(
                actor,
                details,
                submission_key=form.submission_key.data,
                welcome=bool(request.form.get("tell")),
            )
            name, mrn, patient_id = patient.name, patient.mrn, patient.id
    except DomainError as error:
        form.refuse(error)
        return _refused(form, alike, today, status=error.status)
    say(_("%(name)s is registered as %(number)s.", name=name, number=mrn))
    if request.form.get("then") == "book":
        return go_to(url_for("scheduling.new", patient=patient_id))
    return go_to(url_for("patient_page.show", patient_id=patient_id))


@bp.post("/patients/new/alike")
@allow(*DESK)
def alike() -> Response:
    """While the form is filled in: who in the register is like this, or lives in the same household."""
    actor = current_actor()
    form = PatientForm()
    today = clock.today(facility_of(actor).zone)
    details = form.read(today=today)
    found = service.find_duplicates(actor, details) if details is not None else Alike()
    _write_down(actor, found)
    return fragment("patients/_alike.html", alike=found, form=form, asked=False, today=today)


@bp.route("/patients/<id:patient_id>/edit", methods=["GET", "POST"])
@allow(*DESK)
def edit(patient_id: int) -> Response:
    """Change a patient; what somebody else changed meanwhile is shown side by side."""
    actor = current_actor()
    patient = get_patient(actor, patient_id)
    today = clock.today(get_facility(patient.facility_id).zone)
    form = PatientForm()
    form.offer_kept_choices(patient)
    if request.method == "GET":
        form.fill(patient, _kept_allergies(patient), today=today)
        answer = page("patients/edit.html", form=form, patient=patient, conflict=None)
        audit.read(
            actor,
            "patient.viewed",
            subject_type="patient",
            subject_id=patient.id,
            patient_id=patient.id,
            facility_id=patient.facility_id,
            detail={"page": "edit"},
        )
        return answer
    settle(form, patient, request.form, today=today)
    details = form.read(today=today, patient=patient)
    if details is None:
        return _not_saved(form, patient, 422)
    try:
        with unit_of_work():
            service.update(actor, patient_id, details, expected_version=_version(form))
    except service.ChangedMeanwhile as meanwhile:
        form.version.data = str(meanwhile.version)
        return _not_saved(form, patient, 409, by=meanwhile.by, lines=conflict_lines(meanwhile.differences))
    except DomainError as error:
        form.refuse(error)
        return _not_saved(form, patient, error.status)
    say(_("Saved."))
    return go_to(url_for("patient_page.details", patient_id=patient_id))


def _write_down(actor: Actor, alike: Alike) -> None:
    """Whose records were shown beside the form."""
    ids = [*(found.patient.id for found in alike.likely), *(row.id for row in alike.household)]
    if ids:
        audit.read(actor, "patient.found", subject_type="patient", detail={"ids": ids})


def _refused(form: PatientForm, alike: Alike, today: date, *, status: int = 422) -> Response:
    tell = bool(request.form.get("tell"))
    values = {"form": form, "alike": alike, "asked": True, "today": today, "tell": tell}
    return page("patients/new.html", "patients/_new_form.html", status, **values)


def _not_saved(
    form: PatientForm, patient: Patient, status: int, *, by: str = "", lines: tuple[ConflictLine, ...] = ()
) -> Response:
    conflict = {"by": by, "lines": lines} if lines else None
    return page(
        "patients/edit.html",
        "patients/_edit_form.html",
        status,
        form=form,
        patient=patient,
        conflict=conflict,
    )


def _seen(alike: Alike) -> bool:
    """Whether everybody likely to be the same person was shown before, and the answer was to go on."""
    shown = set(request.form.getlist("shown")) if request.form.get("anyway") else set()
    return all(str(found.patient.id) in shown for found in alike.likely)


def _version(form: PatientForm) -> int:
    text = form.version.data or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _kept_allergies(patient: Patient) -> list[Allergy]:
    return [row for row in all_allergies(patient.id) if row.status == "active"]
