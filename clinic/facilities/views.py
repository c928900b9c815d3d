"""Pages about the clinics themselves: name, address, hours."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for

from clinic.core.access import Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, go_to, page, say
from clinic.facilities import policy, queries, service
from clinic.facilities.forms import FacilityForm

bp = Blueprint("facilities", __name__)


@bp.get("/clinics")
@allow(Role.ADMIN, Role.FACILITY_ADMIN)
def index() -> Response:
    """The clinics one may change."""
    actor = current_actor()
    mine = [place for place in queries.active_facilities() if policy.can_change(actor, place.id)]
    return page("facilities/index.html", facilities=mine, may_found=policy.can_found(actor))


@bp.route("/clinics/new", methods=["GET", "POST"])
@allow(Role.ADMIN)
def new() -> Response:
    """Open another clinic."""
    form = FacilityForm()
    if request.method == "GET":
        return page("facilities/edit.html", form=form, place=None)
    if not form.validate():
        return page("facilities/edit.html", status=422, form=form, place=None)
    try:
        with unit_of_work():
            service.create(current_actor(), form.details())
    except DomainError as error:
        form.refuse(error)
        return page("facilities/edit.html", status=error.status, form=form, place=None)
    say(_("The clinic is open."))
    return go_to(url_for("facilities.index"))


@bp.route("/clinics/<id:facility_id>", methods=["GET", "POST"])
@allow(Role.ADMIN, Role.FACILITY_ADMIN)
def edit(facility_id: int) -> Response:
    """Change what is said about a clinic."""
    place = queries.get_changeable(current_actor(), facility_id)
    form = FacilityForm(obj=place)
    if request.method == "GET":
        return page("facilities/edit.html", form=form, place=place)
    if not form.validate():
        return page("facilities/edit.html", status=422, form=form, place=place)
    try:
        with unit_of_work():
            service.update(current_actor(), place, form.details())
    except DomainError as error:
        form.refuse(error)
        return page("facilities/edit.html", status=error.status, form=form, place=place)
    say(_("Saved."))
    return go_to(url_for("facilities.index"))


blueprints = (bp,)
