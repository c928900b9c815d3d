"""What was done: one row per reading or writing of somebody's data, never changed afterwards."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, InGroup, Instant, Key


class AuditEvent(Base, InGroup):
    """Who did what to whose data, when and from where. A trigger refuses UPDATE and DELETE.

    ``detail`` holds ids, field names and states, never the values of a record.
    """

    __tablename__ = "audit_events"
    __table_args__ = (
        CheckConstraint("outcome IN ('done', 'refused')", name="outcome_known"),
        Index("ix_audit_events_patient_at", "patient_id", "at"),
        Index("ix_audit_events_actor_at", "actor_id", "at"),
        Index(
            "ix_audit_events_sign_ins",
            "actor_id",
            "at",
            postgresql_where=text("action = 'sign_in.done'"),
        ),
    )
    id: Mapped[Key]
    at: Mapped[Instant]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    actor_name: Mapped[str]
    session_id: Mapped[int | None]
    action: Mapped[str]
    outcome: Mapped[str]
    subject_type: Mapped[str]
    subject_id: Mapped[int | None]
    patient_id: Mapped[int | None]
    facility_id: Mapped[int | None]
    origin: Mapped[str]
    request_id: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)
