"""Moving a visit, and undoing it within the minute."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

from flask import Response, make_response, render_template, request, url_for

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor, allow
from clinic.core.errors import DomainError, Forbidden, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.text import clean, one_line
from clinic.core.web import current_actor, go_to, is_fragment, safe_next, say
from clinic.scheduling import policy, queries, service
from clinic.scheduling.models import Appointment
from clinic.scheduling.service import OutsideRules, SlotTaken
from clinic.scheduling.views import times
from clinic.scheduling.views.blueprint import STAFF_ROLES, bp
from clinic.scheduling.views.reading import read_day, read_id, read_slot, read_time, slot_value


@bp.route("/appointments/<reference>/move", methods=["GET", "POST"])
@allow(*STAFF_ROLES)
def move(reference: str) -> Response:
    """Choose another time, or another practitioner."""
    actor = current_actor()
    appointment = queries.get_appointment(actor, reference)
    if not policy.can_move(actor, appointment):
        raise Forbidden(_("You may not move this visit."))
    if request.method == "GET":
        answer = _show(appointment, _from_address(appointment))
        audit.read(
            actor,
            "appointment.viewed",
            subject_type="appointment",
            subject_id=appointment.id,
            patient_id=appointment.patient_id,
            facility_id=appointment.facility_id,
            detail={"page": "move"},
        )
        return answer
    form = _from_form(appointment)
    if request.form.get("action") != "move":
        return _show(appointment, form)
    wanted = _wanted(appointment, form)
    if wanted is None:
        form["error"] = _("Choose a time.")
        return _show(appointment, form, status=422)
    return _move(actor, appointment, form, wanted)


@bp.post("/appointments/<reference>/undo")
@allow(*STAFF_ROLES)
def undo(reference: str) -> Response:
    """Put a visit back where it was a minute ago."""
    actor = current_actor()

    def put_back() -> Appointment:
        return service.undo_move(actor, queries.get_appointment(actor, reference))

    try:
        appointment = service.settled(put_back)
        words, kind = _("Moved back."), "good"
    except NotFound:
        raise
    except DomainError as error:
        appointment = queries.get_appointment(actor, reference)
        words, kind = error.message, "danger"
    if is_fragment():
        answer = make_response("", 200)
        answer.headers["HX-Reswap"] = "delete"
        answer.headers["HX-Trigger"] = json.dumps(
            {"sutra:schedule": {}, "sutra:toast": {"message": words, "kind": kind}}
        )
        return answer
    say(words, kind)
    return go_to(url_for("scheduling.show", reference=appointment.reference))


def _move(
    actor: Actor, appointment: Appointment, form: dict[str, Any], wanted: tuple[int, datetime]
) -> Response:
    reference = appointment.reference
    practitioner_id, starts = wanted
    try:
        service.settled(
            lambda: service.move(
                actor,
                queries.get_appointment(actor, reference),
                starts,
                practitioner_id,
                reason=form["reason"],
                tell=form["tell"],
                override_reason=form["override_reason"] or None,
                expected_version=form["version"],
            )
        )
    except SlotTaken as taken:
        appointment = queries.get_appointment(actor, reference)
        return _show(appointment, form, status=409, taken=taken, wanted=wanted)
    except DomainError as error:
        if isinstance(error, NotFound):
            raise
        appointment = queries.get_appointment(actor, reference)
        form["error"] = error.message
        form["needs_reason"] = isinstance(error, OutsideRules) and error.can_override
        form["slot"] = slot_value(*wanted)
        return _show(appointment, form, status=error.status)
    appointment = queries.get_appointment(actor, reference)
    says = times.spoken(appointment.facility, appointment.starts)
    if is_fragment():
        html = render_template(
            "scheduling/_moved.html", appointment=appointment, says=says, tell=form["tell"]
        )
        answer = make_response(html, 200)
        answer.headers["HX-Retarget"] = "#toast-polite"
        answer.headers["HX-Reswap"] = "beforeend"
        answer.headers["HX-Trigger"] = json.dumps({"sutra:close": {}, "sutra:schedule": {}})
        return answer
    say(_("Moved to %(when)s.", when=says))
    return go_to(form["after"] or url_for("scheduling.show", reference=reference))


def _from_address(appointment: Appointment) -> dict[str, Any]:
    zone = appointment.facility.zone
    today = clock.today(zone)
    own_day = appointment.starts.astimezone(clock.zone(zone)).date()
    day = read_day(request.args.get("day") or max(own_day, today).isoformat(), zone)
    form = _empty(appointment, day)
    form["practitioner_id"] = read_id(request.args.get("practitioner")) or appointment.practitioner_id
    wall = read_time(request.args.get("time"))
    if wall is not None:
        form["slot"] = slot_value(form["practitioner_id"], clock.at(day, wall, zone))
    form["from_day"] = max(day, today)
    form["after"] = safe_next(request.args.get("after"), "")
    return form


def _empty(appointment: Appointment, day: date) -> dict[str, Any]:
    return {
        "from_day": day,
        "practitioner_id": appointment.practitioner_id,
        "slot": "",
        "any_day": day.isoformat(),
        "any_time": "",
        "reason": "",
        "tell": True,
        "override_reason": "",
        "needs_reason": False,
        "version": appointment.version,
        "after": "",
        "error": "",
        "all_of": "",
    }


def _from_form(appointment: Appointment) -> dict[str, Any]:
    posted = request.form
    zone = appointment.facility.zone
    form = _empty(appointment, read_day(posted.get("from_day"), zone))
    form["practitioner_id"] = read_id(posted.get("practitioner"))
    form["slot"] = posted.get("slot", "")[:40]
    form["any_day"] = one_line(posted.get("any_day", ""))[:20]
    form["any_time"] = one_line(posted.get("any_time", ""))[:8]
    form["reason"] = clean(posted.get("reason", "")).strip()[:500]
    form["tell"] = bool(posted.get("tell"))
    form["override_reason"] = one_line(posted.get("override_reason", ""))[:300]
    form["needs_reason"] = bool(form["override_reason"])
    form["version"] = read_id(posted.get("version"))
    form["after"] = safe_next(posted.get("after"), "")
    form["all_of"] = posted.get("all_of", "")[:10]
    days = timedelta(days=times.SHOWN_DAYS)
    if posted.get("action") == "later":
        form["from_day"] += days
    elif posted.get("action") == "earlier":
        form["from_day"] = max(clock.today(zone), form["from_day"] - days)
    return form


def _wanted(appointment: Appointment, form: dict[str, Any]) -> tuple[int, datetime] | None:
    if form["slot"] == "any":
        zone = appointment.facility.zone
        wall = read_time(form["any_time"])
        if wall is None or not form["any_day"]:
            return None
        person = form["practitioner_id"] or appointment.practitioner_id
        return person, clock.at(read_day(form["any_day"], zone), wall, zone)
    return read_slot(form["slot"])


def _show(
    appointment: Appointment,
    form: dict[str, Any],
    *,
    status: int = 200,
    taken: SlotTaken | None = None,
    wanted: tuple[int, datetime] | None = None,
) -> Response:
    facility = appointment.facility
    people = queries.practitioners(facility.id, appointment.service_id)
    if form["practitioner_id"] not in dict(people):
        form["practitioner_id"] = None
    slots = queries.free_slots(
        facility,
        appointment.service,
        form["from_day"],
        form["from_day"] + timedelta(days=times.SHOWN_DAYS - 1),
        [form["practitioner_id"]] if form["practitioner_id"] else None,
        patient_id=appointment.patient_id,
        ignore_appointment=appointment.id,
        online=appointment.mode == "online",
        new_sessions=False,
        minutes=appointment.minutes,
    )
    slots = [
        slot
        for slot in slots
        if (slot.starts, slot.practitioner_id) != (appointment.starts, appointment.practitioner_id)
    ]
    chosen = wanted or _wanted(appointment, form)
    all_of = read_day(form["all_of"], facility.zone) if form["all_of"] else None
    rows = times.rows_of(
        facility, slots, form["from_day"], named=form["practitioner_id"] is None, all_of=all_of, chosen=chosen
    )
    values: dict[str, Any] = {
        "appointment": appointment,
        "facility": facility,
        "zone": facility.zone,
        "form": form,
        "people": people,
        "rows": rows,
        "chosen": chosen,
        "chosen_value": slot_value(*chosen) if chosen and not taken else "",
        "chosen_says": times.spoken(facility, chosen[1]) if chosen else None,
        "chosen_name": dict(people).get(chosen[0]) if chosen else None,
        "offered": {choice.value for row in rows for choice in row.choices},
        "taken": taken,
        "alternatives": times.alternatives_of(
            facility, taken.alternatives, practitioner_id=wanted[0], wanted=wanted[1]
        )
        if taken and wanted
        else [],
    }
    template = "scheduling/_move.html" if is_fragment() else "scheduling/move.html"
    return make_response(render_template(template, **values), status)
