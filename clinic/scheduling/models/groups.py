"""Visits that belong together: the seats of a group, and the visits of a series."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, PrimaryKeyConstraint, SmallInteger, text
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.core.db import Base, Created, InGroup, Instant, Key
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models.resources import Service


class GroupSession(Base, InGroup, Created):
    """One occurrence of a service for a group: it claims people and room once, its visits claim seats."""

    __tablename__ = "group_sessions"
    __table_args__ = (
        Index(
            "uq_group_sessions_standing",
            "service_id",
            "practitioner_id",
            text("lower(during)"),
            unique=True,
            postgresql_where=text("cancelled_at IS NULL"),
        ),
        CheckConstraint(
            "NOT isempty(during) AND lower(during) IS NOT NULL AND upper(during) IS NOT NULL",
            name="during_bounded",
        ),
        CheckConstraint("capacity BETWEEN 1 AND 200", name="capacity"),
        Index("ix_group_sessions_facility_start", "facility_id", text("lower(during)")),
    )
    id: Mapped[Key]
    facility_id: Mapped[int] = mapped_column(ForeignKey("facilities.id"))
    service_id: Mapped[int] = mapped_column(ForeignKey("services.id"))
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioners.id"))
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    capacity: Mapped[int] = mapped_column(SmallInteger)
    mode: Mapped[str] = mapped_column(default="in_person")
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    cancelled_at: Mapped[Instant | None]
    cancelled_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    cancelled_why: Mapped[str | None]
    service: Mapped[Service] = relationship()
    practitioner: Mapped[Practitioner] = relationship()

    @property
    def starts(self) -> datetime:
        """First instant, UTC."""
        assert self.during.lower is not None
        return self.during.lower

    @property
    def ends(self) -> datetime:
        """Instant after the last, UTC."""
        assert self.during.upper is not None
        return self.during.upper


class GroupSeat(Base):
    """A seat of a group session. Only a seat that is here can be taken, and only once at a time."""

    __tablename__ = "group_seats"
    __table_args__ = (PrimaryKeyConstraint("session_id", "number", name="pk_group_seats"),)
    session_id: Mapped[int] = mapped_column(ForeignKey("group_sessions.id"))
    number: Mapped[int] = mapped_column(SmallInteger)


class Series(Base, InGroup, Created):
    """Visits booked together by a rule, such as every Tuesday and Friday, eight times.

    ``rule`` is an RFC 5545 recurrence rule in the facility's zone. It says how the visits came to be; each
    visit may have been changed since.
    """

    __tablename__ = "series"
    id: Mapped[Key]
    facility_id: Mapped[int] = mapped_column(ForeignKey("facilities.id"))
    rule: Mapped[str]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
