"""Who may act for a patient, and who cares for them."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.core.db import Base, Created, Instant, Key
from clinic.patients.models.patient import Patient


class Guardianship(Base, Created):
    """A sign-in that may act for a patient: the patient's own, or a household member's."""

    __tablename__ = "guardianships"
    __table_args__ = (
        Index(
            "uq_guardianships_active",
            "user_id",
            "patient_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_guardianships_patient", "patient_id"),
        Index("ix_guardianships_user", "user_id"),
    )
    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    relationship_kind: Mapped[str] = mapped_column(default="household")
    ended_at: Mapped[Instant | None]
    patient: Mapped[Patient] = relationship()


class CareRelationship(Base, Created):
    """A practitioner cares for a patient, from a booking or an assignment until it is ended."""

    __tablename__ = "care_relationships"
    __table_args__ = (
        Index(
            "uq_care_relationships_active",
            "patient_id",
            "practitioner_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_care_relationships_practitioner", "practitioner_id"),
        Index("ix_care_relationships_patient", "patient_id"),
    )
    id: Mapped[Key]
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioners.id"))
    source: Mapped[str]
    ended_at: Mapped[Instant | None]
