"""One-time codes: six digits for a mobile, good once, in the browser that asked, for ten minutes."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import ColumnElement, func, select, text, update

from clinic.accounts.models import OneTimeCode, RoleGrant, User
from clinic.accounts.service.attempts import too_many
from clinic.accounts.service.people import ensure_patient_login
from clinic.audit import service as audit
from clinic.core import clock, crypto
from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.core.errors import Invalid, TooMany
from clinic.core.i18n import gettext as _
from clinic.core.phones import country_code, parse_mobile
from clinic.core.text import one_line
from clinic.notifications.service import queue_message

LIFETIME = timedelta(minutes=10)
ATTEMPTS = 5
RESEND_AFTER = timedelta(seconds=30)
PER_NUMBER_HOUR, PER_NUMBER_DAY, PER_ORIGIN_HOUR = 5, 10, 30
_ASKING = 7_301_001
"""Advisory lock: codes are counted one request at a time, or parallel ones would pass a cap together."""


class Answer(Enum):
    """What became of a code somebody typed."""

    RIGHT = "right"
    WRONG = "wrong"
    OVER = "over"


def readable_mobile(typed: str, *, countries: tuple[str, ...]) -> str:
    """A mobile as E.164, if codes go to its country. Raises Invalid with a plain sentence."""
    mobile = parse_mobile(one_line(typed)[:40])
    if country_code(mobile) not in countries:
        raise Invalid(
            _("We cannot send codes to numbers of that country. Call the clinic instead."), field="mobile"
        )
    return mobile


def send_code(visitor: Actor, *, mobile: str, browser: str, locale: str, sms_per_day: int) -> OneTimeCode:
    """Send a new code to ``mobile``; older ones of that number and browser are dead from now on.

    Nothing here depends on whether the number is known. ``browser`` is the browser's hash. Raises TooMany.
    """
    db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ASKING})
    now = clock.now()
    _check_caps(mobile, browser=browser, origin=visitor.origin, sms_per_day=sms_per_day, now=now)
    db.session.execute(
        update(OneTimeCode)
        .where(
            OneTimeCode.mobile == mobile,
            OneTimeCode.browser_hash == browser,
            OneTimeCode.used_at.is_(None),
            OneTimeCode.replaced_at.is_(None),
        )
        .values(replaced_at=now)
    )
    digits = f"{secrets.randbelow(1_000_000):06d}"
    row = OneTimeCode(
        mobile=mobile,
        code_hash=_hash(mobile, browser, digits),
        browser_hash=browser,
        origin=visitor.origin,
        created_at=now,
        expires_at=now + LIFETIME,
        attempts=0,
    )
    db.session.add(row)
    db.session.flush()
    queue_message(
        kind="one_time_code",
        channel="sms",
        recipient_type="mobile",
        address=mobile,
        subject_type="one_time_code",
        subject_id=row.id,
        locale=locale,
        dedupe_key=f"code:{row.id}",
        expires_at=row.expires_at,
        secret=digits,
        urgent=True,
    )
    audit.record(visitor, "code.asked", subject_type="one_time_code", subject_id=row.id)
    return row


def _check_caps(mobile: str, *, browser: str, origin: str, sms_per_day: int, now: datetime) -> None:
    hour, day = timedelta(hours=1), timedelta(days=1)
    _wait_for((OneTimeCode.mobile == mobile, OneTimeCode.browser_hash == browser), 1, RESEND_AFTER, now)
    _wait_for((OneTimeCode.mobile == mobile,), PER_NUMBER_HOUR, hour, now)
    _wait_for((OneTimeCode.mobile == mobile,), PER_NUMBER_DAY, day, now)
    _wait_for((OneTimeCode.origin == origin,), PER_ORIGIN_HOUR, hour, now)
    sent_today = db.session.scalar(select(func.count()).where(OneTimeCode.created_at > now - day)) or 0
    if sent_today >= sms_per_day:
        raise TooMany(_("No more codes can be sent today. Call the clinic instead."), retry_after=3600)


def _wait_for(which: tuple[ColumnElement[bool], ...], allowed: int, window: timedelta, now: datetime) -> None:
    """Raise TooMany when ``allowed`` codes were made within ``window``, until the oldest leaves it."""
    oldest = db.session.scalar(
        select(OneTimeCode.created_at)
        .where(*which, OneTimeCode.created_at > now - window)
        .order_by(OneTimeCode.created_at.desc())
        .offset(allowed - 1)
        .limit(1)
    )
    if oldest is not None:
        raise too_many(oldest + window - now)


def asked_here(code_id: object, *, browser: str) -> OneTimeCode | None:
    """The code a browser asked for last, as long as it makes sense to type it; None for anybody else's."""
    if not isinstance(code_id, int):
        return None
    row = db.session.get(OneTimeCode, code_id)
    if row is None or row.browser_hash != browser or row.created_at < clock.now() - timedelta(hours=1):
        return None
    return row


