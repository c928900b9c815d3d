"""The people of the clinic, for who runs it: invited, given roles, stopped."""

from __future__ import annotations

from flask import Response, request, url_for

from clinic.accounts import policy, queries
from clinic.accounts.display import role_label
from clinic.accounts.forms import InviteForm, RolesForm
from clinic.accounts.models import User
from clinic.accounts.service import activate, change_roles, deactivate, invite
from clinic.accounts.service.links import invite_again as send_invitation_again
from clinic.accounts.views.blueprint import bp
from clinic.core.access import Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError
from clinic.core.i18n import gettext as _
from clinic.core.paging import read_page
from clinic.core.web import current_actor, go_to, page, say


@bp.get("/people")
@allow(Role.ADMIN)
def people() -> Response:
    """Everybody who can sign in as staff."""
    found = queries.staff_page(read_page(request.args.get("page"), default_limit=25))
    return page("accounts/people.html", found=found, role_label=role_label)


@bp.route("/people/invite", methods=["GET", "POST"])
@allow(Role.ADMIN)
def invite_person() -> Response:
    """Invite somebody by e-mail."""
    form = InviteForm()
    form.offer(queries.facility_choices())
    if request.method == "GET":
        return page("accounts/invite.html", form=form)
    if not form.validate():
        return page("accounts/invite.html", status=422, form=form)
    try:
        with unit_of_work():
            user, _token = invite(
                current_actor(),
                name=form.name.data or "",
                email=form.email.data or "",
                roles=form.roles.roles(),
                facility_id=form.facility.data,
            )
            user_id, email = user.id, user.email
    except DomainError as error:
        form.refuse(error)
        return page("accounts/invite.html", status=error.status, form=form)
    say(_("The invitation is on its way to %(email)s.", email=email))
    return go_to(url_for("accounts.person", user_id=user_id))


@bp.route("/people/<id:user_id>", methods=["GET", "POST"])
@allow(Role.ADMIN)
def person(user_id: int) -> Response:
    """One person: their roles, whether they may sign in."""
    actor = current_actor()
    user = queries.get_user(actor, user_id)
    form = RolesForm()
    form.offer(queries.facility_choices())
    if request.method == "GET":
        places = queries.places_of(user_id)
        form.roles.data = [str(role) for role in queries.roles_of(user_id)]
        form.facility.data = next(iter(places)) if len(places) == 1 else None
        return _person_page(user, form)
    if not form.validate():
        return _person_page(user, form, 422)
    try:
        with unit_of_work():
            change_roles(actor, user, form.roles.roles(), facility_id=form.facility.data)
    except DomainError as error:
        form.refuse(error)
        return _person_page(queries.get_user(actor, user_id), form, error.status)
    say(_("The roles are changed. They hold from the next sign-in."))
    return go_to(url_for("accounts.person", user_id=user_id))


def _person_page(user: User, form: RolesForm, status: int = 200) -> Response:
    actor = current_actor()
    return page(
        "accounts/person.html",
        status=status,
        form=form,
        user=user,
        sessions=queries.open_sessions(user.id),
        can_stop=policy.can_stop(actor, user.id),
    )


@bp.post("/people/<id:user_id>/deactivate")
@allow(Role.ADMIN)
def deactivate_person(user_id: int) -> Response:
    """Stop somebody's account; they are out at their next request."""
    actor = current_actor()
    user = queries.get_user(actor, user_id)
    try:
        with unit_of_work():
            deactivate(actor, user)
    except DomainError as error:
        form = RolesForm(formdata=None)
        form.offer(queries.facility_choices())
        form.roles.data = [str(role) for role in queries.roles_of(user_id)]
        form.form_errors.append(error.message)
        return _person_page(queries.get_user(actor, user_id), form, error.status)
    say(_("The account is stopped, and signed out everywhere."))
    return go_to(url_for("accounts.person", user_id=user_id))


@bp.post("/people/<id:user_id>/activate")
@allow(Role.ADMIN)
def activate_person(user_id: int) -> Response:
    """Let somebody sign in again."""
    actor = current_actor()
    user = queries.get_user(actor, user_id)
    with unit_of_work():
        activate(actor, user)
    say(_("The account is open again."))
    return go_to(url_for("accounts.person", user_id=user_id))


@bp.post("/people/<id:user_id>/invite-again")
@allow(Role.ADMIN)
def invite_again(user_id: int) -> Response:
    """Send the invitation once more; the earlier link is dead."""
    actor = current_actor()
    user = queries.get_user(actor, user_id)
    with unit_of_work():
        send_invitation_again(actor, user)
    say(_("Another invitation is on its way."))
    return go_to(url_for("accounts.person", user_id=user_id))
