"""One's own e-mail address: whether it is confirmed, and another one instead."""

from __future__ import annotations

from flask import Response, g, request, url_for

from clinic.accounts import queries, sessions
from clinic.accounts.forms import NewEmailForm
from clinic.accounts.service import addresses, links
from clinic.accounts.service.attempts import attempt_succeeded, begin_attempt, count_try, too_many
from clinic.accounts.views.blueprint import bp
from clinic.core.access import STAFF, Actor, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, NotFound, TooMany
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, go_to, page, say

MAILS_PER_HOUR = 5


@bp.get("/account/email")
@allow(*STAFF)
def own_email() -> Response:
    """The address one signs in with."""
    return _email_page(current_actor(), NewEmailForm(formdata=None))


@bp.post("/account/email")
@allow(*STAFF)
def change_email() -> Response:
    """Ask for another address; it takes effect when the link that goes there is opened."""
    actor, form = current_actor(), NewEmailForm()
    if not form.validate():
        return _email_page(actor, form, 422)
    try:
        address = _ask(actor, form)
    except DomainError as error:
        form.refuse(error)
        return _later(_email_page(actor, form, error.status), error)
    say(_("A link is on its way to %(email)s.", email=address))
    return go_to(url_for("accounts.own_email"))


def _ask(actor: Actor, form: NewEmailForm) -> str:
    """A session left open is no licence to guess the password, nor to write to anybody's address."""
    browser = sessions.browser_hash()
    with unit_of_work():
        attempt_id = begin_attempt(f"user:{actor.user_id}", browser=browser, origin=actor.origin)
        _count_mail(actor)
    with unit_of_work():
        address = addresses.ask_to_change(
            actor,
            queries.own_user(actor),
            new=form.new_email.data or "",
            password=form.password.data or "",
        )
        attempt_succeeded(attempt_id)
    return address


@bp.post("/account/email/link")
@allow(*STAFF)
def send_email_link() -> Response:
    """Mail a link by which the present address is confirmed."""
    actor = current_actor()
    try:
        with unit_of_work():
            _count_mail(actor)
            addresses.ask_to_verify(actor, queries.own_user(actor))
    except DomainError as error:
        form = NewEmailForm(formdata=None)
        form.form_errors.append(error.message)
        return _later(_email_page(actor, form, error.status), error)
    say(_("A link is on its way to you. It is good for one hour."))
    return go_to(url_for("accounts.own_email"))


@bp.post("/account/email/keep")
@allow(*STAFF)
def keep_email() -> Response:
    """Keep the present address after all."""
    actor = current_actor()
    with unit_of_work():
        addresses.cancel_change(actor, queries.own_user(actor))
    say(_("Your e-mail stays as it is."))
    return go_to(url_for("accounts.own_email"))


@bp.route("/confirm-email/<token>", methods=["GET", "POST"])
@allow(everybody=True)
def verify_email(token: str) -> Response:
    """Confirm an address by the link that went there. Opening it spends nothing; its button does."""
    actor: Actor | None = g.actor
    try:
        link = links.open_link(token, links.VERIFY)
        is_change, wanted = link.email != link.user.email, link.user
        stranger = is_change and (actor is None or actor.user_id != wanted.id)
        if request.method != "POST" or stranger:
            return page(
                "accounts/verify_email.html",
                status=403 if request.method == "POST" else 200,
                link=link,
                is_change=is_change,
                stranger=stranger,
                here=url_for("accounts.verify_email", token=token),
            )
        with unit_of_work():
            addresses.confirm(actor or sessions.visitor(), token=token)
    except NotFound:
        return page("accounts/verify_email_over.html", status=404)
    except DomainError as error:
        return page("accounts/verify_email_over.html", status=error.status, message=error.message)
    say(_("Your e-mail is confirmed."))
    return go_to(url_for("accounts.own_email" if actor and actor.is_staff else "accounts.sign_in"))


def _count_mail(actor: Actor) -> None:
    mails = count_try(f"mail:{actor.user_id}", browser=sessions.browser_hash(), origin=actor.origin)
    if mails > MAILS_PER_HOUR:
        raise too_many(links.LIFETIME[links.VERIFY])


def _email_page(actor: Actor, form: NewEmailForm, status: int = 200) -> Response:
    user = queries.own_user(actor)
    return page(
        "accounts/own_email.html",
        status=status,
        form=form,
        user=user,
        asked=addresses.asked_change(user),
    )


def _later(response: Response, error: DomainError) -> Response:
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    return response
