"""The clinic's list of medicines: what is suggested while a prescription is written."""

from __future__ import annotations

from datetime import datetime

from flask import Response, make_response, render_template, request, url_for

from clinic.core.access import Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError
from clinic.core.i18n import gettext as _
from clinic.core.paging import read_page
from clinic.core.text import one_line
from clinic.core.web import current_actor, go_to, page, say
from clinic.prescriptions import lists
from clinic.prescriptions.medicines import MedicineTyped, medicine_page, read_medicine, typed_of
from clinic.prescriptions.models import Medicine
from clinic.prescriptions.service.listing import retire_medicine, save_medicine
from clinic.prescriptions.views.blueprint import bp

A_PAGE = 25


@bp.get("/settings/medicines")
@allow(Role.PRACTITIONER, Role.ADMIN)
def medicine_list() -> Response:
    """The list, searched by name, the retired apart."""
    term = one_line(request.args.get("q", ""))[:100]
    retired = request.args.get("show") == "retired"
    found = medicine_page(term, read_page(request.args.get("page"), default_limit=A_PAGE), retired=retired)
    return page(
        "prescriptions/medicine_list.html",
        "prescriptions/_medicine_list.html",
        found=found,
        term=term,
        retired=retired,
    )


@bp.route("/settings/medicines/new", methods=["GET", "POST"])
@allow(Role.PRACTITIONER, Role.ADMIN)
def new_medicine() -> Response:
    """A medicine more."""
    return _medicine(None)


@bp.route("/settings/medicines/<id:medicine_id>", methods=["GET", "POST"])
@allow(Role.PRACTITIONER, Role.ADMIN)
def medicine(medicine_id: int) -> Response:
    """One medicine and how it is usually given, to be changed or retired."""
    return _medicine(lists.get_medicine(medicine_id))


@bp.post("/settings/medicines/<id:medicine_id>/<any(retire, restore):step>")
@allow(Role.PRACTITIONER, Role.ADMIN)
def keep_medicine(medicine_id: int, step: str) -> Response:
    """Suggest it no longer, or again."""
    with unit_of_work():
        found = lists.get_medicine(medicine_id)
        retire_medicine(current_actor(), found, active=step == "restore")
        name = found.name
    if step == "restore":
        say(_("%(medicine)s is suggested again.", medicine=name))
    else:
        say(_("%(medicine)s is no longer suggested. Prescriptions keep it.", medicine=name))
    return go_to(url_for("prescriptions.medicine", medicine_id=medicine_id))


def _medicine(found: Medicine | None) -> Response:
    typed = typed_of(found) if found else read_medicine({"name": one_line(request.args.get("name", ""))})
    problems: dict[str, str] = {}
    status = 200
    seen = found.changed_at.isoformat() if found and found.changed_at else ""
    if request.method == "POST":
        typed, seen = read_medicine(request.form), request.form.get("seen", "")
        problems = typed.problems
        try:
            with unit_of_work():
                save_medicine(current_actor(), found, typed, seen=_moment(seen))
        except DomainError as error:
            status = error.status
            problems.setdefault(error.field or "", error.message)
        else:
            say(_("Saved. What is signed already stays as it is."))
            return go_to(url_for("prescriptions.medicine_list"))
    return _shown(found, typed, seen, problems, status)


def _shown(
    found: Medicine | None, typed: MedicineTyped, seen: str, problems: dict[str, str], status: int
) -> Response:
    html = render_template(
        "prescriptions/medicine.html",
        medicine=found,
        texts=typed.texts,
        problems=problems,
        seen=seen,
    )
    return make_response(html, status)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text[:40])
    except ValueError:
        return None
    return moment if moment.tzinfo else None
