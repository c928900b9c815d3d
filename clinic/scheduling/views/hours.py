"""Who and what is here when: weekly hours through time, extra days, and places, of any resource."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from flask import Response, request, url_for

from clinic.core import clock
from clinic.core.access import allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, go_to, page, say
from clinic.scheduling import policy
from clinic.scheduling.models import Resource, ResourceKind
from clinic.scheduling.queries import setup
from clinic.scheduling.service import arrange
from clinic.scheduling.views import week
from clinic.scheduling.views.blueprint import ARRANGING, LOOKING, bp, here
from clinic.scheduling.views.reading import read_day, read_id, read_time
from clinic.scheduling.views.week import DayHours

SHOWN_PAST = 5


@dataclass(frozen=True, kw_only=True)
class Refused:
    """What could not be done, and beside which part of the page it is said: ``hours``, ``extra``, ``off`` or
    ``place``.
    """

    part: str
    error: DomainError


@bp.get("/resources")
@allow(*LOOKING)
def resources() -> Response:
    """Everybody and everything that can be booked, with the way to their hours."""
    actor = current_actor()
    facility = here(actor)
    return page(
        "scheduling/resources.html",
        everything=setup.everything(facility.id),
        may_arrange=policy.can_arrange(actor, facility.id),
    )


@bp.get("/opening-hours")
@allow(*LOOKING)
def opening_hours() -> Response:
    """The clinic's own hours: a page like that of anybody else."""
    facility = here(current_actor())
    with unit_of_work():
        resource = arrange.facility_resource(facility)
    return go_to(url_for("scheduling.resource_hours", resource_id=resource.id))


@bp.get("/resources/<id:resource_id>/hours")
@allow(*LOOKING)
def resource_hours(resource_id: int) -> Response:
    """When somebody or something is there."""
    return hours_page(setup.get_resource(here(current_actor()).id, resource_id))


@bp.post("/resources/<id:resource_id>/hours")
@allow(*ARRANGING)
def save_hours(resource_id: int) -> Response:
    """Weekly hours from a day on; or what was typed for one day put on others, with nothing saved."""
    return _save_hours(setup.get_resource(here(current_actor()).id, resource_id))


@bp.route("/practitioners/<id:practitioner_id>/hours", methods=["GET", "POST"])
@allow(*ARRANGING)
def hours(practitioner_id: int) -> Response:
    """The hours of a practitioner or therapist, by who they are."""
    resource = setup.practitioner_resource(here(current_actor()).id, practitioner_id)
    return hours_page(resource) if request.method == "GET" else _save_hours(resource)


@bp.post("/resources/<id:resource_id>/hours/remove")
@allow(*ARRANGING)
def remove_planned_hours(resource_id: int) -> Response:
    """Take back a change of hours that is still to come."""
    actor = current_actor()
    facility = here(actor)
    resource = setup.get_resource(facility.id, resource_id)
    today = clock.today(facility.zone)
    day = read_day(request.form.get("valid_from"), facility.zone)
    return _done(
        resource,
        "hours",
        lambda: arrange.remove_planned_hours(actor, resource, valid_from=day, today=today),
    )


@bp.post("/resources/<id:resource_id>/extra")
@allow(*ARRANGING)
def add_extra_day(resource_id: int) -> Response:
    """One more stretch on one day."""
    actor = current_actor()
    facility = here(actor)
    resource = setup.get_resource(facility.id, resource_id)

    def add() -> None:
        starts, ends = read_time(request.form.get("starts")), read_time(request.form.get("ends"))
        if starts is None or ends is None:
            raise Invalid(_("Each stretch needs a beginning and an end."), field="extra")
        arrange.add_extra_day(
            actor,
            resource,
            day=read_day(request.form.get("day"), facility.zone),
            starts=starts,
            ends=week.end_of_day(ends),
        )

    return _done(resource, "extra", add)


