"""Sending one message: claim it, look whether it is still wanted, hand it over, write down what became of it.

Each step is its own transaction, and each is a conditional UPDATE that names the attempt. Handing over is the
point of no return: ``handed_at`` is committed just before the provider is called, so that a message found
without it was surely not sent, and one found with it is never sent blindly again.
"""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import func, update
from sqlalchemy.exc import SQLAlchemyError

from clinic.config import Settings
from clinic.core import clock
from clinic.core.db import db, unit_of_work
from clinic.notifications import inbox, preferences, provider_health, spending
from clinic.notifications.models import Message, Status
from clinic.notifications.registry import Category, Content, MessageKind, kind_of
from clinic.notifications.rendering import render
from clinic.notifications.spending import Cost
from clinic.notifications.transports import hand_over, providers_of
from clinic.notifications.transports.outcome import Accepted, NotTaken, Outcome, Outgoing, Refused, Unsure
from clinic.notifications.waits import wait_after
from clinic.notifications.wording import Why

log = structlog.get_logger(__name__)
CLOSING_TRIES = 8
WHATEVER_IT_COSTS = frozenset({Category.SECURITY, Category.SAFETY})
"""What goes although the day's ceiling is reached."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One attempt at one message, ours alone. ``next_provider`` is set when it is the other one's turn."""

    message_id: int
    attempt: int
    priority: int = 1
    tries: int = 0
    next_provider: str | None = None
    has_secret: bool
    expires_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Handed:
    """A message that is marked as handed over: what goes to whom, and what was counted for it."""

    outgoing: Outgoing
    providers: tuple[str, ...]
    cost: Cost | None


def send(message_id: int) -> str | None:
    """Send one message if it is due and nobody else has it.

    Where one provider surely does not take it the other one is asked at once. Returns the status after that,
    None if it was not ours to send or did not go.
    """
    claim = _claim(message_id)
    if claim is None:
        return None
    status = _attempt(claim)
    if status == Status.QUEUED and claim.next_provider is None:
        other = _claim(message_id)
        status = _attempt(other) or status if other is not None else status
    return status


def _attempt(claim: Claim) -> str | None:
    try:
        handed = _prepare(claim)
    except SQLAlchemyError:
        raise  # the row stays as it is: the sweep queues it again
    except Exception as failure:
        log.error("message_not_prepared", message=claim.message_id, error=type(failure).__name__)
        return _close(claim, NotTaken(Why.NOT_PREPARED))
    if handed is None:
        return None
    settings: Settings = current_app.extensions["settings"]
    try:
        outcome = hand_over(handed.outgoing, settings)
    except Exception as failure:
        log.error("transport_broke", message=claim.message_id, error=type(failure).__name__)
        outcome = Unsure(Why.BROKE_OFF)
    return _close_for_sure(claim, outcome, handed)


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
            .returning(
                Message.id,
                Message.attempts,
                Message.priority,
                Message.tries,
                Message.next_provider,
                Message.secret,
                Message.expires_at,
            )
            .execution_options(synchronize_session=False)
        ).first()
    if row is None:
        return None
    claim = Claim(
        message_id=row.id,
        attempt=row.attempts,
        priority=row.priority,
        tries=row.tries,
        next_provider=row.next_provider,
        has_secret=row.secret is not None,
        expires_at=row.expires_at,
    )
    if claim.expires_at is not None and claim.expires_at <= now:
        _finish(claim, Status.EXPIRED, Why.TOO_LATE)
        return None
    return claim


def _prepare(claim: Claim) -> Handed | None:  # noqa: PLR0911 - each way a message ends before it goes
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
        address = inbox.address_of(message, kind) if message.channel in inbox.OURS else content.address
        if not address:
            _drop(claim, *inbox.nobody(message))
            return None
        unwelcome = preferences.unwanted(message, kind, address)
        if unwelcome is not None:
            _drop(claim, Status.CANCELLED, unwelcome)
            return None
        until = preferences.quiet_until(message, kind, content.zone)
        if until is not None:
            _wait_for_quiet(claim, until)
            return None
        outgoing = render(message, kind, content, address=address)
        return _mark(claim, outgoing, kind, content)


def _mark(claim: Claim, outgoing: Outgoing, kind: MessageKind, content: Content) -> Handed | None:
    """Mark the row as handed over to a provider and count its cost, both or neither, and the row first."""
    settings: Settings = current_app.extensions["settings"]
    providers = providers_of(outgoing.channel, settings)
    turn = claim.next_provider if claim.next_provider in providers else None
    provider = turn or provider_health.preferred(providers)
    cost = spending.cost_of(
        outgoing.text, channel=outgoing.channel, provider=provider, zone=content.zone, settings=settings
    )
    marked = _change(
        claim,
        (Status.SENDING,),
        handed_at=clock.now(),
        tries=Message.tries + 1,
        provider=provider,
        segments=cost.segments if cost else None,
        cost_paise=cost.paise if cost else None,
    )
    if not marked:
        return None
    if cost is not None and not spending.take(
        cost, always=kind.category in WHATEVER_IT_COSTS, settings=settings
    ):
        _put_off(claim, spending.next_day(content.zone))
        return None
    outgoing = dataclasses.replace(outgoing, provider=provider)
    return Handed(outgoing=outgoing, providers=providers, cost=cost)


