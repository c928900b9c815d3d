"""Telling somebody by e-mail what was done to how they sign in: it never happens behind their back."""

from __future__ import annotations

from clinic.accounts.models import User
from clinic.audit import service as audit
from clinic.audit.models import AuditEvent
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.notifications.service import queue_message

KIND = "security_notice"
EVENTS = frozenset(
    {
        "password.changed",
        "password.reset",
        "second_step.on",
        "second_step.off",
        "second_step.reset",
        "second_step.guessed",
        "recovery_codes.made",
        "recovery_codes.used",
        "passkey.added",
        "passkey.removed",
        "passkey.copied",
        "identity.connected",
        "identity.disconnected",
    }
)
"""What is written down and told. Each has its sentence in ``templates/messages/security_notice``."""


def record_and_tell(
    actor: Actor, action: str, user: User, *, name: str | None = None, outcome: str = "done"
) -> AuditEvent:
    """Write ``action`` (one of ``EVENTS``) down and e-mail ``user`` about it. ``name`` is a passkey's, or
    a provider's."""
    event = audit.record(
        actor,
        action,
        subject_type="user",
        subject_id=user.id,
        outcome=outcome,
        detail={"name": name} if name else None,
    )
    db.session.flush()
    if user.email:
        queue_message(
            kind=KIND,
            channel="email",
            recipient_type="user",
            recipient_id=user.id,
            subject_type="audit_event",
            subject_id=event.id,
            locale=user.locale,
            dedupe_key=f"security:{event.id}",
        )
    return event
