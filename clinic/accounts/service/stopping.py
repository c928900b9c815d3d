"""Stopping an account, and opening it again. What it could be entered by is over at once, everywhere."""

from __future__ import annotations

from sqlalchemy import or_, update

from clinic.accounts.models import AccountLink, OneTimeCode, User
from clinic.accounts.policy import can_manage, can_stop
from clinic.accounts.queries import grants_of
from clinic.accounts.service.open_sessions import end_sessions
from clinic.accounts.service.roles import keep_an_admin
from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.core.errors import Forbidden
from clinic.core.i18n import gettext as _


def deactivate(actor: Actor, user: User) -> None:
    """Stop an account: every session ends at its next request, links and codes that are out open nothing.

    Raises Forbidden for one's own and for somebody of another clinic, Conflict for the last administrator's.
    """
    grants = grants_of(user.id)
    if actor.user_id == user.id:
        raise Forbidden(_("You cannot stop your own account. Ask another administrator."))
    if not can_stop(actor, user.id, grants):
        raise Forbidden(_("This person works at another clinic as well. Ask an administrator."))
    if any(grant.role == Role.ADMIN for grant in grants):
        keep_an_admin(user)
    if not user.active:
        return
    user.active = False
    end_sessions(user.id, "account.deactivated")
    _end_what_is_out(user)
    db.session.flush()
    audit.record(actor, "account.deactivated", subject_type="user", subject_id=user.id)


def activate(actor: Actor, user: User) -> None:
    """Let a stopped account sign in again. Raises Forbidden for somebody of another clinic."""
    if user.active:
        return
    if not can_stop(actor, user.id, grants_of(user.id)):
        raise Forbidden(_("This person works at another clinic as well. Ask an administrator."))
    user.active = True
    db.session.flush()
    audit.record(actor, "account.activated", subject_type="user", subject_id=user.id)


def sign_out_everywhere(actor: Actor, user: User) -> int:
    """End every session of somebody, whose device was lost perhaps; returns how many."""
    if not can_manage(actor, grants_of(user.id)):
        raise Forbidden(_("This person works at another clinic as well. Ask an administrator."))
    ended = end_sessions(user.id, "ended_by_admin")
    audit.record(actor, "session.ended", subject_type="user", subject_id=user.id, detail={"count": ended})
    return ended


def _end_what_is_out(user: User) -> None:
    now = clock.now()
    mine = (
        update(AccountLink)
        .where(AccountLink.user_id == user.id, AccountLink.spent_at.is_(None))
        .values(spent_at=now),
        update(OneTimeCode)
        .where(
            or_(OneTimeCode.mobile == user.mobile, OneTimeCode.user_id == user.id),
            OneTimeCode.used_at.is_(None),
            OneTimeCode.replaced_at.is_(None),
        )
        .values(replaced_at=now),
    )
    for query in mine:
        db.session.execute(query.execution_options(synchronize_session=False))
