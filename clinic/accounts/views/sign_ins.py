"""Who signed in as oneself: the list behind "was that me?"."""

from __future__ import annotations

from flask import Response, request

from clinic.accounts import history_queries, queries
from clinic.accounts.display import device_name, means_of
from clinic.accounts.views.blueprint import bp
from clinic.core.access import STAFF, Role, allow
from clinic.core.paging import read_page
from clinic.core.web import current_actor, page


@bp.get("/account/sign-ins")
@allow(*STAFF, Role.PATIENT)
def sign_ins() -> Response:
    """One's own sign-ins and the tries that were refused, of the last 90 days."""
    actor = current_actor()
    user = queries.own_user(actor)
    return page(
        "accounts/sign_ins.html",
        found=history_queries.sign_ins(user, read_page(request.args.get("page"), default_limit=20)),
        own_session_id=actor.session_id,
        is_patient=actor.is_patient,
        device_name=device_name,
        means_of=means_of,
    )
