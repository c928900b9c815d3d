"""What is shown instead of being sent, on a developer's machine."""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from clinic.core.db import Base, Instant, Key


class ConsoleMessage(Base):
    """What the console transport showed instead of sending it; empty in production."""

    __tablename__ = "console_messages"
    id: Mapped[Key]
    message_id: Mapped[int | None]
    kind: Mapped[str]
    channel: Mapped[str]
    address: Mapped[str]
    subject: Mapped[str | None]
    body: Mapped[str]
    at: Mapped[Instant]
