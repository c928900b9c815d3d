"""Where care is given."""

from __future__ import annotations

from datetime import time

from sqlalchemy import CheckConstraint, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Created, InGroup, Key


class ClinicGroup(Base):
    """Clinics under one owner: they share patients, and nothing reaches across."""

    __tablename__ = "clinic_groups"
    id: Mapped[Key]
    name: Mapped[str]


class Facility(Base, InGroup, Created):
    """One clinic at one address, with its own zone, currency and opening hours.

    ``meeting_pattern`` is where its online visits meet: an https address with ``{room}`` in it. ``hears_…``
    say of which changes by patients it wants an e-mail: a booking, a move, a cancellation; and whether of
    bookings that wait for its word. Where ``second_step_required``, all who work there sign in in two steps.
    Care that came with a booking ends ``care_months`` after the last visit.
    """

    __tablename__ = "facilities"
    __table_args__ = (
        CheckConstraint("opens < closes", name="opens_before_closes"),
        CheckConstraint("booking_days BETWEEN 1 AND 730", name="booking_days"),
        CheckConstraint("care_months BETWEEN 1 AND 120", name="care_months"),
        CheckConstraint(
            "meeting_pattern ~ '^https://' AND length(meeting_pattern) <= 500", name="meeting_pattern"
        ),
    )
    id: Mapped[Key]
    name: Mapped[str]
    short_name: Mapped[str]
    zone: Mapped[str] = mapped_column(default="Asia/Kolkata")
    currency: Mapped[str] = mapped_column(String(3), default="INR")
    locale: Mapped[str] = mapped_column(default="en")
    phone: Mapped[str | None]
    email: Mapped[str | None]
    line: Mapped[str | None]
    city: Mapped[str | None]
    state: Mapped[str | None]
    postal_code: Mapped[str | None]
    opens: Mapped[time] = mapped_column(default=time(8))
    closes: Mapped[time] = mapped_column(default=time(19))
    booking_days: Mapped[int] = mapped_column(default=60)
    whole_facility_in_care: Mapped[bool] = mapped_column(default=True)
    care_months: Mapped[int] = mapped_column(SmallInteger, default=12, server_default="12")
    meeting_pattern: Mapped[str | None]
    hears_waiting: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    hears_booked: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    hears_moved: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    hears_cancelled: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    second_step_required: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    active: Mapped[bool] = mapped_column(default=True)
