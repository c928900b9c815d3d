"""What text messages cost, and the most they may cost on a day.

The day's row is changed in the transaction that marks a message as handed over, by an UPDATE that asks for
room: whatever the number of workers, the sum never passes the ceiling. Codes and warnings go although it is
reached; they have a cap of their own by number (``SMS_PER_DAY``). An estimate by parts of the text is all
that is known then; what a provider surely did not take is given back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert

from clinic.config import Settings
from clinic.core import clock
from clinic.core.db import db
from clinic.notifications import alarms
from clinic.notifications.models import Channel, SmsDay
from clinic.notifications.texts.segments import count_segments

WARN_AT = 80
"""Percent of the ceiling at which administrators hear of it."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The estimate for one text message on one day."""

    day: date
    segments: int
    paise: int


@dataclass(frozen=True, kw_only=True)
class Spent:
    """A day's sum beside its ceiling, in paise; ``ceiling`` 0 is none, ``percent`` of it, 100 at the most."""

    paise: int
    segments: int
    ceiling: int

    @property
    def percent(self) -> int:
        return min(100, self.paise * 100 // self.ceiling) if self.ceiling else 0

    @property
    def warns(self) -> bool:
        return bool(self.ceiling) and self.paise * 100 >= self.ceiling * WARN_AT


def rupees(paise: int) -> Decimal:
    """An amount in rupees."""
    return Decimal(paise) / 100


def price_of(provider: str, settings: Settings) -> int:
    """What one part of a text message costs with a provider, in paise."""
    return settings.sms_fallback_price_paise if provider.endswith("_2") else settings.sms_price_paise


def cost_of(text: str, *, channel: str, provider: str, zone: str, settings: Settings) -> Cost | None:
    """The estimate for a message handed over now; None where a channel costs nothing."""
    if channel != Channel.SMS:
        return None
    segments = count_segments(text).parts
    return Cost(day=clock.today(zone), segments=segments, paise=segments * price_of(provider, settings))


def take(cost: Cost, *, always: bool, settings: Settings) -> bool:
    """Count a message in, in the caller's transaction; False when the ceiling leaves no room for it.

    ``always`` is for what goes whatever the ceiling says; it is counted all the same.
    """
    db.session.execute(insert(SmsDay).values(day=cost.day).on_conflict_do_nothing())
    ceiling = settings.sms_ceiling_rupees * 100
    change = update(SmsDay).where(SmsDay.day == cost.day)
    if ceiling and not always:
        change = change.where(SmsDay.paise + cost.paise <= ceiling)
    row = db.session.execute(
        change.values(paise=SmsDay.paise + cost.paise, segments=SmsDay.segments + cost.segments)
        .returning(SmsDay.paise, SmsDay.warned_at)
        .execution_options(synchronize_session=False)
    ).first()
    if row is None:
        _tell_once(cost.day, reached=True)
        return False
    if ceiling and row.warned_at is None and row.paise * 100 >= ceiling * WARN_AT:
        _tell_once(cost.day, reached=False)
    return True


def give_back(cost: Cost) -> None:
    """Take a message out again that its provider surely has not."""
    db.session.execute(
        update(SmsDay)
        .where(SmsDay.day == cost.day)
        .values(
            paise=func.greatest(SmsDay.paise - cost.paise, 0),
            segments=func.greatest(SmsDay.segments - cost.segments, 0),
        )
        .execution_options(synchronize_session=False)
    )


def next_day(zone: str) -> datetime:
    """When a message that found no room may ask again: as the clinic's next day begins (UTC)."""
    return clock.at(clock.today(zone) + timedelta(days=1), time(0), zone)


def spent_today(zone: str, settings: Settings) -> Spent:
    """The sum of the clinic's day so far."""
    return spent_on(clock.today(zone), settings)


def spent_on(day: date, settings: Settings) -> Spent:
    """The sum of a day."""
    row = db.session.get(SmsDay, day)
    return Spent(
        paise=row.paise if row else 0,
        segments=row.segments if row else 0,
        ceiling=settings.sms_ceiling_rupees * 100,
    )


def _tell_once(day: date, *, reached: bool) -> None:
    """Tell administrators, once a day: whoever marks the day's row first does it."""
    mark = SmsDay.reached_at if reached else SmsDay.warned_at
    first = db.session.execute(
        update(SmsDay)
        .where(SmsDay.day == day, mark.is_(None))
        .values({mark: clock.now()})
        .returning(SmsDay.day)
        .execution_options(synchronize_session=False)
    ).first()
    if first is not None:
        alarms.raise_alarm("sms_ceiling" if reached else "sms_warning", about=day.isoformat())
