"""Text messages that people sent to the clinic."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Created, Instant, Key


class Meaning(StrEnum):
    """What a text message was taken to say."""

    STOP = "stop"
    START = "start"
    YES = "yes"
    NO = "no"
    HELP = "help"
    OTHER = "other"


class Reply(StrEnum):
    """What the clinic answers by itself."""

    STOPPED = "stopped"
    STARTED = "started"
    HELP = "help"
    COMING = "coming"
    NOT_COMING = "not_coming"
    WHICH = "which"


class InboundMessage(Base, Created):
    """One text message from one mobile, taken once (``provider_id``).

    ``subject_id`` is the visit a yes or no was about, ``reply`` what was answered, ``done_at`` when somebody
    here had read it, or nobody needs to.
    """

    __tablename__ = "inbound_messages"
    __table_args__ = (
        UniqueConstraint("provider_id", name="uq_inbound_messages_provider_id"),
        CheckConstraint(
            "meaning IN ({})".format(", ".join(f"'{meaning}'" for meaning in Meaning)), name="meaning_known"
        ),
        CheckConstraint(
            "reply IN ({})".format(", ".join(f"'{reply}'" for reply in Reply)), name="reply_known"
        ),
        Index("ix_inbound_messages_mobile", "mobile", "id"),
        Index("ix_inbound_messages_open", "id", postgresql_where=text("done_at IS NULL")),
    )
    id: Mapped[Key]
    provider_id: Mapped[str]
    mobile: Mapped[str]
    body: Mapped[str]
    meaning: Mapped[str]
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patients.id"))
    facility_id: Mapped[int | None] = mapped_column(ForeignKey("facilities.id"))
    subject_id: Mapped[int | None]
    reply: Mapped[str | None]
    done_at: Mapped[Instant | None]
    done_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
