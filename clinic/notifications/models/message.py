"""What people are told.

A message is a row, written in the transaction of its cause, and ends in a final status, once.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

from sqlalchemy import CheckConstraint, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Created, InGroup, Instant, Key


class Channel(StrEnum):
    SMS = "sms"
    EMAIL = "email"
    PUSH = "push"
    IN_APP = "in_app"


class Status(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Priority(IntEnum):
    """What goes before what. A code never waits for a broadcast."""

    CODE = 0
    CHANGE = 1
    REMINDER = 2
    BROADCAST = 3


OPEN = (Status.QUEUED, Status.SENDING)
FINAL = tuple(status for status in Status if status not in OPEN)


class Message(Base, InGroup, Created):
    """One thing to tell one person over one channel.

    ``recipient_type``/``recipient_id`` say who (``patient``, ``practitioner``, ``facility``, ``user``),
    ``subject_type``/``subject_id`` what it is about; text and address are made from fresh rows when it is
    sent. ``address`` is set only where nobody is known yet (a code for a mobile). ``secret`` is sealed, and
    erased at any final status. ``handed_at`` is written just before the provider is called: a message found
    stuck after that is ``unknown``, before that it is queued again. ``attempts`` counts claims and tells them
    apart; ``tries`` counts how often a provider was asked. ``next_provider`` is set when the other one is to
    be asked after a definite failure. ``segments`` and ``cost_paise`` are the estimate of the last hand-over.
    """

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("dedupe_key", name="uq_messages_dedupe_key"),
        CheckConstraint(
            "status IN ({})".format(", ".join(f"'{status}'" for status in Status)), name="status_known"
        ),
        CheckConstraint("channel IN ('sms', 'email', 'push', 'in_app')", name="channel_known"),
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        CheckConstraint("secret IS NULL OR status IN ('queued', 'sending')", name="secret_only_while_open"),
        CheckConstraint(
            "(status IN ('queued', 'sending')) = (finished_at IS NULL)", name="finished_when_final"
        ),
        Index("ix_messages_due", "priority", "next_try_at", postgresql_where=text("status = 'queued'")),
        CheckConstraint("priority BETWEEN 0 AND 3", name="priority_known"),
        CheckConstraint("cost_paise >= 0", name="cost_not_negative"),
        Index(
            "ix_messages_not_arrived",
            "finished_at",
            "id",
            postgresql_where=text("status IN ('failed', 'unknown')"),
        ),
        Index("ix_messages_sending", "claimed_at", postgresql_where=text("status = 'sending'")),
        Index("ix_messages_subject", "subject_type", "subject_id"),
        Index(
            "ix_messages_patient",
            "patient_id",
            "send_at",
            "id",
            postgresql_where=text("patient_id IS NOT NULL"),
        ),
        Index("ix_messages_facility_created", "facility_id", "created_at", "id"),
        Index("ix_messages_provider", "provider_id", postgresql_where=text("provider_id IS NOT NULL")),
    )
    id: Mapped[Key]
    facility_id: Mapped[int | None]
    kind: Mapped[str]
    channel: Mapped[str]
    locale: Mapped[str] = mapped_column(default="en")
    recipient_type: Mapped[str]
    recipient_id: Mapped[int | None]
    address: Mapped[str | None]
    subject_type: Mapped[str]
    subject_id: Mapped[int | None]
    patient_id: Mapped[int | None]
    dedupe_key: Mapped[str]
    urgent: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """For the version before this one, which may still serve; the order is ``priority``'s."""
    priority: Mapped[int] = mapped_column(SmallInteger, default=1, server_default="1")
    send_at: Mapped[Instant]
    expires_at: Mapped[Instant | None]
    status: Mapped[str] = mapped_column(default=Status.QUEUED)
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    tries: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    next_try_at: Mapped[Instant]
    claimed_at: Mapped[Instant | None]
    handed_at: Mapped[Instant | None]
    finished_at: Mapped[Instant | None]
    provider: Mapped[str | None]
    next_provider: Mapped[str | None]
    provider_id: Mapped[str | None]
    segments: Mapped[int | None] = mapped_column(SmallInteger)
    cost_paise: Mapped[int | None]
    why: Mapped[str | None]
    secret: Mapped[str | None]
