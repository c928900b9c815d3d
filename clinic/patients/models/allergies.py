"""Allergies: what a patient reacts to, and whether anybody asked."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Created, Instant, Key


class AllergyStatus(StrEnum):
    """Not asked, "nil" on an old paper that nobody signed for, asked and none known, and recorded are four
    different things.
    """

    NOT_ASKED = "not_asked"
    NONE_STATED = "none_stated"
    NONE_KNOWN = "none_known"
    RECORDED = "recorded"


class Allergy(Base, Created):
    """One substance and what it does. Wrong or outlived entries change status; no row is deleted."""

    __tablename__ = "allergies"
    __table_args__ = (
        CheckConstraint(
            "status IN ('active', 'inactive', 'resolved', 'entered_in_error')", name="status_known"
        ),
        CheckConstraint("criticality IN ('low', 'high', 'unable_to_assess')", name="criticality_known"),
        CheckConstraint("severity IN ('mild', 'moderate', 'severe')", name="severity_known"),
        UniqueConstraint("source_system", "source_value", name="uq_allergies_source"),
        Index("ix_allergies_patient", "patient_id"),
    )
    id: Mapped[Key]
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    substance: Mapped[str]
    category: Mapped[str | None]
    criticality: Mapped[str | None]
    reaction: Mapped[str | None]
    severity: Mapped[str | None]
    status: Mapped[str] = mapped_column(default="active")
    recorded_at: Mapped[Instant]
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    source_system: Mapped[str | None]
    source_value: Mapped[str | None]
