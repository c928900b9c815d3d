"""Arranging what can be booked: hours and time off, rooms, services."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta
from decimal import Decimal

from flask import Response, request, url_for

from clinic.core import clock
from clinic.core.access import allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import one_line
from clinic.core.web import current_actor, go_to, page, say
from clinic.practitioners.queries import get_practitioner
from clinic.scheduling.forms import RoomForm, ServiceForm
from clinic.scheduling.models import Resource, Service
from clinic.scheduling.queries import get_service, setup
from clinic.scheduling.queries.performers import performers_of, who_may_perform
from clinic.scheduling.service import arrange
from clinic.scheduling.service.arrange import Interval, ServiceDetails
from clinic.scheduling.views.blueprint import ARRANGING, bp, here
from clinic.scheduling.views.reading import read_day, read_time

STRETCHES = 3
"""How many stretches of one weekday the form has room for."""


@bp.route("/services", methods=["GET", "POST"])
@allow(*ARRANGING)
def services() -> Response:
    """The services of the clinic; a form below adds one."""
    return _service_page(None)


@bp.route("/services/<id:service_id>", methods=["GET", "POST"])
@allow(*ARRANGING)
def service(service_id: int) -> Response:
    """Change one service."""
    return _service_page(get_service(here(current_actor()).id, service_id))


def _service_page(service: Service | None) -> Response:
    actor = current_actor()
    facility = here(actor)
    form = ServiceForm(obj=service)
    form.performers.choices = who_may_perform(facility.id)
    if request.method == "GET" and service is not None:
        form.performers.data = sorted(performers_of(service.id))
        form.notice_hours.data = service.notice_minutes // 60
        form.change_hours.data = service.change_minutes // 60
    status = 200
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                with unit_of_work():
                    saved = arrange.save_service(actor, facility, _details(form), service)
                    arrange.set_performers(actor, saved, form.performers.data or [])
                say(_("Saved."))
                return go_to(url_for("scheduling.services"))
            except DomainError as error:
                form.refuse(error)
                status = error.status
    return page(
        "scheduling/services.html",
        status=status,
        form=form,
        service=service,
        facility=here(actor),
        services=setup.all_services(facility.id),
        kinds=setup.room_kinds(facility.id),
    )


def _details(form: ServiceForm) -> ServiceDetails:
    return ServiceDetails(
        code=form.code.data or "",
        name=form.name.data or "",
        name_hi=form.name_hi.data,
        minutes=form.minutes.data or 0,
        fee=Decimal(form.fee.data or 0),
        hue=form.hue.data,
        room_kind=form.room_kind.data,
        note_template=form.note_template.data or "soap",
        online_booking=form.online_booking.data,
        needs_confirmation=form.needs_confirmation.data,
        before_you_come=form.before_you_come.data,
        before_you_come_hi=form.before_you_come_hi.data,
        buffer_before=form.buffer_before.data or 0,
        buffer_after=form.buffer_after.data or 0,
        notice_minutes=(form.notice_hours.data or 0) * 60,
        horizon_days=form.horizon_days.data,
        change_minutes=(form.change_hours.data or 0) * 60,
        active=form.active.data,
    )


@bp.route("/rooms", methods=["GET", "POST"])
@allow(*ARRANGING)
def rooms() -> Response:
    """The rooms of the clinic; a form below adds one."""
    return _room_page(None)


@bp.route("/rooms/<id:room_id>", methods=["GET", "POST"])
@allow(*ARRANGING)
def room(room_id: int) -> Response:
    """Change one room."""
    return _room_page(setup.room(here(current_actor()).id, room_id))


def _room_page(room: Resource | None) -> Response:
    actor = current_actor()
    facility = here(actor)
    form = RoomForm(obj=room)
    status = 200
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                with unit_of_work():
                    _save_room(form, room)
                say(_("Saved."))
                return go_to(url_for("scheduling.rooms"))
            except DomainError as error:
                form.refuse(error)
                status = error.status
    return page(
        "scheduling/rooms.html",
        status=status,
        form=form,
        room=room,
        rooms=setup.rooms(facility.id),
        kinds=setup.room_kinds(facility.id),
    )


def _save_room(form: RoomForm, room: Resource | None) -> None:
    actor = current_actor()
    name, kind = form.name.data or "", form.room_kind.data or ""
    if room is None:
        arrange.add_room(actor, here(actor), name=name, room_kind=kind, places=form.places.data or 1)
    else:
        arrange.change_room(actor, room, name=name, room_kind=kind, active=form.active.data)


@dataclass(frozen=True)
class DayHours:
    """One weekday of the form, as typed: pairs of beginning and end."""

    weekday: int
    stretches: list[tuple[str, str]]


@bp.route("/practitioners/<id:practitioner_id>/hours", methods=["GET", "POST"])
@allow(*ARRANGING)
def hours(practitioner_id: int) -> Response:
    """The weekly hours of a practitioner; a break is the gap between two stretches."""
    actor = current_actor()
    facility = here(actor)
    resource = setup.practitioner_resource(facility.id, practitioner_id)
    if request.method == "GET":
        return hours_page(practitioner_id, resource, kept_days(resource))
    days = _typed_days()
    try:
        valid_from = read_day(request.form.get("valid_from"), facility.zone)
        with unit_of_work():
            arrange.set_hours(actor, resource, _intervals(days), valid_from=valid_from)
    except DomainError as error:
        resource = setup.practitioner_resource(facility.id, practitioner_id)
        return hours_page(practitioner_id, resource, days, error=error, status=error.status)
    say(_("Saved."))
    return go_to(url_for("scheduling.hours", practitioner_id=practitioner_id))


def _typed_days() -> list[DayHours]:
    return [
        DayHours(
            weekday,
            [
                (
                    one_line(request.form.get(f"starts-{weekday}-{number}", ""))[:5],
                    one_line(request.form.get(f"ends-{weekday}-{number}", ""))[:5],
                )
                for number in range(STRETCHES)
            ],
        )
        for weekday in range(7)
    ]


def kept_days(resource: Resource) -> list[DayHours]:
    """The weekly hours as the form shows them."""
    kept = setup.hours_on(resource.id, clock.today(here(current_actor()).zone))
    if not kept:
        coming = setup.hours_on(resource.id, clock.today(here(current_actor()).zone) + timedelta(days=30))
        kept = coming
    days = []
    for weekday in range(7):
        pairs = [(f"{one.starts:%H:%M}", f"{one.ends:%H:%M}") for one in kept if one.weekday == weekday]
        days.append(DayHours(weekday, (pairs + [("", "")] * STRETCHES)[: max(STRETCHES, len(pairs))]))
    return days


def _intervals(days: list[DayHours]) -> list[Interval]:
    intervals = []
    for day in days:
        for begins, over in day.stretches:
            if not begins and not over:
                continue
            starts, ends = read_time(begins), read_time(over)
            if starts is None or ends is None:
                raise Invalid(_("Each stretch needs a beginning and an end."), field="hours")
            if ends == time.min:
                ends = time(23, 59)
            intervals.append(Interval(weekday=day.weekday, starts=starts, ends=ends))
    return intervals


def hours_page(
    practitioner_id: int,
    resource: Resource,
    days: list[DayHours],
    *,
    error: DomainError | None = None,
    off_error: DomainError | None = None,
    status: int = 200,
) -> Response:
    """Hours and time off of a practitioner, with what is wrong beside what was typed."""
    facility = here(current_actor())
    names = [
        _("Monday"),
        _("Tuesday"),
        _("Wednesday"),
        _("Thursday"),
        _("Friday"),
        _("Saturday"),
        _("Sunday"),
    ]
    return page(
        "scheduling/hours.html",
        status=status,
        practitioner=get_practitioner(practitioner_id),
        days=days,
        names=names,
        error=error,
        off_error=off_error,
        today=clock.today(facility.zone),
        facility=facility,
        zone=facility.zone,
        time_off=setup.time_off_after(resource.id, clock.now()),
    )
