"""What administrators are told of the day's money for text messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import current_app
from sqlalchemy import select

from clinic.accounts.models import RoleGrant, User
from clinic.accounts.zone_queries import zones_of
from clinic.config import Settings
from clinic.core import clock
from clinic.core.access import Role
from clinic.core.db import db
from clinic.core.i18n import lazy as _l
from clinic.notifications import spending
from clinic.notifications.alarms import CHANNELS, Administrator, register_administrators
from clinic.notifications.models import Message
from clinic.notifications.registry import Category, Content, MessageKind, Opens, register


def connect() -> None:
    """Register the kinds, and who administrators are."""
    kinds = (("sms_warning", _l("Text messages near the day's limit")),)
    for name, label in (*kinds, ("sms_ceiling", _l("Text messages at the day's limit"))):
        register(
            MessageKind(
                name=name,
                label=label,
                load=_load,
                category=Category.LEGAL,
                channels=CHANNELS,
                opens=lambda _message, _content: Opens(endpoint="notifications.index"),
            )
        )
    register_administrators(_administrators)


def _administrators() -> list[Administrator]:
    rows = db.session.execute(
        select(User.id, User.locale)
        .join(RoleGrant, RoleGrant.user_id == User.id)
        .where(RoleGrant.role == Role.ADMIN, User.active)
        .distinct()
    )
    return [Administrator(user_id=row.id, locale=row.locale) for row in rows]


def _load(messages: Sequence[Message]) -> Mapping[int, Content]:
    ids = [message.recipient_id for message in messages]
    users = {
        user.id: user for user in db.session.scalars(select(User).where(User.id.in_(ids))) if user.active
    }
    settings: Settings = current_app.extensions["settings"]
    zones = zones_of(users)
    loaded: dict[int, Content] = {}
    for message in messages:
        user = users.get(message.recipient_id or 0)
        if user is None:
            continue
        zone = zones[user.id]
        written_on = message.created_at.astimezone(clock.zone(zone)).date()
        spent = spending.spent_on(written_on, settings)  # the day's row is read once
        loaded[message.id] = Content(
            address=user.email,
            zone=zone,
            values={
                "percent": spent.percent,
                "spent": spending.rupees(spent.paise),
                "ceiling": spending.rupees(spent.ceiling),
            },
        )
    return loaded
