"""Whether somebody is still signed in, and signing in again over a page on which something was typed."""

from __future__ import annotations

from typing import Any

from flask import Response, g, jsonify, make_response, request, session
from flask_wtf.csrf import generate_csrf

from clinic.accounts import sessions
from clinic.accounts.factor_queries import factors_of
from clinic.accounts.models import LoginSession, SessionKind, User
from clinic.accounts.policy import IDLE
from clinic.accounts.service import pending
from clinic.accounts.service.attempts import begin_attempt
from clinic.accounts.service.open_sessions import mark_seen
from clinic.accounts.service.sign_in import check_password, identifier_of
from clinic.accounts.views.blueprint import bp
from clinic.accounts.views.completing import PENDING
from clinic.core import clock, crypto
from clinic.core.access import STAFF, Actor, Role, allow
from clinic.core.db import db, unit_of_work
from clinic.core.errors import TooMany
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, page

AFTERWARDS = "/signed-in"
"""Where signing in in another tab ends when a page elsewhere waits for it."""


@bp.get("/session")
@allow(everybody=True)
def session_now() -> Response:
    """Who is signed in in this browser and for how long yet, as JSON; asked on a timer it extends nothing."""
    return _who(g.actor)


@bp.post("/session/stay")
@allow(*Role)
def stay() -> Response:
    """Go on being signed in."""
    actor = current_actor()
    if actor.session_id:
        with unit_of_work():
            mark_seen(actor.session_id)
    return _who(actor)


@bp.post("/session")
@allow(everybody=True)
def sign_in_again() -> Response:
    """Sign in as the person a page was drawn for, by their password; nobody else gets in this way.

    Answers JSON: who is signed in now; ``elsewhere`` when a second step comes in another tab; a message.
    """
    user = _drawn_for(request.form.get("again", ""))
    if user is None:
        return make_response(jsonify(message=_("Sign in in another tab, and come back here.")), 422)
    visitor, browser = sessions.visitor(), sessions.browser_hash()
    email = identifier_of(user.email or "")
    typed = request.form.get("password", "")[:1000].encode("utf-8", "replace").decode()
    try:
        with unit_of_work():
            attempt_id = begin_attempt(email, browser=browser, origin=visitor.origin)
        with unit_of_work():
            found = check_password(visitor, email=email, password=typed, attempt_id=attempt_id)
    except TooMany as error:
        return make_response(jsonify(message=error.message), 429)
    if found is None:
        return make_response(jsonify(message=_("This is not the password. Try once more.")), 422)
    factors = factors_of(found.id)
    if factors.on_since is not None:
        with unit_of_work():
            owed = pending.begin(visitor, found, by="password", next_url=AFTERWARDS, browser=browser).id
        session[PENDING] = owed
        return jsonify(elsewhere=True)
    with unit_of_work():
        actor = sessions.sign_in(found, SessionKind.STAFF)
    return _who(actor)


@bp.get("/signed-in")
@allow(*STAFF)
def signed_in() -> Response:
    """The end of signing in in another tab: go back to the page that waits."""
    return page("accounts/signed_in.html")


@bp.app_template_global("still_here")
def still_here() -> dict[str, Any]:
    """What a page needs to say that its session ends soon: whose it is, and how many seconds it may idle."""
    actor: Actor | None = g.get("actor")
    if actor is None or actor.user_id is None:
        return {}
    kind = SessionKind.STAFF if actor.is_staff else SessionKind.PATIENT
    return {
        "person": actor.user_id,
        "name": actor.name,
        "again": f"{actor.user_id}-{_proof(actor.user_id)}",
        # A session is written as seen once a minute, so it may end that much earlier.
        "seconds": int(IDLE[kind].total_seconds()) - 60,
    }


def _who(actor: Actor | None) -> Response:
    if actor is None or actor.session_id is None:
        return jsonify(person=None, name="", seconds=0, csrf=generate_csrf())
    row = db.session.get(LoginSession, actor.session_id, populate_existing=True)
    seconds = 0.0
    if row is not None:
        ends = min(row.expires_at, row.last_seen_at + IDLE[SessionKind(row.kind)])
        seconds = max(0.0, (ends - clock.now()).total_seconds())
    return jsonify(person=actor.user_id, name=actor.name, seconds=int(seconds), csrf=generate_csrf())


def _proof(user_id: int) -> str:
    return crypto.keyed_hash("sign-in-again", str(user_id))[:32]


def _drawn_for(text: str) -> User | None:
    number, _dash, proof = text.partition("-")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    if not crypto.same(proof, _proof(int(number))):
        return None
    return db.session.get(User, int(number))
