"""Finding the accounts elsewhere that somebody signs in with."""

from __future__ import annotations

from sqlalchemy import exists, select

from clinic.accounts.models import Identity, Passkey, User
from clinic.core.db import db


def identities_of(user_id: int) -> list[Identity]:
    """Somebody's connected accounts, by provider."""
    query = select(Identity).where(Identity.user_id == user_id).order_by(Identity.provider)
    return list(db.session.scalars(query))


def has_another_way_in(user: User, identity: Identity) -> bool:
    """Whether somebody could still sign in without this account: by password, passkey or another account."""
    if user.password_hash is not None:
        return True
    others = exists().where(Identity.user_id == user.id, Identity.id != identity.id)
    passkeys = exists().where(Passkey.user_id == user.id)
    return bool(db.session.scalar(select(others | passkeys)))