@bp.post("/resources/<id:resource_id>/extra/<id:hours_id>/remove")
@allow(*ARRANGING)
def remove_extra_day(resource_id: int, hours_id: int) -> Response:
    """Take an extra stretch back."""
    actor = current_actor()
    resource = setup.get_resource(here(actor).id, resource_id)
    return _done(resource, "extra", lambda: arrange.remove_extra_day(actor, resource, hours_id))


@bp.post("/resources/<id:resource_id>/place")
@allow(*ARRANGING)
def change_person(resource_id: int) -> Response:
    """As whom somebody is in the calendar, and for how many visits at once."""
    actor = current_actor()
    resource = setup.get_resource(here(actor).id, resource_id)
    form = request.form
    return _done(
        resource,
        "place",
        lambda: arrange.change_person(
            actor,
            resource,
            kind=form.get("kind", ""),
            places=read_id(form.get("places")) or 0,
            overbook=read_id(form.get("overbook")) or 0,
        ),
    )


def _save_hours(resource: Resource) -> Response:
    actor = current_actor()
    facility = here(actor)
    days = week.typed_days(request.form)
    valid_from = read_day(request.form.get("valid_from"), facility.zone)
    if request.form.get("action") == "copy":
        source = week.read_weekday(request.form.get("source")) or 0
        targets = {week.read_weekday(text) for text in request.form.getlist("targets")}
        return hours_page(resource, week.copied(days, source, targets), valid_from=valid_from)
    resource_id = resource.id
    try:
        with unit_of_work():
            arrange.set_hours(actor, resource, week.intervals_of(days), valid_from=valid_from)
    except DomainError as error:
        resource = setup.get_resource(facility.id, resource_id)
        return hours_page(resource, days, valid_from=valid_from, refused=Refused(part="hours", error=error))
    say(_("Saved."))
    return go_to(url_for("scheduling.resource_hours", resource_id=resource_id))


def _done(resource: Resource, part: str, work: Callable[[], object]) -> Response:
    """Do one thing and show the page again, with what is wrong where it belongs."""
    resource_id = resource.id
    try:
        with unit_of_work():
            work()
    except DomainError as error:
        resource = setup.get_resource(here(current_actor()).id, resource_id)
        return hours_page(resource, refused=Refused(part=part, error=error))
    say(_("Saved."))
    return go_to(url_for("scheduling.resource_hours", resource_id=resource_id))


def hours_page(
    resource: Resource,
    days: list[DayHours] | None = None,
    *,
    valid_from: date | None = None,
    refused: Refused | None = None,
) -> Response:
    """Hours, extra days, time off and places of a resource, with what is wrong beside what was typed."""
    actor = current_actor()
    facility = here(actor)
    today = clock.today(facility.zone)
    versions, extra = setup.hours_of(resource.id, today)
    asked = read_day(request.args.get("from"), facility.zone)
    current = setup.version_on(versions, today)
    planned = [one for one in versions if one.valid_from > today]
    if days is None:
        shown = setup.version_on(versions, max(asked, today))
        if shown is None or not shown.hours:
            shown = planned[0] if planned else shown
        days = week.days_of(shown.hours if shown else ())
    return page(
        "scheduling/hours.html",
        status=refused.error.status if refused else 200,
        resource=resource,
        placed=setup.placed(resource),
        is_person=setup.is_person(resource),
        is_clinic=resource.kind == ResourceKind.FACILITY,
        may_arrange=policy.can_arrange(actor, facility.id),
        days=days,
        names=week.weekday_names(),
        in_words=week.in_words,
        current=current,
        planned=planned,
        past=[one for one in versions if one.valid_until and one.valid_until <= today][-SHOWN_PAST:],
        extra=extra,
        valid_from=valid_from or max(asked, today),
        refused=refused,
        today=today,
        facility=facility,
        zone=facility.zone,
        time_off=setup.time_off_after(resource.id, clock.now()),
        typed=request.form if refused else {},
    )
