"""Administrators hear of it when the audit is not as it was sealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from clinic.accounts.models import User
from clinic.accounts.zone_queries import zones_of
from clinic.audit.models import AuditCheck
from clinic.audit.signals import verification_failed
from clinic.core.db import db
from clinic.core.i18n import lazy as _l
from clinic.notifications.alarms import CHANNELS, raise_alarm
from clinic.notifications.models import Message
from clinic.notifications.registry import Category, Content, MessageKind, Opens, register

KIND = "audit_failed"


def connect() -> None:
    """Register the kind, and listen."""
    register(
        MessageKind(
            name=KIND,
            label=_l("The audit is not as it was sealed"),
            load=_load,
            category=Category.SECURITY,
            channels=CHANNELS,
            opens=lambda _message, _content: Opens(endpoint="audit.index"),
        )
    )
    verification_failed.connect(tell)


def tell(check: AuditCheck) -> None:
    """Write the alarm, once for each thing that was found."""
    about = f"{check.finding}:{check.batch}:{check.event_id}"
    raise_alarm(KIND, about=about, subject_id=check.id)


def _load(messages: Sequence[Message]) -> Mapping[int, Content]:
    ids = [message.subject_id for message in messages]
    checks = {row.id: row for row in db.session.scalars(select(AuditCheck).where(AuditCheck.id.in_(ids)))}
    to = [message.recipient_id for message in messages]
    users = {user.id: user for user in db.session.scalars(select(User).where(User.id.in_(to))) if user.active}
    zones = zones_of(users)
    return {
        message.id: Content(address=user.email, zone=zones[user.id], values={"batch": check.batch})
        for message in messages
        if (check := checks.get(message.subject_id or 0)) is not None
        and (user := users.get(message.recipient_id or 0)) is not None
    }
