"""Messages to many: from a draft to rows, in batches that can be cut off anywhere, and stopped.

A broadcast is confirmed with what it will cost, and nothing goes for two minutes. Then message rows are
written by the patient's id, each batch one transaction that also says how far it got: whoever is killed in
between, the next one goes on there, and a row's ``dedupe_key`` keeps it from being written twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import delete, func, select, update

from clinic.core import clock, queue
from clinic.core.db import db, unit_of_work
from clinic.core.errors import Conflict
from clinic.core.i18n import gettext as _
from clinic.core.periodic import every
from clinic.notifications.models import Broadcast, BroadcastStatus, Message, Priority, Status
from clinic.notifications.service import NewMessage, queue_messages, withdraw
from clinic.notifications.wording import Why

log = structlog.get_logger(__name__)
SUBJECT = "broadcast"
WRITE_TASK = "clinic.notifications.tasks.write_broadcast"
CAN_BE_UNDONE = timedelta(minutes=2)
BATCH = 250
SECONDS = 5
LASTS = timedelta(hours=24)
"""How long after it began a message of it may still go out."""
WAITED_TOO_LONG = timedelta(seconds=60)
"""After this the clock writes a batch itself: the workers, or their queue, must be away."""


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Somebody a broadcast is for, and the channels that reach them."""

    patient_id: int
    locale: str
    channels: tuple[str, ...]


ReadAudience = Callable[[Broadcast, int, int], Sequence[Reader]]
_read: list[ReadAudience] = []


def register_audience(read: ReadAudience) -> None:
    """Say how the people of a broadcast are found: ``read(broadcast, after, limit)``, by the patient's id."""
    _read[:] = [read]


def connect() -> None:
    """Have the clock look for broadcasts whose time has come."""
    every(SECONDS, "messages.broadcasts", write_due)


def kind_name(purpose: str) -> str:
    """The kind of the messages a broadcast of this purpose is made of."""
    return f"broadcast_{purpose}"


def confirm(broadcast: Broadcast, *, people: int, estimate_paise: int) -> None:
    """Let a draft go out, in two minutes. Raises Conflict when it is none any more."""
    begins_at = clock.now() + CAN_BE_UNDONE
    _step(
        broadcast,
        (BroadcastStatus.DRAFT,),
        status=BroadcastStatus.WAITING,
        begins_at=begins_at,
        people=people,
        estimate_paise=estimate_paise,
    )


def undo(broadcast: Broadcast) -> None:
    """Make it a draft again, as if it had not been confirmed. Raises Conflict when it has begun."""
    _step(broadcast, (BroadcastStatus.WAITING,), status=BroadcastStatus.DRAFT, begins_at=None)


def begin_change(broadcast: Broadcast) -> None:
    """Hold a draft while its words are changed. Raises Conflict when it was confirmed meanwhile: what goes
    out is what was shown with its numbers.
    """
    status = db.session.scalar(
        select(Broadcast.status)
        .where(Broadcast.id == broadcast.id, Broadcast.status == BroadcastStatus.DRAFT)
        .with_for_update()
    )
    if status is None:
        raise Conflict(_("It is no draft any more, so it cannot be changed."))


def discard(broadcast: Broadcast) -> None:
    """Throw a draft away. Raises Conflict when it is none any more."""
    gone = db.session.execute(
        delete(Broadcast)
        .where(Broadcast.id == broadcast.id, Broadcast.status == BroadcastStatus.DRAFT)
        .returning(Broadcast.id)
        .execution_options(synchronize_session=False)
    ).first()
    if gone is None:
        raise Conflict(_("It is no draft any more, so it stays."))


def stop(broadcast: Broadcast, *, by: int | None) -> int:
    """Withdraw all that is not handed over, and write no more; how many messages that were.

    Raises Conflict when there is nothing to stop.
    """
    _step(
        broadcast,
        (BroadcastStatus.WAITING, BroadcastStatus.WRITING, BroadcastStatus.WRITTEN),
        status=BroadcastStatus.STOPPED,
        stopped_by=by,
        ended_at=clock.now(),
    )
    return withdraw(subject_type=SUBJECT, subject_id=broadcast.id, why=Why.STOPPED)


