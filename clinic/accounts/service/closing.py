"""Closing a household's sign-in at its own wish: asked for, undone within a week, or carried out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from clinic.accounts.models import AccountClosing, RoleGrant, SignInEmail, User
from clinic.accounts.service.open_sessions import end_sessions
from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import SYSTEM, Actor, Role
from clinic.core.db import db
from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _

UNDO_FOR = timedelta(days=7)
_OPEN = (AccountClosing.undone_at.is_(None), AccountClosing.done_at.is_(None))


def ask_to_close(actor: Actor, user: User, *, visits_cancelled: int) -> AccountClosing:
    """Note that a household wants its sign-in deleted; every session ends, on every device."""
    now = clock.now()
    row = AccountClosing(
        user_id=user.id, closes_at=now + UNDO_FOR, visits_cancelled=visits_cancelled, created_at=now
    )
    db.session.add(row)
    db.session.flush()
    end_sessions(user.id, "account.closing")
    audit.record(
        actor,
        "account.closing_asked",
        subject_type="user",
        subject_id=user.id,
        detail={"visits_cancelled": visits_cancelled},
    )
    return row


def undo_closing(visitor: Actor, user: User) -> bool:
    """Signing in again within the week: nothing is deleted. True where there was something to undo.

    Raises Invalid when the week is over.
    """
    row = db.session.scalars(
        select(AccountClosing).where(AccountClosing.user_id == user.id, *_OPEN).with_for_update()
    ).first()
    if row is None:
        return False
    if row.closes_at <= clock.now():
        raise Invalid(
            _("This sign-in is being deleted, as you asked. Try again in a few minutes to begin anew."),
            field="code",
        )
    row.undone_at = clock.now()
    audit.record(visitor, "account.closing_undone", subject_type="user", subject_id=user.id)
    db.session.flush()
    return True


def due_closings(now: datetime) -> Sequence[AccountClosing]:
    """What is to be carried out now, locked; at most 50."""
    return db.session.scalars(
        select(AccountClosing)
        .where(AccountClosing.closes_at <= now, *_OPEN)
        .order_by(AccountClosing.id)
        .limit(50)
        .with_for_update(skip_locked=True)
    ).all()


def close(closing: AccountClosing) -> User:
    """Delete a household's sign-in for good: its number, e-mail addresses and name, and the right to act.

    The row stays, without anything that says who it was, for what refers to it. Somebody of the staff keeps
    what they work with.
    """
    user = db.session.get_one(User, closing.user_id)
    end_sessions(user.id, "account.closed")
    db.session.execute(delete(SignInEmail).where(SignInEmail.user_id == user.id))
    db.session.execute(delete(RoleGrant).where(RoleGrant.user_id == user.id, RoleGrant.role == Role.PATIENT))
    staff = db.session.scalar(select(RoleGrant.id).where(RoleGrant.user_id == user.id).limit(1))
    if staff is None:
        user.active, user.closed_at = False, clock.now()
        user.mobile, user.email, user.password_hash, user.name = None, None, None, ""
    elif user.email is not None:
        user.mobile = None
    closing.done_at = clock.now()
    db.session.flush()
    audit.record(SYSTEM, "account.closed", subject_type="user", subject_id=user.id)
    return user
