"""Opening a record in an emergency: asking for it, reading it, ending that."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, current_app, g, request, url_for

from clinic.audit import service as audit
from clinic.config import Settings
from clinic.core import clock
from clinic.core.access import EMERGENCY, Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, go_to, is_timed_refresh, page, say
from clinic.desk.emergency_reading import emergency_page, parts_of
from clinic.patients.emergency_forms import URGENCIES, EmergencyForm
from clinic.patients.queries import get_patient
from clinic.patients.queries.emergency import get_open, open_records
from clinic.patients.service.emergency import Opened, Refused, end, open_record

emergency_bp = Blueprint("emergency", __name__)


@emergency_bp.route("/emergency", methods=["GET", "POST"])
@allow(Role.PRACTITIONER, Role.THERAPIST, Role.ADMIN)
def ask() -> Response:
    """Ask for one patient's record, with the reason."""
    form = EmergencyForm()
    status = 200
    if form.validate_on_submit():
        try:
            return _open(form)
        except DomainError as error:
            form.refuse(error)
            status = error.status
    elif form.is_submitted():
        status = 422
    settings: Settings = current_app.extensions["settings"]
    return page("desk/emergency_ask.html", None, status, form=form, minutes=settings.emergency_minutes)


def _open(form: EmergencyForm) -> Response:
    actor = current_actor()
    settings: Settings = current_app.extensions["settings"]
    with unit_of_work():
        opened = open_record(
            actor,
            number=form.number.data or "",
            name=form.name.data or "",
            urgency=form.urgency.data or "",
            reason=form.reason.data or "",
            minutes=settings.emergency_minutes,
        )
        if isinstance(opened, Opened):
            patient_id, granted = opened.patient.id, opened.access is not None
    if isinstance(opened, Refused):
        raise opened.error
    if not granted:
        say(_("You see this patient anyway; nothing was opened in an emergency."))
        return go_to(url_for("patient_page.show", patient_id=patient_id))
    return go_to(url_for("emergency.show", patient_id=patient_id))


@emergency_bp.get("/emergency/<id:patient_id>")
@allow(Role.PRACTITIONER, Role.THERAPIST, Role.ADMIN)
def show(patient_id: int) -> Response:
    """What matters of the record, to read."""
    actor = current_actor()
    access = get_open(actor, patient_id)
    patient = get_patient(actor, patient_id)
    shown = emergency_page(actor, patient)
    answer = page(
        "desk/emergency.html",
        patient=patient,
        access=access,
        shown=shown,
        zone=patient.facility.zone,
        today=clock.today(patient.facility.zone),
        urgency=URGENCIES,
        opens_pages=actor.has(Role.PRACTITIONER, Role.THERAPIST),
    )
    if not is_timed_refresh():
        audit.read(
            actor,
            "emergency.read",
            subject_type="emergency_access",
            subject_id=access.id,
            patient_id=patient.id,
            facility_id=patient.facility_id,
            detail=parts_of(shown),
        )
    return answer


@emergency_bp.post("/emergency/<id:patient_id>/end")
@allow(Role.PRACTITIONER, Role.THERAPIST, Role.ADMIN)
def end_now(patient_id: int) -> Response:
    """End it before its time."""
    with unit_of_work():
        end(current_actor(), patient_id)
    say(_("The emergency access has ended."))
    return go_to(url_for("emergency.ask"))


def init_emergency_banner(app: Flask) -> None:
    """Give every page of the staff what it shows while a record is open in an emergency."""

    @app.context_processor
    def banner() -> dict[str, Any]:
        person = g.get("person")
        if person is None or not person.emergencies or not person.has(*EMERGENCY):
            return {}
        if request.endpoint == "emergency.end_now":
            return {}
        return {"open_emergencies": _Lazy(person)}


class _Lazy:
    """Records open in an emergency, looked up only by a page that shows them."""

    def __init__(self, person: Any) -> None:
        self._person = person

    def __iter__(self) -> Any:
        return iter(open_records(self._person))
