"""Those who wait, as matching goes through them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, func, select

from clinic.core import clock
from clinic.core.db import db
from clinic.patients.models import Patient
from clinic.scheduling.models import (
    Appointment,
    OfferStatus,
    WaitlistEntry,
    WaitlistOffer,
    WaitlistPractitioner,
    WaitStatus,
)
from clinic.scheduling.transitions import MOVABLE
from clinic.scheduling.waiting import Wish


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One who waits, as matching needs them: plain values, good beyond the transaction.

    ``unanswered`` counts the last messages they let pass.
    """

    entry_id: int
    patient_id: int
    mode: str
    reach: str
    wish: Wish
    unanswered: int
    call_starts: datetime | None
    call_with: int | None


def whom(entry_id: Any) -> Any:
    """An SQL value: the ids of the practitioners an entry names, NULL for anybody."""
    return (
        select(func.array_agg(WaitlistPractitioner.practitioner_id))
        .where(WaitlistPractitioner.entry_id == entry_id)
        .scalar_subquery()
    )


def groups_waiting(facility_id: int | None = None) -> list[tuple[int, int]]:
    """The facilities and services for which somebody waits without an offer."""
    here = [WaitlistEntry.facility_id == facility_id] if facility_id is not None else []
    rows = db.session.execute(
        select(WaitlistEntry.facility_id, WaitlistEntry.service_id)
        .where(WaitlistEntry.status == WaitStatus.WAITING, *here)
        .distinct()
        .order_by(WaitlistEntry.facility_id, WaitlistEntry.service_id)
    )
    return [(row[0], row[1]) for row in rows]


def candidates(facility_id: int, service_id: int, *, limit: int) -> list[Candidate]:
    """Those who wait for a service without an offer: the urgent first, then who has waited longest."""
    now = clock.now()
    passed = and_(
        WaitlistOffer.entry_id == WaitlistEntry.id,
        WaitlistOffer.status.in_((OfferStatus.DECLINED, OfferStatus.EXPIRED, OfferStatus.WITHDRAWN)),
    )
    answered = (
        select(func.coalesce(func.max(WaitlistOffer.id), 0))
        .where(WaitlistOffer.entry_id == WaitlistEntry.id, WaitlistOffer.status == OfferStatus.DECLINED)
        .correlate(WaitlistEntry)
        .scalar_subquery()
    )
    unanswered = (
        select(func.count())
        .select_from(WaitlistOffer)
        .where(
            WaitlistOffer.entry_id == WaitlistEntry.id,
            WaitlistOffer.status == OfferStatus.EXPIRED,
            WaitlistOffer.told != "call",
            WaitlistOffer.id > answered,
        )
        .correlate(WaitlistEntry)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(
            WaitlistEntry,
            whom(WaitlistEntry.id).label("practitioner_ids"),
            select(func.array_agg(func.lower(WaitlistOffer.during)))
            .where(passed, func.lower(WaitlistOffer.during) > now)
            .correlate(WaitlistEntry)
            .scalar_subquery()
            .label("passed"),
            unanswered.label("unanswered"),
            func.lower(Appointment.during).label("kept_starts"),
            Patient.mobile,
            Patient.email,
        )
        .join(Patient, Patient.id == WaitlistEntry.patient_id)
        .outerjoin(
            Appointment,
            and_(
                Appointment.id == WaitlistEntry.appointment_id,
                Appointment.status.in_(MOVABLE),
                func.lower(Appointment.during) > now,
            ),
        )
        .where(
            WaitlistEntry.facility_id == facility_id,
            WaitlistEntry.service_id == service_id,
            WaitlistEntry.status == WaitStatus.WAITING,
            ~Patient.deceased,
        )
        .order_by(WaitlistEntry.urgent.desc(), WaitlistEntry.id)
        .limit(limit)
    ).all()
    return [_candidate(row) for row in rows]


def _candidate(row: Row[Any]) -> Candidate:
    entry: WaitlistEntry = row[0]
    ways = {"sms": row.mobile, "email": row.email}
    return Candidate(
        entry_id=entry.id,
        patient_id=entry.patient_id,
        mode=entry.mode,
        reach=entry.reach if ways.get(entry.reach) else "call",
        wish=wish_of(entry, row.practitioner_ids, before=row.kept_starts, passed=row.passed),
        unanswered=row.unanswered,
        call_starts=entry.call_starts,
        call_with=entry.call_with,
    )


def wish_of(
    entry: WaitlistEntry,
    practitioner_ids: Collection[int] | None,
    *,
    before: datetime | None = None,
    passed: Collection[datetime] | None = None,
) -> Wish:
    """What an entry asks for."""
    return Wish(
        from_day=entry.from_day,
        until_day=entry.until_day,
        weekdays=entry.weekdays,
        parts=frozenset(entry.parts),
        earliest=entry.earliest,
        latest=entry.latest,
        practitioner_ids=frozenset(practitioner_ids or ()),
        before=before,
        passed=tuple(passed or ()),
    )
