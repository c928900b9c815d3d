"""The accounts elsewhere one signs in with: seen, taken away."""

from __future__ import annotations

from flask import Response, url_for

from clinic.accounts import queries
from clinic.accounts.identity_queries import identities_of
from clinic.accounts.models import Provider
from clinic.accounts.providers import LABELS, configured
from clinic.accounts.service.connections import disconnect
from clinic.accounts.views.blueprint import bp
from clinic.accounts.views.outside import PROVIDER
from clinic.core.access import STAFF, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, go_to, page, say


@bp.get("/account/connections")
@allow(*STAFF)
def connections() -> Response:
    """Which accounts elsewhere sign one in here, and which could."""
    return _connections_page()


def _connections_page(status: int = 200, refused: str = "") -> Response:
    mine = {identity.provider: identity for identity in identities_of(current_actor().user_id or 0)}
    offered = {provider.name for provider in configured()}
    shown = [(provider, LABELS[provider]) for provider in Provider if provider in offered or provider in mine]
    return page(
        "accounts/connections.html",
        status=status,
        shown=shown,
        mine=mine,
        offered=offered,
        refused=refused,
    )


@bp.post(f"/account/connections/{PROVIDER}/end")
@allow(*STAFF)
def disconnect_account(name: str) -> Response:
    """Take one away, unless it is the last way in."""
    actor, provider = current_actor(), Provider(name)
    try:
        with unit_of_work():
            disconnect(actor, queries.own_user(actor), provider, label=LABELS[provider])
    except DomainError as error:
        return _connections_page(error.status, error.message)
    say(_("Your %(provider)s account is disconnected.", provider=LABELS[provider]))
    return go_to(url_for("accounts.connections"))
