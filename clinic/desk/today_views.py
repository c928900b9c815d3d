"""The day at the desk: who is expected, who waits, who is with somebody, who is done."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, make_response, render_template, request, url_for

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Role, allow
from clinic.core.errors import DomainError, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_time
from clinic.core.web import (
    current_actor,
    go_to,
    is_fragment,
    is_timed_refresh,
    page,
    safe_next,
    say,
    trigger_toast,
)
from clinic.desk.navigation import here
from clinic.desk.today_board import SHOWN_DONE, SHOWN_EXPECTED, lanes_of, rail_of
from clinic.facilities.models import Facility
from clinic.scheduling import queries, service
from clinic.scheduling.models import Appointment
from clinic.scheduling.queries.left_open import left_open
from clinic.scheduling.views.appointment import said, take
from clinic.scheduling.views.reading import read_day, read_id

today_bp = Blueprint("today", __name__)
DESK = (Role.RECEPTIONIST, Role.FACILITY_ADMIN)
ONE_TAP = frozenset({"confirm", "arrive", "start", "complete"})
AFTERWARDS = frozenset({"done", "missed", "cancelled"})
"""What can be said in one tap of a visit whose day is over."""


@today_bp.get("/today")
@allow(*DESK)
def board() -> Response:
    """The board; for its own timer only the lanes."""
    actor, facility = current_actor(), here()
    if is_fragment():
        return _lanes(facility)
    values = _values(facility)
    values["rail"] = rail_of(actor, facility, values["lanes"])
    if not is_timed_refresh():
        audit.read(
            actor,
            "today.viewed",
            subject_type="calendar",
            facility_id=facility.id,
            detail={"day": values["today"].isoformat()},
        )
    return page("desk/today.html", **values)


@today_bp.get("/today/list")
@allow(*DESK)
def day_list() -> Response:
    """The day as a sheet of paper."""
    actor, facility = current_actor(), here()
    today = clock.today(facility.zone)
    visits = queries.day_appointments(facility, today)
    audit.read(
        actor,
        "today.printed",
        subject_type="calendar",
        facility_id=facility.id,
        detail={"day": today.isoformat()},
    )
    return page("desk/today_list.html", visits=visits, facility=facility, today=today, printed_at=clock.now())


@today_bp.post("/today/<reference>/<step>")
@allow(*DESK)
def step(reference: str, step: str) -> Response:
    """One tap on the board; afterwards the lanes as they stand."""
    if step not in ONE_TAP:
        raise NotFound(_("There is no such step."))
    actor = current_actor()
    try:
        words = said(service.settled(lambda: take(actor, reference, step, "")), step)
        kind, status = "good", 200
    except NotFound:
        raise
    except DomainError as error:
        words, kind, status = error.message, "danger", error.status
    if not is_fragment():
        say(words, kind)
        return go_to(url_for("today.board"))
    return trigger_toast(_lanes(here(), status), words, kind)


@today_bp.get("/today/left-open")
@allow(*DESK)
def left_open_day() -> Response:
    """The visits of a day, or of all earlier days, that nobody brought to an end."""
    actor, facility = current_actor(), here()
    asked = request.args.get("day")
    day = min(read_day(asked, facility.zone), clock.today(facility.zone)) if asked else None
    left = left_open(facility, day)
    audit.read(
        actor,
        "today.left_open",
        subject_type="calendar",
        facility_id=facility.id,
        detail={"day": day.isoformat() if day else None},
    )
    return page("desk/left_open.html", left=left, day=day, facility=facility, zone=facility.zone)


@today_bp.post("/today/left-open/<reference>/<how>")
@allow(*DESK)
def close_left_open(reference: str, how: str) -> Response:
    """Say after the day how a visit ended."""
    if how not in AFTERWARDS:
        raise NotFound(_("There is no such step."))
    actor = current_actor()
    version = read_id(request.form.get("version"))

    def close() -> Appointment:
        visit = queries.get_appointment(actor, reference)
        if how == "cancelled":
            service.cancel(
                actor, visit, _("Written down after the day."), tell=False, expected_version=version
            )
        else:
            service.close_left_open(actor, visit, came=how == "done", expected_version=version)
        return visit

    steps = {"done": "complete", "missed": "no-show", "cancelled": "cancel"}
    try:
        say(said(service.settled(close), steps[how]))
    except NotFound:
        raise
    except DomainError as error:
        say(error.message, "danger")
    return go_to(safe_next(request.form.get("after"), url_for("today.board")))


def _lanes(facility: Facility, status: int = 200) -> Response:
    g.bare_page = True
    return make_response(render_template("desk/_today_lanes.html", **_values(facility), swap=True), status)


def _values(facility: Facility) -> dict[str, Any]:
    return {
        "lanes": lanes_of(facility),
        "today": clock.today(facility.zone),
        "now_text": show_time(clock.now(), facility.zone),
        "facility": facility,
        "zone": facility.zone,
        "all_expected": request.args.get("all") == "expected",
        "all_done": request.args.get("all") == "done",
        "shown_done": SHOWN_DONE,
        "shown_expected": SHOWN_EXPECTED,
    }
