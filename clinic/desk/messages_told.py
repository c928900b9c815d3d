"""What a patient was told: kind, channel, time and fate, never the words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from clinic.core.db import db
from clinic.notifications.models import Message
from clinic.notifications.registry import kind_of
from clinic.notifications.wording import in_words


@dataclass(frozen=True, kw_only=True)
class Told:
    """One message to a patient and what became of it."""

    label: str
    channel: str
    at: datetime
    status: str
    why: str


def messages_about(patient_id: int, *, limit: int = 100) -> list[Told]:
    """The messages to or about a patient, the latest first. One statement."""
    rows = db.session.execute(
        select(
            Message.kind, Message.channel, Message.send_at, Message.finished_at, Message.status, Message.why
        )
        .where(Message.patient_id == patient_id)
        .order_by(Message.send_at.desc(), Message.id.desc())
        .limit(limit)
    )
    return [
        Told(
            label=label_of(row.kind),
            channel=row.channel,
            at=row.finished_at or row.send_at,
            status=row.status,
            why=in_words(row.why),
        )
        for row in rows
    ]


def label_of(kind: str) -> str:
    """What a kind of message is called, in the reader's language."""
    known = kind_of(kind)
    return str(known.label) if known else kind.replace("_", " ")
