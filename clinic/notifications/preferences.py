"""What people want to hear, over which ways, and when they want quiet.

Asked just before a message is handed over, so that a choice counts for what was written before it. What is
sent for security, by law or for safety reaches people whatever they chose.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from clinic.core import clock
from clinic.core.db import db
from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.notifications.models import Channel, Message, MessageChoice, QuietHours, SmsStop
from clinic.notifications.registry import ALWAYS, Category, MessageKind
from clinic.notifications.wording import Why

SILENT = frozenset({Channel.IN_APP})
"""What makes no sound: quiet hours do not hold it back."""
Choices = Mapping[tuple[str, str], bool]


def choice_of(kind: MessageKind) -> str:
    """The name under which people choose about a kind."""
    return kind.choice or kind.name


def unwanted(message: Message, kind: MessageKind, address: str | None) -> Why | None:
    """Why the person does not want this message over this way; None when they may have it.

    ``address`` is where it would go: a mobile that asked for no more text messages gets none.
    """
    if kind.category in ALWAYS:
        return None
    if message.channel == Channel.SMS and address and has_stopped(address):
        return Why.UNWANTED
    if message.recipient_id is None:
        return None
    wanted = db.session.scalar(
        select(MessageChoice.wanted).where(
            MessageChoice.recipient_type == message.recipient_type,
            MessageChoice.recipient_id == message.recipient_id,
            MessageChoice.choice == choice_of(kind),
            MessageChoice.channel == message.channel,
        )
    )
    if wanted is None:
        return None  # it was written for a way that is on by default, or that somebody asked for
    return None if wanted else Why.UNWANTED


def quiet_until(message: Message, kind: MessageKind, zone: str) -> datetime | None:
    """When the person's quiet hours end (UTC), if it is quiet for them now; None when the message may go.

    News of a visit that would come too late after the quiet goes at once; a reminder or an offer waits.
    """
    if kind.category in ALWAYS or message.channel in SILENT or message.recipient_id is None:
        return None
    quiet = db.session.get(QuietHours, (message.recipient_type, message.recipient_id), populate_existing=True)
    if quiet is None:
        return None
    until = end_of_quiet(quiet.starts, quiet.ends, clock.now(), zone)
    too_late = until is not None and message.expires_at is not None and message.expires_at <= until
    return None if too_late and kind.category is Category.VISIT else until


def end_of_quiet(starts: time, ends: time, now: datetime, zone: str) -> datetime | None:
    """The end of the quiet hours that ``now`` falls into, by the zone's clock; None outside of them."""
    today = now.astimezone(clock.zone(zone)).date()
    for day in (today - timedelta(days=1), today):
        last = day if starts < ends else day + timedelta(days=1)
        begins, until = clock.at(day, starts, zone), clock.at(last, ends, zone)
        if begins <= now < until:
            return until
    return None


def choices_of(recipient_type: str, recipient_id: int) -> Choices:
    """What somebody chose, by choice and channel; what they left alone is missing."""
    rows = db.session.execute(
        select(MessageChoice.choice, MessageChoice.channel, MessageChoice.wanted).where(
            MessageChoice.recipient_type == recipient_type, MessageChoice.recipient_id == recipient_id
        )
    )
    return {(row.choice, row.channel): row.wanted for row in rows}


def wants(kind: MessageKind, channel: Channel, choices: Choices) -> bool:
    """Whether messages of a kind go over a channel, by what was chosen, else by the kind itself."""
    default = channel in kind.channels
    return default if kind.category in ALWAYS else choices.get((choice_of(kind), channel), default)


def choose(recipient_type: str, recipient_ids: Iterable[int], wanted: Mapping[tuple[str, str], bool]) -> None:
    """Write down choices, by choice and channel, for each of these recipients."""
    now = clock.now()
    rows = [
        {
            "recipient_type": recipient_type,
            "recipient_id": recipient_id,
            "choice": choice,
            "channel": channel,
            "wanted": is_wanted,
            "created_at": now,
        }
        for recipient_id in recipient_ids
        for (choice, channel), is_wanted in wanted.items()
    ]
    if rows:
        written = insert(MessageChoice).values(rows)
        db.session.execute(
            written.on_conflict_do_update(
                constraint="uq_message_choices_once", set_={"wanted": written.excluded.wanted}
            )
        )


def quiet_hours_of(recipient_type: str, recipient_id: int) -> tuple[time, time] | None:
    """From when to when somebody wants quiet."""
    row = db.session.get(QuietHours, (recipient_type, recipient_id))
    return (row.starts, row.ends) if row is not None else None


def keep_quiet(recipient_type: str, recipient_ids: Iterable[int], hours: tuple[time, time] | None) -> None:
    """Set the quiet hours of these recipients, None for none. Raises Invalid when they begin as they end."""
    ids = list(recipient_ids)
    if hours is None:
        db.session.execute(
            delete(QuietHours).where(
                QuietHours.recipient_type == recipient_type, QuietHours.recipient_id.in_(ids)
            )
        )
        return
    starts, ends = hours
    if starts == ends:
        raise Invalid(_("Quiet hours need an end that differs from their beginning."), field="quiet_to")
    now = clock.now()
    written = insert(QuietHours).values(
        [
            {
                "recipient_type": recipient_type,
                "recipient_id": recipient_id,
                "starts": starts,
                "ends": ends,
                "created_at": now,
            }
            for recipient_id in ids
        ]
    )
    db.session.execute(
        written.on_conflict_do_update(
            constraint="pk_quiet_hours",
            set_={"starts": written.excluded.starts, "ends": written.excluded.ends},
        )
    )


def has_stopped(mobile: str) -> bool:
    """Whether a mobile asked for no more text messages."""
    return bool(db.session.scalar(select(SmsStop.stopped).where(SmsStop.mobile == mobile)))


def stop_texts(mobile: str, *, stopped: bool) -> bool:
    """Send no more text messages to a mobile, or send them again; False when that was so already."""
    written = insert(SmsStop).values(mobile=mobile, stopped=stopped, changed_at=clock.now())
    changed = db.session.execute(
        written.on_conflict_do_update(
            constraint="pk_sms_stops",
            set_={"stopped": stopped, "changed_at": clock.now()},
            where=SmsStop.stopped != stopped,
        ).returning(SmsStop.mobile)
    ).first()
    return changed is not None
