"""Joining the waitlist at the desk, and changing what is waited for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, request, url_for

from clinic.core.access import Actor, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, go_to, page, say
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.patients.queries import get_patient
from clinic.scheduling import queries, waitlist_words
from clinic.scheduling.models import Service, WaitlistEntry
from clinic.scheduling.queries.waitlist import could_keep, get_entry, open_entry, wanted_practitioners
from clinic.scheduling.service import waitlist as service
from clinic.scheduling.views.blueprint import STAFF_ROLES, bp, here
from clinic.scheduling.views.reading import read_id
from clinic.scheduling.waitlist_forms import Around, WaitlistForm, begin, offer_choices, show_entry


@bp.route("/waitlist/new", methods=["GET", "POST"])
@allow(*STAFF_ROLES)
def wait() -> Response:
    """Put a patient on the list: the service first, then what would suit."""
    actor = current_actor()
    facility = here(actor)
    patient_id = read_id(request.args.get("patient"))
    if patient_id is None:
        say(_("Open the patient first, then add them to the waitlist."), "warn")
        return go_to(url_for("patients.index"))
    patient = get_patient(actor, patient_id)
    wanted = _service(facility)
    if wanted is None:
        return page(
            "scheduling/waitlist_service.html", patient=patient, services=queries.services(facility.id)
        )
    there = open_entry(patient.id, wanted.id, facility.id)
    if there is not None and request.method == "GET":
        say(_("%(name)s waits for this already.", name=patient.name), "warn")
        return go_to(url_for("scheduling.waitlist_entry", entry_id=there.id))
    form = WaitlistForm()
    around = around_of(facility, wanted, patient)
    offer_choices(form, around)
    if not form.is_submitted():
        kept = read_id(request.args.get("appointment"))
        begin(
            form,
            around,
            practitioner_id=read_id(request.args.get("practitioner")),
            kept=next((visit for visit in around.keepable if visit.id == kept), None),
        )

    def keep() -> int:
        return service.join(
            actor, form.wanted(), facility=facility, service_id=wanted.id, patient_id=patient.id
        ).id

    return _answer(form, around, keep, _("%(name)s is on the waitlist.", name=patient.name))


@bp.route("/waitlist/<id:entry_id>/edit", methods=["GET", "POST"])
@allow(*STAFF_ROLES)
def edit_waiting(entry_id: int) -> Response:
    """Change what is waited for."""
    actor = current_actor()
    entry = get_entry(actor, entry_id)
    if not entry.waits:
        return go_to(url_for("scheduling.waitlist_entry", entry_id=entry.id))
    form = WaitlistForm()
    around = around_of(entry.facility, entry.service, entry.patient)
    offer_choices(form, around)
    if not form.is_submitted():
        show_entry(form, entry, [one for one, _name in wanted_practitioners(entry.id)])
    return _answer(form, around, lambda: _change(actor, entry, form), _("Saved."), entry=entry)


def _change(actor: Actor, entry: WaitlistEntry, form: WaitlistForm) -> int:
    service.change(actor, entry, form.wanted(), expected_version=form.expected_version)
    return entry.id


def around_of(facility: Facility, wanted: Service, patient: Patient, *, for_patient: bool = False) -> Around:
    """What the form's choices depend on, for a service and a patient."""
    return Around(
        facility=facility,
        service=wanted,
        patient=patient,
        people=queries.practitioners(facility.id, wanted.id),
        keepable=could_keep(patient.id, wanted.id, facility.id),
        for_patient=for_patient,
    )


def _service(facility: Facility) -> Service | None:
    service_id = read_id(request.args.get("service"))
    return queries.get_service(facility.id, service_id) if service_id is not None else None


def _answer(form: WaitlistForm, around: Around, keep: Callable[[], int], done: str, **more: Any) -> Response:
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        try:
            with unit_of_work():
                entry_id = keep()
        except DomainError as error:
            form.refuse(error)
            status = error.status
        else:
            say(done)
            return go_to(url_for("scheduling.waitlist_entry", entry_id=entry_id))
    return page(
        "scheduling/waitlist_form.html",
        status=status,
        form=form,
        around=around,
        said=waitlist_words,
        **({"entry": None} | more),
    )
