"""What people find about them when they sign in: messages that stay until they are read."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.notifications import push
from clinic.notifications.models import Channel, InboxItem, Message, MessageChoice, Status
from clinic.notifications.preferences import choice_of
from clinic.notifications.registry import MessageKind, readers
from clinic.notifications.wording import Why

OURS = frozenset({Channel.PUSH, Channel.IN_APP})
"""Channels whose messages go to people who sign in here, not to a number or an address."""
PAGE = 20
MOST_SHOWN = 99
"""An unread count beyond this is shown as more than it."""


def address_of(message: Message, kind: MessageKind) -> str:
    """Who reads a message here or hears it by push: their ids with commas between; empty when nobody does.

    Staff a message reaches through their work may have switched it off for themselves.
    """
    ids = set(readers(message))
    if ids and message.recipient_type != "patient":
        ids -= set(
            db.session.scalars(
                select(MessageChoice.recipient_id).where(
                    MessageChoice.recipient_type == "user",
                    MessageChoice.recipient_id.in_(ids),
                    MessageChoice.choice == choice_of(kind),
                    MessageChoice.channel == message.channel,
                    MessageChoice.wanted.is_(False),
                )
            )
        )
    if ids and message.channel == Channel.PUSH:
        ids &= push.hearing_among(ids)
    return ",".join(str(user_id) for user_id in sorted(ids))


def nobody(message: Message) -> tuple[Status, Why]:
    """How a message ends that there is nobody for."""
    match message.channel:
        case Channel.PUSH:
            return Status.CANCELLED, Why.NO_DEVICE
        case Channel.IN_APP:
            return Status.CANCELLED, Why.NO_READER
        case _:
            return Status.FAILED, Why.NO_ADDRESS


def user_ids(address: str) -> list[int]:
    """The ids in an address of ``address_of``."""
    return [int(part) for part in address.split(",") if part]


def put(message_id: int, *, to: list[int], title: str, body: str, path: str | None) -> int:
    """Put a message into the inboxes of these people, once; how many got it now."""
    message = db.session.get_one(Message, message_id)
    rows = db.session.execute(
        insert(InboxItem)
        .values(
            [
                {
                    "message_id": message.id,
                    "user_id": user_id,
                    "patient_id": message.patient_id,
                    "facility_id": message.facility_id,
                    "kind": message.kind,
                    "title": title,
                    "body": body,
                    "path": path,
                    "created_at": clock.now(),
                }
                for user_id in to
            ]
        )
        .on_conflict_do_nothing(constraint="uq_inbox_items_message_user")
        .returning(InboxItem.id)
    ).all()
    return len(rows)


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A page of an inbox, the newest first. ``before`` asks for the next; None at the end."""

    items: list[InboxItem]
    before: int | None


def listed(actor: Actor, may_see: ColumnElement[bool], *, before: int | None = None) -> Listed:
    """The person's own items that ``may_see`` lets through."""
    query = select(InboxItem).where(*_own(actor, may_see)).order_by(InboxItem.id.desc()).limit(PAGE + 1)
    if before is not None:
        query = query.where(InboxItem.id < before)
    rows = list(db.session.scalars(query))
    return Listed(items=rows[:PAGE], before=rows[PAGE - 1].id if len(rows) > PAGE else None)


def unread(actor: Actor, may_see: ColumnElement[bool]) -> int:
    """How many of the person's items are unread, counted up to one more than is shown."""
    some = (
        select(InboxItem.id)
        .where(*_own(actor, may_see), InboxItem.read_at.is_(None))
        .limit(MOST_SHOWN + 1)
        .subquery()
    )
    return db.session.scalar(select(func.count()).select_from(some)) or 0


def open_item(actor: Actor, may_see: ColumnElement[bool], item_id: int) -> InboxItem:
    """One of the person's own items, read from now on. Raises NotFound for anybody else's."""
    item = db.session.scalars(select(InboxItem).where(*_own(actor, may_see), InboxItem.id == item_id)).first()
    if item is None:
        raise NotFound(_("There is no such message."))
    if item.read_at is None:
        item.read_at = clock.now()
    return item


def read_all(actor: Actor, may_see: ColumnElement[bool], *, up_to: int) -> int:
    """Mark the person's items as read, as far as they were shown (``up_to`` is the newest); how many."""
    rows = db.session.execute(
        update(InboxItem)
        .where(*_own(actor, may_see), InboxItem.read_at.is_(None), InboxItem.id <= up_to)
        .values(read_at=clock.now())
        .returning(InboxItem.id)
        .execution_options(synchronize_session=False)
    ).all()
    return len(rows)


def at_work(actor: Actor) -> ColumnElement[bool]:
    """The rule for staff: what is about no patient's sign-in, of the facilities the person works at now."""
    of_staff = InboxItem.patient_id.is_(None)
    if actor.facility_ids is None:
        return of_staff
    here = or_(InboxItem.facility_id.is_(None), InboxItem.facility_id.in_(actor.facility_ids))
    return and_(of_staff, here)


def _own(actor: Actor, may_see: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    return [InboxItem.user_id == (actor.user_id or 0), may_see]
