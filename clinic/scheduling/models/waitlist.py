"""Who waits for a time, and what they are offered."""

from __future__ import annotations

from datetime import date, datetime, time
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSTZRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.core.db import Base, Created, InGroup, Instant, Key
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models.appointments import Appointment
from clinic.scheduling.models.resources import Service

ALL_WEEK = 127


class WaitStatus(StrEnum):
    WAITING = "waiting"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    SERVED = "served"


WAITS = (WaitStatus.WAITING, WaitStatus.OFFERED)
"""The states in which somebody still wants a time."""
_WAITS_SQL = "status IN ('waiting', 'offered')"


class Reach(StrEnum):
    """How somebody wants to hear of a free time."""

    SMS = "sms"
    EMAIL = "email"
    CALL = "call"


class PartOfDay(StrEnum):
    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


class OfferStatus(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class WaitlistEntry(Base, InGroup, Created):
    """A patient who waits for a time of a service.

    It has to lie between ``from_day`` and ``until_day`` (both included), on one of the ``weekdays`` (a bit
    each, Monday is 1), and in one of the ``parts`` of the day or between ``earliest`` and ``latest``;
    without these any hour suits. Whom they want stands in ``waitlist_practitioners``; nobody there is
    anybody. ``appointment_id`` is a later visit the patient keeps until then, and would give up;
    ``kept_starts`` is when it was when they joined. ``call_starts`` and ``call_with`` are a free place that
    suits, but of which only a telephone call can tell them in time. ``served_by`` is the visit that ended
    the wait.
    """

    __tablename__ = "waitlist_entries"
    __table_args__ = (
        CheckConstraint(
            "status IN ({})".format(", ".join(f"'{status}'" for status in WaitStatus)), name="status_known"
        ),
        CheckConstraint("from_day <= until_day", name="days_in_order"),
        CheckConstraint(f"weekdays BETWEEN 1 AND {ALL_WEEK}", name="weekdays"),
        CheckConstraint("parts <@ ARRAY['morning', 'afternoon', 'evening']", name="parts_known"),
        CheckConstraint(
            "(earliest IS NULL) = (latest IS NULL) AND earliest < latest "
            "AND (earliest IS NULL OR cardinality(parts) = 0)",
            name="hours",
        ),
        CheckConstraint("reach IN ('sms', 'email', 'call')", name="reach_known"),
        CheckConstraint("mode IN ('in_person', 'online')", name="mode_known"),
        CheckConstraint("length(note) <= 500", name="note"),
        CheckConstraint("(appointment_id IS NULL) = (kept_starts IS NULL)", name="kept_visit_with_its_start"),
        CheckConstraint("(call_starts IS NULL) = (call_with IS NULL)", name="call_with_whom"),
        CheckConstraint(f"({_WAITS_SQL}) = (ended_at IS NULL)", name="ended_when_ended"),
        CheckConstraint("served_by IS NULL OR status IN ('accepted', 'served')", name="served_by_a_visit"),
        Index(
            "uq_waitlist_entries_open",
            "patient_id",
            "service_id",
            "facility_id",
            unique=True,
            postgresql_where=text(_WAITS_SQL),
        ),
        Index(
            "ix_waitlist_entries_waiting",
            "facility_id",
            text("urgent DESC"),
            "id",
            postgresql_where=text(_WAITS_SQL),
        ),
        Index("ix_waitlist_entries_facility", "facility_id", "id"),
        Index("ix_waitlist_entries_patient", "patient_id", "id"),
        Index(
            "ix_waitlist_entries_appointment",
            "appointment_id",
            postgresql_where=text("appointment_id IS NOT NULL"),
        ),
    )
    id: Mapped[Key]
    facility_id: Mapped[int] = mapped_column(ForeignKey("facilities.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    service_id: Mapped[int] = mapped_column(ForeignKey("services.id"))
    mode: Mapped[str] = mapped_column(default="in_person", server_default="in_person")
    from_day: Mapped[date]
    until_day: Mapped[date]
    weekdays: Mapped[int] = mapped_column(SmallInteger, default=ALL_WEEK, server_default=str(ALL_WEEK))
    parts: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    earliest: Mapped[time | None]
    latest: Mapped[time | None]
    note: Mapped[str | None]
    urgent: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    reach: Mapped[str] = mapped_column(default=Reach.SMS, server_default="sms")
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    kept_starts: Mapped[Instant | None]
    status: Mapped[str] = mapped_column(default=WaitStatus.WAITING, server_default="waiting")
    call_starts: Mapped[Instant | None]
    call_with: Mapped[int | None] = mapped_column(ForeignKey("practitioners.id"))
    created_via: Mapped[str] = mapped_column(default="desk")
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    ended_at: Mapped[Instant | None]
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    ended_why: Mapped[str | None]
    served_by: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    facility: Mapped[Facility] = relationship()
    patient: Mapped[Patient] = relationship()
    service: Mapped[Service] = relationship()
    kept: Mapped[Appointment | None] = relationship(foreign_keys=[appointment_id])
    caller: Mapped[Practitioner | None] = relationship(foreign_keys=[call_with])

    @property
    def waits(self) -> bool:
        return self.status in WAITS

    @property
    def weekday_numbers(self) -> list[int]:
        """The weekdays that suit, Monday is 0."""
        return [day for day in range(7) if self.weekdays >> day & 1]


class WaitlistPractitioner(Base):
    """Somebody whom the patient would see. An entry without such rows takes anybody."""

    __tablename__ = "waitlist_practitioners"
    __table_args__ = (
        PrimaryKeyConstraint("entry_id", "practitioner_id", name="pk_waitlist_practitioners"),
        Index("ix_waitlist_practitioners_practitioner", "practitioner_id"),
    )
    entry_id: Mapped[int] = mapped_column(ForeignKey("waitlist_entries.id"))
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioners.id"))


class WaitlistOffer(Base, Created):
    """A place offered to somebody who waits, and held for them until ``expires_at`` under ``purpose``.

    ``told`` says how they hear of it. Only the hash of the link's token is kept; the token went out in the
    message. ``appointment_id`` is the visit it became. A trigger sees to it that an open offer's place is
    held.
    """

    __tablename__ = "waitlist_offers"
    __table_args__ = (
        CheckConstraint(
            "status IN ({})".format(", ".join(f"'{status}'" for status in OfferStatus)), name="status_known"
        ),
        CheckConstraint("told IN ('sms', 'email', 'call')", name="told_known"),
        CheckConstraint(
            "NOT isempty(during) AND lower(during) IS NOT NULL AND upper(during) IS NOT NULL",
            name="during_bounded",
        ),
        CheckConstraint("expires_at <= lower(during)", name="expires_before_it_begins"),
        CheckConstraint("(status = 'open') = (settled_at IS NULL)", name="settled_when_settled"),
        CheckConstraint("(status = 'accepted') = (appointment_id IS NOT NULL)", name="accepted_is_a_visit"),
        UniqueConstraint("token_hash", name="uq_waitlist_offers_token"),
        Index("uq_waitlist_offers_open", "entry_id", unique=True, postgresql_where=text("status = 'open'")),
        Index("ix_waitlist_offers_due", "expires_at", postgresql_where=text("status = 'open'")),
        Index("ix_waitlist_offers_entry", "entry_id", "id"),
    )
    id: Mapped[Key]
    entry_id: Mapped[int] = mapped_column(ForeignKey("waitlist_entries.id"))
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioners.id"))
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    told: Mapped[str]
    tell_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    token_hash: Mapped[str]
    status: Mapped[str] = mapped_column(default=OfferStatus.OPEN, server_default="open")
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    settled_at: Mapped[Instant | None]
    settled_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointments.id"))
    entry: Mapped[WaitlistEntry] = relationship()
    practitioner: Mapped[Practitioner] = relationship()
    appointment: Mapped[Appointment | None] = relationship()

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
    def purpose(self) -> str:
        """The purpose of the hold that keeps its place."""
        return f"offer {self.id}"
