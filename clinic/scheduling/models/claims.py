"""Claims on time: the rows that make double booking impossible."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Created, Instant, Key


class Hold(Base, Created):
    """Keeps places for a short while: the old place of a visit while its move can still be undone."""

    __tablename__ = "holds"
    __table_args__ = (Index("ix_holds_expires", "expires_at"),)
    id: Mapped[Key]
    purpose: Mapped[str]
    expires_at: Mapped[Instant]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))


class Allocation(Base):
    """One unit claimed for one stretch by an appointment or a hold. Active claims on a unit never overlap."""

    __tablename__ = "allocations"
    __table_args__ = (
        ExcludeConstraint(
            (text("int8range(unit_id, unit_id, '[]')"), "&&"),
            ("during", "&&"),
            where=text("active"),
            using="gist",
            name="ex_allocations_unit_overlap",
        ),
        CheckConstraint("num_nonnulls(appointment_id, hold_id) = 1", name="one_owner"),
        CheckConstraint("NOT isempty(during)", name="not_empty"),
        Index("ix_allocations_unit_until", "unit_id", text("upper(during)"), postgresql_where=text("active")),
        Index("ix_allocations_appointment", "appointment_id"),
        Index("ix_allocations_hold", "hold_id", postgresql_where=text("hold_id IS NOT NULL")),
    )
    id: Mapped[Key]
    facility_id: Mapped[int] = mapped_column(ForeignKey("facilities.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("resource_units.id"))
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    hold_id: Mapped[int | None] = mapped_column(ForeignKey("holds.id"))
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    active: Mapped[bool] = mapped_column(default=True)
