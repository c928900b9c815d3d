"""Services: what is offered, what it needs, and whether it can be booked at all."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from flask import Response, request, url_for

from clinic.core.access import allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.i18n import ngettext, show_money
from clinic.core.web import current_actor, go_to, page, say
from clinic.facilities.models import Facility
from clinic.scheduling.forms import ServiceForm
from clinic.scheduling.models import Service
from clinic.scheduling.note_templates import STANDARD, note_template_choices
from clinic.scheduling.queries import setup
from clinic.scheduling.queries.lacking import lacking, load_inventory, named_performers
from clinic.scheduling.service import arrange
from clinic.scheduling.service.arrange import ServiceDetails
from clinic.scheduling.views.blueprint import ARRANGING, bp, here


@bp.route("/services", methods=["GET", "POST"])
@allow(*ARRANGING)
def services() -> Response:
    """The services of the clinic; a form below adds one."""
    return _service_page(None)


@bp.route("/services/<id:service_id>", methods=["GET", "POST"])
@allow(*ARRANGING)
def service(service_id: int) -> Response:
    """Change one service."""
    return _service_page(service_id)


def _service_page(service_id: int | None) -> Response:
    actor = current_actor()
    facility = here(actor)
    every = setup.all_services(facility.id)
    service = next((one for one in every if one.id == service_id), None)
    if service is None and service_id is not None:
        raise NotFound(_("There is no such service."))
    form = ServiceForm(obj=service)
    inventory = load_inventory(facility.id)
    named = named_performers([one.id for one in every])
    form.performers.choices = inventory.choices()
    form.equipment.kinds = sorted(inventory.equipment)
    kept = service.note_template if service else STANDARD
    form.note_template.choices = note_template_choices(facility.id, kept)
    if request.method == "GET" and service is not None:
        form.performers.data = sorted(named.get(service.id, ()))
        form.notice_hours.data = service.notice_minutes // 60
        form.change_hours.data = service.change_minutes // 60
        form.attended.data = [mode for mode in ("in_person", "online") if getattr(service, mode)]
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
                if error.field == "in_person":
                    error.field = "attended"
                form.refuse(error)
                status = error.status
        # What was set before the refusal is not what the clinic has.
        every = setup.all_services(facility.id)
    return page(
        "scheduling/services.html",
        status=status,
        form=form,
        service=service,
        facility=facility,
        services=every,
        summaries={one.id: summary(one, facility) for one in every},
        lacking=lacking(every, inventory, named),
        kinds=sorted(inventory.rooms),
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
        note_template=form.note_template.data or STANDARD,
        online_booking=form.online_booking.data,
        needs_confirmation=form.needs_confirmation.data,
        before_you_come=form.before_you_come.data,
        before_you_come_hi=form.before_you_come_hi.data,
        buffer_before=form.buffer_before.data or 0,
        buffer_after=form.buffer_after.data or 0,
        notice_minutes=(form.notice_hours.data or 0) * 60,
        horizon_days=form.horizon_days.data,
        change_minutes=(form.change_hours.data or 0) * 60,
        in_person="in_person" in (form.attended.data or ()),
        online="online" in (form.attended.data or ()),
        therapists=form.therapists.data or 0,
        same_sex=form.same_sex.data,
        equipment=tuple(form.equipment.data),
        capacity=1 if form.capacity.data is None else form.capacity.data,
        active=form.active.data,
    )


def summary(service: Service, facility: Facility) -> str:
    """A service in a line: ``60 min + 10 after, dhara room, 2 therapists, ₹2,500``."""
    parts = [_length(service)]
    if service.in_person and service.room_kind:
        parts.append(_("%(kind)s room", kind=service.room_kind))
    if service.therapists:
        parts.append(ngettext("%(num)s therapist", "%(num)s therapists", service.therapists))
    for kind, count in Counter(service.equipment or ()).items():
        parts.append(kind if count == 1 else f"{count} × {kind}")
    if service.same_sex:
        parts.append(_("people of the same sex"))
    if service.capacity > 1:
        parts.append(ngettext("group of %(num)s", "group of %(num)s", service.capacity))
    if not service.online:
        parts.append(_("only in person"))
    elif not service.in_person:
        parts.append(_("only online"))
    parts.append(show_money(service.fee, facility.currency))
    return ", ".join(parts)


def _length(service: Service) -> str:
    text = _("%(minutes)s min", minutes=service.minutes)
    if service.buffer_before:
        text = _("%(buffer)s before + %(length)s", buffer=service.buffer_before, length=text)
    if service.buffer_after:
        text = _("%(length)s + %(buffer)s after", buffer=service.buffer_after, length=text)
    return text
