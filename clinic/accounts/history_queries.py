"""Who signed in as somebody, or tried to: for the person, and for who looks after them.

Sign-ins that were let in are the audit's; those that were not are the counted tries with the person's e-mail,
so that nothing is read that the person was not meant by.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, func, literal, null, select, union_all

from clinic.accounts.models import LoginSession, SignInAttempt, User
from clinic.accounts.queries import let_in, open_of
from clinic.audit.models import AuditEvent
from clinic.core import clock, crypto
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.paging import COUNT_CAP, Page, PageRequest

KEPT = timedelta(days=90)
"""How far back the list goes: what is older is forgotten, see ``service.tidying``."""


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """A line of the list. ``agent`` is what the browser called itself, None for a try that was refused.

    ``by`` is the means, where it was written down.
    """

    at: datetime
    succeeded: bool
    origin: str
    agent: str | None
    by: str | None
    session_id: int | None


def sign_ins(user: User, request: PageRequest) -> Page[SignIn]:
    """Sign-ins and refused tries of the last 90 days, the newest first. Two statements."""
    since = clock.now() - KEPT
    lines = union_all(_let_in(user, since), _refused(user, since)).subquery()
    total = db.session.scalar(
        select(func.count()).select_from(select(lines.c.at).limit(COUNT_CAP + 1).subquery())
    )
    rows = db.session.execute(
        select(lines, LoginSession.agent, LoginSession.signed_in_by)
        .outerjoin(LoginSession, LoginSession.id == lines.c.session_id)
        .order_by(lines.c.at.desc(), lines.c.row_id.desc())
        .limit(request.limit)
        .offset(request.offset)
    )
    found = [
        SignIn(
            at=row.at,
            succeeded=row.succeeded,
            origin=row.origin,
            agent=row.agent,
            by=row.signed_in_by,
            session_id=row.session_id,
        )
        for row in rows
    ]
    counted = total or 0
    return Page(found, request, min(counted, COUNT_CAP), capped=counted > COUNT_CAP)


def sign_in_before(actor: Actor) -> SignIn | None:
    """The last time the person signed in before the session they are in. One statement."""
    row = db.session.execute(
        select(
            AuditEvent.at,
            AuditEvent.origin,
            AuditEvent.session_id,
            LoginSession.agent,
            LoginSession.signed_in_by,
        )
        .outerjoin(LoginSession, LoginSession.id == AuditEvent.session_id)
        .where(
            AuditEvent.actor_id == actor.user_id,
            AuditEvent.action == "sign_in.done",
            AuditEvent.at > clock.now() - KEPT,
            AuditEvent.session_id != actor.session_id,
        )
        .order_by(AuditEvent.at.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    return SignIn(
        at=row.at,
        succeeded=True,
        origin=row.origin,
        agent=row.agent,
        by=row.signed_in_by,
        session_id=row.session_id,
    )


def sessions_and_failures(user: User) -> tuple[list[LoginSession], int]:
    """Somebody's sessions that would still be let in, the one used last first, and how many tries with their
    e-mail were refused within 90 days (at most 1,000). One statement.
    """
    refused = _refused(user, clock.now() - KEPT).limit(COUNT_CAP).subquery()
    counted = select(func.count().label("failures")).select_from(refused).subquery()
    rows = db.session.execute(
        select(counted.c.failures, LoginSession)
        .select_from(counted)
        .outerjoin(LoginSession, and_(*open_of(user.id)))
        .order_by(LoginSession.last_seen_at.desc(), LoginSession.id.desc())
        .limit(50)
    ).all()
    return let_in([row.LoginSession for row in rows if row.LoginSession is not None]), rows[0].failures


def _let_in(user: User, since: datetime) -> Select[*tuple[Any, ...]]:
    return select(
        AuditEvent.id.label("row_id"),
        AuditEvent.at.label("at"),
        literal(True).label("succeeded"),
        AuditEvent.origin.label("origin"),
        AuditEvent.session_id.label("session_id"),
    ).where(AuditEvent.actor_id == user.id, AuditEvent.action == "sign_in.done", AuditEvent.at > since)


def _refused(user: User, since: datetime) -> Select[*tuple[Any, ...]]:
    identifier = crypto.keyed_hash("identifier", user.email or f"user:{user.id}")
    return select(
        SignInAttempt.id.label("row_id"),
        SignInAttempt.at.label("at"),
        literal(False).label("succeeded"),
        SignInAttempt.origin.label("origin"),
        null().label("session_id"),
    ).where(
        SignInAttempt.identifier_hash == identifier,
        SignInAttempt.at > since,
        SignInAttempt.succeeded.is_(False),
    )
