"""One's own passkeys: added, named, removed."""

from __future__ import annotations

from flask import Response, abort, current_app, request, url_for

from clinic.accounts import factor_queries, queries, sessions
from clinic.accounts.display import device_name
from clinic.accounts.factor_forms import NewPasskeyForm, PasskeyNameForm
from clinic.accounts.service import passkeys as service
from clinic.accounts.service.proving import is_proved
from clinic.accounts.views.blueprint import bp
from clinic.accounts.views.proving import to_prove
from clinic.config import Settings
from clinic.core.access import STAFF, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, go_to, page, say


def site() -> service.Site | None:
    """Where passkeys are good here, from the settings alone; None where browsers offer none."""
    settings: Settings = current_app.extensions["settings"]
    return service.site_of(settings.public_url)


@bp.get("/account/passkeys")
@allow(*STAFF)
def passkeys() -> Response:
    """One's own passkeys."""
    found = factor_queries.passkeys_of(current_actor().user_id or 0)
    return page("accounts/passkeys.html", passkeys=found, possible=site() is not None)


@bp.route("/account/passkeys/add", methods=["GET", "POST"])
@allow(*STAFF)
def add_passkey() -> Response:
    """Make a passkey on this device, after proving who one is."""
    actor, here = current_actor(), site()
    if here is None:
        abort(404)
    if not is_proved(actor):
        return to_prove(url_for("accounts.add_passkey"))
    form = NewPasskeyForm()
    if request.method != "POST":
        form.name.data = device_name(request.user_agent.string)[:60]
        return page("accounts/passkey_add.html", form=form)
    if not form.validate():
        return page("accounts/passkey_add.html", status=422, form=form)
    try:
        _add(here, form)
    except DomainError as error:
        form.refuse(error)
        form.credential.data = ""
        return page("accounts/passkey_add.html", status=error.status, form=form)
    say(_("The passkey is added. You can sign in with it from now on."))
    return go_to(url_for("accounts.passkeys"))


def _add(here: service.Site, form: NewPasskeyForm) -> None:
    actor, answer = current_actor(), form.credential.data or ""
    with unit_of_work():
        challenge = service.spend_challenge(
            answer, service.ADD, browser=sessions.browser_hash(), user_id=actor.user_id
        )
    if challenge is None:
        raise Invalid(_("The device's answer came too late. Try again."))
    with unit_of_work():
        user = queries.own_user(actor)
        service.add(actor, user, site=here, answer=answer, challenge=challenge, name=form.name.data or "")


@bp.post("/account/passkeys/options")
@allow(*STAFF)
def new_passkey_options() -> Response:
    """What the browser needs to make one, as JSON."""
    actor, here = current_actor(), site()
    if here is None:
        abort(404)
    if not is_proved(actor):
        return to_prove(url_for("accounts.add_passkey"))
    with unit_of_work():
        options = service.options_to_add(
            here,
            queries.own_user(actor),
            clinic=factor_queries.clinic_name(),
            browser=sessions.browser_hash(),
        )
    return Response(options, mimetype="application/json")


@bp.route("/account/passkeys/<id:passkey_id>", methods=["GET", "POST"])
@allow(*STAFF)
def passkey(passkey_id: int) -> Response:
    """One passkey: call it something else."""
    actor = current_actor()
    found = factor_queries.own_passkey(actor, passkey_id)
    form = PasskeyNameForm(obj=found)
    if request.method != "POST":
        return page("accounts/passkey.html", form=form, passkey=found)
    if not form.validate():
        return page("accounts/passkey.html", status=422, form=form, passkey=found)
    with unit_of_work():
        service.rename(actor, found, form.name.data or "")
    say(_("Saved."))
    return go_to(url_for("accounts.passkeys"))


@bp.route("/account/passkeys/<id:passkey_id>/remove", methods=["GET", "POST"])
@allow(*STAFF)
def remove_passkey(passkey_id: int) -> Response:
    """Let a passkey open nothing any more, after proving who one is."""
    actor = current_actor()
    found = factor_queries.own_passkey(actor, passkey_id)
    if not is_proved(actor):
        return to_prove(url_for("accounts.remove_passkey", passkey_id=passkey_id))
    if request.method != "POST":
        return page("accounts/passkey_remove.html", passkey=found)
    with unit_of_work():
        service.remove(actor, queries.own_user(actor), found)
    say(_("The passkey is removed."))
    return go_to(url_for("accounts.passkeys"))
