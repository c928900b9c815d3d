"""Sessions as rows: opened at a sign-in, found by the hash of their token, ended on every device at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import JSON, ColumnElement, Select, column, func, select, table, update

from clinic.accounts.models import LoginSession, RoleGrant, SessionKind, User
from clinic.accounts.policy import ABSOLUTE, IDLE, Reach, reach_of
from clinic.core import clock, crypto
from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.core.text import one_line

SEEN_EVERY = timedelta(minutes=1)
_emergencies = table(
    "emergency_accesses",
    *(column(name) for name in ("user_id", "patient_id", "started_at", "ends_at", "closed_at")),
)
"""Patients stand above accounts; a session only needs to know whose records it reaches in an emergency."""


@dataclass(frozen=True, kw_only=True)
class OpenSession:
    """What a token opens: who it is, when the session was last written as seen, which terms they accepted."""

    actor: Actor
    kind: SessionKind
    last_seen_at: datetime
    terms_version: str | None = None


def start_session(user: User, kind: SessionKind, *, origin: str, agent: str) -> tuple[str, LoginSession]:
    """Open a session for ``user``; the token is returned once and kept only as a hash."""
    token, now = crypto.new_token(), clock.now()
    row = LoginSession(
        token_hash=crypto.token_hash(token),
        user_id=user.id,
        kind=kind,
        last_seen_at=now,
        expires_at=now + ABSOLUTE[kind],
        origin=origin,
        agent=one_line(agent)[:200],
    )
    user.last_sign_in_at = now
    db.session.add(row)
    db.session.flush()
    return token, row


def find_session(token: str, *, origin: str, request_id: str) -> OpenSession | None:
    """Who a token stands for, in one query.

    None when it is unknown, ended, idle too long, or its person was deactivated.
    """
    grants = func.json_agg(func.json_build_array(RoleGrant.role, RoleGrant.facility_id), type_=JSON).filter(
        RoleGrant.id.is_not(None)
    )
    row = db.session.execute(
        select(
            LoginSession,
            User.id,
            User.name,
            User.locale,
            User.terms_accepted_version,
            grants.label("grants"),
            _opened_in_an_emergency().label("emergencies"),
        )
        .join(User, User.id == LoginSession.user_id)
        .outerjoin(RoleGrant, RoleGrant.user_id == User.id)
        .where(
            LoginSession.token_hash == crypto.token_hash(token), LoginSession.ended_at.is_(None), User.active
        )
        .group_by(LoginSession.id, User.id)
    ).first()
    if row is None:
        return None
    session, user_id, name, locale, terms_version, granted, emergencies = row
    kind, now = SessionKind(session.kind), clock.now()
    if session.expires_at <= now or session.last_seen_at <= now - IDLE[kind]:
        return None
    actor = Actor(
        user_id=user_id,
        name=name,
        **_reach_in(kind, granted),
        session_id=session.id,
        origin=origin,
        request_id=request_id,
        locale=locale,
        emergencies=frozenset(emergencies or ()) if kind is SessionKind.STAFF else frozenset(),
    )
    return OpenSession(
        actor=actor,
        kind=kind,
        last_seen_at=session.last_seen_at,
        terms_version=terms_version,
    )


def _opened_in_an_emergency() -> ColumnElement[list[int] | None]:
    """Patients whose records the session's person opened in an emergency that is not over."""
    held = _emergencies.c
    now = clock.now()
    mine: Select[tuple[list[int] | None]] = select(func.json_agg(held.patient_id, type_=JSON)).where(
        held.user_id == User.id, held.closed_at.is_(None), held.started_at <= now, held.ends_at > now
    )
    return mine.correlate(User).scalar_subquery()


def _reach_in(kind: SessionKind, granted: Iterable[tuple[str, int | None]] | None) -> Reach:
    """A session opened by a code never carries staff roles, whoever it belongs to."""
    if kind is SessionKind.PATIENT:
        return Reach(roles=frozenset({Role.PATIENT}), facility_ids=frozenset(), grants=None)
    return reach_of(granted or ())


def mark_seen(session_id: int) -> None:
    """Note that a session is in use; of parallel requests one writes."""
    now = clock.now()
    db.session.execute(
        update(LoginSession)
        .where(LoginSession.id == session_id, LoginSession.last_seen_at <= now - SEEN_EVERY)
        .values(last_seen_at=now)
        .execution_options(synchronize_session=False)
    )


def end_sessions(user_id: int, reason: str, *, but: int | None = None) -> int:
    """End every open session of a person (save the one called ``but``); returns how many."""
    query = update(LoginSession).where(LoginSession.user_id == user_id, LoginSession.ended_at.is_(None))
    if but is not None:
        query = query.where(LoginSession.id != but)
    return _end(query, reason)


def end_session(user_id: int, session_id: int, reason: str) -> bool:
    """End one of a person's sessions; False when it is not theirs or already over."""
    query = update(LoginSession).where(
        LoginSession.id == session_id, LoginSession.user_id == user_id, LoginSession.ended_at.is_(None)
    )
    return _end(query, reason) == 1


def _end(query: object, reason: str) -> int:
    values = query.values(ended_at=clock.now(), end_reason=reason)  # type: ignore[attr-defined]
    result = db.session.execute(values.execution_options(synchronize_session="fetch"))
    return int(result.rowcount)  # type: ignore[attr-defined]
