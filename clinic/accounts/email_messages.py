"""What is mailed about somebody's own address: a link to confirm it, word to the old one, one to connect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from clinic.accounts.models import AccountLink, User
from clinic.core import clock
from clinic.core.db import db
from clinic.core.i18n import lazy as _l
from clinic.notifications.models import Channel, Message
from clinic.notifications.registry import Category, Content, MessageKind, register
from clinic.notifications.wording import Why


def connect() -> None:
    """Register the kinds."""
    for name, label in (
        ("verify_email", _l("Confirming an e-mail")),
        ("connect_identity", _l("Connecting an account")),
    ):
        register(
            MessageKind(
                name=name,
                label=label,
                load=_load,
                still_wanted=_link_is_live,
                has_secret=True,
                category=Category.SECURITY,
                channels=(Channel.EMAIL,),
                sample=_sample,
            )
        )
    register(
        MessageKind(
            name="email_changing",
            label=_l("Change of e-mail"),
            load=_load,
            category=Category.SECURITY,
            channels=(Channel.EMAIL,),
            sample=_sample,
        )
    )


def _load(messages: Sequence[Message]) -> Mapping[int, Content]:
    """The link each is about. Where it goes stands with the message: the person's address may be another's
    by now.
    """
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
        loaded[message.id] = Content(
            address=message.address,
            values={"name": user.name, "email": link.email, "is_change": link.email != user.email},
            facts={"dead": link.spent_at is not None or not user.active, "until": link.expires_at},
        )
    return loaded


def _link_is_live(_message: Message, content: Content) -> str | None:
    if content.facts["dead"]:
        return Why.REPLACED
    return Why.TOO_LATE if content.facts["until"] <= clock.now() else None


def _sample() -> Mapping[str, object]:
    return {"name": "Asha Raghunath", "email": "asha@clinic.example", "is_change": True}
