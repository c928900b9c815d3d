"""Sending one message: claim it, look whether it is still wanted, hand it over, write down what became of it.

Each step is its own transaction, and each is a conditional UPDATE that names the attempt. Handing over is the
point of no return: ``handed_at`` is committed just before the provider is called, so that a message found
without it was surely not sent, and one found with it is never sent blindly again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import func, update
from sqlalchemy.exc import SQLAlchemyError

from clinic.config import Settings
from clinic.core import clock
from clinic.core.db import db, unit_of_work
from clinic.notifications.models import Message, Status
from clinic.notifications.registry import kind_of
from clinic.notifications.rendering import render
from clinic.notifications.transports import hand_over, provider_of
from clinic.notifications.transports.outcome import Accepted, NotTaken, Outcome, Outgoing, Refused, Unsure
from clinic.notifications.wording import Why

log = structlog.get_logger(__name__)
WAITS = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10))
URGENT_WAITS = (timedelta(seconds=5), timedelta(seconds=20), timedelta(seconds=60))
"""How long a message waits after each try that surely failed; after the last of them it has failed."""
LONGEST_WAIT = timedelta(hours=1)
CLOSING_TRIES = 8


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One attempt at one message, ours alone."""

    message_id: int
    attempt: int
    urgent: bool
    has_secret: bool
    expires_at: datetime | None


def send(message_id: int) -> str | None:
    """Send one message if it is due and nobody else has it.

    Returns its status after that, None if it was not ours to send or did not go.
    """
    claim = _claim(message_id)
    if claim is None:
        return None
    try:
        outgoing = _prepare(claim)
    except SQLAlchemyError:
        raise  # the row stays as it is: the sweep queues it again
    except Exception as failure:
        log.error("message_not_prepared", message=message_id, error=type(failure).__name__)
        return _close(claim, NotTaken(Why.NOT_PREPARED))
    if outgoing is None:
        return None
    settings: Settings = current_app.extensions["settings"]
    try:
        outcome = hand_over(outgoing, settings)
    except Exception as failure:
        log.error("transport_broke", message=message_id, error=type(failure).__name__)
        outcome = Unsure(Why.BROKE_OFF)
    return _close_for_sure(claim, outcome, provider=provider_of(outgoing.channel, settings))


def _claim(message_id: int) -> Claim | None:
    """Take a due message. Of any number of workers one gets it; nobody gets one that is too old."""
    now = clock.now()
    with unit_of_work() as session:
        row = session.execute(
            update(Message)
            .where(Message.id == message_id, Message.status == Status.QUEUED, Message.next_try_at <= now)
            .values(
                status=Status.SENDING,
                attempts=Message.attempts + 1,
                claimed_at=func.clock_timestamp(),
                handed_at=None,
            )
            .returning(Message.id, Message.attempts, Message.urgent, Message.secret, Message.expires_at)
            .execution_options(synchronize_session=False)
        ).first()
    if row is None:
        return None
    claim = Claim(
        message_id=row.id,
        attempt=row.attempts,
        urgent=row.urgent,
        has_secret=row.secret is not None,
        expires_at=row.expires_at,
    )
    if claim.expires_at is not None and claim.expires_at <= now:
        _finish(claim, Status.EXPIRED, Why.TOO_LATE)
        return None
    return claim


def _prepare(claim: Claim) -> Outgoing | None:
    """Read everything afresh, write the text, and mark the row as handed over; None if it must not go.

    The mark is the last question to the row: a change of the visit that withdrew the message meanwhile wins.
    """
    with unit_of_work() as session:
        message = session.get(Message, claim.message_id, populate_existing=True)
        kind = kind_of(message.kind) if message else None
        if message is None or kind is None:
            _drop(claim, Status.CANCELLED, Why.GONE)
            return None
        content = kind.load([message]).get(message.id)
        if content is None:
            _drop(claim, Status.CANCELLED, Why.GONE)
            return None
        unwanted = kind.still_wanted(message, content)
        if unwanted is not None:
            status = Status.EXPIRED if unwanted == Why.TOO_LATE else Status.CANCELLED
            _drop(claim, status, unwanted)
            return None
        if not content.address:
            _drop(claim, Status.FAILED, Why.NO_ADDRESS)
            return None
        outgoing = render(message, kind, content, address=content.address)
        handed = _change(claim, (Status.SENDING,), handed_at=clock.now())
    return outgoing if handed else None


def _drop(claim: Claim, status: Status, why: str) -> None:
    _change(claim, (Status.SENDING,), **_final(status, why))


def _finish(claim: Claim, status: Status, why: str | None, **more: Any) -> bool:
    with unit_of_work():
        return _change(claim, (Status.SENDING, Status.UNKNOWN), **_final(status, why), **more)


def _final(status: Status, why: str | None) -> dict[str, Any]:
    return {
        "status": status,
        "why": str(why) if why else None,
        "finished_at": clock.now(),
        "secret": None,
    }


def _change(claim: Claim, states: tuple[Status, ...], **values: Any) -> bool:
    """Change the row if it still is in one of these states and this attempt."""
    changed = db.session.execute(
        update(Message)
        .where(
            Message.id == claim.message_id,
            Message.attempts == claim.attempt,
            Message.status.in_(states),
        )
        .values(**values)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    ).first()
    return changed is not None


def _close_for_sure(claim: Claim, outcome: Outcome, *, provider: str) -> str | None:
    """Write down an outcome although the database may be restarting; at last the sweep says ``unknown``."""
    for attempt in range(CLOSING_TRIES):
        try:
            return _close(claim, outcome, provider=provider)
        except SQLAlchemyError as failure:
            log.warning("outcome_not_written", message=claim.message_id, error=type(failure).__name__)
            db.session.remove()
            time.sleep(min(2**attempt / 4, 10))
    return None


def _close(claim: Claim, outcome: Outcome, *, provider: str | None = None) -> str | None:
    """Write down an outcome; the status, None if a report of the provider has settled it before."""
    match outcome:
        case Accepted():
            status, why, provider_id = Status.SENT, None, outcome.provider_id
        case Refused():
            status, why, provider_id = Status.FAILED, outcome.why, None
        case Unsure():
            status, why, provider_id = Status.UNKNOWN, outcome.why, None
        case NotTaken():
            wait = _wait(claim, outcome)
            if wait is not None and _queue_again(claim, outcome, clock.now() + wait, provider):
                return Status.QUEUED
            status, why, provider_id = Status.FAILED, outcome.why, None
    done = _finish(claim, status, why, provider=provider, provider_id=provider_id)
    log.info("message", message=claim.message_id, attempt=claim.attempt, status=status, why=why)
    return status if done else None


def _wait(claim: Claim, outcome: NotTaken) -> timedelta | None:
    """How long until the next try; None when there is none, or it would come too late."""
    waits = URGENT_WAITS if claim.urgent else WAITS
    if claim.attempt > len(waits):
        return None
    wait = waits[claim.attempt - 1]
    if outcome.after is not None:
        wait = min(max(wait, timedelta(seconds=outcome.after)), LONGEST_WAIT)
    too_late = claim.expires_at is not None and clock.now() + wait >= claim.expires_at
    return None if too_late else wait


def _queue_again(claim: Claim, outcome: NotTaken, at: datetime, provider: str | None) -> bool:
    with unit_of_work():
        return _change(
            claim,
            (Status.SENDING,),
            status=Status.QUEUED,
            next_try_at=at,
            handed_at=None,
            why=str(outcome.why),
            provider=provider,
        )
