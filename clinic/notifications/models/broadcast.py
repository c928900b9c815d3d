"""A message to many."""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Created, InGroup, Instant, Key


class Purpose(StrEnum):
    """What a message to many is for. Service concerns care already agreed on; news needs consent."""

    SERVICE = "service"
    NEWS = "news"


class BroadcastStatus(StrEnum):
    DRAFT = "draft"
    WAITING = "waiting"
    WRITING = "writing"
    WRITTEN = "written"
    STOPPED = "stopped"


class Broadcast(Base, InGroup, Created):
    """One text for all patients a filter finds, in both languages.

    draft → waiting (until ``begins_at`` it can be taken back) → writing (message rows, by the patient's id,
    ``last_patient_id`` says how far) → written. ``people`` and ``estimate_paise`` are what was confirmed.
    """

    __tablename__ = "broadcasts"
    __table_args__ = (
        CheckConstraint("purpose IN ('service', 'news')", name="purpose_known"),
        CheckConstraint(
            "status IN ('draft', 'waiting', 'writing', 'written', 'stopped')", name="status_known"
        ),
        CheckConstraint(
            "channels <@ ARRAY['sms', 'email']::text[] AND cardinality(channels) > 0", name="channels_known"
        ),
        CheckConstraint(
            "status IN ('draft', 'stopped') OR begins_at IS NOT NULL", name="begins_when_confirmed"
        ),
        CheckConstraint("text_en <> '' AND text_hi <> ''", name="text_not_empty"),
        Index("ix_broadcasts_facility", "facility_id", "id"),
        Index("ix_broadcasts_due", "begins_at", postgresql_where=text("status IN ('waiting', 'writing')")),
    )
    id: Mapped[Key]
    facility_id: Mapped[int]
    purpose: Mapped[str]
    audience: Mapped[dict[str, Any]] = mapped_column(JSONB)
    channels: Mapped[list[str]] = mapped_column(ARRAY(Text))
    subject_en: Mapped[str] = mapped_column(default="", server_default="")
    subject_hi: Mapped[str] = mapped_column(default="", server_default="")
    text_en: Mapped[str]
    text_hi: Mapped[str]
    status: Mapped[str] = mapped_column(default=BroadcastStatus.DRAFT, server_default="draft")
    begins_at: Mapped[Instant | None]
    last_patient_id: Mapped[int] = mapped_column(default=0, server_default="0")
    people: Mapped[int] = mapped_column(default=0, server_default="0")
    estimate_paise: Mapped[int] = mapped_column(default=0, server_default="0")
    created_by: Mapped[int | None]
    stopped_by: Mapped[int | None]
    ended_at: Mapped[Instant | None]

    @property
    def fingerprint(self) -> str:
        """What it says, to whom and which way, in a few letters: two that differ are not the same draft."""
        said = [self.purpose, self.audience, self.channels, self.subject_en, self.subject_hi]
        whole = json.dumps([*said, self.text_en, self.text_hi], sort_keys=True)
        return hashlib.sha256(whole.encode()).hexdigest()[:16]
