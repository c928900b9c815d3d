"""Accounts elsewhere that somebody signs in with: taken away again."""

from __future__ import annotations

from sqlalchemy import delete, select

from clinic.accounts.identity_queries import has_another_way_in
from clinic.accounts.models import Identity, Provider, User
from clinic.accounts.service.security_notices import record_and_tell
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, NotFound
from clinic.core.i18n import gettext as _


def disconnect(actor: Actor, user: User, provider: Provider, *, label: str) -> None:
    """Let ``user`` no longer sign in with their account at a provider, called ``label``.

    Raises NotFound when none is connected, Conflict when it is their last way in.
    """
    db.session.scalars(select(User.id).where(User.id == user.id).with_for_update()).one()
    identity = db.session.scalars(
        select(Identity).where(Identity.user_id == user.id, Identity.provider == provider)
    ).first()
    if identity is None:
        raise NotFound(_("No such account is connected any more."))
    if not has_another_way_in(user, identity):
        raise Conflict(_("This is your only way to sign in. Set a password first: use “Forgotten password”."))
    db.session.execute(delete(Identity).where(Identity.id == identity.id))
    record_and_tell(actor, "identity.disconnected", user, name=label)
