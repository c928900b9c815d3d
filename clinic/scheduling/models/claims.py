"""Claims on time: the rows that make double booking impossible."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Created, Instant, Key


class HoldKind(StrEnum):
    UNDO = "undo"
    FORM = "form"
    OFFER = "offer"


class Hold(Base, Created):
    """Keeps places for a short while.

    The old place of a visit while its change can still be undone, the place that somebody filling in a form
    has chosen, or one that is offered to a patient who waits. ``purpose`` names what it is for, once.
    """

    __tablename__ = "holds"
    __table_args__ = (
        CheckConstraint("kind IN ('undo', 'form', 'offer')", name="kind_known"),
        Index("ix_holds_expires", "expires_at"),
        Index("ix_holds_purpose", "purpose"),
        Index("ix_holds_created_by", "created_by", postgresql_where=text("kind = 'form'")),
    )
    id: Mapped[Key]
    kind: Mapped[str] = mapped_column(default=HoldKind.UNDO, server_default="undo")
    purpose: Mapped[str]
    expires_at: Mapped[Instant]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))


class Allocation(Base):
    """One unit claimed for one stretch by an appointment, a group session or a hold. Active claims on a unit
    never overlap.

    ``version`` is the appointment's when it claimed: what was claimed together is known by it.
    """

    __tablename__ = "allocations"
    __table_args__ = (
        ExcludeConstraint(
            (text("int8range(unit_id, unit_id, '[]')"), "&&"),
            ("during", "&&"),
            where=text("active"),
            using="gist",
            name="ex_allocations_unit_overlap",
        ),
        CheckConstraint("num_nonnulls(appointment_id, session_id, hold_id) = 1", name="one_owner"),
        CheckConstraint("NOT isempty(during)", name="not_empty"),
        Index("ix_allocations_unit_until", "unit_id", text("upper(during)"), postgresql_where=text("active")),
        Index("ix_allocations_appointment", "appointment_id"),
        Index("ix_allocations_session", "session_id", postgresql_where=text("session_id IS NOT NULL")),
        Index("ix_allocations_hold", "hold_id", postgresql_where=text("hold_id IS NOT NULL")),
    )
    id: Mapped[Key]
    facility_id: Mapped[int] = mapped_column(ForeignKey("facilities.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("resource_units.id"))
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    session_id: Mapped[int | None] = mapped_column(ForeignKey("group_sessions.id"))
    hold_id: Mapped[int | None] = mapped_column(ForeignKey("holds.id"))
    version: Mapped[int | None]
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    active: Mapped[bool] = mapped_column(default=True)
