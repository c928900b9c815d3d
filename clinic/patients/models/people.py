"""Who may act for a patient, and who cares for them."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
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


class GuardianConsent(Base, Created):
    """Who allowed which sign-in to act for whom (or ended it), and when. Rows are only ever added.

    ``given_as`` is in what standing: ``patient`` for oneself, ``guardian`` of a child, ``clinic`` by its
    staff, ``household`` by registering at the sign-in's own mobile.
    """

    __tablename__ = "guardian_consents"
    __table_args__ = (
        CheckConstraint("given_as IN ('patient', 'guardian', 'clinic', 'household')", name="given_as_known"),
        Index("ix_guardian_consents_patient", "patient_id", "id"),
    )
    id: Mapped[Key]
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    allowed: Mapped[bool]
    given_as: Mapped[str]
    given_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))


class GuardianInvitation(Base, Created):
    """A guardian of a child asks another person, by their mobile, to be one too. Whoever signs in with that
    mobile may accept until it expires.
    """

    __tablename__ = "guardian_invitations"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'accepted', 'declined', 'withdrawn')", name="status_known"),
        CheckConstraint("(status = 'open') = (settled_at IS NULL)", name="settled_when_settled"),
        CheckConstraint(r"mobile ~ '^\+[1-9][0-9]{6,14}$'", name="mobile_e164"),
        Index(
            "uq_guardian_invitations_open",
            "patient_id",
            "mobile",
            unique=True,
            postgresql_where=text("status = 'open'"),
        ),
        Index("ix_guardian_invitations_mobile", "mobile", postgresql_where=text("status = 'open'")),
    )
    id: Mapped[Key]
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    mobile: Mapped[str]
    invited_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    status: Mapped[str] = mapped_column(default="open")
    expires_at: Mapped[Instant]
    settled_at: Mapped[Instant | None]
    patient: Mapped[Patient] = relationship()


class CareRelationship(Base, Created):
    """A practitioner cares for a patient, from a booking or an assignment (``source``) until it is ended: by
    somebody (``ended_by``), or by the clock after a time without a visit.
    """

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
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    ended_at: Mapped[Instant | None]
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))


class RecentForgotten(Base):
    """Since when a person's list of patients opened lately begins anew: they asked to forget the others.
    What was opened is read from the audit rows, which stay.
    """

    __tablename__ = "recent_forgotten"
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True, autoincrement=False)
    at: Mapped[Instant]
