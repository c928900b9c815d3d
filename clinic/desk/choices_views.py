"""What a patient wants to hear, as the front desk sees it and sets it at the patient's word."""

from __future__ import annotations

from flask import Response, request, url_for

from clinic.audit import service as audit
from clinic.core.access import FRONT_DESK, Actor, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError
from clinic.core.i18n import LOCALES
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, go_to, page, say
from clinic.desk.patient_views import patient_bp
from clinic.notifications import choosing, preferences
from clinic.patients.models import Patient
from clinic.patients.queries import get_patient, get_patient_for_change


@patient_bp.get("/patients/<id:patient_id>/choices")
@allow(*FRONT_DESK)
def choices(patient_id: int) -> Response:
    """The page."""
    actor = current_actor()
    return _page(actor, get_patient(actor, patient_id))


@patient_bp.post("/patients/<id:patient_id>/choices")
@allow(*FRONT_DESK)
def save_choices(patient_id: int) -> Response:
    """Keep what was ticked."""
    actor = current_actor()
    patient = get_patient(actor, patient_id)
    locale = request.form.get("locale", "")
    try:
        quiet = choosing.read_quiet(request.form.get("quiet_from", ""), request.form.get("quiet_to", ""))
        with unit_of_work():
            changed = choosing.save([patient.id], ticked=set(request.form.getlist("want")), quiet=quiet)
            if locale in LOCALES and patient.locale != locale:
                get_patient_for_change(actor, patient.id).locale = locale
            audit.record(
                actor,
                "preferences.changed",
                subject_type="patient",
                subject_id=patient.id,
                patient_id=patient.id,
                facility_id=patient.facility_id,
                detail={"changed": changed[patient.id], "quiet": quiet is not None},
            )
    except DomainError as error:
        return _page(actor, patient, refused=error)
    say(_("The patient's choices are kept."))
    return go_to(url_for("patient_page.choices", patient_id=patient.id))


def _page(actor: Actor, patient: Patient, *, refused: DomainError | None = None) -> Response:
    chosen = dict(preferences.choices_of("patient", patient.id))
    if refused is not None:
        chosen |= choosing.changes(set(request.form.getlist("want")), chosen)
    hours = preferences.quiet_hours_of("patient", patient.id)
    typed = request.form if refused is not None else {}
    audit.read(
        actor,
        "patient.viewed",
        subject_type="patient",
        subject_id=patient.id,
        patient_id=patient.id,
        facility_id=patient.facility_id,
        detail={"page": "choices"},
    )
    return page(
        "desk/choices.html",
        status=refused.status if refused else 200,
        refused=refused,
        patient=patient,
        groups=choosing.groups(chosen),
        channels=choosing.CHANNEL_NAMES,
        tells_of_changes=choosing.tells_of_changes(chosen),
        quiet_from=typed.get("quiet_from", f"{hours[0]:%H:%M}" if hours else ""),
        quiet_to=typed.get("quiet_to", f"{hours[1]:%H:%M}" if hours else ""),
        stopped=bool(patient.mobile and preferences.has_stopped(patient.mobile)),
        locales=LOCALES,
        locale=typed.get("locale", patient.locale),
    )
