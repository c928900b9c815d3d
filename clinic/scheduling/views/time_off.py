"""Time off of anybody or anything: entered, with the visits in its way shown before anything is saved."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from flask import Response, request, url_for
from sqlalchemy.dialects.postgresql import Range

from clinic.core import clock
from clinic.core.access import allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError
from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_moment
from clinic.core.text import one_line
from clinic.core.web import current_actor, go_to, say
from clinic.facilities.models import Facility
from clinic.scheduling.models import Resource
from clinic.scheduling.queries import setup
from clinic.scheduling.queries.stranded import visits_needing
from clinic.scheduling.service import arrange, settled
from clinic.scheduling.service.away import go_away
from clinic.scheduling.views.blueprint import ARRANGING, bp, here
from clinic.scheduling.views.hours import Refused, hours_page
from clinic.scheduling.views.impact import Asked, chosen_ways, show_impact, show_left, told, typed
from clinic.scheduling.views.reading import read_day, read_time


@bp.post("/resources/<id:resource_id>/time-off")
@allow(*ARRANGING)
def add_time_off(resource_id: int) -> Response:
    """Say that somebody or something is away for a while; what is booked then is shown and settled first."""
    return _add(setup.get_resource(here(current_actor()).id, resource_id))


@bp.post("/practitioners/<id:practitioner_id>/time-off")
@allow(*ARRANGING)
def add_practitioner_time_off(practitioner_id: int) -> Response:
    """The same for a practitioner or therapist, by who they are."""
    return _add(setup.practitioner_resource(here(current_actor()).id, practitioner_id))


@bp.post("/resources/<id:resource_id>/time-off/<id:time_off_id>/remove")
@allow(*ARRANGING)
def remove_time_off(resource_id: int, time_off_id: int) -> Response:
    """Take time off back."""
    return _remove(setup.get_resource(here(current_actor()).id, resource_id), time_off_id)


@bp.post("/practitioners/<id:practitioner_id>/time-off/<id:time_off_id>/remove")
@allow(*ARRANGING)
def remove_practitioner_time_off(practitioner_id: int, time_off_id: int) -> Response:
    """The same for a practitioner or therapist, by who they are."""
    return _remove(setup.practitioner_resource(here(current_actor()).id, practitioner_id), time_off_id)


def _add(resource: Resource) -> Response:
    actor = current_actor()
    facility = here(actor)
    starts, ends = _stretch(facility)
    resource_id, name = resource.id, resource.name
    back = url_for("scheduling.resource_hours", resource_id=resource_id)
    if not request.form.get("decided") and starts < ends:
        during = [Range(starts, ends)]
        in_the_way = visits_needing(resource, during)
        if in_the_way:
            asked = _asked(facility, resource, starts, ends)
            return show_impact(actor, facility, resource, visits=in_the_way, during=during, asked=asked)
    try:
        result = settled(
            lambda: go_away(
                actor,
                setup.get_resource(facility.id, resource_id),
                starts=starts,
                ends=ends,
                reason=one_line(request.form.get("reason", ""))[:200],
                ways=chosen_ways(actor, facility.id),
            )
        )
    except DomainError as error:
        resource = setup.get_resource(facility.id, resource_id)
        return hours_page(resource, refused=Refused(part="off", error=error))
    if any(left.why for left in result.left):
        return show_left(
            facility,
            result,
            title=_("Time off of %(name)s", name=name),
            back_url=back,
            back_text=name,
        )
    say(told(result, _("Saved.")))
    return go_to(back)


def _remove(resource: Resource, time_off_id: int) -> Response:
    resource_id = resource.id
    with unit_of_work():
        arrange.remove_time_off(current_actor(), resource, time_off_id)
    say(_("Saved."))
    return go_to(url_for("scheduling.resource_hours", resource_id=resource_id))


def _asked(facility: Facility, resource: Resource, starts: datetime, ends: datetime) -> Asked:
    return Asked(
        title=_("Time off of %(name)s", name=resource.name),
        back_url=url_for("scheduling.resource_hours", resource_id=resource.id),
        back_text=resource.name,
        post_url=url_for("scheduling.add_time_off", resource_id=resource.id),
        when=[f"{show_moment(starts, facility.zone)} – {show_moment(ends, facility.zone)}"],
        typed=typed("from_day", "from_time", "to_day", "to_time", "reason"),
        submit=_("Enter the time off"),
        submit_moving=_("Enter the time off and move these visits"),
    )


def _stretch(facility: Facility) -> tuple[datetime, datetime]:
    form = request.form
    first, last = read_day(form.get("from_day"), facility.zone), read_day(form.get("to_day"), facility.zone)
    begins, over = read_time(form.get("from_time")), read_time(form.get("to_time"))
    starts = clock.at(first, begins or time.min, facility.zone)
    if over is not None:
        return starts, clock.at(last, over, facility.zone)
    return starts, clock.at(last + timedelta(days=1), time.min, facility.zone)
