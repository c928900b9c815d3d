"""What people who sign in are sent: codes by text message, links by e-mail."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import select

from clinic.accounts.message_placeholders import CODE, link_to
from clinic.accounts.models import AccountLink, CodePurpose, OneTimeCode, SignInEmail, User
from clinic.core import clock
from clinic.core.db import db
from clinic.core.i18n import lazy as _l
from clinic.notifications.models import Channel, Message
from clinic.notifications.registry import (
    Category,
    Content,
    MessageKind,
    Person,
    register,
    register_people,
    register_readers,
)
from clinic.notifications.wording import Why


def connect() -> None:
    """Register the kinds, and how people are looked up for the list of messages."""
    register(
        MessageKind(
            name="one_time_code",
            label=_l("Sign-in code"),
            load=_load_codes,
            still_wanted=_code_is_live,
            has_secret=True,
            category=Category.SECURITY,
            channels=(Channel.SMS,),
            **CODE,
        )
    )
    register(
        MessageKind(
            name="email_code",
            label=_l("Code by e-mail"),
            load=_load_codes,
            still_wanted=_code_is_live,
            has_secret=True,
            category=Category.SECURITY,
            channels=(Channel.EMAIL,),
            **CODE,
        )
    )
    register(
        MessageKind(
            name="mobile_changed",
            label=_l("Change of mobile number"),
            load=_load_numbers,
            category=Category.SECURITY,
            channels=(Channel.SMS,),
        )
    )
    for name, label, text in (
        ("staff_invitation", _l("Invitation"), link_to("accounts.invitation", _l("Choose a password"))),
        ("password_reset", _l("New password"), link_to("accounts.reset", _l("Choose a new password"))),
    ):
        register(
            MessageKind(
                name=name,
                label=label,
                load=_load_links,
                still_wanted=_link_is_live,
                has_secret=True,
                category=Category.SECURITY,
                channels=(Channel.EMAIL,),
                **text,
            )
        )
    register_people("user", _people)
    register_readers("user", lambda user_id: (user_id,))


def _load_codes(messages: Sequence[Message]) -> Mapping[int, Content]:
    """Codes as they are now. One for an e-mail address by which nobody signs in has nobody to go to: it is
    looked up here and not when it is asked for, so that asking tells nothing.
    """
    ids = [message.subject_id for message in messages]
    codes = {row.id: row for row in db.session.scalars(select(OneTimeCode).where(OneTimeCode.id.in_(ids)))}
    mails = {row.email for row in codes.values() if row.email and row.purpose == CodePurpose.SIGN_IN}
    known = set(db.session.scalars(select(SignInEmail.email).where(SignInEmail.email.in_(mails))))
    host = urlsplit(current_app.extensions["settings"].public_url).hostname
    return {
        message.id: Content(
            address=None if code.email in mails - known else message.address,
            values={"purpose": code.purpose, "host": host},
            facts={"dead": bool(code.used_at or code.replaced_at), "until": code.expires_at},
        )
        for message in messages
        if (code := codes.get(message.subject_id or 0)) is not None
    }


def _load_numbers(messages: Sequence[Message]) -> Mapping[int, Content]:
    """The number that was told stands with the message; the text names only the end of the new one."""
    ids = [message.subject_id for message in messages]
    users = {row.id: row for row in db.session.scalars(select(User).where(User.id.in_(ids)))}
    return {
        message.id: Content(
            address=message.address,
            values={"ending": (user.mobile or "")[-4:], "is_new": user.mobile == message.address},
        )
        for message in messages
        if (user := users.get(message.subject_id or 0)) is not None
    }


def _code_is_live(_message: Message, content: Content) -> str | None:
    if content.facts["dead"]:
        return Why.REPLACED
    return Why.TOO_LATE if content.facts["until"] <= clock.now() else None


def _load_links(messages: Sequence[Message]) -> Mapping[int, Content]:
    ids = [message.subject_id for message in messages]
    rows = db.session.execute(
        select(AccountLink, User).join(User, User.id == AccountLink.user_id).where(AccountLink.id.in_(ids))
    ).all()
    links = {link.id: (link, user) for link, user in rows}
    loaded: dict[int, Content] = {}
    for message in messages:
        if (found := links.get(message.subject_id or 0)) is None:
            continue
        link, user = found
        dead = link.spent_at is not None or not user.active
        loaded[message.id] = Content(
            address=user.email,
            values={"name": user.name},
            facts={"dead": dead, "until": link.expires_at},
        )
    return loaded


def _link_is_live(_message: Message, content: Content) -> str | None:
    if content.facts["dead"]:
        return Why.REPLACED
    return Why.TOO_LATE if content.facts["until"] <= clock.now() else None


def _people(ids: Collection[int]) -> Mapping[int, Person]:
    rows = db.session.execute(select(User.id, User.name, User.mobile, User.email).where(User.id.in_(ids)))
    return {row.id: Person(name=row.name, mobile=row.mobile, email=row.email) for row in rows}
