"""What people choose to hear, and when they want quiet."""

from __future__ import annotations

from datetime import time

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Created, Instant, Key


class MessageChoice(Base, Created):
    """Whether one recipient wants one choice of messages (``MessageKind.choice``) over one channel."""

    __tablename__ = "message_choices"
    __table_args__ = (
        UniqueConstraint(
            "recipient_type", "recipient_id", "choice", "channel", name="uq_message_choices_once"
        ),
        CheckConstraint("channel IN ('sms', 'email', 'push', 'in_app')", name="channel_known"),
    )
    id: Mapped[Key]
    recipient_type: Mapped[str]
    recipient_id: Mapped[int]
    choice: Mapped[str]
    channel: Mapped[str]
    wanted: Mapped[bool]


class QuietHours(Base, Created):
    """From when to when, by the facility's clock, a recipient is left alone; over midnight where it ends
    earlier than it begins.
    """

    __tablename__ = "quiet_hours"
    __table_args__ = (CheckConstraint("starts <> ends", name="some_time"),)
    recipient_type: Mapped[str] = mapped_column(primary_key=True)
    recipient_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    starts: Mapped[time]
    ends: Mapped[time]


class SmsStop(Base):
    """A mobile that asked for no more text messages (``stopped``), or for them again."""

    __tablename__ = "sms_stops"
    mobile: Mapped[str] = mapped_column(primary_key=True)
    stopped: Mapped[bool]
    changed_at: Mapped[Instant]
