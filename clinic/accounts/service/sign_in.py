"""Signing in with e-mail and password."""

from __future__ import annotations

from sqlalchemy import exists, select

from clinic.accounts.models import RoleGrant, User
from clinic.accounts.service import passwords
from clinic.accounts.service.attempts import attempt_succeeded
from clinic.accounts.service.open_sessions import end_sessions
from clinic.accounts.service.security_notices import EVENTS, record_and_tell
from clinic.audit import service as audit
from clinic.core import clock, crypto
from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import one_line


def identifier_of(typed: str) -> str:
    """An e-mail address as it is compared: one line, lower case."""
    return one_line(typed).lower()[:254]


def check_password(visitor: Actor, *, email: str, password: str, attempt_id: int) -> User | None:
    """The person of the staff with this e-mail and password, None if there is none; written down either way.

    Unknown e-mails, deactivated people and people without a password take the same time as a wrong password.
    """
    user = db.session.scalars(select(User).where(User.email == identifier_of(email))).first()
    usable = user is not None and user.active and _is_staff(user.id)
    right = passwords.verify(password, user.password_hash if user else None)
    if user is None or not (usable and right):
        audit.record(
            visitor,
            "sign_in.failed",
            subject_type="user",
            subject_id=user.id if user else None,
            outcome="refused",
            detail={"identifier": crypto.keyed_hash("identifier", identifier_of(email))[:16]},
        )
        return None
    attempt_succeeded(attempt_id)
    if user.password_hash and passwords.is_outdated(user.password_hash):
        user.password_hash = passwords.hashed(password)
    return user


def _is_staff(user_id: int) -> bool:
    found = exists().where(RoleGrant.user_id == user_id, RoleGrant.role != Role.PATIENT)
    return bool(db.session.scalar(select(found)))


def change_password(actor: Actor, user: User, *, current: str, new: str) -> None:
    """Give a person another password; every session of theirs ends but the caller opens a new one.

    Raises Invalid for a wrong current password or a new one that breaks a rule.
    """
    if not passwords.verify(current, user.password_hash):
        raise Invalid(_("This is not your present password."), field="current")
    if current == new:
        raise Invalid(_("This is the password you have already."), field="password")
    set_password(actor, user, new, action="password.changed")


def set_password(actor: Actor, user: User, new: str, *, action: str) -> None:
    """Keep a new password and end every session; the person is told by e-mail, save of their first.

    ``action`` is 'password.set', 'password.changed' or 'password.reset'. Raises Invalid for a broken rule.
    """
    passwords.check_rules(new, own=passwords.own_words(user.name, user.email))
    user.password_hash = passwords.hashed(new)
    user.password_changed_at = clock.now()
    end_sessions(user.id, action)
    db.session.flush()
    if action in EVENTS:
        record_and_tell(actor, action, user)
    else:
        audit.record(actor, action, subject_type="user", subject_id=user.id)
