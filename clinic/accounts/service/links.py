"""Links that let somebody set a password, once: an invitation, a reset. Only the mail holds the token."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import select, update

from clinic.accounts.models import AccountLink, RoleGrant, User
from clinic.accounts.service.people import create_staff, grant_role, parse_email
from clinic.accounts.service.sign_in import set_password
from clinic.audit import service as audit
from clinic.core import clock, crypto
from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.core.errors import Conflict, Invalid, NotFound
from clinic.core.i18n import gettext as _
from clinic.notifications.service import queue_message

INVITATION, RESET = "invitation", "reset"
LIFETIME = {INVITATION: timedelta(days=7), RESET: timedelta(minutes=60)}
KINDS = {INVITATION: "staff_invitation", RESET: "password_reset"}


def invite(
    actor: Actor,
    *,
    name: str,
    email: str,
    roles: Iterable[Role],
    facility_id: int | None = None,
    mail: bool = True,
) -> tuple[User, str]:
    """Make somebody of the staff and mail them a link good for seven days; returns its token as well.

    Raises Conflict when the e-mail is taken, Invalid when something is missing.
    """
    granted = set(roles) - {Role.PATIENT}
    if not granted:
        raise Invalid(_("Choose at least one role."), field="roles")
    user = create_staff(actor, name=name, email=email, roles=granted, facility_id=facility_id)
    token = new_link(actor, user, INVITATION, mail=mail)
    audit.record(actor, "account.invited", subject_type="user", subject_id=user.id)
    return user, token


def invite_again(actor: Actor, user: User) -> None:
    """Mail another invitation to somebody who has set no password yet; the links before it are dead."""
    if user.password_hash is not None:
        raise Conflict(_("%(name)s has set a password already.", name=user.name))
    new_link(actor, user, INVITATION)
    audit.record(actor, "account.invited", subject_type="user", subject_id=user.id)


def request_reset(visitor: Actor, *, email: str) -> bool:
    """Mail a link for a new password, good for an hour, if somebody of the staff has this e-mail."""
    user = db.session.scalars(
        select(User)
        .join(RoleGrant, RoleGrant.user_id == User.id)
        .where(User.email == email, User.active, RoleGrant.role != Role.PATIENT)
        .limit(1)
    ).first()
    audit.record(visitor, "password.reset_asked", subject_type="user", subject_id=user.id if user else None)
    if user is None:
        return False
    new_link(visitor, user, RESET)
    return True


def invite_admin(actor: Actor, *, name: str, email: str) -> str:
    """Make an administrator without mailing them; returns the token of their invitation.

    Somebody who is there already gets the role and a new link. Raises Invalid for an e-mail that is none.
    """
    user = db.session.scalars(select(User).where(User.email == parse_email(email))).first()
    if user is None:
        return invite(actor, name=name, email=email, roles={Role.ADMIN}, mail=False)[1]
    grant_role(user, Role.ADMIN, granted_by=actor.user_id)
    user.active = True
    audit.record(actor, "account.invited", subject_type="user", subject_id=user.id)
    return new_link(actor, user, INVITATION, mail=False)


def new_link(actor: Actor, user: User, purpose: str, *, mail: bool = True) -> str:
    """A link for one purpose and the token it is found by; links before it are dead."""
    now = clock.now()
    db.session.execute(
        update(AccountLink)
        .where(AccountLink.user_id == user.id, AccountLink.purpose == purpose, AccountLink.spent_at.is_(None))
        .values(spent_at=now)
    )
    token = crypto.new_token()
    link = AccountLink(
        user_id=user.id,
        purpose=purpose,
        token_hash=crypto.token_hash(token),
        expires_at=now + LIFETIME[purpose],
        created_by=actor.user_id,
    )
    db.session.add(link)
    db.session.flush()
    if mail:
        _mail(link, user, token)
    return token


def _mail(link: AccountLink, user: User, token: str) -> None:
    queue_message(
        kind=KINDS[link.purpose],
        channel="email",
        recipient_type="user",
        recipient_id=user.id,
        subject_type="account_link",
        subject_id=link.id,
        locale=user.locale,
        dedupe_key=f"account_link:{link.id}",
        expires_at=link.expires_at,
        secret=token,
        urgent=link.purpose == RESET,
    )


def open_link(token: str, purpose: str) -> AccountLink:
    """The live link behind a token; looking spends nothing.

    Raises NotFound when it was spent, is too old, or never was.
    """
    link = db.session.scalars(
        select(AccountLink)
        .join(User, User.id == AccountLink.user_id)
        .where(
            AccountLink.token_hash == crypto.token_hash(token[:200]),
            AccountLink.purpose == purpose,
            AccountLink.spent_at.is_(None),
            AccountLink.expires_at > clock.now(),
            User.active,
        )
    ).first()
    if link is None:
        raise NotFound(_("This link has been used or is too old. Ask for a new one."))
    return link


def spend_link(visitor: Actor, *, token: str, purpose: str, password: str) -> User:
    """Set the password a link was made for; every session of the person ends.

    One statement spends the link, so it works once however often it is sent. Raises NotFound or Invalid.
    """
    link = open_link(token, purpose)
    spent = db.session.execute(
        update(AccountLink)
        .where(
            AccountLink.id == link.id, AccountLink.spent_at.is_(None), AccountLink.expires_at > clock.now()
        )
        .values(spent_at=clock.now())
        .returning(AccountLink.id)
        .execution_options(synchronize_session=False)
    ).first()
    if spent is None:
        raise NotFound(_("This link has been used or is too old. Ask for a new one."))
    action = "password.set" if purpose == INVITATION else "password.reset"
    set_password(visitor, link.user, password, action=action)
    return link.user
