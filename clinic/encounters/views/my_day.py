"""My day: whom somebody sees today, in order, with one tap for each step."""

from __future__ import annotations

from datetime import date, timedelta

from flask import Response, request, url_for

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor, Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, NotFound
from clinic.core.web import current_actor, go_to, is_timed_refresh, page, say
from clinic.encounters import day as days
from clinic.encounters import drafts_waiting, queries
from clinic.encounters.views.blueprint import bp
from clinic.facilities.queries import facility_of
from clinic.scheduling import service as scheduling
from clinic.scheduling.models import Appointment

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 1, 1)


@bp.get("/my-day")
@allow(Role.PRACTITIONER, Role.THERAPIST)
def my_day() -> Response:
    """The visits of one day, and notes of earlier ones that wait for a signature."""
    actor = current_actor()
    facility = facility_of(actor)
    today = clock.today(facility.zone)
    day = _read_day(request.args.get("day"), today)
    start, end = clock.day_bounds(day, facility.zone)
    desk = drafts_waiting.on_the_desk(actor)
    author = desk.author
    visits = days.visits_between(actor, author.id, start, end) if author else []
    earlier = days.unsigned_before(actor, author.id, start) if author and day == today else []
    if not is_timed_refresh():
        audit.read(
            actor,
            "appointment.listed",
            subject_type="day",
            facility_id=facility.id,
            detail={
                "day": day.isoformat(),
                "appointments": [item.visit.id for item in [*visits, *earlier]],
                "answers_of": [patient_id for patient_id, _name in desk.answers.first],
            },
        )
    return page(
        "encounters/my_day.html",
        "encounters/_my_day.html",
        facility=facility,
        author=author,
        day=day,
        today=today,
        previous=day - timedelta(days=1),
        following=day + timedelta(days=1),
        visits=visits,
        earlier=earlier,
        drafts=desk.drafts,
        answers=desk.answers,
        now=clock.now(),
    )


@bp.post("/my-day/<reference>/<any(start, complete):step>")
@allow(Role.PRACTITIONER, Role.THERAPIST)
def take_step(reference: str, step: str) -> Response:
    """Start a visit or end it, and come back to the day."""
    actor = current_actor()
    visit = load_visit(actor, reference)
    try:
        with unit_of_work():
            if step == "complete":
                scheduling.complete(actor, visit)
            else:
                _start(actor, visit)
    except DomainError as error:
        say(error.message, "danger")
    return go_to(url_for("encounters.my_day"))


def _start(actor: Actor, visit: Appointment) -> None:
    """Begin a visit; whoever is called in has plainly arrived."""
    if visit.status in ("pending", "confirmed"):
        scheduling.arrive(actor, visit)
    scheduling.start(actor, visit)


def load_visit(actor: Actor, reference: str) -> Appointment:
    """A visit the person may write about, or NotFound with an audit row."""
    try:
        return queries.get_visit(actor, reference)
    except NotFound:
        audit.read(actor, "note.opened", subject_type="appointment", outcome="refused")
        raise


def _read_day(text: str | None, today: date) -> date:
    try:
        day = date.fromisoformat(text) if text else today
    except ValueError:
        return today
    return day if FIRST_DAY <= day <= LAST_DAY else today
