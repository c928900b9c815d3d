"""Sessions as the browser holds them: a signed cookie with a token, and a row that says what it opens."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta

from flask import Flask, g, request, session
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from sqlalchemy import select

from clinic.accounts.models import LoginSession, SessionKind, User
from clinic.accounts.service.open_sessions import (
    SEEN_EVERY,
    OpenSession,
    end_session,
    end_sessions,
    find_session,
    mark_seen,
    start_session,
)
from clinic.accounts.service.tidying import forget_old
from clinic.audit import service as audit
from clinic.core import clock, crypto
from clinic.core.access import Actor
from clinic.core.db import db, unit_of_work
from clinic.core.i18n import LOCALES
from clinic.core.periodic import every
from clinic.core.web import is_timed_refresh

BROWSER = "browser"
KEPT = (BROWSER, "locale")
"""What a browser keeps across signing in and out: a random name for itself, and the language chosen."""


class Token(UserMixin):  # type: ignore[misc]
    """What Flask-Login keeps in the cookie: the session's token, never a person's id."""

    def __init__(self, token: str, opened: OpenSession | None = None) -> None:
        self.token = token
        self.opened = opened

    def get_id(self) -> str:
        return self.token


FRESH = timedelta(minutes=10)
"""How long after signing in nobody is asked again who they are."""


def init_sessions(app: Flask) -> None:
    """Put who is signed in on ``g.actor`` and ``g.person`` before each request, at the cost of one query."""
    every(3600, "accounts.forget_old", forget_old)
    manager = LoginManager(app)
    manager.session_protection = None  # the row decides, not the browser's address

    @manager.user_loader  # type: ignore[untyped-decorator]
    def load(token: str) -> Token | None:
        found = find_session(token, origin=_origin(), request_id=g.get("request_id", ""))
        return Token(token, found) if found else None

    @app.before_request
    def recognise() -> None:
        g.actor = g.person = g.terms_version = None
        g.pop("_login_user", None)  # an application context may outlive a request
        if request.endpoint in ("static", "css_bundle") or not session.get("_user_id"):
            return
        opened: OpenSession | None = getattr(current_user, "opened", None)
        if opened is None:
            _forget()
            return
        g.actor = g.person = opened.actor
        g.terms_version = opened.terms_version
        session_id = opened.actor.session_id
        if session_id and not is_timed_refresh() and opened.last_seen_at <= clock.now() - SEEN_EVERY:
            with unit_of_work():
                mark_seen(session_id)


def open_session(user: User, kind: SessionKind) -> LoginSession:
    """Sign ``user`` in on this browser, inside the caller's unit of work.

    The cookie starts anew: another token, another CSRF token. A session open here before ends, and a language
    chosen before signing in becomes the person's.
    """
    before: Actor | None = g.get("actor")
    if before is not None and before.user_id and before.session_id:
        end_session(before.user_id, before.session_id, "replaced")
    if session.get("locale") in LOCALES:
        user.locale = session.pop("locale")
    token, row = start_session(user, kind, origin=_origin(), agent=request.user_agent.string or "")
    _forget()
    session.permanent = kind is SessionKind.PATIENT
    login_user(Token(token))
    return row


def sign_in(user: User, kind: SessionKind, *, by: str = "password") -> Actor:
    """Open a session and write down ``by`` what means; returns who is signed in now."""
    row = open_session(user, kind)
    row.signed_in_by = by
    actor = replace(visitor(), user_id=user.id, name=user.name, session_id=row.id, locale=user.locale)
    audit.record(
        actor, "sign_in.done", subject_type="user", subject_id=user.id, detail={"kind": kind, "by": by}
    )
    return actor


def is_fresh(actor: Actor) -> bool:
    """Whether the reader signed in within the last ten minutes."""
    opened = db.session.scalar(select(LoginSession.created_at).where(LoginSession.id == actor.session_id))
    return opened is not None and opened > clock.now() - FRESH


def leave_session() -> None:
    """Forget the session in this browser; its row is ended by the caller."""
    logout_user()
    _forget()
    g.actor = None


def browser_id() -> str:
    """A random name this browser carries in its cookie: codes and wrong passwords are counted by it."""
    name = session.get(BROWSER)
    if not isinstance(name, str) or len(name) < 20:
        name = secrets.token_urlsafe(24)
        session[BROWSER] = name
    return name


def browser_hash() -> str:
    """The browser's name as rows keep it."""
    return crypto.keyed_hash("browser", browser_id())


def visitor() -> Actor:
    """Somebody who has not signed in, for the audit: where from, and in which request."""
    return Actor(user_id=None, name="", origin=_origin(), request_id=g.get("request_id", ""))


def _origin() -> str:
    return request.remote_addr or ""


def _forget() -> None:
    kept = {key: session[key] for key in KEPT if key in session}
    session.clear()
    session.update(kept)
    g.pop("csrf_token", None)


__all__ = [
    "browser_hash",
    "browser_id",
    "end_session",
    "end_sessions",
    "init_sessions",
    "is_fresh",
    "leave_session",
    "open_session",
    "sign_in",
    "visitor",
]
