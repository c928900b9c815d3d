"""What somebody of the staff is told when the way they sign in was changed, or tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from clinic.accounts.models import User
from clinic.accounts.service.security_notices import EVENTS, KIND
from clinic.accounts.zone_queries import zones_of
from clinic.audit.models import AuditEvent
from clinic.core.db import db
from clinic.core.i18n import lazy as _l
from clinic.notifications.models import Channel, Message
from clinic.notifications.registry import Category, Content, MessageKind, register


def connect() -> None:
    """Register the kind."""
    register(
        MessageKind(
            name=KIND,
            label=_l("Security notice"),
            load=_load,
            category=Category.SECURITY,
            channels=(Channel.EMAIL,),
        )
    )


def _load(messages: Sequence[Message]) -> Mapping[int, Content]:
    ids = [message.subject_id for message in messages]
    rows = db.session.execute(
        select(AuditEvent, User)
        .join(User, User.id == AuditEvent.subject_id)
        .where(AuditEvent.id.in_(ids), AuditEvent.subject_type == "user", AuditEvent.action.in_(EVENTS))
    ).all()
    found = {event.id: (event, user) for event, user in rows}
    zones = zones_of({user.id for _event, user in rows})
    loaded: dict[int, Content] = {}
    for message in messages:
        if (one := found.get(message.subject_id or 0)) is None:
            continue
        event, user = one
        somebody_else = event.actor_id is not None and event.actor_id != user.id
        loaded[message.id] = Content(
            address=user.email,
            zone=zones[user.id],
            values={
                "name": user.name,
                "event": event.action,
                "passkey": event.detail.get("name", ""),
                "at": event.at,
                "by": event.actor_name if somebody_else else "",
                "origin": event.origin,
            },
        )
    return loaded
