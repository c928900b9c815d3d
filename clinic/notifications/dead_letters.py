"""What did not arrive, by reason, and sending many of it again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, tuple_

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import DomainError
from clinic.notifications import policy, service
from clinic.notifications.models import Message, Status
from clinic.notifications.queries import (
    FAILURES,
    PAGE,
    FatePage,
    key_after,
    may_retry,
    read_key,
    visible,
    with_people,
)

LOOKS_BACK = timedelta(days=30)
MOST_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why messages did not arrive: their status, the cause as it is kept, and how many they are."""

    status: str
    why: str | None
    count: int

    @property
    def key(self) -> str:
        """The reason in an address."""
        return f"{self.status}.{self.why or ''}"


@dataclass(frozen=True, kw_only=True)
class SentAgain:
    """How many of several are on their way again, and the sentences about those that are not."""

    count: int
    problems: tuple[str, ...]


def reasons(actor: Actor) -> list[Reason]:
    """The reasons of the last 30 days among what the person sees, the most frequent first. One statement."""
    number = func.count()
    rows = db.session.execute(
        select(Message.status, Message.why, number)
        .where(*_wanted(actor))
        .group_by(Message.status, Message.why)
        .order_by(number.desc(), Message.status, Message.why)
    )
    return [Reason(status=status, why=why, count=count) for status, why, count in rows]


def failed_page(actor: Actor, *, reason: str | None, before: str | None = None) -> FatePage:
    """A page of what did not arrive, the latest first, for one reason (``Reason.key``) or all."""
    query = select(Message).where(*_wanted(actor), *_of_reason(reason))
    position = read_key(before)
    columns = (Message.finished_at, Message.id)
    if position is not None:
        query = query.where(tuple_(*columns) < position)
    rows = list(db.session.scalars(query.order_by(*(one.desc() for one in columns)).limit(PAGE + 1)))
    page = rows[:PAGE]
    next_key = None
    if len(rows) > PAGE and page[-1].finished_at is not None:
        next_key = key_after(page[-1].finished_at, page[-1].id)
    listed = with_people(actor, page)
    for row in rows:
        db.session.expunge(row)  # only shown
    return FatePage(fates=listed, next_key=next_key)


def chosen(actor: Actor, *, ids: Collection[int] = (), reason: str | None = None) -> list[Message]:
    """The messages with these ids, or all of a reason, that the person sees and that can go again."""
    query = select(Message).where(*_wanted(actor))
    query = query.where(Message.id.in_(ids)) if reason is None else query.where(*_of_reason(reason))
    rows = db.session.scalars(query.order_by(Message.finished_at.desc()).limit(MOST_AT_ONCE))
    return [row for row in rows if policy.can_change(actor, row) and may_retry(row)]


def send_again(messages: Collection[Message], *, although_unknown: bool) -> SentAgain:
    """Give each one more try, in the caller's transaction; what cannot go says why, once for each reason."""
    count, problems = 0, dict[str, None]()
    for message in messages:
        try:
            service.send_again(message, although_unknown=although_unknown)
            count += 1
        except DomainError as error:
            problems[error.message] = None
    return SentAgain(count=count, problems=tuple(problems))


def _wanted(actor: Actor) -> list[ColumnElement[bool]]:
    since: datetime = clock.now() - LOOKS_BACK
    return [*visible(actor), Message.status.in_(FAILURES), Message.finished_at > since]


def _of_reason(reason: str | None) -> list[ColumnElement[bool]]:
    """The rule for one reason; for one that is none nothing is found."""
    if reason is None:
        return []
    status, _dot, why = reason.replace("\x00", "").partition(".")  # no text of the database holds that
    known = status if status in (Status.FAILED, Status.UNKNOWN) else ""
    return [Message.status == known, Message.why == why if why else Message.why.is_(None)]
