"""One-time codes: six digits for a mobile or an e-mail address, good once, for one purpose, in the browser
that asked, for ten minutes.

An address is an E.164 number or an e-mail address in lower case. Nothing here looks whether it is known: a
code by e-mail is written for any address, and only the worker sees that there is nobody to send it to.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import ColumnElement, func, select, text, update

from clinic.accounts.models import CodePurpose, OneTimeCode
from clinic.accounts.service.attempts import too_many
from clinic.audit import service as audit
from clinic.core import clock, crypto
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Invalid, TooMany
from clinic.core.i18n import gettext as _
from clinic.core.phones import country_code, parse_mobile
from clinic.core.text import one_line
from clinic.notifications.service import queue_message

LIFETIME = timedelta(minutes=10)
ATTEMPTS = 5
RESEND_AFTER = timedelta(seconds=30)
PROVED_FOR = timedelta(minutes=15)
"""How long a right code stands for whoever gave it, where one step needs the next."""
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


def send_code(
    visitor: Actor,
    *,
    address: str,
    browser: str,
    locale: str,
    per_day: int,
    purpose: CodePurpose = CodePurpose.SIGN_IN,
    about: str | None = None,
) -> OneTimeCode:
    """Send a new code to ``address``; older ones of that address, browser and purpose are dead from now on.

    Nothing here depends on whether the address is known. ``browser`` is the browser's hash, ``about`` what
    the code confirms. Raises TooMany.
    """
    db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ASKING})
    now = clock.now()
    of_this = (_of(address), OneTimeCode.browser_hash == browser, OneTimeCode.purpose == purpose)
    _check_caps(address, of_this, origin=visitor.origin, per_day=per_day, now=now)
    db.session.execute(
        update(OneTimeCode)
        .where(*of_this, OneTimeCode.used_at.is_(None), OneTimeCode.replaced_at.is_(None))
        .values(replaced_at=now)
        .execution_options(synchronize_session=False)
    )
    digits = f"{secrets.randbelow(1_000_000):06d}"
    by_mail = is_email(address)
    row = OneTimeCode(
        mobile=None if by_mail else address,
        email=address if by_mail else None,
        purpose=purpose,
        user_id=visitor.user_id,
        about=about,
        code_hash=_hash(address, browser, purpose, digits),
        browser_hash=browser,
        origin=visitor.origin,
        created_at=now,
        expires_at=now + LIFETIME,
        attempts=0,
    )
    db.session.add(row)
    db.session.flush()
    queue_message(
        kind="email_code" if by_mail else "one_time_code",
        channel="email" if by_mail else "sms",
        recipient_type="email" if by_mail else "mobile",
        address=address,
        subject_type="one_time_code",
        subject_id=row.id,
        locale=locale,
        dedupe_key=f"code:{row.id}",
        expires_at=row.expires_at,
        secret=digits,
        urgent=True,
    )
    audit.record(
        visitor,
        "code.asked",
        subject_type="one_time_code",
        subject_id=row.id,
        detail={"purpose": str(purpose), "by": "email" if by_mail else "sms"},
    )
    return row


def is_email(address: str) -> bool:
    """Whether an address is one for mail."""
    return "@" in address


def address_of(code: OneTimeCode) -> str:
    """Where a code was sent."""
    return code.email or code.mobile or ""


def _of(address: str) -> ColumnElement[bool]:
    return OneTimeCode.email == address if is_email(address) else OneTimeCode.mobile == address


def _check_caps(
    address: str, of_this: tuple[ColumnElement[bool], ...], *, origin: str, per_day: int, now: datetime
) -> None:
    hour, day = timedelta(hours=1), timedelta(days=1)
    _wait_for(of_this, 1, RESEND_AFTER, now)
    _wait_for((_of(address),), PER_NUMBER_HOUR, hour, now)
    _wait_for((_of(address),), PER_NUMBER_DAY, day, now)
    _wait_for((OneTimeCode.origin == origin,), PER_ORIGIN_HOUR, hour, now)
    same_way = OneTimeCode.email.is_not(None) if is_email(address) else OneTimeCode.mobile.is_not(None)
    sent_today = (
        db.session.scalar(select(func.count()).where(same_way, OneTimeCode.created_at > now - day)) or 0
    )
    if sent_today >= per_day:
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


def asked_here(
    code_id: object, *, browser: str, purpose: CodePurpose = CodePurpose.SIGN_IN
) -> OneTimeCode | None:
    """The code a browser asked for last, as long as it makes sense to type it; None for anybody else's, and
    for one with another purpose.
    """
    if not isinstance(code_id, int):
        return None
    row = db.session.get(OneTimeCode, code_id)
    if row is None or row.browser_hash != browser or row.purpose != purpose:
        return None
    return None if row.created_at < clock.now() - timedelta(hours=1) else row


def check_code(
    visitor: Actor,
    *,
    address: str,
    browser: str,
    typed: str,
    purpose: CodePurpose = CodePurpose.SIGN_IN,
) -> Answer:
    """Whether ``typed`` is the live code of this address, browser and purpose; spends it, or one of its five
    tries.

    One statement decides and spends, so of any number of right answers at once exactly one is RIGHT.
    """
    digits = "".join(char for char in one_line(typed)[:40] if char in "0123456789")
    now = clock.now()
    live = (
        _of(address),
        OneTimeCode.browser_hash == browser,
        OneTimeCode.purpose == purpose,
        OneTimeCode.used_at.is_(None),
        OneTimeCode.replaced_at.is_(None),
        OneTimeCode.expires_at > now,
        OneTimeCode.attempts < ATTEMPTS,
    )
    spent = db.session.execute(
        update(OneTimeCode)
        .where(*live, OneTimeCode.code_hash == _hash(address, browser, purpose, digits))
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


def proved(code_id: object, *, actor: Actor, browser: str, purpose: CodePurpose) -> OneTimeCode | None:
    """The code with this id if the signed-in person gave it rightly, here and within the last 15 minutes."""
    if not isinstance(code_id, int):
        return None
    return db.session.scalars(
        select(OneTimeCode)
        .where(
            OneTimeCode.id == code_id,
            OneTimeCode.user_id == actor.user_id,
            OneTimeCode.browser_hash == browser,
            OneTimeCode.purpose == purpose,
            OneTimeCode.used_at > clock.now() - PROVED_FOR,
        )
        .execution_options(populate_existing=True)
    ).first()


def resend_wait(code: OneTimeCode) -> int:
    """Seconds until this browser may ask for another code like this one; 0 when it may at once."""
    latest = db.session.scalar(
        select(func.max(OneTimeCode.created_at)).where(
            _of(address_of(code)),
            OneTimeCode.browser_hash == code.browser_hash,
            OneTimeCode.purpose == code.purpose,
        )
    )
    if latest is None:
        return 0
    return max(0, round((latest + RESEND_AFTER - clock.now()).total_seconds()))


def _hash(address: str, browser: str, purpose: str, digits: str) -> str:
    return crypto.keyed_hash("one_time_code", f"{address}:{browser}:{purpose}:{digits}")
