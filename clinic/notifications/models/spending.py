"""What text messages cost on a day, and which provider has been failing."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.db import Base, Instant


class SmsDay(Base):
    """What was handed over on one day of the clinic's, in paise and segments.

    It is changed in the transaction that hands a message over, by an UPDATE that asks whether there is room:
    however many workers send at once, the ceiling holds. ``warned_at`` and ``reached_at`` say when
    administrators were told, once a day each.
    """

    __tablename__ = "sms_days"
    __table_args__ = (CheckConstraint("paise >= 0 AND segments >= 0", name="not_negative"),)
    day: Mapped[date] = mapped_column(primary_key=True)
    paise: Mapped[int] = mapped_column(default=0, server_default="0")
    segments: Mapped[int] = mapped_column(default=0, server_default="0")
    warned_at: Mapped[Instant | None]
    reached_at: Mapped[Instant | None]


class ProviderHealth(Base):
    """Definite failures of a provider in a row; until ``avoid_until`` the other one is asked first."""

    __tablename__ = "provider_health"
    provider: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    avoid_until: Mapped[Instant | None]
