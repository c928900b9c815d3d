"""One visit: its facts, its history, and the steps it can take."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, make_response, render_template, request, url_for

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor, allow
from clinic.core.errors import DomainError, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.text import clean
from clinic.core.web import current_actor, go_to, is_fragment, safe_next, say
from clinic.scheduling import policy, queries, service
from clinic.scheduling.models import Appointment, AppointmentEvent
from clinic.scheduling.transitions import STEPS, TAKE_BACK, Step, open_steps
from clinic.scheduling.views.blueprint import STAFF_ROLES, bp
from clinic.scheduling.views.reading import read_id


@bp.get("/appointments/<reference>")
@allow(*STAFF_ROLES)
def show(reference: str) -> Response:
    """A visit as a page, or in the panel."""
    actor = current_actor()
    appointment = queries.get_appointment(actor, reference)
    values = page_values(actor, appointment)
    audit.read(
        actor,
        "appointment.viewed",
        subject_type="appointment",
        subject_id=appointment.id,
        patient_id=appointment.patient_id,
        facility_id=appointment.facility_id,
    )
    return _answer(values)


@bp.post("/appointments/<reference>/<step>")
@allow(*STAFF_ROLES)
def take_step(reference: str, step: str) -> Response:
    """One step of a visit's life, by its name; afterwards the visit as it now stands."""
    if step not in STEPS and step != TAKE_BACK.name:
        raise NotFound(_("There is no such step."))
    actor = current_actor()
    reason = clean(request.form.get("reason", "")).strip()[:500]
    try:
        service.settled(lambda: take(actor, reference, step, reason))
    except DomainError as error:
        if isinstance(error, NotFound):
            raise
        appointment = queries.get_appointment(actor, reference)
        values = page_values(actor, appointment) | {"refused": error, "reason": reason, "refused_step": step}
        return _answer(values, status=error.status)
    appointment = queries.get_appointment(actor, reference)
    if is_fragment():
        answer = _answer(page_values(actor, appointment))
        answer.headers["HX-Trigger"] = json.dumps({"sutra:schedule": {}})
        return answer
    say(said(appointment, step))
    return go_to(
        safe_next(request.form.get("after"), url_for("scheduling.show", reference=appointment.reference))
    )


def take(actor: Actor, reference: str, step: str, reason: str) -> Appointment:
    """Take the step called ``step``, within the caller's unit of work; ``version`` of the form is
    honoured.
    """
    appointment = queries.get_appointment(actor, reference)
    version = read_id(request.form.get("version"))
    tell = "tell" not in request.form or "1" in request.form.getlist("tell")
    match step:
        case "confirm":
            service.confirm(actor, appointment, tell=tell, expected_version=version)
        case "reject":
            service.reject(actor, appointment, reason, tell=tell, expected_version=version)
        case "arrive":
            service.arrive(actor, appointment, expected_version=version)
        case "start":
            service.start(actor, appointment, expected_version=version)
        case "complete":
            service.complete(actor, appointment, expected_version=version)
        case "no-show":
            service.mark_no_show(actor, appointment, reason, expected_version=version)
        case "cancel":
            service.cancel(actor, appointment, reason, tell=tell, expected_version=version)
        case "take-back":
            service.take_back(actor, appointment, reason, expected_version=version)
        case _:
            raise NotFound(_("There is no such step."))
    return appointment


def page_values(actor: Actor, appointment: Appointment) -> dict[str, Any]:
    """What the page of a visit shows."""
    events = queries.history(appointment)
    return {
        "appointment": appointment,
        "zone": appointment.facility.zone,
        "events": events,
        "room": queries.room_of(appointment),
        "steps": [step.name for step in offered_steps(actor, appointment)],
        "can_move": appointment.status in ("pending", "confirmed") and policy.can_move(actor, appointment),
        "can_take_back": can_take_back(actor, appointment, events),
        "today": clock.today(appointment.facility.zone),
    }


def offered_steps(actor: Actor, appointment: Appointment) -> list[Step]:
    """The steps this person can take with this visit now."""
    started = appointment.starts <= clock.now()
    return [
        step
        for step in open_steps(appointment.status)
        if policy.can_take(actor, appointment, step) and (started or not step.after_start)
    ]


def can_take_back(actor: Actor, appointment: Appointment, events: list[AppointmentEvent]) -> bool:
    """Whether the last thing that happened is a step of today that this person may take back."""
    steps = {step.event for step in STEPS.values()}
    last = next((event for event in reversed(events) if event.kind in steps), None)
    return (
        last is not None
        and last.to_status == appointment.status
        and policy.can_take(actor, appointment, TAKE_BACK)
        and last.at.astimezone(clock.zone(appointment.facility.zone)).date()
        == clock.today(appointment.facility.zone)
    )


_SAID = {
    "confirm": _l("%(name)s: confirmed."),
    "reject": _l("%(name)s: declined."),
    "arrive": _l("%(name)s has arrived."),
    "start": _l("%(name)s is with the practitioner."),
    "complete": _l("%(name)s: done."),
    "no-show": _l("%(name)s did not come."),
    "cancel": _l("%(name)s: cancelled."),
    "take-back": _l("%(name)s: taken back."),
}


def said(appointment: Appointment, step: str) -> str:
    """What a notice says after a step."""
    return str(_SAID[step]) % {"name": appointment.patient.name}


def _answer(values: dict[str, Any], status: int = 200) -> Response:
    template = "scheduling/_visit.html" if is_fragment() else "scheduling/show.html"
    return make_response(render_template(template, **values), status)
