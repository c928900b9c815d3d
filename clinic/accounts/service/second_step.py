"""The second step after a password: six digits from an authenticator app, or a recovery code from paper.

The digits follow RFC 6238: SHA-1, six of them, new ones every 30 seconds. A code of the 30 seconds before or
after counts as well, for clocks that are a little off; none is ever accepted twice (RFC 6238, 5.2).
"""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta
from enum import Enum

import pyotp
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from clinic.accounts.models import Authenticator, Passkey, PendingSignIn, RecoveryCode, User
from clinic.accounts.service.open_sessions import end_sessions
from clinic.accounts.service.security_notices import record_and_tell
from clinic.audit import service as audit
from clinic.core import clock, crypto
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import one_line

STEP_SECONDS, DRIFT = 30, 1
DIGITS = 6
SETTING_UP = timedelta(minutes=15)
"""How long a key that was shown waits for its first code."""
RECOVERY_CODES = 10
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
"""Nothing that looks like something else on paper: no 0 and o, no 1, i and l."""


class Answer(Enum):
    """What became of a code somebody typed. ``USED`` was right once."""

    RIGHT = "right"
    WRONG = "wrong"
    USED = "used"


def begin_set_up(actor: Actor, user: User) -> None:
    """Make a new secret, which counts once a code of it was entered. Raises Conflict when one does."""
    secret, now = crypto.seal(pyotp.random_base32()), clock.now()
    made = db.session.execute(
        insert(Authenticator)
        .values(user_id=user.id, secret=secret, created_at=now)
        .on_conflict_do_update(
            constraint="uq_authenticators_user",
            set_={"secret": secret, "created_at": now, "last_step": 0},
            where=Authenticator.confirmed_at.is_(None),
        )
        .returning(Authenticator.id)
    ).first()
    if made is None:
        raise Conflict(_("The second step is on already."))
    audit.record(actor, "second_step.begun", subject_type="user", subject_id=user.id)


def secret_being_set_up(user_id: int) -> str | None:
    """The secret (base32) somebody is putting into their app; None when they have not begun, or long ago."""
    sealed = _being_set_up(user_id)
    return crypto.unseal(sealed) if sealed else None


def _being_set_up(user_id: int) -> str | None:
    return db.session.scalar(
        select(Authenticator.secret).where(
            Authenticator.user_id == user_id,
            Authenticator.confirmed_at.is_(None),
            Authenticator.created_at > clock.now() - SETTING_UP,
        )
    )


def turn_on(actor: Actor, user: User, *, typed: str) -> list[str]:
    """Let the authenticator count from now on, if ``typed`` is its code; returns the recovery codes, once.

    Raises Invalid for a wrong code, Conflict when nothing is being set up.
    """
    sealed = _being_set_up(user.id)
    secret = crypto.unseal(sealed) if sealed else None
    if secret is None:
        raise Conflict(_("This took too long. Begin again."))
    step = _step_of(secret, _digits(typed))
    if step is None:
        raise Invalid(
            _("This is not the code the app shows now. Wait for the next one, and check the phone's clock."),
            field="code",
        )
    now = clock.now()
    confirmed = db.session.execute(
        update(Authenticator)
        .where(
            Authenticator.user_id == user.id,
            Authenticator.confirmed_at.is_(None),
            Authenticator.secret == sealed,  # begun anew in another window, it is another secret
        )
        .values(confirmed_at=now, last_step=step)
        .returning(Authenticator.id)
        .execution_options(synchronize_session=False)
    ).first()
    if confirmed is None:
        raise Conflict(_("This was done or begun anew in another window."))
    codes = _new_codes(user)
    record_and_tell(actor, "second_step.on", user)
    return codes


def take(actor: Actor, user: User, typed: str) -> Answer:
    """Whether ``typed`` is a code of this person that still counts; a right one is spent by that.

    Six digits are the authenticator's, anything else is a recovery code.
    """
    digits = _digits(typed)
    if len(digits) == DIGITS and len(_bare(typed)) == DIGITS:
        return _take_digits(user, digits)
    return _take_recovery_code(actor, user, typed)


def _take_digits(user: User, digits: str) -> Answer:
    sealed = db.session.scalar(
        select(Authenticator.secret).where(
            Authenticator.user_id == user.id, Authenticator.confirmed_at.is_not(None)
        )
    )
    secret = crypto.unseal(sealed) if sealed else None
    step = _step_of(secret, digits) if secret else None
    if secret is None or step is None:
        return Answer.WRONG
    return Answer.RIGHT if _spend_step(user.id, step, secret) else Answer.USED


def _spend_step(user_id: int, step: int, secret: str) -> bool:
    """Take one step, if none as late was taken: one statement decides, so of many at once one gets it.

    The secret is sealed anew on the way, so that keys which are no longer the newest fall out of use.
    """
    spent = db.session.execute(
        update(Authenticator)
        .where(
            Authenticator.user_id == user_id,
            Authenticator.confirmed_at.is_not(None),
            Authenticator.last_step < step,
        )
        .values(last_step=step, secret=crypto.seal(secret))
        .returning(Authenticator.id)
        .execution_options(synchronize_session=False)
    ).first()
    return spent is not None


