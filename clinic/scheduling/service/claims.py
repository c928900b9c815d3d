"""Claiming time: the only statements that write allocations.

One order keeps claims free of deadlocks: the patient's row, the visit's, the group session's, then the units'
by id, and only then the claims themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import ColumnElement, Null, delete, exists, null, select, update
from sqlalchemy.dialects.postgresql import Range, insert
from sqlalchemy.exc import DBAPIError

from clinic.core import clock
from clinic.core.db import db, unit_of_work
from clinic.patients.models import Patient
from clinic.scheduling.models import CLAIMING, Allocation, Appointment, Hold, HoldKind, ResourceUnit

Stretch = Range[datetime]
T = TypeVar("T")
_PASSING = frozenset({"40P01", "40001"})
"""Deadlock and serialization failure: the same work may well succeed at once."""


def settled(work: Callable[[], T]) -> T:
    """Run ``work`` as one unit of work, once more if the database had to break a knot."""
    try:
        with unit_of_work():
            return work()
    except DBAPIError as failure:
        if getattr(failure.orig, "pgcode", None) not in _PASSING:
            raise
    with unit_of_work():
        return work()


@dataclass(frozen=True)
class Claim:
    """One unit for one stretch."""

    unit_id: int
    during: Stretch


def claim(
    claims: Collection[Claim],
    *,
    facility_id: int,
    appointment_id: int | None = None,
    session_id: int | None = None,
    hold_id: int | None = None,
) -> set[int]:
    """Claim all these units in one statement, in the order of their ids; the units that were got.

    A unit missing from the answer belongs to somebody else at that time. Whoever does not get all undoes the
    rest.
    """
    version: ColumnElement[int] | Null = null()
    if appointment_id is not None:
        version = select(Appointment.version).where(Appointment.id == appointment_id).scalar_subquery()
    rows = [
        {
            "facility_id": facility_id,
            "unit_id": wanted.unit_id,
            "appointment_id": appointment_id,
            "session_id": session_id,
            "hold_id": hold_id,
            "version": version,
            "during": wanted.during,
            "active": True,
        }
        for wanted in sorted(claims, key=lambda wanted: (wanted.unit_id, wanted.during.lower))
    ]
    if not rows:
        return set()
    return set(
        db.session.scalars(
            insert(Allocation)
            .values(rows)
            .on_conflict_do_nothing(constraint="ex_allocations_unit_overlap")
            .returning(Allocation.unit_id)
        )
    )


def queue_for_patient(patient_id: int) -> None:
    """Wait for other changes of the patient's visits: two that change places would wait for each other."""
    db.session.execute(select(Patient.id).where(Patient.id == patient_id).with_for_update(key_share=True))


def lock_units(unit_ids: Collection[int]) -> None:
    """Queue up for these units before claiming some and releasing others, or two who do could wait for each
    other.

    Who may have to try other units instead does this inside the savepoint of the try: rolled back, it lets
    go of them, and never waits for one unit while it keeps a later one.
    """
    db.session.execute(
        select(ResourceUnit.id)
        .where(ResourceUnit.id.in_(sorted(unit_ids)))
        .order_by(ResourceUnit.id)
        .with_for_update(key_share=True)
    )


def claims_of(appointment_id: int) -> list[Claim]:
    """What a visit claims now."""
    return [
        Claim(unit_id, during)
        for unit_id, during in db.session.execute(
            select(Allocation.unit_id, Allocation.during)
            .where(Allocation.appointment_id == appointment_id, Allocation.active)
            .order_by(Allocation.unit_id)
        )
    ]


def past_claims(appointment_id: int, during: Stretch) -> list[Claim]:
    """What a visit last claimed for a time it has given back, all of it, with the buffers it had then."""
    rows = db.session.execute(
        select(Allocation.version, Allocation.unit_id, Allocation.during)
        .where(
            Allocation.appointment_id == appointment_id,
            Allocation.during.op("@>")(during),
            ~Allocation.active,
        )
        .order_by(Allocation.version.nulls_first(), Allocation.unit_id, Allocation.id)
    ).all()
    last = rows[-1].version if rows else None
    return [Claim(unit_id, stretch) for version, unit_id, stretch in rows if version == last]


def release(appointment_id: int) -> None:
    """Give back all that a visit claims; the rows stay, inactive, as its past."""
    db.session.execute(
        update(Allocation)
        .where(Allocation.appointment_id == appointment_id, Allocation.active)
        .values(active=False)
        .execution_options(synchronize_session=False)
    )


def release_session(session_id: int) -> None:
    """Give back what a group session claims."""
    db.session.execute(
        update(Allocation)
        .where(Allocation.session_id == session_id, Allocation.active)
        .values(active=False)
        .execution_options(synchronize_session=False)
    )


def hold(
    claims: Collection[Claim],
    *,
    facility_id: int,
    purpose: str,
    until: datetime,
    by: int | None,
    kind: str = HoldKind.UNDO,
) -> Hold:
    """Keep places until a moment; they were this transaction's own, so nobody else can have them."""
    kept = Hold(kind=kind, purpose=purpose, expires_at=until, created_by=by)
    db.session.add(kept)
    db.session.flush()
    claim(claims, facility_id=facility_id, hold_id=kept.id)
    return kept


def end_hold(purpose: str) -> None:
    """Forget the places kept for a purpose. The hold first, then what it claims, as ``end_expired_holds``."""
    ids = list(
        db.session.scalars(select(Hold.id).where(Hold.purpose == purpose).order_by(Hold.id).with_for_update())
    )
    if not ids:
        return
    db.session.execute(
        delete(Allocation).where(Allocation.hold_id.in_(ids)).execution_options(synchronize_session=False)
    )
    db.session.execute(delete(Hold).where(Hold.id.in_(ids)).execution_options(synchronize_session=False))


def stale_holds_exist() -> ColumnElement[bool]:
    """An SQL condition: some hold is over, and nobody has ended it yet."""
    return exists().where(Hold.expires_at <= clock.now())


def end_expired_holds() -> int:
    """End holds that are over, in a transaction of its own, so that no claim waits for it; how many there
    were.
    """
    with db.engine.begin() as connection:
        over = list(
            connection.scalars(
                select(Hold.id)
                .where(Hold.expires_at <= clock.now())
                .order_by(Hold.id)
                .limit(1000)
                .with_for_update(skip_locked=True)
            )
        )
        if over:
            connection.execute(delete(Allocation).where(Allocation.hold_id.in_(over)))
            connection.execute(delete(Hold).where(Hold.id.in_(over)))
        return len(over)


def patient_is_busy(patient_id: int, during: Stretch, *, besides: int | None = None) -> bool:
    """Whether a visit of the patient, other than ``besides``, takes up some of this time."""
    return bool(
        db.session.scalar(
            select(
                exists().where(
                    Appointment.patient_id == patient_id,
                    Appointment.status.in_(CLAIMING),
                    Appointment.during.op("&&")(during),
                    *([Appointment.id != besides] if besides is not None else []),
                )
            )
        )
    )


def held_units(purpose: str) -> set[int]:
    """The units that are kept for a purpose."""
    return set(
        db.session.scalars(
            select(Allocation.unit_id)
            .join(Hold, Hold.id == Allocation.hold_id)
            .where(Hold.purpose == purpose)
        )
    )
