"""Proving again who one is before the way to sign in is changed: an open browser is no licence for that."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select, update

from clinic.accounts.models import LoginSession, User
from clinic.accounts.service import passwords
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _

RECENT = timedelta(minutes=10)


def is_proved(actor: Actor) -> bool:
    """Whether the person signed in, or gave their password again, within the last ten minutes."""
    proved = func.greatest(LoginSession.created_at, LoginSession.proved_at)
    query = select(LoginSession.id).where(LoginSession.id == actor.session_id, proved > clock.now() - RECENT)
    return db.session.scalar(query) is not None


def prove(actor: Actor, user: User, *, password: str) -> None:
    """Take the password as proof, good for ten minutes in this session.

    Somebody without a password signs in anew instead. Raises Invalid.
    """
    if user.password_hash is None and not is_proved(actor):
        raise Invalid(_("Sign out and in again first: you have no password that could be asked for."))
    if user.password_hash is not None and not passwords.verify(password, user.password_hash):
        raise Invalid(_("This is not your present password."), field="password")
    db.session.execute(
        update(LoginSession)
        .where(LoginSession.id == actor.session_id)
        .values(proved_at=clock.now())
        .execution_options(synchronize_session=False)
    )
