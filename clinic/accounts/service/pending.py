"""Sign-ins whose first step is done: bound to a browser, for ten minutes, with five tries at the second."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, exists, or_, select, update

from clinic.accounts.models import PendingSignIn, RoleGrant, User
from clinic.accounts.service.attempts import attempt_succeeded
from clinic.accounts.service.second_step import Answer, take
from clinic.accounts.service.security_notices import record_and_tell
from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.core.db import db

LIFETIME = timedelta(minutes=10)
ATTEMPTS = 5


def begin(visitor: Actor, user: User, *, by: str, next_url: str, browser: str) -> PendingSignIn:
    """Write down that ``user`` proved the first step ``by`` some means; ``browser`` is the browser's hash."""
    now = clock.now()
    row = PendingSignIn(
        user_id=user.id,
        signed_in_by=by,
        next_url=next_url,
        browser_hash=browser,
        origin=visitor.origin,
        created_at=now,
        expires_at=now + LIFETIME,
    )
    db.session.add(row)
    db.session.flush()
    audit.record(visitor, "sign_in.half_done", subject_type="user", subject_id=user.id, detail={"by": by})
    return row


def pending_here(pending_id: object, *, browser: str) -> PendingSignIn | None:
    """What this browser still owes; None when that is over, or somebody else's."""
    if not isinstance(pending_id, int):
        return None
    return db.session.scalars(select(PendingSignIn).where(*_live(pending_id, browser))).first()


def try_code(
    visitor: Actor, pending: PendingSignIn, *, typed: str, browser: str, attempt_id: int
) -> Answer | None:
    """Take one of the five tries; RIGHT ends the waiting. None when it is over: too late, or no try left.

    ``attempt_id`` is the try as counted by ``attempts.begin_attempt``.
    """
    left = db.session.execute(
        update(PendingSignIn)
        .where(*_live(pending.id, browser))
        .values(attempts=PendingSignIn.attempts + 1)
        .returning(PendingSignIn.attempts)
        .execution_options(synchronize_session=False)
    ).first()
    if left is None:
        return None
    user = pending.user
    answer = take(visitor, user, typed)
    if answer is Answer.RIGHT:
        attempt_succeeded(attempt_id)
        _finish(pending.id)
        return answer
    audit.record(visitor, "second_step.refused", subject_type="user", subject_id=user.id, outcome="refused")
    if left.attempts < ATTEMPTS:
        return answer
    _finish(pending.id)
    record_and_tell(visitor, "second_step.guessed", user, outcome="refused")
    return None


def _finish(pending_id: int) -> None:
    db.session.execute(
        update(PendingSignIn)
        .where(PendingSignIn.id == pending_id)
        .values(finished_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def _live(pending_id: int, browser: str) -> tuple[ColumnElement[bool], ...]:
    """A password changed, a role lost or an account stopped meanwhile ends the waiting."""
    still_staff = exists().where(
        User.id == PendingSignIn.user_id,
        User.active,
        or_(User.password_changed_at.is_(None), User.password_changed_at <= PendingSignIn.created_at),
        RoleGrant.user_id == User.id,
        RoleGrant.role != Role.PATIENT,
    )
    return (
        PendingSignIn.id == pending_id,
        PendingSignIn.browser_hash == browser,
        PendingSignIn.finished_at.is_(None),
        PendingSignIn.expires_at > clock.now(),
        PendingSignIn.attempts < ATTEMPTS,
        still_staff,
    )
