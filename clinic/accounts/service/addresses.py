"""Somebody's own e-mail address: proved by a link that went there, changed once the new one is."""

from __future__ import annotations

from sqlalchemy import select

from clinic.accounts.models import AccountLink, User
from clinic.accounts.service import passwords
from clinic.accounts.service.links import VERIFY, end_links, new_link, open_link, prove_email, spend
from clinic.accounts.service.people import parse_email
from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.notifications.service import queue_message


def ask_to_verify(actor: Actor, user: User) -> None:
    """Mail a link by which the person proves their present address. Raises Conflict when it is proved."""
    if user.email is None or user.email_verified_at is not None:
        raise Conflict(_("Your e-mail is confirmed already."))
    new_link(actor, user, VERIFY)
    audit.record(actor, "email.verification_asked", subject_type="user", subject_id=user.id)


def ask_to_change(actor: Actor, user: User, *, new: str, password: str) -> str:
    """Mail a link to the new address and word to the old one; returns the new one as it is kept.

    The old address stays until the link is opened. Raises Invalid for a wrong password or no address,
    Conflict when somebody has it.
    """
    if user.password_hash is None:
        raise Invalid(_("Your account has no password yet. Set one first: use “Forgotten password”."))
    if not passwords.verify(password, user.password_hash):
        raise Invalid(_("This is not your present password."), field="password")
    address = parse_email(new, field="new_email")
    if address == user.email:
        raise Invalid(_("This is your e-mail already."), field="new_email")
    if db.session.scalar(select(User.id).where(User.email == address)):
        raise Conflict(_("Somebody with this e-mail can sign in already."), field="new_email")
    new_link(actor, user, VERIFY, email=address)
    _tell_old_address(user)
    audit.record(actor, "email.change_asked", subject_type="user", subject_id=user.id)
    return address


def _tell_old_address(user: User) -> None:
    link = asked_change(user)
    if user.email is None or link is None:
        return
    queue_message(
        kind="email_changing",
        channel="email",
        recipient_type="user",
        recipient_id=user.id,
        address=user.email,
        subject_type="account_link",
        subject_id=link.id,
        locale=user.locale,
        dedupe_key=f"email_changing:{link.id}",
    )


def asked_change(user: User) -> AccountLink | None:
    """The link that would give the person another address, as long as it is good."""
    return db.session.scalars(
        select(AccountLink).where(
            AccountLink.user_id == user.id,
            AccountLink.purpose == VERIFY,
            AccountLink.email != user.email,
            AccountLink.spent_at.is_(None),
            AccountLink.expires_at > clock.now(),
        )
    ).first()


def cancel_change(actor: Actor, user: User) -> None:
    """Keep the old address: the link that was mailed to the new one is dead."""
    end_links(user.id, VERIFY)
    audit.record(actor, "email.change_cancelled", subject_type="user", subject_id=user.id)


def confirm(actor: Actor, *, token: str) -> User:
    """Spend the link: the address it went to is the person's, and proved.

    Another address only takes effect for whoever is signed in as that person, since a slip of the finger may
    have sent the link to a stranger; every other link of theirs is dead then, for those went to the old
    address. Raises NotFound, Forbidden, or Conflict when somebody else has the address by now.
    """
    link = open_link(token, VERIFY)
    user = link.user
    if link.email != user.email:
        if actor.user_id != user.id:
            raise Forbidden(_("Sign in as the person whose e-mail this is to become, then open it again."))
        spend(link)
        user.email, user.email_verified_at = link.email, clock.now()
        db.session.flush()
        end_links(user.id)
        audit.record(actor, "email.changed", subject_type="user", subject_id=user.id)
        return user
    spend(link)
    prove_email(actor, user)
    return user
