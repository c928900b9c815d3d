"""Agreeing to the terms of use."""

from __future__ import annotations

from clinic.accounts import terms
from clinic.accounts.models import User
from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict
from clinic.core.i18n import gettext as _


def accept_terms(actor: Actor, *, version: str) -> None:
    """Write down that the signed-in person agrees to the version they were shown.

    Staff and patients alike; agreeing twice changes nothing. Raises Conflict when another version holds.
    """
    if version != terms.CURRENT:
        raise Conflict(_("There is a newer text by now. Please read it once more."))
    user = db.session.get(User, actor.user_id) if actor.user_id else None
    if user is None or user.terms_accepted_version == version:
        return
    user.terms_accepted_version = version
    user.terms_accepted_at = clock.now()
    db.session.flush()
    audit.record(
        actor, "terms.accepted", subject_type="user", subject_id=user.id, detail={"version": version}
    )
