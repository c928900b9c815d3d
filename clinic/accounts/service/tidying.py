"""What signing in leaves behind, and how long it is kept. What happened is in the audit."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, exists

from clinic.accounts.models import (
    Authenticator,
    LoginSession,
    OneTimeCode,
    OutsideSignIn,
    PasskeyChallenge,
    PendingSignIn,
    SignInAttempt,
)
from clinic.core import clock
from clinic.core.db import db, unit_of_work
from clinic.notifications.models import PushSubscription

CODES, FINISHED = timedelta(days=2), timedelta(days=90)
"""Codes are counted by the day. A browser is known for as long as its success is kept, and people see refused
tries for as long as their sign-ins.
"""


def forget_old() -> None:
    """Delete tries, codes and sessions that no longer decide anything."""
    now = clock.now()
    # Whether a browser may still hear by push is read from how its session ended.
    heard_in = exists().where(PushSubscription.session_id == LoginSession.id)
    old = (
        delete(SignInAttempt).where(SignInAttempt.at < now - FINISHED),
        delete(OneTimeCode).where(OneTimeCode.created_at < now - CODES),
        delete(LoginSession).where(LoginSession.expires_at < now - FINISHED, ~heard_in),
        delete(OutsideSignIn).where(OutsideSignIn.created_at < now - CODES),
        delete(PendingSignIn).where(PendingSignIn.expires_at < now - CODES),
        delete(PasskeyChallenge).where(PasskeyChallenge.expires_at < now),
        delete(Authenticator).where(
            Authenticator.confirmed_at.is_(None), Authenticator.created_at < now - CODES
        ),
    )
    with unit_of_work():
        for query in old:
            db.session.execute(query.execution_options(synchronize_session=False))
