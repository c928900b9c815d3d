"""Writing messages, withdrawing them, settling what became of them: all in the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, update
from sqlalchemy.dialects.postgresql import insert

from clinic.core import clock, crypto, queue
from clinic.core.db import after_commit, db
from clinic.core.errors import Conflict, Invalid
from clinic.core.i18n import gettext as _
from clinic.notifications.models import Message, Priority, Status
from clinic.notifications.registry import Category, kind_of
from clinic.notifications.wording import Why

SEND_TASK = "clinic.notifications.tasks.send"
QUEUES = {
    Priority.CODE: queue.HIGH,
    Priority.CHANGE: queue.DEFAULT,
    Priority.REMINDER: queue.LOW,
    Priority.BROADCAST: queue.BULK,
}
LASTS = timedelta(hours=48)
"""How long a message may wait when its kind says nothing: an old backup must not begin to send."""
BEFORE_HANDING_OVER = or_(
    Message.status == Status.QUEUED, and_(Message.status == Status.SENDING, Message.handed_at.is_(None))
)
"""As long as this holds the message can be taken back, and nobody has heard of it."""


@dataclass(frozen=True, kw_only=True)
class NewMessage:
    """A message to be written. ``send_at`` None is now; ``secret`` is sealed before it is kept.

    ``priority`` follows from the kind unless it is given; ``urgent`` puts the message among the codes.
    """

    kind: str
    channel: str
    recipient_type: str
    recipient_id: int | None = None
    address: str | None = None
    subject_type: str
    subject_id: int | None = None
    patient_id: int | None = None
    facility_id: int | None = None
    locale: str
    dedupe_key: str
    send_at: datetime | None = None
    expires_at: datetime | None = None
    secret: str | None = None
    urgent: bool = False
    priority: Priority | None = None


def queue_messages(messages: Sequence[NewMessage]) -> list[int]:
    """Write messages with one statement; the ids of those that are new.

    A message with the same ``dedupe_key`` stands for itself already; only one that was withdrawn is wanted
    once more. What is due goes to the queue as soon as the transaction has committed.
    """
    if not messages:
        return []
    now = clock.now()
    written = insert(Message).values([_row(message, now) for message in messages])
    again = written.excluded
    rows = db.session.execute(
        written.on_conflict_do_update(
            constraint="uq_messages_dedupe_key",
            set_={
                "status": Status.QUEUED,
                "send_at": again.send_at,
                "next_try_at": again.next_try_at,
                "expires_at": again.expires_at,
                "secret": again.secret,
                "locale": again.locale,
                "finished_at": None,
                "handed_at": None,
                "why": None,
            },
            where=and_(Message.status == Status.CANCELLED, Message.why != str(Why.STOPPED)),
        ).returning(Message.id, Message.priority, Message.next_try_at)
    ).all()
    _enqueue_after_commit([(row.id, row.priority) for row in rows if row.next_try_at <= now])
    return [row.id for row in rows]


def queue_message(
    *,
    kind: str,
    channel: str,
    recipient_type: str,
    recipient_id: int | None = None,
    address: str | None = None,
    subject_type: str,
    subject_id: int | None = None,
    patient_id: int | None = None,
    facility_id: int | None = None,
    locale: str,
    dedupe_key: str,
    send_at: datetime | None = None,
    expires_at: datetime | None = None,
    secret: str | None = None,
    urgent: bool = False,
    priority: Priority | None = None,
) -> int | None:
    """Write one message, see ``queue_messages``. Its id, or None when it was written before."""
    message = NewMessage(
        kind=kind,
        channel=channel,
        recipient_type=recipient_type,
        recipient_id=recipient_id,
        address=address,
        subject_type=subject_type,
        subject_id=subject_id,
        patient_id=patient_id,
        facility_id=facility_id,
        locale=locale,
        dedupe_key=dedupe_key,
        send_at=send_at,
        expires_at=expires_at,
        secret=secret,
        urgent=urgent,
        priority=priority,
    )
    ids = queue_messages([message])
    return ids[0] if ids else None


def _row(message: NewMessage, now: datetime) -> dict[str, Any]:
    send_at = message.send_at or now
    priority = _priority(message)
    return {
        **asdict(message),
        "priority": priority,
        "urgent": priority == Priority.CODE,
        "send_at": send_at,
        "next_try_at": send_at,
        "expires_at": message.expires_at or send_at + LASTS,
        "secret": crypto.seal(message.secret) if message.secret else None,
        "status": Status.QUEUED,
        "attempts": 0,
        "created_at": now,
    }


_PRIORITIES = {
    Category.SECURITY: Priority.CODE,
    Category.REMINDER: Priority.REMINDER,
    Category.NEWS: Priority.BROADCAST,
}


def _priority(message: NewMessage) -> Priority:
    if message.priority is not None:
        return message.priority
    kind = kind_of(message.kind)
    if message.urgent or kind is None:
        return Priority.CODE if message.urgent else Priority.CHANGE
    return _PRIORITIES.get(kind.category, Priority.CHANGE)


def _enqueue_after_commit(due: list[tuple[int, int]]) -> None:
    if due:
        after_commit(lambda: enqueue(due))


def enqueue(due: Sequence[tuple[int, int]]) -> bool:
    """Put (id, priority) pairs on their queues. False, and no further try, when those are away: a sweep finds
    them.
    """
    return all(
        queue.enqueue(SEND_TASK, message_id, priority=QUEUES[Priority(priority)])
        for message_id, priority in due
    )


def withdraw(
    *,
    subject_type: str,
    subject_id: int,
    kinds: Collection[str] | None = None,
    why: str = Why.CHANGED,
    unless_key_contains: str | None = None,
) -> int:
    """Take back what nobody has been told yet about a subject; how many messages that were.

    This also reaches a message a worker is preparing at this moment: handing over asks the row once more.
    """
    about = [Message.subject_type == subject_type, Message.subject_id == subject_id]
    if kinds is not None:
        about.append(Message.kind.in_(kinds))
    if unless_key_contains is not None:
        about.append(~Message.dedupe_key.contains(unless_key_contains, autoescape=True))
    taken = db.session.execute(
        update(Message)
        .where(*about, BEFORE_HANDING_OVER)
        .values(status=Status.CANCELLED, why=str(why), finished_at=clock.now(), secret=None)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    )
    return len(taken.all())


def reinstate(*, subject_type: str, subject_id: int, kinds: Collection[str], key_contains: str) -> int:
    """Let messages go after all that were withdrawn for a change now undone; how many there were."""
    now = clock.now()
    rows = db.session.execute(
        update(Message)
        .where(
            Message.subject_type == subject_type,
            Message.subject_id == subject_id,
            Message.kind.in_(kinds),
            Message.dedupe_key.contains(key_contains, autoescape=True),
            Message.status == Status.CANCELLED,
            Message.why == str(Why.CHANGED),
            Message.expires_at > now,
        )
        .values(
            status=Status.QUEUED,
            next_try_at=func.greatest(Message.send_at, now),
            finished_at=None,
            handed_at=None,
            why=None,
        )
        .returning(Message.id, Message.priority, Message.next_try_at)
        .execution_options(synchronize_session=False)
    ).all()
    _enqueue_after_commit([(row.id, row.priority) for row in rows if row.next_try_at <= now])
    return len(rows)


def send_again(message: Message, *, although_unknown: bool = False) -> None:
    """Give a message that did not arrive one more try.

    One whose fate is unknown goes only when somebody says ``although_unknown``: the person may get it twice.
    Raises Conflict when it is not in such a state, Invalid when it is too late or was a code or link that is
    gone.
    """
    kind = kind_of(message.kind)
    if kind is None or kind.has_secret:
        raise Invalid(_("A code or link cannot be sent twice. Make a new one."))
    if message.expires_at is not None and message.expires_at <= clock.now():
        raise Invalid(_("It is too late for this message."))
    if message.status == Status.UNKNOWN and not although_unknown:
        raise Conflict(_("It may have arrived. Say that you want it sent again anyway."))
    now = clock.now()
    again = db.session.execute(
        update(Message)
        .where(Message.id == message.id, Message.status.in_((Status.FAILED, Status.UNKNOWN)))
        .where(Message.status == message.status)
        .values(
            status=Status.QUEUED,
            next_try_at=now,
            finished_at=None,
            handed_at=None,
            why=None,
            provider_id=None,
            next_provider=None,
        )
        .returning(Message.id, Message.priority)
        .execution_options(synchronize_session=False)
    ).all()
    if not again:
        raise Conflict(_("This message is on its way already."))
    _enqueue_after_commit([(row.id, row.priority) for row in again])


def stop(message: Message) -> None:
    """Keep a waiting message from going out. Raises Conflict when it has gone."""
    stopped = db.session.execute(
        update(Message)
        .where(Message.id == message.id, BEFORE_HANDING_OVER)
        .values(status=Status.CANCELLED, why=str(Why.STOPPED), finished_at=clock.now(), secret=None)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    ).first()
    if stopped is None:
        raise Conflict(_("It is too late to stop this message: it has gone out."))


def expire_open() -> int:
    """Let every message that has not been handed over expire; how many. For a copy restored from a backup.

    The clinic it was copied from sends them. What the copy finds handed over is ``unknown``.
    """
    now = clock.now()
    expired = db.session.execute(
        update(Message)
        .where(BEFORE_HANDING_OVER)
        .values(status=Status.EXPIRED, why=str(Why.TOO_LATE), finished_at=now, secret=None)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    ).all()
    db.session.execute(
        update(Message)
        .where(Message.status == Status.SENDING)
        .values(status=Status.UNKNOWN, why=str(Why.INTERRUPTED), finished_at=now, secret=None)
        .execution_options(synchronize_session=False)
    )
    return len(expired)


_SETTLES = {
    Status.SENT: (Status.UNKNOWN,),
    Status.FAILED: (Status.UNKNOWN, Status.SENT),
    Status.DELIVERED: (Status.UNKNOWN, Status.SENT, Status.FAILED),
}
"""Which states a report may change. Whatever order reports come in, the end is the same."""


def settle(
    message_id: int, *, attempt: int, status: Status, provider_id: str, why: str | None = None
) -> bool:
    """Take a provider's report (sent, failed or delivered) about one attempt; False when it changes nothing.

    A report that a message went out after all also keeps it from being sent again, where that was asked for
    meanwhile.
    """
    this_attempt = and_(
        Message.attempts == attempt,
        or_(
            Message.status.in_(_SETTLES[status]),
            and_(Message.status == Status.SENDING, Message.handed_at.is_not(None)),
        ),
    )
    may = this_attempt
    if status is not Status.FAILED:
        may = or_(this_attempt, and_(Message.attempts >= attempt, Message.status == Status.QUEUED))
    changed = db.session.execute(
        update(Message)
        .where(Message.id == message_id, may)
        .values(
            status=status,
            provider_id=provider_id,
            why=str(why) if why else None,
            finished_at=func.coalesce(Message.finished_at, clock.now()),
            secret=None,
        )
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    ).first()
    return changed is not None
