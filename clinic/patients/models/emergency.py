"""A record opened in an emergency by somebody who otherwise does not see it."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.core.db import Base, InGroup, Instant, Key
from clinic.patients.models.patient import Patient


class Urgency(StrEnum):
    """Why a record is opened in an emergency."""

    UNCONSCIOUS = "unconscious"
    CANNOT_SAY = "cannot_say"
    STANDING_IN = "standing_in"
    OTHER = "other"


class EmergencyAccess(Base, InGroup):
    """Somebody of the staff opened one patient's record, for a reason and for a time.

    It opens the record from ``started_at`` until ``ends_at``, or until ``closed_at`` when its holder ended it
    before that. ``reason`` is in their own words; an administrator looks it over afterwards, once, with
    ``review_note``. A trigger keeps everything else as it was written.
    """

    __tablename__ = "emergency_accesses"
    __table_args__ = (
        CheckConstraint(f"urgency IN ({', '.join(repr(str(one)) for one in Urgency)})", name="urgency_known"),
        CheckConstraint("char_length(reason) BETWEEN 10 AND 500", name="reason_length"),
        CheckConstraint("started_at < ends_at", name="ends_after_start"),
        CheckConstraint("(reviewed_at IS NULL) = (reviewed_by IS NULL)", name="reviewed_by_somebody"),
        Index("ix_emergency_accesses_user_ends", "user_id", "ends_at"),
        Index("ix_emergency_accesses_patient", "patient_id", "id"),
    )
    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    facility_id: Mapped[int] = mapped_column(ForeignKey("facilities.id"))
    role: Mapped[str]
    urgency: Mapped[str]
    reason: Mapped[str]
    started_at: Mapped[Instant]
    ends_at: Mapped[Instant]
    closed_at: Mapped[Instant | None]
    reviewed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    reviewed_at: Mapped[Instant | None]
    review_note: Mapped[str | None]
    patient: Mapped[Patient] = relationship()
