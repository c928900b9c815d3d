"""The appointment and its history."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.core.db import Base, Created, InGroup, Instant, Key
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models.endings import ENDING_RULES, Ending, FollowedUp
from clinic.scheduling.models.meetings import MEETING_RULES, Meeting
from clinic.scheduling.models.resources import Service


class AppointmentStatus(StrEnum):
    PENDING = "pending"
    CONFIRMED = "confirmed"
    ARRIVED = "arrived"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    NO_SHOW = "no_show"


FINAL = (
    AppointmentStatus.COMPLETED,
    AppointmentStatus.CANCELLED,
    AppointmentStatus.REJECTED,
    AppointmentStatus.NO_SHOW,
)
CLAIMING = tuple(
    status
    for status in AppointmentStatus
    if status not in (AppointmentStatus.CANCELLED, AppointmentStatus.REJECTED, AppointmentStatus.NO_SHOW)
)
"""The states in which a visit takes up time."""
_CLAIMING_SQL = "status IN ({})".format(", ".join(f"'{status}'" for status in CLAIMING))


class Appointment(Base, InGroup, Created, Ending, FollowedUp, Meeting):
    """A patient's visit to a practitioner for a service.

    ``during`` is half-open. No two claiming visits of one patient overlap; people and rooms are claimed
    through
    allocations. ``version`` counts changes, for forms that were open meanwhile. ``override_reason`` says why
    staff booked
    outside the rules, or at a time that is taken (``overbooked``). A visit in a group has a ``seat`` of its
    session. Who walked in has a ``token``, counted anew each ``token_day`` of a facility.
    ``submission_key`` makes the same form sent twice one visit.
    """

    __tablename__ = "appointments"
    __table_args__ = (
        UniqueConstraint("reference", name="uq_appointments_reference"),
        UniqueConstraint("submission_key", name="uq_appointments_submission_key"),
        ExcludeConstraint(
            (text("int8range(patient_id, patient_id, '[]')"), "&&"),
            ("during", "&&"),
            where=text(_CLAIMING_SQL),
            using="gist",
            name="ex_appointments_patient_overlap",
        ),
        CheckConstraint(
            "status IN ({})".format(", ".join(f"'{status}'" for status in AppointmentStatus)),
            name="status_known",
        ),
        CheckConstraint("mode IN ('in_person', 'online')", name="mode_known"),
        CheckConstraint(
            "NOT isempty(during) AND lower_inc(during) AND NOT upper_inc(during)", name="during_half_open"
        ),
        CheckConstraint("lower(during) IS NOT NULL AND upper(during) IS NOT NULL", name="during_bounded"),
        CheckConstraint(
            "(status IN ('cancelled', 'rejected', 'no_show')) = (ended_at IS NOT NULL)",
            name="ended_when_ended",
        ),
        *ENDING_RULES,
        *MEETING_RULES,
        ForeignKeyConstraint(
            ("session_id", "seat"),
            ("group_seats.session_id", "group_seats.number"),
            name="fk_appointments_seat",
        ),
        CheckConstraint("(session_id IS NULL) = (seat IS NULL)", name="seat_in_session"),
        Index(
            "uq_appointments_seat",
            "session_id",
            "seat",
            unique=True,
            postgresql_where=text(f"session_id IS NOT NULL AND {_CLAIMING_SQL}"),
        ),
        UniqueConstraint("facility_id", "token_day", "token", name="uq_appointments_token"),
        CheckConstraint("(token IS NULL) = (token_day IS NULL) AND token > 0", name="token_of_a_day"),
        CheckConstraint("NOT overbooked OR override_reason IS NOT NULL", name="overbooked_with_reason"),
        Index("ix_appointments_series", "series_id", postgresql_where=text("series_id IS NOT NULL")),
        Index("ix_appointments_facility_start", "facility_id", text("lower(during)"), "id"),
        Index("ix_appointments_practitioner_start", "practitioner_id", text("lower(during)")),
        Index("ix_appointments_patient_start", "patient_id", text("lower(during)")),
    )
    id: Mapped[Key]
    reference: Mapped[str] = mapped_column(String(10))
    facility_id: Mapped[int] = mapped_column(ForeignKey("facilities.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioners.id"))
    service_id: Mapped[int] = mapped_column(ForeignKey("services.id"))
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    status: Mapped[str] = mapped_column(default=AppointmentStatus.PENDING)
    mode: Mapped[str] = mapped_column(default="in_person")
    purpose: Mapped[str | None]
    created_via: Mapped[str] = mapped_column(default="desk")
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    override_reason: Mapped[str | None]
    overbooked: Mapped[bool] = mapped_column(default=False, server_default="false")
    session_id: Mapped[int | None] = mapped_column(ForeignKey("group_sessions.id"))
    seat: Mapped[int | None] = mapped_column(SmallInteger)
    series_id: Mapped[int | None] = mapped_column(ForeignKey("series.id"))
    token: Mapped[int | None] = mapped_column(SmallInteger)
    token_day: Mapped[date | None]
    confirmed_at: Mapped[Instant | None]
    arrived_at: Mapped[Instant | None]
    started_at: Mapped[Instant | None]
    completed_at: Mapped[Instant | None]
    ended_at: Mapped[Instant | None]
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    ended_why: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)
    submission_key: Mapped[str | None]
    facility: Mapped[Facility] = relationship()
    patient: Mapped[Patient] = relationship()
    practitioner: Mapped[Practitioner] = relationship()
    service: Mapped[Service] = relationship()

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

    @property
    def minutes(self) -> int:
        """How long it lasts."""
        return int((self.ends - self.starts).total_seconds()) // 60

    @property
    def change_until(self) -> datetime:
        """The instant (UTC) until which the patient may cancel or move by themselves."""
        return self.starts - timedelta(minutes=self.service.change_minutes)


class AppointmentEvent(Base):
    """One thing that happened to an appointment: who, when, from what to what, and why (in a word and in
    words).
    """

    __tablename__ = "appointment_events"
    __table_args__ = (Index("ix_appointment_events_appointment", "appointment_id", "id"),)
    id: Mapped[Key]
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointments.id"))
    at: Mapped[Instant]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    actor_name: Mapped[str]
    kind: Mapped[str]
    from_status: Mapped[str | None]
    to_status: Mapped[str | None]
    from_during: Mapped[Range[datetime] | None] = mapped_column(TSTZRANGE)
    to_during: Mapped[Range[datetime] | None] = mapped_column(TSTZRANGE)
    code: Mapped[str | None]
    from_practitioner_id: Mapped[int | None] = mapped_column(ForeignKey("practitioners.id"))
    reason: Mapped[str | None]
