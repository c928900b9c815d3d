"""Wrong passwords slow down whoever types them, and nobody else.

Counted by what was typed together with the browser it came from, so that somebody guessing elsewhere never
shuts out the person themselves. Browsers nobody knows share a wider count per address, and a wider one yet
over all addresses, so that guessing from many places at once is slow as well. An address has its own cap.

The person gets in all the same: the browsers they used before are known, and one in which they set a new
password by a link from their mail is known from then on. Nobody waits longer than 15 minutes at a time.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, func, select, text, update

from clinic.accounts.models import SignInAttempt
from clinic.core import clock, crypto
from clinic.core.db import db
from clinic.core.errors import TooMany
from clinic.core.i18n import ngettext

WINDOW = timedelta(minutes=15)
FREE_TRIES = 5
TRIES = 10
TRIES_OF_STRANGERS = 30
"""For one identifier from one address, by browsers that never signed in as it."""
TRIES_FROM_EVERYWHERE = 100
"""The same from all addresses together."""
TRIES_PER_ORIGIN = 300
FIRST_WAIT = timedelta(seconds=15)


def begin_attempt(identifier: str, *, browser: str, origin: str) -> int:
    """Count one try before the password is looked at, and return its row's id.

    ``browser`` is the browser's hash. Tries of one identifier queue up here, so that parallel ones
    are counted too. A try that must wait is not counted, so trying does not prolong the wait. Raises TooMany.
    """
    identifier_hash = crypto.keyed_hash("identifier", identifier)
    db.session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": identifier_hash}
    )
    now = clock.now()
    wait = _wait(identifier_hash, browser=browser, origin=origin, now=now)
    if wait > timedelta(0):
        raise too_many(wait)
    attempt = SignInAttempt(
        at=now, identifier_hash=identifier_hash, browser_hash=browser, origin=origin, succeeded=False
    )
    db.session.add(attempt)
    db.session.flush()
    return attempt.id


def attempt_succeeded(attempt_id: int) -> None:
    """The password was right: the wrong ones before it no longer count."""
    db.session.execute(update(SignInAttempt).where(SignInAttempt.id == attempt_id).values(succeeded=True))


def know_browser(identifier: str, *, browser: str, origin: str) -> None:
    """Take a browser as the person's own, who proved themselves in it by other means than the password."""
    identifier_hash = crypto.keyed_hash("identifier", identifier)
    db.session.add(
        SignInAttempt(
            at=clock.now(),
            identifier_hash=identifier_hash,
            browser_hash=browser,
            origin=origin,
            succeeded=True,
        )
    )
    db.session.flush()


def count_try(identifier: str, *, browser: str, origin: str) -> int:
    """Count something else asked for by name (a new password); returns how often within the last hour."""
    identifier_hash = crypto.keyed_hash("request", identifier)
    now = clock.now()
    if (wait := _origin_wait(origin, now)) > timedelta(0):
        raise too_many(wait)
    db.session.add(
        SignInAttempt(
            at=now, identifier_hash=identifier_hash, browser_hash=browser, origin=origin, succeeded=False
        )
    )
    db.session.flush()
    since = now - timedelta(hours=1)
    query = select(func.count()).where(
        SignInAttempt.identifier_hash == identifier_hash, SignInAttempt.at > since
    )
    return db.session.scalar(query) or 0


def too_many(wait: timedelta) -> TooMany:
    """The refusal, in minutes or seconds whichever reads better."""
    seconds = max(1, -(-int(wait.total_seconds() * 1000) // 1000))
    minutes = -(-seconds // 60)
    words = (
        ngettext("Wait %(num)d second, then try again.", "Wait %(num)d seconds, then try again.", seconds)
        if seconds <= 90
        else ngettext(
            "Wait %(num)d minute, then try again.", "Wait %(num)d minutes, then try again.", minutes
        )
    )
    return TooMany(words, retry_after=seconds)


def _wait(identifier_hash: str, *, browser: str, origin: str, now: datetime) -> timedelta:
    mine = _failures(identifier_hash, SignInAttempt.browser_hash == browser, now=now, limit=TRIES)
    wait = _after(mine, now)
    if not _is_known(identifier_hash, browser):
        there = _failures(identifier_hash, SignInAttempt.origin == origin, now=now, limit=TRIES_OF_STRANGERS)
        if len(there) >= TRIES_OF_STRANGERS:
            wait = max(wait, there[-1] + WINDOW - now)
        wait = max(wait, _everywhere(identifier_hash, now))
    return max(wait, _origin_wait(origin, now))


def _after(failures: list[datetime], now: datetime) -> timedelta:
    """How long to wait after these failures, newest first: 15 s after five, then twice as long each time.

    After ten it is until the oldest of them is 15 minutes old.
    """
    if len(failures) >= TRIES:
        return failures[TRIES - 1] + WINDOW - now
    if len(failures) < FREE_TRIES:
        return timedelta(0)
    wait: timedelta = FIRST_WAIT * 2 ** (len(failures) - FREE_TRIES)
    return failures[0] + wait - now


def _failures(
    identifier_hash: str, place: ColumnElement[bool], *, now: datetime, limit: int
) -> list[datetime]:
    """When an identifier last failed at a place, newest first, back to its last success there."""
    within = (
        select(SignInAttempt.at, SignInAttempt.succeeded)
        .where(SignInAttempt.identifier_hash == identifier_hash, place, SignInAttempt.at > now - WINDOW)
        .order_by(SignInAttempt.at.desc(), SignInAttempt.id.desc())
        .limit(limit)
    )
    failures = []
    for at, succeeded in db.session.execute(within):
        if succeeded:
            break
        failures.append(at)
    return failures


def _everywhere(identifier_hash: str, now: datetime) -> timedelta:
    """How long strangers wait because an identifier is guessed at from many places. A success of the person
    ends nothing here: they would free the way for whoever guesses on.
    """
    oldest = db.session.scalar(
        select(SignInAttempt.at)
        .where(
            SignInAttempt.identifier_hash == identifier_hash,
            SignInAttempt.at > now - WINDOW,
            SignInAttempt.succeeded.is_(False),
        )
        .order_by(SignInAttempt.at.desc())
        .offset(TRIES_FROM_EVERYWHERE - 1)
        .limit(1)
    )
    return oldest + WINDOW - now if oldest else timedelta(0)


def _is_known(identifier_hash: str, browser: str) -> bool:
    """Whether this browser has signed in as this identifier before."""
    found = exists().where(
        SignInAttempt.identifier_hash == identifier_hash,
        SignInAttempt.browser_hash == browser,
        SignInAttempt.succeeded,
    )
    return bool(db.session.scalar(select(found)))


def _origin_wait(origin: str, now: datetime) -> timedelta:
    oldest = db.session.scalar(
        select(SignInAttempt.at)
        .where(SignInAttempt.origin == origin, SignInAttempt.at > now - WINDOW)
        .order_by(SignInAttempt.at.desc())
        .offset(TRIES_PER_ORIGIN - 1)
        .limit(1)
    )
    return oldest + WINDOW - now if oldest else timedelta(0)
