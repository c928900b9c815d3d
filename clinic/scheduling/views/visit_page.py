"""What the page of a visit shows, as a page and in the panel."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Response, make_response, render_template

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.web import is_fragment
from clinic.records.wording import KINDS
from clinic.scheduling import policy, queries, reasons
from clinic.scheduling.models import Appointment, AppointmentEvent
from clinic.scheduling.queries.papers import history_and_papers
from clinic.scheduling.service.lifecycle import UNDO_SECONDS
from clinic.scheduling.transitions import BY_EVENT, CANCEL, NO_SHOW, STEPS, TAKE_BACK, Step, open_steps
from clinic.scheduling.views.following import follow_up_values
from clinic.scheduling.views.meetings import meeting_values


def page_values(actor: Actor, appointment: Appointment) -> dict[str, Any]:
    """What the page of a visit shows."""
    events, papers = history_and_papers(actor, appointment)
    claimed = queries.resources_of(appointment)
    return {
        "appointment": appointment,
        "zone": appointment.facility.zone,
        "events": events,
        "room": next((one for one in claimed if one.kind == "room"), None),
        "beside": [
            one.name
            for one in claimed
            if one.kind != "room" and one.practitioner_id != appointment.practitioner_id
        ],
        "steps": [step.name for step in offered_steps(actor, appointment)],
        "can_move": appointment.status in ("pending", "confirmed") and policy.can_move(actor, appointment),
        "can_take_back": can_take_back(actor, appointment, events),
        "today": clock.today(appointment.facility.zone),
        "reasons": {step: reasons.choices(step) for step in (CANCEL.name, NO_SHOW.name)},
        "ended_words": reasons.in_words(appointment.ended_code, appointment.ended_why),
        "ended_by_words": reasons.by_words(appointment.ended_by_kind),
        "undo_seconds": undo_seconds(actor, appointment, events),
        **follow_up_values(actor, appointment),
        **meeting_values(actor, appointment),
        "papers": papers,
        "paper_words": dict(KINDS),
    }


def offered_steps(actor: Actor, appointment: Appointment) -> list[Step]:
    """The steps this person can take with this visit now."""
    started = appointment.starts <= clock.now()
    return [
        step
        for step in open_steps(appointment.status)
        if policy.can_take(actor, appointment, step) and (started or not step.after_start)
    ]


def undo_seconds(actor: Actor, appointment: Appointment, events: list[AppointmentEvent]) -> int:
    """How many seconds are left in which this person can undo the visit's end; 0 when they cannot."""
    last = next((event for event in reversed(events) if event.kind in BY_EVENT), None)
    ended = last is not None and BY_EVENT[last.kind].releases and last.to_status == appointment.status
    if last is None or not ended or last.actor_id != actor.user_id:
        return 0
    return clock.seconds_until(last.at + timedelta(seconds=UNDO_SECONDS))


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


def answer(values: dict[str, Any], status: int = 200) -> Response:
    """The visit as its page, or for htmx as the panel's content."""
    template = "scheduling/_visit.html" if is_fragment() else "scheduling/show.html"
    return make_response(render_template(template, **values), status)