def _wait_for_quiet(claim: Claim, until: datetime) -> None:
    """Wait for the end of the person's quiet hours, or end where that would be too late."""
    if claim.expires_at is not None and claim.expires_at <= until:
        _drop(claim, Status.EXPIRED, Why.QUIET)
    else:
        _change(claim, (Status.SENDING,), status=Status.QUEUED, next_try_at=until, why=str(Why.QUIET))


def _put_off(claim: Claim, until: datetime) -> None:
    """There is no money left today: wait for tomorrow, or end where that would be too late."""
    unmarked = {"handed_at": None, "tries": Message.tries - 1, "segments": None, "cost_paise": None}
    if claim.expires_at is not None and claim.expires_at <= until:
        _drop(claim, Status.EXPIRED, Why.CEILING, **unmarked)
        return
    waiting = {"status": Status.QUEUED, "next_try_at": until, "why": str(Why.CEILING)}
    _change(claim, (Status.SENDING,), **waiting, **unmarked)


def _drop(claim: Claim, status: Status, why: str, **more: Any) -> None:
    _change(claim, (Status.SENDING,), **_final(status, why), **more)


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


def _close_for_sure(claim: Claim, outcome: Outcome, handed: Handed) -> str | None:
    """Write down an outcome although the database may be restarting; at last the sweep says ``unknown``."""
    for attempt in range(CLOSING_TRIES):
        try:
            return _close(claim, outcome, handed)
        except SQLAlchemyError as failure:
            log.warning("outcome_not_written", message=claim.message_id, error=type(failure).__name__)
            db.session.remove()
            time.sleep(min(2**attempt / 4, 10))
    return None


def _close(claim: Claim, outcome: Outcome, handed: Handed | None = None) -> str | None:
    """Write down an outcome; the status, None if a report of the provider has settled it before."""
    with unit_of_work():
        status, values = _end_of(claim, outcome, handed)
        done = _change(claim, (Status.SENDING, Status.UNKNOWN), **values)
        if handed is not None:
            _learn(outcome, handed, done=done)
    why = values["why"]
    log.info("message", message=claim.message_id, attempt=claim.attempt, status=status, why=why)
    return status if done else None


def _end_of(claim: Claim, outcome: Outcome, handed: Handed | None) -> tuple[Status, dict[str, Any]]:
    """The status an outcome leads to, and all that changes in the row."""
    if isinstance(outcome, Accepted):
        return Status.SENT, _final(Status.SENT, None) | {"provider_id": outcome.provider_id}
    if isinstance(outcome, Unsure):
        return Status.UNKNOWN, _final(Status.UNKNOWN, outcome.why)
    costs_nothing = {"segments": None, "cost_paise": None}
    again = _next_try(claim, outcome, handed)
    if again is None:
        return Status.FAILED, _final(Status.FAILED, outcome.why) | costs_nothing
    at, provider = again
    waiting = {"status": Status.QUEUED, "next_try_at": at, "next_provider": provider, "handed_at": None}
    return Status.QUEUED, waiting | {"why": str(outcome.why)} | costs_nothing


def _next_try(
    claim: Claim, outcome: Refused | NotTaken, handed: Handed | None
) -> tuple[datetime, str | None] | None:
    """When and through whom a message that surely was not taken goes again; None when it does not.

    The other provider has its turn at once, and a wait follows when both were asked. An account that is not
    accepted is the provider's failure, not the message's: the other one may take it.
    """
    now = clock.now()
    other = _other(claim, handed)
    elsewhere = isinstance(outcome, NotTaken) or outcome.why == Why.SET_UP_WRONGLY
    if other is not None and elsewhere and (claim.expires_at is None or claim.expires_at > now):
        return now, other
    if isinstance(outcome, Refused):
        return None
    asked_of = len(handed.providers) if handed else 1
    rounds = -(-(claim.tries + 1) // asked_of) if handed else claim.attempt
    wait = wait_after(rounds, priority=claim.priority, asked=outcome.after)
    if wait is None or (claim.expires_at is not None and now + wait >= claim.expires_at):
        return None
    return now + wait, None


def _other(claim: Claim, handed: Handed | None) -> str | None:
    """The provider that has not been asked in this round."""
    if handed is None or claim.next_provider is not None:
        return None
    return next((name for name in handed.providers if name != handed.outgoing.provider), None)


def _learn(outcome: Outcome, handed: Handed, *, done: bool) -> None:
    """What an outcome says of its provider, and of the day's sum."""
    provider = handed.outgoing.provider
    not_taken = isinstance(outcome, (NotTaken, Refused))
    if done and not_taken and handed.cost is not None:
        spending.give_back(handed.cost)
    if len(handed.providers) == 1:
        return
    if isinstance(outcome, NotTaken) or (isinstance(outcome, Refused) and outcome.why == Why.SET_UP_WRONGLY):
        provider_health.note_failure(provider)
    elif isinstance(outcome, Accepted):
        provider_health.note_success(provider)
