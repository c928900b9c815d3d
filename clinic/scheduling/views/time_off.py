"""Time off: entered, with the visits in its way shown before anything is saved."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from flask import Response, request, url_for
from sqlalchemy.dialects.postgresql import Range

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import FRONT_DESK, Actor, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError
from clinic.core.i18n import gettext as _
from clinic.core.i18n import ngettext
from clinic.core.text import one_line
from clinic.core.web import current_actor, go_to, page, say
from clinic.facilities.models import Facility
from clinic.practitioners.queries import get_practitioner
from clinic.scheduling.models import Appointment, Resource
from clinic.scheduling.queries import setup
from clinic.scheduling.queries.stranded import stranded, visits_during
from clinic.scheduling.service import arrange, settled
from clinic.scheduling.service.away import WentAway, go_away
from clinic.scheduling.views.arrange import hours_page, kept_days
from clinic.scheduling.views.blueprint import ARRANGING, bp, here
from clinic.scheduling.views.reading import read_day, read_slot, read_time, slot_value

MOVE = "move-"
"""What the choice for a visit is called, before its reference."""


@bp.post("/practitioners/<id:practitioner_id>/time-off")
@allow(*ARRANGING)
def add_time_off(practitioner_id: int) -> Response:
    """Say that a practitioner is away for a while; what is booked then is shown and settled first."""
    actor = current_actor()
    facility = here(actor)
    resource = setup.practitioner_resource(facility.id, practitioner_id)
    starts, ends = _stretch(facility)
    if not request.form.get("decided") and starts < ends:
        in_the_way = visits_during(facility.id, practitioner_id, Range(starts, ends))
        if in_the_way:
            return _impact(actor, facility, resource, in_the_way, (starts, ends))
    try:
        result = settled(lambda: _enter(actor, facility.id, practitioner_id, starts, ends))
    except DomainError as error:
        resource = setup.practitioner_resource(facility.id, practitioner_id)
        days = kept_days(resource)
        return hours_page(practitioner_id, resource, days, off_error=error, status=error.status)
    if any(left.why for left in result.left):
        return page(
            "scheduling/time_off_left.html",
            practitioner=get_practitioner(practitioner_id),
            result=result,
            zone=facility.zone,
        )
    say(_told(result))
    return go_to(url_for("scheduling.hours", practitioner_id=practitioner_id))


@bp.post("/practitioners/<id:practitioner_id>/time-off/<id:time_off_id>/remove")
@allow(*ARRANGING)
def remove_time_off(practitioner_id: int, time_off_id: int) -> Response:
    """Take time off back."""
    actor = current_actor()
    resource = setup.practitioner_resource(here(actor).id, practitioner_id)
    with unit_of_work():
        arrange.remove_time_off(actor, resource, time_off_id)
    say(_("Saved."))
    return go_to(url_for("scheduling.hours", practitioner_id=practitioner_id))


def _stretch(facility: Facility) -> tuple[datetime, datetime]:
    form = request.form
    first, last = read_day(form.get("from_day"), facility.zone), read_day(form.get("to_day"), facility.zone)
    begins, over = read_time(form.get("from_time")), read_time(form.get("to_time"))
    starts = clock.at(first, begins or time.min, facility.zone)
    if over is not None:
        return starts, clock.at(last, over, facility.zone)
    return starts, clock.at(last + timedelta(days=1), time.min, facility.zone)


def _enter(
    actor: Actor, facility_id: int, practitioner_id: int, starts: datetime, ends: datetime
) -> WentAway:
    chosen = {
        name.removeprefix(MOVE): place
        for name, text in request.form.items()
        if name.startswith(MOVE) and (place := read_slot(text)) is not None
    }
    return go_away(
        actor,
        setup.practitioner_resource(facility_id, practitioner_id),
        starts=starts,
        ends=ends,
        reason=one_line(request.form.get("reason", ""))[:200],
        moves=chosen if actor.has(*FRONT_DESK) else {},
        tell=bool(request.form.get("tell")),
    )


def _impact(
    actor: Actor,
    facility: Facility,
    resource: Resource,
    visits: list[Appointment],
    stretch: tuple[datetime, datetime],
) -> Response:
    """The visits in the way, and for who may move them, where each could go."""
    during = Range(*stretch)
    may_move = actor.has(*FRONT_DESK)
    rows = stranded(facility, visits, during) if may_move else []
    values: dict[str, Any] = {
        "practitioner": get_practitioner(resource.practitioner_id or 0),
        "rows": rows,
        "count": len(visits),
        "starts": stretch[0],
        "ends": stretch[1],
        "zone": facility.zone,
        "may_move": may_move,
        "typed": {
            name: request.form.get(name, "")[:200]
            for name in ("from_day", "from_time", "to_day", "to_time", "reason")
        },
        "slot_value": slot_value,
    }
    answer = page("scheduling/time_off_impact.html", **values)
    if rows:
        audit.read(
            actor,
            "appointment.listed",
            subject_type="appointment",
            facility_id=facility.id,
            detail={"ids": [row.visit.id for row in rows]},
        )
    return answer


def _told(result: WentAway) -> str:
    if not result.moved:
        return _("Saved.")
    return ngettext("Saved. %(num)s visit was moved.", "Saved. %(num)s visits were moved.", len(result.moved))
