"""How a visit ends, what is to follow it, and the links that act for it alone."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Created, Instant, Key


class EndedBy(StrEnum):
    """Whose word ended a visit, kept for counting."""

    PATIENT = "patient"
    PRACTITIONER = "practitioner"
    STAFF = "staff"
    SYSTEM = "system"


class EndReason(StrEnum):
    """Why a visit was cancelled or missed; what is said beyond it stands in ``ended_why``."""

    PATIENT_ASKED = "patient_asked"
    UNWELL = "unwell"
    NO_TRANSPORT = "no_transport"
    FORGOT = "forgot"
    NOT_REACHED = "not_reached"
    PRACTITIONER_AWAY = "practitioner_away"
    CLINIC_CLOSED = "clinic_closed"
    WRONG_BOOKING = "wrong_booking"
    OTHER = "other"


class FollowUp(StrEnum):
    """Whether the patient is to come again; ``ON`` goes with a day."""

    NONE = "none"
    ON = "on"
    AS_NEEDED = "as_needed"


class Ending:
    """Columns of a visit: who ended it and why, in a word that can be counted."""

    ended_code: Mapped[str | None]
    ended_by_kind: Mapped[str | None]


class FollowedUp:
    """Columns of a visit: what is to follow. None is nothing said yet."""

    follow_up: Mapped[str | None]
    follow_up_on: Mapped[date | None]
    follow_up_settled_at: Mapped[Instant | None]
    follow_up_settled_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    follow_up_settled_why: Mapped[str | None]


def _among(column: str, values: type[StrEnum]) -> str:
    return "{} IN ({})".format(column, ", ".join(f"'{value}'" for value in values))


ENDING_RULES = (
    CheckConstraint(_among("ended_code", EndReason), name="ended_code_known"),
    CheckConstraint(_among("ended_by_kind", EndedBy), name="ended_by_known"),
    CheckConstraint(_among("follow_up", FollowUp), name="follow_up_known"),
    CheckConstraint(
        "(follow_up IS NOT DISTINCT FROM 'on') = (follow_up_on IS NOT NULL)", name="follow_up_on_a_day"
    ),
    Index(
        "ix_appointments_follow_up",
        "facility_id",
        "follow_up_on",
        "id",
        postgresql_where=text("follow_up = 'on' AND follow_up_settled_at IS NULL"),
    ),
    Index(
        "ix_appointments_still_open",
        "facility_id",
        text("lower(during)"),
        postgresql_where=text("status IN ('pending', 'confirmed', 'arrived', 'in_progress')"),
    ),
)
"""What the table of visits keeps of these columns."""


class AppointmentLink(Base, Created):
    """A link that acts for one visit without signing in. Only the token's hash is kept; the token went out
    in a message.
    """

    __tablename__ = "appointment_links"
    __table_args__ = (
        UniqueConstraint("token_hash", name="uq_appointment_links_token"),
        Index("ix_appointment_links_appointment", "appointment_id"),
    )
    id: Mapped[Key]
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointments.id"))
    token_hash: Mapped[str]
