"""The people of the clinic, for who runs it: invited, given roles, signed out, stopped."""

from __future__ import annotations

from flask import Response, request, url_for

from clinic.accounts import history_queries, policy, queries, terms
from clinic.accounts.display import device_name, role_label
from clinic.accounts.factor_queries import factors_of
from clinic.accounts.forms import GrantsForm, InviteForm
from clinic.accounts.queries import Managed
from clinic.accounts.service import activate, change_roles, deactivate, invite, second_step
from clinic.accounts.service.links import invite_again as send_invitation_again
from clinic.accounts.service.proving import is_proved
from clinic.accounts.service.stopping import sign_out_everywhere
from clinic.accounts.views.blueprint import bp
from clinic.accounts.views.proving import to_prove
from clinic.core.access import Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.i18n import ngettext
from clinic.core.paging import read_page
from clinic.core.web import current_actor, go_to, page, say

MANAGERS = (Role.ADMIN, Role.FACILITY_ADMIN)


@bp.get("/people")
@allow(*MANAGERS)
def people() -> Response:
    """Everybody who can sign in as staff, of the reader's own clinics."""
    actor = current_actor()
    found = queries.staff_page(actor, read_page(request.args.get("page"), default_limit=25))
    everywhere = actor.has(Role.ADMIN)
    return page(
        "accounts/people.html",
        found=found,
        role_label=role_label,
        terms_version=terms.CURRENT,
        everywhere=everywhere,
    )


@bp.route("/people/invite", methods=["GET", "POST"])
@allow(*MANAGERS)
def invite_person() -> Response:
    """Invite somebody by e-mail."""
    actor, form = current_actor(), InviteForm()
    form.grants.offer(_offered(queries.grants_to_give(actor)))
    if request.method == "GET":
        return page("accounts/invite.html", form=form)
    if not form.validate():
        return page("accounts/invite.html", status=422, form=form)
    try:
        with unit_of_work():
            user, _token = invite(
                actor, name=form.name.data or "", email=form.email.data or "", grants=form.grants.grants()
            )
            user_id, email = user.id, user.email
    except DomainError as error:
        form.refuse(error)
        return page("accounts/invite.html", status=error.status, form=form)
    say(_("The invitation is on its way to %(email)s.", email=email))
    return go_to(url_for("accounts.person", user_id=user_id))


@bp.route("/people/<id:user_id>", methods=["GET", "POST"])
@allow(*MANAGERS)
def person(user_id: int) -> Response:
    """One person: what they do where, whether they may sign in."""
    actor = current_actor()
    managed = queries.get_person(actor, user_id)
    if request.method == "GET":
        return _person_page(managed, _grants_form(managed))
    form = _grants_form(managed, sent=True)
    if not form.validate():
        return _person_page(managed, form, 422)
    was, ticked = form.was(request.form.getlist("was")), form.grants.grants()
    try:
        with unit_of_work():
            change_roles(actor, managed.user, add=ticked - was, remove=was - ticked)
    except DomainError as error:
        form.refuse(error)
        return _person_page(queries.get_person(actor, user_id), form, error.status)
    say(_("The roles are changed. They hold from the next sign-in."))
    return _to_person(user_id)


def _to_person(user_id: int) -> Response:
    """Back to the person, or to the list once they work elsewhere only."""
    try:
        queries.get_person(current_actor(), user_id)
    except NotFound:
        return go_to(url_for("accounts.people"))
    return go_to(url_for("accounts.person", user_id=user_id))


def _grants_form(managed: Managed, *, sent: bool = False) -> GrantsForm:
    form = GrantsForm() if sent else GrantsForm(formdata=None)
    form.grants.offer(_offered(queries.grants_to_give(current_actor(), managed.grants)))
    if not sent:
        form.start_from(managed.grants)
    return form


def _offered(places: list[tuple[str, list[policy.Grant]]]) -> list[tuple[str, list[policy.Grant]]]:
    return [(name or _("All clinics"), grants) for name, grants in places]


def _person_page(managed: Managed, form: GrantsForm, status: int = 200) -> Response:
    actor, user = current_actor(), managed.user
    open_ones, failures = history_queries.sessions_and_failures(user)
    return page(
        "accounts/person.html",
        status=status,
        form=form,
        user=user,
        was=[str(grant) for grant in managed.grants],
        works_elsewhere=not all(policy.can_grant(actor, grant) for grant in managed.grants),
        sessions=open_ones,
        failures=failures,
        device_name=device_name,
        can_change=policy.can_change_roles(actor, user.id),
        can_stop=policy.can_stop(actor, user.id, managed.grants),
        factors=factors_of(user.id),
        is_self=actor.user_id == user.id,
        sees_audit=actor.has(Role.ADMIN),
        terms_version=terms.CURRENT,
    )


@bp.post("/people/<id:user_id>/deactivate")
@allow(*MANAGERS)
def deactivate_person(user_id: int) -> Response:
    """Stop somebody's account; they are out at their next request."""
    actor = current_actor()
    user = queries.get_user(actor, user_id)
    try:
        with unit_of_work():
            deactivate(actor, user)
    except DomainError as error:
        return _refused(user_id, error)
    say(_("The account is stopped, and signed out everywhere."))
    return go_to(url_for("accounts.person", user_id=user_id))


@bp.post("/people/<id:user_id>/activate")
@allow(*MANAGERS)
def activate_person(user_id: int) -> Response:
    """Let somebody sign in again."""
    actor = current_actor()
    user = queries.get_user(actor, user_id)
    try:
        with unit_of_work():
            activate(actor, user)
    except DomainError as error:
        return _refused(user_id, error)
    say(_("The account is open again."))
    return go_to(url_for("accounts.person", user_id=user_id))


@bp.post("/people/<id:user_id>/end-sessions")
@allow(*MANAGERS)
def end_sessions_of(user_id: int) -> Response:
    """Sign somebody out on every device, as when one was lost."""
    actor = current_actor()
    user = queries.get_user(actor, user_id)
    with unit_of_work():
        ended = sign_out_everywhere(actor, user)
    say(ngettext("Signed out on %(num)d device.", "Signed out on %(num)d devices.", ended))
    if actor.user_id == user_id:
        return go_to(url_for("accounts.sign_in"))
    return go_to(url_for("accounts.person", user_id=user_id))


@bp.post("/people/<id:user_id>/invite-again")
@allow(*MANAGERS)
def invite_again(user_id: int) -> Response:
    """Send the invitation once more; the earlier link is dead."""
    actor = current_actor()
    user = queries.get_user(actor, user_id)
    try:
        with unit_of_work():
            send_invitation_again(actor, user)
    except DomainError as error:
        return _refused(user_id, error)
    say(_("Another invitation is on its way."))
    return go_to(url_for("accounts.person", user_id=user_id))


@bp.post("/people/<id:user_id>/second-step/reset")
@allow(Role.ADMIN)
def reset_second_step(user_id: int) -> Response:
    """Take away the authenticator, recovery codes and passkeys of somebody who lost them."""
    actor = current_actor()
    user = queries.get_user(actor, user_id)
    if not is_proved(actor):
        return to_prove(url_for("accounts.person", user_id=user_id))
    with unit_of_work():
        second_step.reset(actor, user)
    say(_("The second step is reset, and %(name)s is signed out everywhere.", name=user.name))
    return go_to(url_for("accounts.person", user_id=user_id))


def _refused(user_id: int, error: DomainError) -> Response:
    managed = queries.get_person(current_actor(), user_id)
    form = _grants_form(managed)
    form.form_errors.append(error.message)
    return _person_page(managed, form, error.status)
