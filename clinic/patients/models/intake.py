"""Intake on the patient's own phone: a link, and what was entered through it until somebody reviewed it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.core.db import Base, Created, Instant, Key
from clinic.patients.models.patient import Patient


class IntakeLink(Base, Created):
    """An invitation to fill in the rest. Open for seven days and many visits; shows only what came in through
    it.
    """

    __tablename__ = "intake_links"
    __table_args__ = (
        UniqueConstraint("token_hash", name="uq_intake_links_token"),
        Index("ix_intake_links_patient", "patient_id"),
    )
    id: Mapped[Key]
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    facility_id: Mapped[int] = mapped_column(ForeignKey("facilities.id"))
    token_hash: Mapped[str]
    expires_at: Mapped[Instant]
    revoked_at: Mapped[Instant | None]
    submitted_at: Mapped[Instant | None]
    reviewed_at: Mapped[Instant | None]
    reviewed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    patient: Mapped[Patient] = relationship()


class IntakeSection(Base):
    """One section of the intake as last kept, exactly as typed."""

    __tablename__ = "intake_sections"
    link_id: Mapped[int] = mapped_column(ForeignKey("intake_links.id"), primary_key=True)
    section: Mapped[str] = mapped_column(primary_key=True)
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    version: Mapped[int] = mapped_column(default=1)
    saved_at: Mapped[Instant]
    complete: Mapped[bool] = mapped_column(default=False)
