"""Pages about practitioners: found, entered, verified, put to work, given a sign-in."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for

from clinic.core.access import Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError
from clinic.core.i18n import gettext as _
from clinic.core.paging import read_page
from clinic.core.web import current_actor, go_to, page, say
from clinic.facilities.queries import active_facilities, facility_of, get_facility
from clinic.practitioners import policy, queries, service
from clinic.practitioners.forms import InvitePractitionerForm, JoinForm, PractitionerForm, SearchForm
from clinic.practitioners.models import Practitioner

bp = Blueprint("practitioners", __name__)
PER_PAGE = 25


@bp.route("/practitioners", methods=["GET", "POST"])
@allow(Role.ADMIN, Role.FACILITY_ADMIN)
def index() -> Response:
    """All practitioners; a search is posted, so that no name stands in an address."""
    facility, form = facility_of(current_actor()), SearchForm()
    show = _shown(request.values.get("show"))
    wanted = read_page(request.values.get("page"), default_limit=PER_PAGE)
    term = form.term.data or "" if form.validate_on_submit() else ""
    found = queries.practitioner_page(facility.id, term=term, show=show, request=wanted)
    return page(
        "practitioners/index.html",
        "practitioners/_list.html",
        found=found,
        form=form,
        term=term,
        show=show,
        facility=facility,
    )


def _shown(text: str | None) -> queries.Show:
    try:
        return queries.Show(text or queries.Show.ALL)
    except ValueError:
        return queries.Show.ALL


@bp.route("/practitioners/new", methods=["GET", "POST"])
@allow(Role.ADMIN, Role.FACILITY_ADMIN)
def new() -> Response:
    """Enter a practitioner, who works at one's own clinic from then on."""
    form = PractitionerForm()
    if request.method == "GET":
        return page("practitioners/edit.html", form=form, practitioner=None)
    if not form.validate():
        return page("practitioners/edit.html", status=422, form=form, practitioner=None)
    actor = current_actor()
    facility_id = facility_of(actor).id
    try:
        with unit_of_work():
            practitioner = service.create(actor, form.details())
            service.affiliate(actor, practitioner, facility_id)
            practitioner_id = practitioner.id
    except DomainError as error:
        form.refuse(error)
        return page("practitioners/edit.html", status=error.status, form=form, practitioner=None)
    say(_("Entered. The licence has to be verified before anybody can book."))
    return _to(practitioner_id)


@bp.get("/practitioners/<id:practitioner_id>")
@allow(Role.ADMIN, Role.FACILITY_ADMIN)
def show(practitioner_id: int) -> Response:
    """One practitioner."""
    practitioner = queries.get_practitioner(practitioner_id)
    invite_form = InvitePractitionerForm(formdata=None, email=practitioner.email)
    return _page_of(practitioner, invite_form, JoinForm(formdata=None))


def _page_of(
    practitioner: Practitioner, invite_form: InvitePractitionerForm, join_form: JoinForm, status: int = 200
) -> Response:
    actor = current_actor()
    may_verify = policy.can_verify(actor)
    _offer_users(join_form, if_wanted=may_verify and practitioner.user_id is None)
    return page(
        "practitioners/show.html",
        status=status,
        practitioner=practitioner,
        facilities=[place for place in active_facilities() if policy.can_place(actor, place.id)],
        works_at=queries.facilities_of(practitioner.id),
        user=queries.user_of(practitioner),
        may_verify=may_verify,
        invite_form=invite_form,
        join_form=join_form,
    )


def _offer_users(form: JoinForm, *, if_wanted: bool) -> None:
    users = queries.users_without_practitioner() if if_wanted else []
    form.user.choices = [(user.id, f"{user.name}, {user.email or ''}") for user in users]


@bp.route("/practitioners/<id:practitioner_id>/edit", methods=["GET", "POST"])
@allow(Role.ADMIN, Role.FACILITY_ADMIN)
def edit(practitioner_id: int) -> Response:
    """Change what is known of a practitioner."""
    practitioner = queries.get_practitioner(practitioner_id)
    form = PractitionerForm(obj=practitioner)
    if request.method == "GET":
        return page("practitioners/edit.html", form=form, practitioner=practitioner)
    if not form.validate():
        return page("practitioners/edit.html", status=422, form=form, practitioner=practitioner)
    try:
        with unit_of_work():
            service.update(current_actor(), practitioner, form.details())
    except DomainError as error:
        form.refuse(error)
        practitioner = queries.get_practitioner(practitioner_id)
        return page("practitioners/edit.html", status=error.status, form=form, practitioner=practitioner)
    say(_("Saved."))
    return _to(practitioner_id)


