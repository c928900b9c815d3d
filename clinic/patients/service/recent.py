"""Forgetting whom somebody opened lately: the list begins anew, the audit rows stay."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import insert

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.patients.models import RecentForgotten


def forget(actor: Actor) -> None:
    """Let this person's list of patients opened lately begin now."""
    fresh = insert(RecentForgotten).values(user_id=actor.user_id, at=clock.now())
    db.session.execute(
        fresh.on_conflict_do_update(index_elements=["user_id"], set_={"at": fresh.excluded.at})
    )
