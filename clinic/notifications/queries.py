"""Reading messages: what somebody was told last, what failed, and the list for staff."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_

from clinic.core import clock
from clinic.core.access import FRONT_DESK, Actor
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.notifications import policy
from clinic.notifications.models import ConsoleMessage, Message, Status
from clinic.notifications.registry import Person, kind_of, people

PAGE = 30
STAYS_ON_BOARD = timedelta(days=2)
FAILURES = (Status.FAILED, Status.UNKNOWN)
_HEARD = or_(
    Message.status.in_((Status.SENT, Status.DELIVERED, Status.UNKNOWN)),
    and_(Message.status == Status.SENDING, Message.handed_at.is_not(None)),
)


class Show(StrEnum):
    """The filters of the list; their addresses."""

    NOT_ARRIVED = "not-arrived"
    WAITING = "waiting"
    SENT = "sent"
    ALL = "all"


_STATES: dict[Show, tuple[Status, ...]] = {
    Show.NOT_ARRIVED: FAILURES,
    Show.WAITING: (Status.QUEUED, Status.SENDING),
    Show.SENT: (Status.SENT, Status.DELIVERED),
}


@dataclass(frozen=True, kw_only=True)
class Told:
    """A message somebody has heard, or may have heard."""

    kind: str
    dedupe_key: str

    def is_about(self, key_part: str) -> bool:
        """Whether its key names this."""
        return key_part in self.dedupe_key


def last_told(*, subject_type: str, subject_id: int, kinds: Collection[str]) -> dict[tuple[str, int], Told]:
    """What each recipient was told last about a subject, by type and id; who was told nothing is left out."""
    rows = db.session.execute(
        select(Message.recipient_type, Message.recipient_id, Message.kind, Message.dedupe_key)
        .distinct(Message.recipient_type, Message.recipient_id)
        .where(
            Message.subject_type == subject_type,
            Message.subject_id == subject_id,
            Message.recipient_id.is_not(None),
            Message.kind.in_(kinds),
            _HEARD,
        )
        .order_by(
            Message.recipient_type,
            Message.recipient_id,
            Message.handed_at.desc().nulls_last(),
            Message.id.desc(),
        )
    )
    return {
        (row.recipient_type, row.recipient_id): Told(kind=row.kind, dedupe_key=row.dedupe_key)
        for row in rows
        if row.recipient_id is not None
    }


def failed_count(facility_id: int | None) -> int:
    """How many of a facility's messages of the last two days did not arrive, or may not have; at most 100."""
    recent = _recent_failures(facility_id).with_only_columns(Message.id).order_by(None).limit(100).subquery()
    return db.session.scalar(select(func.count()).select_from(recent)) or 0


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A message that did not arrive, for a page that knows whom it was about."""

    id: int
    kind: str
    label: str
    channel: str
    status: str
    why: str | None
    patient_id: int | None
    subject_type: str
    subject_id: int | None
    at: datetime


def recent_failures(facility_id: int | None, limit: int = 5) -> list[Failure]:
    """The last messages of a facility that did not arrive, the newest first, of two days at most."""
    rows = db.session.scalars(_recent_failures(facility_id).limit(limit))
    return [
        Failure(
            id=row.id,
            kind=row.kind,
            label=label_of(row.kind),
            channel=row.channel,
            status=row.status,
            why=row.why,
            patient_id=row.patient_id,
            subject_type=row.subject_type,
            subject_id=row.subject_id,
            at=row.finished_at or row.created_at,
        )
        for row in rows
    ]


def _recent_failures(facility_id: int | None) -> Select[Message]:
    return (
        select(Message)
        .where(
            Message.facility_id == facility_id,
            Message.created_at > clock.now() - timedelta(days=90),
            Message.finished_at > clock.now() - STAYS_ON_BOARD,
            Message.status.in_(FAILURES),
        )
        .order_by(Message.created_at.desc(), Message.id.desc())
    )


def label_of(kind: str) -> str:
    """What a kind of message is called."""
    known = kind_of(kind)
    return str(known.label) if known else kind.replace("_", " ").capitalize()


def get_message(actor: Actor, message_id: int) -> Message:
    """One message. Raises NotFound for somebody who may not know of it."""
    message = db.session.get(Message, message_id)
    if message is None or not policy.can_view(actor, message):
        raise NotFound(_("There is no such message."))
    return message


@dataclass(frozen=True, kw_only=True)
class Fate:
    """One line of the list."""

    message: Message
    label: str
    person: Person | None


@dataclass(frozen=True, kw_only=True)
class FatePage:
    """One page of the list; ``next_key`` leads to the older ones, None on the last page."""

    fates: list[Fate]
    next_key: str | None


def fates(actor: Actor, *, show: Show, before: str | None = None) -> FatePage:
    """Messages and what became of them, the newest first (those still waiting: the next to go first)."""
    soonest_first = show is Show.WAITING
    columns = (Message.next_try_at, Message.id) if soonest_first else (Message.created_at, Message.id)
    query = select(Message).where(*visible(actor))
    if show in _STATES:
        query = query.where(Message.status.in_(_STATES[show]))
    position = read_key(before)
    if position is not None:
        key = tuple_(*columns)
        query = query.where(key > position if soonest_first else key < position)
    order = columns if soonest_first else [column.desc() for column in columns]
    rows = list(db.session.scalars(query.order_by(*order).limit(PAGE + 1)))
    page = rows[:PAGE]
    next_key = None
    if len(rows) > PAGE:
        last = page[-1]
        at = last.next_try_at if soonest_first else last.created_at
        next_key = key_after(at, last.id)
    listed = with_people(actor, page)
    for row in rows:
        db.session.expunge(row)  # only shown: a commit meanwhile must not read each of them again
    return FatePage(fates=listed, next_key=next_key)


def fate_of(actor: Actor, message: Message) -> Fate:
    """The line of one message."""
    return with_people(actor, [message])[0]


def not_arrived(actor: Actor) -> int:
    """How many messages of the last two days this person sees did not arrive (at most 100)."""
    recent = (
        select(Message.id)
        .where(
            *visible(actor),
            Message.finished_at > clock.now() - STAYS_ON_BOARD,
            Message.created_at > clock.now() - timedelta(days=90),
            Message.status.in_(FAILURES),
        )
        .limit(100)
        .subquery()
    )
    return db.session.scalar(select(func.count()).select_from(recent)) or 0


def visible(actor: Actor) -> list[ColumnElement[bool]]:
    """The rule of ``policy.can_view`` for many rows."""
    if policy.sees_all(actor):
        return []
    rules: list[ColumnElement[bool]] = [Message.recipient_type != policy.STAFF_RECIPIENT]
    if (places := actor.reach(*FRONT_DESK)) is not None:
        rules.append(or_(Message.facility_id.in_(places), Message.facility_id.is_(None)))
    return rules


def key_after(at: datetime, message_id: int) -> str:
    """The place of a row in a list, for its address."""
    return f"{int(at.timestamp() * 1_000_000)}-{message_id}"


def read_key(text: str | None) -> tuple[datetime, int] | None:
    """The place ``key_after`` wrote; None for anything else."""
    at, _dash, message_id = (text or "").partition("-")
    if not (at.isascii() and at.isdigit() and message_id.isascii() and message_id.isdigit()):
        return None
    if len(at) > 17 or len(message_id) > 18:
        return None
    moment = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(at))
    return moment, int(message_id)


def may_retry(message: Message) -> bool:
    """Whether a message that did not arrive could go once more."""
    kind = kind_of(message.kind)
    in_time = message.expires_at is None or message.expires_at > clock.now()
    return message.status in FAILURES and kind is not None and not kind.has_secret and in_time


def with_people(actor: Actor, messages: Sequence[Message]) -> list[Fate]:
    """The lines of these messages, with those of their recipients the person may see by name."""
    wanted: dict[str, set[int]] = {}
    for message in messages:
        if message.recipient_id is not None and policy.can_name_recipient(actor, message):
            wanted.setdefault(message.recipient_type, set()).add(message.recipient_id)
    known = {(kind, key): person for kind, ids in wanted.items() for key, person in people(kind, ids).items()}
    return [
        Fate(
            message=message,
            label=label_of(message.kind),
            person=_person(actor, message, known.get((message.recipient_type, message.recipient_id or 0))),
        )
        for message in messages
    ]


def _person(actor: Actor, message: Message, known: Person | None) -> Person | None:
    if known is not None or message.address is None:
        return known
    if not policy.can_name_recipient(actor, message):
        return None
    return Person(name="", mobile=message.address if message.channel == "sms" else None)


def console_messages(limit: int = 200) -> list[ConsoleMessage]:
    """What the console showed, the newest first."""
    return list(db.session.scalars(select(ConsoleMessage).order_by(ConsoleMessage.id.desc()).limit(limit)))
