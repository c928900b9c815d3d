"""Rooms and equipment, and how many there are."""

from __future__ import annotations

from flask import Response, request, url_for

from clinic.core.access import allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, go_to, page, say
from clinic.scheduling.forms import EquipmentForm, RoomForm
from clinic.scheduling.models import Resource
from clinic.scheduling.queries import setup
from clinic.scheduling.service import arrange
from clinic.scheduling.views.blueprint import ARRANGING, bp, here


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


@bp.route("/equipment", methods=["GET", "POST"])
@allow(*ARRANGING)
def equipment() -> Response:
    """The equipment of the clinic; a form below adds some."""
    return _equipment_page(None)


@bp.route("/equipment/<id:resource_id>", methods=["GET", "POST"])
@allow(*ARRANGING)
def one_equipment(resource_id: int) -> Response:
    """Change one piece, or several that are alike."""
    return _equipment_page(setup.equipment(here(current_actor()).id, resource_id))


def _room_page(room: Resource | None) -> Response:
    facility = here(current_actor())
    form = RoomForm(obj=room)
    if request.method == "GET" and room is not None:
        form.places.data = setup.placed(room).places
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
        # An older page that does not send the places leaves them as they are.
        places = form.places.data if "places" in request.form else None
        arrange.change_room(actor, room, name=name, room_kind=kind, active=form.active.data, places=places)


def _equipment_page(thing: Resource | None) -> Response:
    facility = here(current_actor())
    form = EquipmentForm(obj=thing)
    if request.method == "GET" and thing is not None:
        form.pieces.data = setup.placed(thing).places
    status = 200
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                with unit_of_work():
                    _save_equipment(form, thing)
                say(_("Saved."))
                return go_to(url_for("scheduling.equipment"))
            except DomainError as error:
                if error.field == "places":
                    error.field = "pieces"
                form.refuse(error)
                status = error.status
    return page(
        "scheduling/equipment.html",
        status=status,
        form=form,
        thing=thing,
        things=setup.pieces(facility.id),
        kinds=setup.equipment_kinds(facility.id),
    )


def _save_equipment(form: EquipmentForm, thing: Resource | None) -> None:
    actor = current_actor()
    name, kind, pieces = form.name.data or "", form.equipment_kind.data or "", form.pieces.data or 0
    if thing is None:
        arrange.add_equipment(actor, here(actor), name=name, equipment_kind=kind, pieces=pieces)
    else:
        arrange.change_equipment(
            actor, thing, name=name, equipment_kind=kind, pieces=pieces, active=form.active.data
        )