@bp.post("/practitioners/<id:practitioner_id>/verify")
@allow(Role.ADMIN)
def verify(practitioner_id: int) -> Response:
    """Say that the licence was seen."""
    with unit_of_work():
        service.verify(current_actor(), queries.get_practitioner(practitioner_id))
    say(_("Verified. From now on visits can be booked."))
    return _to(practitioner_id)


@bp.post("/practitioners/<id:practitioner_id>/affiliate/<id:facility_id>")
@allow(Role.ADMIN, Role.FACILITY_ADMIN)
def affiliate(practitioner_id: int, facility_id: int) -> Response:
    """Let a practitioner work at a clinic."""
    with unit_of_work():
        service.affiliate(
            current_actor(), queries.get_practitioner(practitioner_id), get_facility(facility_id).id
        )
    say(_("They work here now. Enter their hours next."))
    return _to(practitioner_id)


@bp.post("/practitioners/<id:practitioner_id>/leave/<id:facility_id>")
@allow(Role.ADMIN, Role.FACILITY_ADMIN)
def leave(practitioner_id: int, facility_id: int) -> Response:
    """A practitioner no longer works at a clinic."""
    with unit_of_work():
        service.leave(current_actor(), queries.get_practitioner(practitioner_id), facility_id)
    say(_("They no longer work here. What is booked stays."))
    return _to(practitioner_id)


@bp.post("/practitioners/<id:practitioner_id>/activate")
@allow(Role.ADMIN)
def activate(practitioner_id: int) -> Response:
    """Put a practitioner back into the lists."""
    return _set_active(practitioner_id, True)


@bp.post("/practitioners/<id:practitioner_id>/deactivate")
@allow(Role.ADMIN)
def deactivate(practitioner_id: int) -> Response:
    """Take a practitioner out of the lists."""
    return _set_active(practitioner_id, False)


def _set_active(practitioner_id: int, active: bool) -> Response:
    with unit_of_work():
        service.set_active(current_actor(), queries.get_practitioner(practitioner_id), active)
    say(
        _("They can be chosen again.") if active else _("They can no longer be chosen. What is booked stays.")
    )
    return _to(practitioner_id)


@bp.post("/practitioners/<id:practitioner_id>/invite")
@allow(Role.ADMIN)
def invite(practitioner_id: int) -> Response:
    """Invite a practitioner to sign in."""
    practitioner, form = queries.get_practitioner(practitioner_id), InvitePractitionerForm()
    if not form.validate():
        return _page_of(practitioner, form, JoinForm(formdata=None), 422)
    try:
        with unit_of_work():
            service.invite_to_sign_in(current_actor(), practitioner, email=form.email.data or "")
    except DomainError as error:
        form.refuse(error)
        practitioner = queries.get_practitioner(practitioner_id)
        return _page_of(practitioner, form, JoinForm(formdata=None), error.status)
    say(_("The invitation is on its way."))
    return _to(practitioner_id)


@bp.post("/practitioners/<id:practitioner_id>/join")
@allow(Role.ADMIN)
def join(practitioner_id: int) -> Response:
    """Join a practitioner to somebody who signs in already."""
    practitioner, form = queries.get_practitioner(practitioner_id), JoinForm()
    invite_form = InvitePractitionerForm(formdata=None, email=practitioner.email)
    _offer_users(form, if_wanted=True)
    if not form.validate() or form.user.data is None:
        return _page_of(practitioner, invite_form, form, 422)
    try:
        with unit_of_work():
            service.join_sign_in(current_actor(), practitioner, form.user.data)
    except DomainError as error:
        form.refuse(error)
        return _page_of(queries.get_practitioner(practitioner_id), invite_form, form, error.status)
    say(_("Joined. They find their own day after signing in."))
    return _to(practitioner_id)


def _to(practitioner_id: int) -> Response:
    return go_to(url_for("practitioners.show", practitioner_id=practitioner_id))


blueprints = (bp,)
