"""What prescriptions are written from and checked by: sets, favourites and the clinic's rules."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, render_template, request, url_for

from clinic.core.access import Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.web import current_actor, go_to, read_id, say
from clinic.facilities.queries import facility_of
from clinic.prescriptions import lists, service
from clinic.prescriptions.models import PrescriptionRule
from clinic.prescriptions.reading import read_line
from clinic.prescriptions.service.ruling import LISTS, read_rule_values, save_rule
from clinic.prescriptions.views.blueprint import bp
from clinic.prescriptions.words import KALPANAS, choices

CONDITIONS = (
    ("always", _l("For everybody")),
    ("pregnancy", _l("In pregnancy")),
    ("lactation", _l("While breastfeeding")),
    ("younger", _l("Younger than")),
    ("older", _l("Older than")),
    ("condition", _l("With an illness")),
)


@bp.get("/settings/prescription-sets")
@allow(Role.PRACTITIONER)
def sets() -> Response:
    """One's own sets and the clinic's, and one's favourites."""
    actor = current_actor()
    found = lists.sets_of(actor, [facility_of(actor).id])
    return make_response(
        render_template(
            "prescriptions/sets.html",
            sets=[(one, service.set_lines(one)) for one in found],
            favourites=[(one, read_line(one.line)) for one in lists.favourites_of(actor)],
            user_id=actor.user_id,
            removed=read_id(request.args.get("removed")),
        )
    )


@bp.post("/settings/prescription-sets/<id:set_id>/<any(share, unshare, remove, restore):step>")
@allow(Role.PRACTITIONER)
def change_set(set_id: int, step: str) -> Response:
    """Give a set to the clinic or take it back, put it away or bring it back."""
    actor = current_actor()
    places = [facility_of(actor).id]
    try:
        with unit_of_work():
            if step == "remove":
                service.remove_set(actor, set_id, places)
            elif step == "restore":
                service.restore_set(actor, set_id)
            else:
                service.share_set(actor, set_id, places, shared=step == "share")
    except DomainError as error:
        if error.status == 404:
            raise
        say(error.message, "warn")
        return go_to(url_for("prescriptions.sets"))
    return go_to(url_for("prescriptions.sets", removed=set_id if step == "remove" else None))


@bp.post("/settings/prescription-favourites/<id:favourite_id>/drop")
@allow(Role.PRACTITIONER)
def drop_favourite(favourite_id: int) -> Response:
    """Take a star off."""
    with unit_of_work():
        service.drop_favourite(current_actor(), favourite_id)
    say(_("No longer a favourite."))
    return go_to(url_for("prescriptions.sets"))


@bp.get("/settings/prescription-rules")
@allow(Role.PRACTITIONER, Role.ADMIN)
def rules() -> Response:
    """Everything prescriptions are checked for, beside allergies and the same twice."""
    return make_response(
        render_template(
            "prescriptions/rules.html", rules=lists.rules(), conditions=dict(CONDITIONS), kalpanas=KALPANAS
        )
    )


@bp.route("/settings/prescription-rules/new", methods=["GET", "POST"])
@allow(Role.PRACTITIONER, Role.ADMIN)
def new_rule() -> Response:
    """A rule of the clinic's own."""
    return _rule(None)


@bp.route("/settings/prescription-rules/<id:rule_id>", methods=["GET", "POST"])
@allow(Role.PRACTITIONER, Role.ADMIN)
def rule(rule_id: int) -> Response:
    """One rule, to be changed or switched off."""
    return _rule(lists.get_rule(rule_id))


def _rule(found: PrescriptionRule | None) -> Response:
    values, problems, status = _values_of(found), {}, 200
    if request.method == "POST":
        values = read_rule_values(request.form, request.form.getlist("kalpanas"))
        try:
            with unit_of_work():
                save_rule(current_actor(), found, values, version=read_id(request.form.get("version")) or 0)
        except DomainError as error:
            status = error.status
            problems = {error.field or "": error.message}
        else:
            say(_("Saved."))
            return go_to(url_for("prescriptions.rules"))
    html = render_template(
        "prescriptions/rule.html",
        rule=found,
        values=values,
        problems=problems,
        conditions=CONDITIONS,
        kalpanas=choices(KALPANAS),
        years_typed=request.form.get("years", "") if problems else (values["years"] or ""),
    )
    return make_response(html, status)


def _values_of(found: PrescriptionRule | None) -> dict[str, Any]:
    if found is None:
        empty: dict[str, Any] = {name: [] for name in LISTS}
        return empty | {
            "level": "warn",
            "condition": "always",
            "years": None,
            "kalpanas": [],
            "message": "",
            "message_hi": "",
            "active": True,
        }
    names = ("level", "condition", "years", "kalpanas", "message", "message_hi", "active", *LISTS)
    return {name: getattr(found, name) for name in names}
