"""Calendars outside: private addresses at which a practitioner's own calendar reads their visits."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.core.db import Base, Created, Instant, Key
from clinic.practitioners.models import Practitioner


class CalendarFeed(Base, Created):
    """An address that shows a practitioner's visits to whoever has it; one is live at a time.

    Only the token's hash is kept. ``initials`` adds those of the patient to each visit. ``read_at`` is when a
    calendar last asked, kept to the hour.
    """

    __tablename__ = "calendar_feeds"
    __table_args__ = (
        UniqueConstraint("token_hash", name="uq_calendar_feeds_token"),
        Index(
            "uq_calendar_feeds_one_live",
            "practitioner_id",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
        ),
    )
    id: Mapped[Key]
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioners.id"))
    token_hash: Mapped[str]
    initials: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    read_at: Mapped[Instant | None]
    revoked_at: Mapped[Instant | None]
    practitioner: Mapped[Practitioner] = relationship()
