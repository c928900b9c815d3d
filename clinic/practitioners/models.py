"""By whom care is given."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Created, InGroup, Instant, Key


class Practitioner(Base, InGroup, Created):
    """A vaidya, doctor or therapist. Only a verified, active one can be booked.

    ``hears_…`` say which changes of their visits they want an e-mail about; with ``hears_soon_only`` those of
    today and tomorrow.
    """

    __tablename__ = "practitioners"
    __table_args__ = (
        UniqueConstraint("user_id", name="uq_practitioners_user"),
        UniqueConstraint("licence_number", name="uq_practitioners_licence"),
        CheckConstraint("experience_years >= 0", name="experience_not_negative"),
        CheckConstraint("default_minutes BETWEEN 5 AND 480", name="default_minutes"),
        Index("ix_practitioners_search_name", "search_name", "id"),
    )
    id: Mapped[Key]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str]
    search_name: Mapped[str] = mapped_column(Text(collation="C"))
    sex: Mapped[str | None]
    specialization: Mapped[str | None]
    qualification: Mapped[str | None]
    experience_years: Mapped[int | None] = mapped_column(SmallInteger)
    licence_number: Mapped[str | None]
    registration_number: Mapped[str | None]
    default_minutes: Mapped[int] = mapped_column(SmallInteger, default=30)
    phone: Mapped[str | None]
    email: Mapped[str | None]
    line: Mapped[str | None]
    city: Mapped[str | None]
    state: Mapped[str | None]
    postal_code: Mapped[str | None]
    country: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    verified_at: Mapped[Instant | None]
    verified_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    hears_booked: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    hears_moved: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    hears_cancelled: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    hears_soon_only: Mapped[bool] = mapped_column(default=True, server_default=text("true"))


class PractitionerIdentifier(Base):
    """What another system calls this practitioner."""

    __tablename__ = "practitioner_identifiers"
    __table_args__ = (UniqueConstraint("system", "value", name="uq_practitioner_identifiers_system_value"),)
    id: Mapped[Key]
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioners.id"))
    system: Mapped[str]
    value: Mapped[str]


class Affiliation(Base, Created):
    """A practitioner works at a facility."""

    __tablename__ = "affiliations"
    __table_args__ = (UniqueConstraint("practitioner_id", "facility_id", name="uq_affiliations_once"),)
    id: Mapped[Key]
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioners.id"))
    facility_id: Mapped[int] = mapped_column(ForeignKey("facilities.id"))
    active: Mapped[bool] = mapped_column(default=True)
