"""Links that are good once: an invitation, a new password, an address to be confirmed, an account elsewhere
to be connected. Only the mail holds the token, so whoever opens one has the address it went to.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import select, update

from clinic.accounts.models import AccountLink, RoleGrant, User
from clinic.accounts.policy import Grant
from clinic.accounts.service.people import create_staff, parse_email
from clinic.accounts.service.roles import grant_role
from clinic.accounts.service.sign_in import set_password
from clinic.audit import service as audit
from clinic.core import clock, crypto
from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.core.errors import Conflict, Invalid, NotFound
from clinic.core.i18n import gettext as _
from clinic.notifications.service import queue_message

INVITATION, RESET, VERIFY, CONNECT = "invitation", "reset", "verify_email", "connect"
LIFETIME = {
    INVITATION: timedelta(days=7),
    RESET: timedelta(minutes=60),
    VERIFY: timedelta(minutes=60),
    CONNECT: timedelta(minutes=60),
}
KINDS = {
    INVITATION: "staff_invitation",
    RESET: "password_reset",
    VERIFY: "verify_email",
    CONNECT: "connect_identity",
}


def invite(
    actor: Actor,
    *,
    name: str,
    email: str,
    roles: Iterable[Role] = (),
    facility_id: int | None = None,
    grants: Iterable[Grant] = (),
    mail: bool = True,
) -> tuple[User, str]:
    """Make somebody of the staff and mail them a link good for seven days; returns its token as well.

    They hold ``roles`` at ``facility_id`` (None: everywhere), and ``grants`` beside. Raises Conflict when the
    e-mail is taken, Invalid when something is missing, Forbidden for a role that is not the actor's to give.
    """
    granted = {*grants, *(Grant(role, facility_id or 0) for role in roles)}
    if not granted:
        raise Invalid(_("Choose at least one role."), field="grants")
    user = create_staff(actor, name=name, email=email, grants=granted)
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
    """Mail a link for a new password, good for an hour, if somebody of the staff has this e-mail.

    Where nobody has it, as much is done for nothing, so that the time it takes tells nothing.
    """
    user = db.session.scalars(
        select(User)
        .join(RoleGrant, RoleGrant.user_id == User.id)
        .where(User.email == email, User.active, RoleGrant.role != Role.PATIENT)
        .limit(1)
    ).first()
    audit.record(visitor, "password.reset_asked", subject_type="user", subject_id=user.id if user else None)
    if user is None:
        _work_for_nobody()
        return False
    new_link(visitor, user, RESET)
    return True


def _work_for_nobody() -> None:
    """What ``new_link`` does, on no row: as many statements, and the hash and the seal of a token."""
    token = crypto.new_token()
    crypto.token_hash(token)
    crypto.seal(token)
    nobodys = AccountLink.user_id == 0
    db.session.execute(
        update(AccountLink)
        .where(nobodys, AccountLink.spent_at.is_(None))
        .values(spent_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    for _row in ("the link", "its mail"):
        db.session.execute(select(AccountLink.id).where(nobodys))


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


def new_link(actor: Actor, user: User, purpose: str, *, mail: bool = True, email: str | None = None) -> str:
    """A link for one purpose and the token it is found by; links before it are dead.

    It is mailed to ``email``, the person's own address unless given.
    """
    now = clock.now()
    end_links(user.id, purpose)
    token = crypto.new_token()
    link = AccountLink(
        user_id=user.id,
        purpose=purpose,
        token_hash=crypto.token_hash(token),
        email=(email or user.email) if mail else None,
        expires_at=now + LIFETIME[purpose],
        created_by=actor.user_id,
    )
    db.session.add(link)
    db.session.flush()
    if mail:
        _mail(link, user, token)
    return token


def end_links(user_id: int, *purposes: str) -> None:
    """Let no link of these purposes (all of them unless named) open anything any more."""
    unspent = AccountLink.user_id == user_id, AccountLink.spent_at.is_(None)
    db.session.execute(
        update(AccountLink)
        .where(*unspent, AccountLink.purpose.in_(purposes or LIFETIME))
        .values(spent_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def _mail(link: AccountLink, user: User, token: str) -> None:
    queue_message(
        kind=KINDS[link.purpose],
        channel="email",
        recipient_type="user",
        recipient_id=user.id,
        address=link.email,
        subject_type="account_link",
        subject_id=link.id,
        locale=user.locale,
        dedupe_key=f"account_link:{link.id}",
        expires_at=link.expires_at,
        secret=token,
        urgent=link.purpose != INVITATION,
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
    """Set the password an invitation or a reset was made for; every session of the person ends.

    Coming by mail the link proves the address as well; after one that was handed over in another way the
    address is still to be confirmed, by a mail that goes out now. Raises NotFound or Invalid.
    """
    link = open_link(token, purpose)
    spend(link)
    user = link.user
    action = "password.set" if purpose == INVITATION else "password.reset"
    set_password(visitor, user, password, action=action)
    end_links(user.id, VERIFY)  # another address may have been asked for by whoever made this necessary
    if link.email is not None and link.email == user.email:
        prove_email(visitor, user)
    elif user.email and user.email_verified_at is None:
        new_link(visitor, user, VERIFY)
    return user


def spend(link: AccountLink) -> None:
    """Use a link up. One statement decides, so it works once however often it is sent. Raises NotFound."""
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


def prove_email(actor: Actor, user: User) -> None:
    """Write down that the person's address is theirs."""
    if user.email_verified_at is None:
        user.email_verified_at = clock.now()
        db.session.flush()
        audit.record(actor, "email.verified", subject_type="user", subject_id=user.id)
