"""The terms of use: read by everybody, agreed to by who signs in, before anything else."""

from __future__ import annotations

from flask import Flask, Response, g, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from clinic.accounts import terms
from clinic.accounts.service.agreeing import accept_terms
from clinic.accounts.views.blueprint import bp
from clinic.core.access import STAFF, Actor, Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError
from clinic.core.i18n import gettext as _
from clinic.core.i18n import locale_tag
from clinic.core.web import current_actor, go_to, is_timed_refresh, page, safe_next

REACHABLE = frozenset(
    {
        "accounts.terms_of_use",
        "accounts.agree",
        "accounts.sign_out",
        "accounts.choose_locale",
        "accounts.second_step",
        "accounts.start_second_step",
        "accounts.set_up_second_step",
        "accounts.download_recovery_codes",
        "static",
        "css_bundle",
        "health.healthz",
    }
)
"""Where somebody gets who has not agreed yet. A second step that is owed comes before the terms."""


def init_terms(app: Flask) -> None:
    """Lead staff who have not agreed to the terms in force to them. Costs no query: the session knows.

    A form that is sent passes for who agreed to an earlier version: a new text must not cost what was typed;
    their next page asks. Register it after the gate.
    """

    @app.before_request
    def agree_first() -> BaseResponse | None:
        actor: Actor | None = g.get("person")
        if actor is None or not actor.is_staff or g.get("terms_version") == terms.CURRENT:
            return None
        if request.endpoint is None or request.endpoint in REACHABLE:
            return None
        reading = request.method in ("GET", "HEAD")
        if g.get("terms_version") is not None and (not reading or is_timed_refresh()):
            return None
        wanted = request.full_path.rstrip("?") if reading else "/"
        return go_to(url_for("accounts.terms_of_use", next=wanted if wanted != "/" else None))


@bp.get("/terms")
@allow(everybody=True)
def terms_of_use() -> Response:
    """The text in force; for who is signed in and has not agreed, with a button."""
    return _page(request.args.get("next"))


@bp.post("/terms")
@allow(*STAFF, Role.PATIENT)
def agree() -> Response:
    """Agree to the text that was shown, and go on."""
    try:
        with unit_of_work():
            accept_terms(current_actor(), version=request.form.get("version", ""))
    except DomainError as error:
        return _page(request.form.get("next"), error=error)
    return go_to(safe_next(request.form.get("next"), "/"))


def _page(onward: str | None, error: DomainError | None = None) -> Response:
    actor: Actor | None = g.get("actor")
    return page(
        "accounts/terms.html",
        status=error.status if error else 200,
        text=terms.text_of(terms.CURRENT, locale_tag()),
        version=terms.CURRENT,
        to_agree=actor is not None and g.get("terms_version") != terms.CURRENT,
        is_new=g.get("terms_version") is not None,
        next=safe_next(onward, ""),
        error=error.message if error else "",
        title=_("Terms of use"),
    )
