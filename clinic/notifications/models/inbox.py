"""What stands in people's inboxes on this site, and the browsers that hear by push."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Created, Instant, Key


class InboxItem(Base, Created):
    """A message as it stands in one person's inbox.

    ``user_id`` is whoever signs in to read it, ``patient_id`` whom it is about, ``path`` where it leads.
    """

    __tablename__ = "inbox_items"
    __table_args__ = (
        UniqueConstraint("message_id", "user_id", name="uq_inbox_items_message_user"),
        CheckConstraint("path LIKE '/%'", name="path_on_this_site"),
        Index("ix_inbox_items_user", "user_id", "id"),
        Index("ix_inbox_items_unread", "user_id", postgresql_where=text("read_at IS NULL")),
    )
    id: Mapped[Key]
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patients.id"))
    facility_id: Mapped[int | None] = mapped_column(ForeignKey("facilities.id"))
    kind: Mapped[str]
    title: Mapped[str]
    body: Mapped[str]
    path: Mapped[str | None]
    read_at: Mapped[Instant | None]


class PushSubscription(Base, Created):
    """A browser that hears by push, until it is retired.

    ``sealed`` is where to reach it and the keys to write to it, as JSON; ``endpoint_hash`` finds it again.
    ``session_id`` is the sign-in it was switched on in: signing out there switches it off.
    """

    __tablename__ = "push_subscriptions"
    __table_args__ = (
        UniqueConstraint("endpoint_hash", name="uq_push_subscriptions_endpoint"),
        Index("ix_push_subscriptions_live", "user_id", postgresql_where=text("retired_at IS NULL")),
        Index("ix_push_subscriptions_session", "session_id"),
    )
    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    session_id: Mapped[int | None] = mapped_column(ForeignKey("login_sessions.id"))
    endpoint_hash: Mapped[str]
    sealed: Mapped[str]
    device: Mapped[str]
    last_used_at: Mapped[Instant | None]
    retired_at: Mapped[Instant | None]
