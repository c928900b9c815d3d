"""The sweep: finds every message that is due or was left behind, whatever happened to queue or workers."""

from __future__ import annotations

import time
from collections.abc import Collection
from datetime import timedelta

import redis
import structlog
from sqlalchemy import func, select, update

from clinic.core import clock, queue
from clinic.core.db import db, unit_of_work
from clinic.core.periodic import every
from clinic.notifications import sending, service
from clinic.notifications.models import Message, Priority, Status
from clinic.notifications.wording import Why

log = structlog.get_logger(__name__)
SECONDS = 10
LEASE = timedelta(seconds=90)
"""Longer than the longest try. One still ``sending`` after it has lost its worker."""
BATCH = 500
OVERDUE = timedelta(seconds=60)
"""After this the clock sends a message itself: the workers, or their queue, must be away."""
DIRECT_SECONDS = 20
MOST_DIRECT = 50
MOST_CLAIMS = 20
"""A message that loses its worker this often has something wrong with it."""


def connect() -> None:
    """Have the clock sweep every ten seconds, and send what nobody else sends."""
    every(SECONDS, "messages.sweep", sweep)
    every(SECONDS, "messages.send_overdue", send_overdue, alone=False)


def sweep() -> None:
    """Settle messages whose worker is gone, and put what is due on the queue again."""
    settle_stuck()
    enqueue_due()


def settle_stuck() -> int:
    """Take messages from workers that are gone; how many.

    Not handed over: queued again. Handed over: nobody can know, so ``unknown``, unless the provider reports.
    Times are the database's own, because a clock here may be wrong.
    """
    lost = (Message.status == Status.SENDING, Message.claimed_at < func.clock_timestamp() - LEASE)
    now = clock.now()
    with unit_of_work() as session:
        unknown = session.execute(
            update(Message)
            .where(*lost, Message.handed_at.is_not(None))
            .values(status=Status.UNKNOWN, why=str(Why.INTERRUPTED), finished_at=now, secret=None)
            .returning(Message.id)
            .execution_options(synchronize_session=False)
        ).all()
        failed = session.execute(
            update(Message)
            .where(*lost, Message.handed_at.is_(None), Message.attempts >= MOST_CLAIMS)
            .values(status=Status.FAILED, why=str(Why.NOT_PREPARED), finished_at=now, secret=None)
            .returning(Message.id)
            .execution_options(synchronize_session=False)
        ).all()
        again = session.execute(
            update(Message)
            .where(*lost, Message.handed_at.is_(None), Message.attempts < MOST_CLAIMS)
            .values(status=Status.QUEUED, next_try_at=now)
            .returning(Message.id)
            .execution_options(synchronize_session=False)
        ).all()
    count = len(unknown) + len(failed) + len(again)
    if count:
        log.warning("messages_left_behind", unknown=len(unknown), failed=len(failed), again=len(again))
    return count


def enqueue_due() -> int:
    """Put due messages on their queues, as far as those are not full already, codes first; how many."""
    count = 0
    for priority, name in service.QUEUES.items():
        try:
            room = BATCH - queue.queue(name).count
        except redis.RedisError:
            return count
        due = _due(priority, limit=max(0, room))
        if not service.enqueue([(message_id, priority) for message_id in due]):
            return count
        count += len(due)
    return count


def send_overdue() -> int:
    """Send messages from this process when no worker does: at once without a queue, else after a minute.

    How many it sent. Workers may come back meanwhile: whoever claims a row sends it.
    """
    waited = OVERDUE if queue.is_up() else timedelta(0)
    until = time.monotonic() + DIRECT_SECONDS
    tried: list[int] = []
    count = 0
    while len(tried) < MOST_DIRECT and time.monotonic() < until:
        message_id = _next_due(waited, tried)
        if message_id is None:
            break
        tried.append(message_id)
        if sending.send(message_id) is not None:
            count += 1
    return count


def _next_due(waited: timedelta, tried: Collection[int]) -> int | None:
    """The message that is first now: a code written a moment ago goes before what has long been due."""
    for priority in Priority:
        if due := _due(priority, limit=1, waited=waited, without=tried):
            return due[0]
    return None


def _due(
    priority: Priority, *, limit: int, waited: timedelta = timedelta(0), without: Collection[int] = ()
) -> list[int]:
    query = (
        select(Message.id)
        .where(
            Message.status == Status.QUEUED,
            Message.priority == priority,
            Message.next_try_at <= clock.now() - waited,
            Message.id.not_in(without),
        )
        .order_by(Message.next_try_at)
        .limit(limit)
    )
    with unit_of_work():
        return list(db.session.scalars(query))
