"""What was done: one row per reading or writing of somebody's data, never changed afterwards."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, InGroup, Instant, Key


class AuditEvent(Base, InGroup):
    """Who did what to whose data, when and from where. A trigger refuses UPDATE and DELETE.

    Ids are given out by the database alone, so that none falls into a range that is sealed already.
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
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
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


class AuditBatch(Base):
    """A sealed range of audit rows; ``sealing`` says how ``mac`` is made. Rows are only ever added.

    Ranges follow each other without a hole, from id 1. ``row_macs`` holds 40 bytes for each row of the
    range in order: its id (8 bytes, big-endian) and its own MAC (32).
    """

    __tablename__ = "audit_batches"
    __table_args__ = (
        CheckConstraint("number >= 1 AND first_id >= 1", name="from_one"),
        CheckConstraint("first_id <= last_id", name="range"),
        CheckConstraint("octet_length(row_macs) = 40 * count AND octet_length(mac) = 32", name="lengths"),
        UniqueConstraint("first_id", name="uq_audit_batches_first_id"),
    )
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    first_id: Mapped[int]
    last_id: Mapped[int]
    count: Mapped[int]
    sealed_at: Mapped[Instant]
    previous_mac: Mapped[bytes]
    row_macs: Mapped[bytes]
    mac: Mapped[bytes]
    key_id: Mapped[str]


class AuditCheck(Base):
    """One verification of everything sealed, and what it found first, if anything. Rows are only ever added.

    ``finding`` is a ``verifying.Finding``; ``batch`` and ``event_id`` say where. ``heads_read`` is whether
    the heads kept outside the database could be compared.
    """

    __tablename__ = "audit_checks"
    __table_args__ = (CheckConstraint("good = (finding IS NULL)", name="bad_has_finding"),)
    id: Mapped[Key]
    started_at: Mapped[Instant]
    finished_at: Mapped[Instant]
    good: Mapped[bool]
    batches: Mapped[int]
    rows: Mapped[int]
    last_id: Mapped[int]
    finding: Mapped[str | None]
    batch: Mapped[int | None]
    event_id: Mapped[int | None]
    heads_read: Mapped[bool]