def _step_of(secret: str, digits: str) -> int | None:
    """The step ``digits`` belong to, of the present one and its neighbours; None if to none of them."""
    present, code = int(clock.now().timestamp()) // STEP_SECONDS, pyotp.HOTP(secret)
    found = None
    for step in range(present - DRIFT, present + DRIFT + 1):
        if hmac.compare_digest(code.at(step), digits):
            found = step
    return found


def _take_recovery_code(actor: Actor, user: User, typed: str) -> Answer:
    mine = (RecoveryCode.user_id == user.id, RecoveryCode.code_hash == _hash(user.id, typed))
    spent = db.session.execute(
        update(RecoveryCode)
        .where(*mine, RecoveryCode.used_at.is_(None))
        .values(used_at=clock.now())
        .returning(RecoveryCode.id)
        .execution_options(synchronize_session=False)
    ).first()
    if spent is not None:
        record_and_tell(actor, "recovery_codes.used", user)
        return Answer.RIGHT
    return Answer.USED if db.session.scalar(select(RecoveryCode.id).where(*mine)) else Answer.WRONG


def make_new_codes(actor: Actor, user: User) -> list[str]:
    """Ten other recovery codes; the ones before no longer count. Raises Conflict while the step is off."""
    if not is_on(user.id):
        raise Conflict(_("The second step is off."))
    codes = _new_codes(user)
    record_and_tell(actor, "recovery_codes.made", user)
    return codes


def are_mine(user_id: int, codes: list[str]) -> bool:
    """Whether all of these are recovery codes of this person, such as those just shown."""
    hashes = {_hash(user_id, code) for code in codes[:RECOVERY_CODES]}
    found = db.session.scalars(
        select(RecoveryCode.code_hash).where(
            RecoveryCode.user_id == user_id, RecoveryCode.code_hash.in_(hashes)
        )
    ).all()
    return bool(codes) and len(codes) <= RECOVERY_CODES and set(found) == hashes


def _new_codes(user: User) -> list[str]:
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    codes: set[str] = set()
    while len(codes) < RECOVERY_CODES:
        letters = "".join(secrets.choice(_LETTERS) for _letter in range(10))
        codes.add(f"{letters[:5]}-{letters[5:]}")
    db.session.add_all(RecoveryCode(user_id=user.id, code_hash=_hash(user.id, code)) for code in codes)
    db.session.flush()
    return sorted(codes)


def turn_off(actor: Actor, user: User, *, typed: str) -> None:
    """Ask for nothing after the password any more, if ``typed`` is right. Raises Invalid or Conflict."""
    if not is_on(user.id):
        raise Conflict(_("The second step is off."))
    if (answer := take(actor, user, typed)) is not Answer.RIGHT:
        raise Invalid(words_for(answer), field="code")
    _forget(user.id)
    record_and_tell(actor, "second_step.off", user)


def reset(actor: Actor, user: User) -> None:
    """Take away what somebody lost: authenticator, recovery codes and passkeys; they are out everywhere.

    Raises Forbidden for one's own: that would need neither password nor code.
    """
    if actor.user_id == user.id:
        raise Forbidden(_("Change your own second step under Your account."))
    _forget(user.id)
    db.session.execute(delete(Passkey).where(Passkey.user_id == user.id))
    end_sessions(user.id, "second_step.reset")
    record_and_tell(actor, "second_step.reset", user)


def _forget(user_id: int) -> None:
    for table in (Authenticator, RecoveryCode):
        db.session.execute(delete(table).where(table.user_id == user_id))
    db.session.execute(
        update(PendingSignIn)
        .where(PendingSignIn.user_id == user_id, PendingSignIn.finished_at.is_(None))
        .values(finished_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def is_on(user_id: int) -> bool:
    """Whether a second step is asked of somebody after their password."""
    query = select(Authenticator.id).where(
        Authenticator.user_id == user_id, Authenticator.confirmed_at.is_not(None)
    )
    return db.session.scalar(query) is not None


def words_for(answer: Answer) -> str:
    """What to tell somebody whose code was not right."""
    if answer is Answer.USED:
        return _("This code has been used already. Wait for the app to show the next one.")
    return _("This code is not right. Look at the app again: it shows another one every 30 seconds.")


def _digits(typed: str) -> str:
    return "".join(char for char in one_line(typed)[:40] if char in "0123456789")


def _bare(typed: str) -> str:
    return "".join(char for char in one_line(typed)[:40].lower() if char.isalnum())


def _hash(user_id: int, code: str) -> str:
    return crypto.keyed_hash("recovery_code", f"{user_id}:{_bare(code)}")
