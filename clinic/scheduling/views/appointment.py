"""One visit: its page, and the steps it can take."""

from __future__ import annotations

import json

from flask import Response, make_response, request, url_for

from clinic.audit import service as audit
from clinic.core.access import Actor, allow
from clinic.core.errors import DomainError, Invalid, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.text import clean
from clinic.core.web import current_actor, go_to, is_fragment, safe_next, say
from clinic.scheduling import queries, reasons, service
from clinic.scheduling.models import Appointment, EndReason
from clinic.scheduling.transitions import CANCEL, NO_SHOW, STEPS, TAKE_BACK
from clinic.scheduling.views.blueprint import STAFF_ROLES, bp
from clinic.scheduling.views.following import said_of_follow_up
from clinic.scheduling.views.reading import read_id
from clinic.scheduling.views.visit_page import answer, page_values


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
    return answer(values)


@bp.post("/appointments/<reference>/<step>")
@allow(*STAFF_ROLES)
def take_step(reference: str, step: str) -> Response:
    """One step of a visit's life, by its name; afterwards the visit as it now stands."""
    if step not in STEPS and step != TAKE_BACK.name:
        raise NotFound(_("There is no such step."))
    actor = current_actor()
    reason = clean(request.form.get("reason", "")).strip()[:500]
    try:
        code = _read_code(step, reason)
        service.settled(lambda: take(actor, reference, step, reason, code))
    except DomainError as error:
        if isinstance(error, NotFound):
            raise
        appointment = queries.get_appointment(actor, reference)
        kept = {"reason": reason, "chosen_code": request.form.get("code", "")}
        values = page_values(actor, appointment) | {"refused": error, "refused_step": step} | kept
        return answer(values, status=error.status)
    appointment = queries.get_appointment(actor, reference)
    if is_fragment():
        given = answer(page_values(actor, appointment) | {"just_done": said(appointment, step)})
        given.headers["HX-Trigger"] = json.dumps({"sutra:schedule": {}})
        return given
    say(said(appointment, step))
    return go_to(
        safe_next(request.form.get("after"), url_for("scheduling.show", reference=appointment.reference))
    )


@bp.post("/appointments/<reference>/undo-end")
@allow(*STAFF_ROLES)
def undo_end(reference: str) -> Response:
    """Put back a visit that was called off, declined or missed a minute ago."""
    actor = current_actor()
    try:
        service.settled(lambda: service.undo_end(actor, queries.get_appointment(actor, reference)))
        words, kind = _("Undone. The visit is as it was."), "good"
    except NotFound:
        raise
    except DomainError as error:
        words, kind = error.message, "danger"
    if is_fragment():
        given = make_response("", 200)
        given.headers["HX-Reswap"] = "delete"
        events = {"sutra:schedule": {}, "sutra:visit": {}, "sutra:toast": {"message": words, "kind": kind}}
        given.headers["HX-Trigger"] = json.dumps(events)
        return given
    say(words, kind)
    return go_to(url_for("scheduling.show", reference=reference))


def _read_code(step: str, reason: str) -> EndReason | None:
    """Why a visit ends, as staff must say. Raises Invalid without a choice, or for "other" without words."""
    if step not in (CANCEL.name, NO_SHOW.name):
        return None
    code = reasons.read_code(request.form.get("code"))
    if code is None:
        raise Invalid(_("Choose why."), field="code")
    if code is EndReason.OTHER and not reason:
        raise Invalid(_("Write down why."), field="reason")
    return code


def take(actor: Actor, reference: str, step: str, reason: str, code: EndReason | None = None) -> Appointment:
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
            said_of_follow_up(actor, appointment)
        case "no-show":
            service.mark_no_show(actor, appointment, reason, code=code, expected_version=version)
        case "cancel":
            service.cancel(actor, appointment, reason, code=code, tell=tell, expected_version=version)
        case "take-back":
            service.take_back(actor, appointment, reason, expected_version=version)
        case _:
            raise NotFound(_("There is no such step."))
    return appointment


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