def _step(broadcast: Broadcast, before: Sequence[BroadcastStatus], **values: object) -> None:
    """One conditional UPDATE: of two people at once, one is told that the other was first."""
    changed = db.session.execute(
        update(Broadcast)
        .where(Broadcast.id == broadcast.id, Broadcast.status.in_(before))
        .values(**values)
        .returning(Broadcast.id)
        .execution_options(synchronize_session=False)
    ).first()
    if changed is None:
        raise Conflict(_("That is no longer possible: somebody was first, or it has begun."))
    db.session.expire(broadcast)


def write_batch(broadcast_id: int) -> bool:
    """Write the messages of the next people; whether there may be more. Commits."""
    now = clock.now()
    with unit_of_work() as session:
        broadcast = session.scalar(
            select(Broadcast)
            .where(
                Broadcast.id == broadcast_id,
                Broadcast.status.in_((BroadcastStatus.WAITING, BroadcastStatus.WRITING)),
                Broadcast.begins_at <= now,
            )
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        )
        if broadcast is None or broadcast.begins_at is None:
            return False
        readers = _read[0](broadcast, broadcast.last_patient_id, BATCH) if _read else ()
        queue_messages(
            [
                NewMessage(
                    kind=kind_name(broadcast.purpose),
                    channel=channel,
                    recipient_type="patient",
                    recipient_id=reader.patient_id,
                    subject_type=SUBJECT,
                    subject_id=broadcast.id,
                    patient_id=reader.patient_id,
                    facility_id=broadcast.facility_id,
                    locale=reader.locale,
                    dedupe_key=f"{SUBJECT}:{broadcast.id}:{reader.patient_id}:{channel}",
                    expires_at=broadcast.begins_at + LASTS,
                    priority=Priority.BROADCAST,
                )
                for reader in readers
                for channel in reader.channels
            ]
        )
        more = len(readers) == BATCH
        broadcast.status = BroadcastStatus.WRITING if more else BroadcastStatus.WRITTEN
        if readers:
            broadcast.last_patient_id = readers[-1].patient_id
        if not more:
            broadcast.ended_at = now
    return more


def write_due() -> int:
    """Have a worker write the broadcasts whose time has come; how many there are.

    Without workers the clock writes a batch each time itself.
    """
    now = clock.now()
    with unit_of_work() as session:
        due = session.execute(
            select(Broadcast.id, Broadcast.begins_at)
            .where(
                Broadcast.status.in_((BroadcastStatus.WAITING, BroadcastStatus.WRITING)),
                Broadcast.begins_at <= now,
            )
            .order_by(Broadcast.begins_at)
            .limit(20)
        ).all()
    for broadcast_id, begins_at in due:
        asked = queue.enqueue(WRITE_TASK, broadcast_id, priority=queue.LONG, longest_seconds=600)
        if not asked or (begins_at is not None and begins_at <= now - WAITED_TOO_LONG):
            write_batch(broadcast_id)
    return len(due)


def write_when_due(broadcast_id: int) -> None:
    """Write all of a broadcast, batch by batch: what a worker does."""
    while write_batch(broadcast_id):
        pass


def progress(broadcast_ids: Sequence[int]) -> Mapping[int, Mapping[str, int]]:
    """How many messages of each broadcast are in which status. One statement."""
    rows = db.session.execute(
        select(Message.subject_id, Message.status, func.count())
        .where(Message.subject_type == SUBJECT, Message.subject_id.in_(broadcast_ids))
        .group_by(Message.subject_id, Message.status)
    )
    found: dict[int, dict[str, int]] = {}
    for broadcast_id, status, number in rows:
        found.setdefault(broadcast_id or 0, {})[status] = number
    return found


def is_under_way(broadcast: Broadcast, counts: Mapping[str, int]) -> bool:
    """Whether something is still to happen by itself: its page looks again until nothing is."""
    waits = broadcast.status in (BroadcastStatus.WAITING, BroadcastStatus.WRITING)
    return waits or any(counts.get(status) for status in (Status.QUEUED, Status.SENDING))


def history(facility_ids: frozenset[int] | None, *, before: int | None = None, limit: int) -> list[Broadcast]:
    """Broadcasts of these facilities (None: of all), the newest first."""
    query = select(Broadcast).order_by(Broadcast.id.desc()).limit(limit)
    if facility_ids is not None:
        query = query.where(Broadcast.facility_id.in_(facility_ids))
    if before is not None:
        query = query.where(Broadcast.id < before)
    return list(db.session.scalars(query))