def check_code(visitor: Actor, *, mobile: str, browser: str, typed: str) -> Answer:
    """Whether ``typed`` is the live code of this number and browser; spends it, or one of its five tries.

    One statement decides and spends, so of any number of right answers at once exactly one is RIGHT.
    """
    digits = "".join(char for char in one_line(typed)[:40] if char in "0123456789")
    now = clock.now()
    live = (
        OneTimeCode.mobile == mobile,
        OneTimeCode.browser_hash == browser,
        OneTimeCode.used_at.is_(None),
        OneTimeCode.replaced_at.is_(None),
        OneTimeCode.expires_at > now,
        OneTimeCode.attempts < ATTEMPTS,
    )
    spent = db.session.execute(
        update(OneTimeCode)
        .where(*live, OneTimeCode.code_hash == _hash(mobile, browser, digits))
        .values(used_at=now, attempts=OneTimeCode.attempts + 1)
        .returning(OneTimeCode.id)
        .execution_options(synchronize_session=False)
    ).first()
    if spent is not None:
        audit.record(visitor, "code.used", subject_type="one_time_code", subject_id=spent[0])
        return Answer.RIGHT
    missed = db.session.execute(
        update(OneTimeCode)
        .where(*live)
        .values(attempts=OneTimeCode.attempts + 1)
        .returning(OneTimeCode.id, OneTimeCode.attempts)
        .execution_options(synchronize_session=False)
    ).first()
    audit.record(
        visitor,
        "code.refused",
        subject_type="one_time_code",
        subject_id=missed[0] if missed else None,
        outcome="refused",
    )
    return Answer.WRONG if missed is not None and missed[1] < ATTEMPTS else Answer.OVER


def sign_in_household(visitor: Actor, *, mobile: str, locale: str) -> tuple[User, bool]:
    """The household whose number was just proved, and whether it is new here.

    Raises Invalid when its sign-in was closed.
    """
    known = db.session.scalars(select(User).where(User.mobile == mobile)).first()
    if known is not None and not known.active:
        raise Invalid(_("This sign-in has been closed. Call the clinic."), field="code")
    if known is not None and _is_patient(known.id):
        return known, False
    user = ensure_patient_login(visitor, mobile=mobile, name=known.name if known else "", locale=locale)
    return user, known is None


def _is_patient(user_id: int) -> bool:
    query = select(RoleGrant.id).where(RoleGrant.user_id == user_id, RoleGrant.role == Role.PATIENT).limit(1)
    return db.session.scalar(query) is not None


def resend_wait(*, mobile: str, browser: str) -> int:
    """Seconds until this browser may ask for another code for this number; 0 when it may at once."""
    latest = db.session.scalar(
        select(func.max(OneTimeCode.created_at)).where(
            OneTimeCode.mobile == mobile, OneTimeCode.browser_hash == browser
        )
    )
    if latest is None:
        return 0
    return max(0, round((latest + RESEND_AFTER - clock.now()).total_seconds()))


def _hash(mobile: str, browser: str, digits: str) -> str:
    return crypto.keyed_hash("one_time_code", f"{mobile}:{browser}:{digits}")
