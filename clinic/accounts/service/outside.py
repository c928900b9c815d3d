"""Signing in through a provider: setting out, coming back, and connecting what came back to an account here.

Only staff who have been invited sign in, so nobody gets an account this way. An account elsewhere that is not
connected yet waits until the person has confirmed it here once more: that its e-mail is the same proves less
than it seems, because addresses are given up and given to others.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import exists, select, update
from sqlalchemy.dialects.postgresql import insert

from clinic.accounts.models import Identity, OutsideSignIn, Provider, RoleGrant, User
from clinic.accounts.providers.walk import Claims, Walk, new_walk
from clinic.accounts.service.security_notices import record_and_tell
from clinic.audit import service as audit
from clinic.core import clock, crypto
from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.core.errors import Conflict, NotFound
from clinic.core.i18n import gettext as _

LIFETIME = timedelta(minutes=10)
"""For the way there and back, and once more for confirming."""
MAILED_LIFETIME = timedelta(minutes=60)
_STAFF = exists().where(RoleGrant.user_id == User.id, RoleGrant.role != Role.PATIENT)


@dataclass(frozen=True, kw_only=True)
class Return:
    """A walk that came back, to the browser it set out from and for the first time."""

    id: int
    walk: Walk
    next_url: str
    user_id: int | None


def set_out(provider: Provider, *, browser: str, next_url: str, user_id: int | None = None) -> Walk:
    """Begin a walk to a provider; ``browser`` is the browser's hash.

    ``user_id`` is who is signed in and wants to connect an account, None for a sign-in.
    """
    walk, now = new_walk(), clock.now()
    db.session.add(
        OutsideSignIn(
            provider=provider,
            state_hash=crypto.token_hash(walk.state),
            browser_hash=browser,
            sealed=crypto.seal(json.dumps([walk.nonce, walk.verifier])),
            next_url=next_url[:2000],
            user_id=user_id,
            created_at=now,
            expires_at=now + LIFETIME,
        )
    )
    db.session.flush()
    return walk


def come_back(provider: Provider, *, state: str, browser: str) -> Return:
    """Spend a state: one statement decides, so that it is good once, in its own browser, for ten minutes.

    Raises NotFound for any other.
    """
    now = clock.now()
    row = db.session.execute(
        update(OutsideSignIn)
        .where(
            OutsideSignIn.state_hash == crypto.token_hash(state[:200]),
            OutsideSignIn.provider == provider,
            OutsideSignIn.browser_hash == browser,
            OutsideSignIn.returned_at.is_(None),
            OutsideSignIn.expires_at > now,
        )
        .values(returned_at=now)
        .returning(OutsideSignIn.id, OutsideSignIn.sealed, OutsideSignIn.next_url, OutsideSignIn.user_id)
        .execution_options(synchronize_session=False)
    ).first()
    opened = crypto.unseal(row.sealed) if row is not None else None
    if row is None or opened is None:
        raise NotFound(_("This sign-in is over, or it began in another browser. Start it once more."))
    nonce, verifier = json.loads(opened)
    return Return(
        id=row.id,
        walk=Walk(state=state, nonce=nonce, verifier=verifier),
        next_url=row.next_url,
        user_id=row.user_id,
    )


def recognise(claims: Claims) -> User | None:
    """Whose of the staff this account is; None for anybody else, people who were stopped among them."""
    found = db.session.execute(
        select(Identity, User)
        .join(User, User.id == Identity.user_id)
        .where(Identity.provider == claims.provider, Identity.subject == claims.subject, User.active, _STAFF)
    ).first()
    if found is None:
        return None
    identity, user = found
    identity.last_used_at = clock.now()
    db.session.flush()
    return user


def is_connected(claims: Claims) -> bool:
    """Whether this account elsewhere belongs to anybody here."""
    query = exists().where(Identity.provider == claims.provider, Identity.subject == claims.subject)
    return bool(db.session.scalar(select(query)))


def may_be(claims: Claims) -> User | None:
    """Whose account here this may become, once they confirm it.

    Somebody active of the staff who has proved that this e-mail is theirs, and has no other account of the
    provider connected. None in every other case.
    """
    if not (claims.email and claims.email_verified):
        return None
    taken = exists().where(Identity.user_id == User.id, Identity.provider == claims.provider)
    return db.session.scalars(
        select(User).where(
            User.email == claims.email, User.active, User.email_verified_at.is_not(None), _STAFF, ~taken
        )
    ).first()


def hold(walk_id: int, claims: Claims, user_id: int) -> None:
    """Keep what came back for ten minutes, until the person it is for confirms it."""
    db.session.execute(
        update(OutsideSignIn)
        .where(OutsideSignIn.id == walk_id)
        .values(
            subject=claims.subject,
            email=claims.email,
            user_id=user_id,
            expires_at=clock.now() + LIFETIME,
        )
        .execution_options(synchronize_session=False)
    )


def held(walk_id: object, *, browser: str) -> tuple[OutsideSignIn, User] | None:
    """What waits in this browser to be confirmed, and for whom; None when nothing does any more."""
    if not isinstance(walk_id, int):
        return None
    row = db.session.execute(
        select(OutsideSignIn, User)
        .join(User, User.id == OutsideSignIn.user_id)
        .where(
            OutsideSignIn.id == walk_id,
            OutsideSignIn.browser_hash == browser,
            OutsideSignIn.subject.is_not(None),
            OutsideSignIn.settled_at.is_(None),
            OutsideSignIn.expires_at > clock.now(),
            User.active,
            _STAFF,
        )
    ).first()
    return (row[0], row[1]) if row is not None else None


def connect(actor: Actor, walk_id: int, *, label: str) -> None:
    """Connect what waited, once, and tell the person by e-mail. The caller has had it confirmed.

    ``label`` is what people call the provider.

    Raises NotFound when it was settled before, Conflict when the account belongs to somebody already.
    """
    now = clock.now()
    row = db.session.execute(
        update(OutsideSignIn)
        .where(
            OutsideSignIn.id == walk_id,
            OutsideSignIn.subject.is_not(None),
            OutsideSignIn.settled_at.is_(None),
            OutsideSignIn.expires_at > now,
        )
        .values(settled_at=now)
        .returning(OutsideSignIn.provider, OutsideSignIn.subject, OutsideSignIn.email, OutsideSignIn.user_id)
        .execution_options(synchronize_session=False)
    ).first()
    if row is None:
        raise NotFound(_("This sign-in is over, or it began in another browser. Start it once more."))
    made = db.session.execute(
        insert(Identity)
        .values(
            user_id=row.user_id,
            provider=row.provider,
            subject=row.subject,
            email=row.email,
            linked_at=now,
            last_used_at=now,
        )
        .on_conflict_do_nothing()
        .returning(Identity.id)
    ).scalar()
    if made is None:
        raise Conflict(
            _("That account, or another one of the same kind, is connected already. Disconnect it first.")
        )
    record_and_tell(actor, "identity.connected", db.session.get_one(User, row.user_id), name=label)


def wait_for_mail(walk_id: int) -> None:
    """Let what waits be confirmed for as long as the link is good that was mailed for it."""
    db.session.execute(
        update(OutsideSignIn)
        .where(OutsideSignIn.id == walk_id)
        .values(expires_at=clock.now() + MAILED_LIFETIME)
        .execution_options(synchronize_session=False)
    )


def refuse(visitor: Actor, claims: Claims) -> None:
    """Write down that somebody was turned away, and whose account it was connected to, if to anybody's."""
    owner = db.session.scalar(
        select(Identity.user_id).where(
            Identity.provider == claims.provider, Identity.subject == claims.subject
        )
    )
    audit.record(
        visitor,
        "sign_in.failed",
        subject_type="user",
        subject_id=owner,
        outcome="refused",
        detail={"by": claims.provider},
    )
