"""Finding snippets. Every loader names who asks."""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_, select

from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.encounters.models import Snippet

WRITERS = (Role.PRACTITIONER, Role.THERAPIST)
"""Who has snippets of their own."""
SHARERS = (Role.ADMIN, Role.FACILITY_ADMIN, Role.PRACTITIONER)
"""Who writes those of a whole clinic."""


def may_share(actor: Actor, facility_id: int) -> bool:
    """Whether somebody writes this clinic's snippets."""
    return actor.has(*SHARERS, at=facility_id)


def in_reach(actor: Actor) -> ColumnElement[bool]:
    """The snippets somebody may change: their own, and those of clinics they write for."""
    reach = actor.reach(*SHARERS)
    shared = Snippet.facility_id.is_not(None) if reach is None else Snippet.facility_id.in_(reach)
    return or_(Snippet.owner_id == actor.user_id, shared)


def snippets_for(actor: Actor, facility_id: int) -> dict[str, str]:
    """What somebody may put into a note at a clinic, by word; their own come first. One statement."""
    rows = db.session.scalars(
        select(Snippet)
        .where(
            or_(Snippet.owner_id == actor.user_id, Snippet.facility_id == facility_id),
            Snippet.removed_at.is_(None),
        )
        .order_by(Snippet.owner_id.is_(None).desc(), Snippet.word)
    )
    found: dict[str, str] = {}
    for row in rows:
        found[row.word] = row.text
    return dict(sorted(found.items()))


def listed(actor: Actor, facility_id: int) -> list[Snippet]:
    """Somebody's own snippets and the clinic's, the removed ones too, by word."""
    return list(
        db.session.scalars(
            select(Snippet)
            .where(or_(Snippet.owner_id == actor.user_id, Snippet.facility_id == facility_id))
            .order_by(Snippet.word, Snippet.id)
        )
    )


def get_snippet(actor: Actor, snippet_id: int) -> Snippet:
    """One snippet that somebody may change. Raises NotFound."""
    found = db.session.scalars(select(Snippet).where(Snippet.id == snippet_id, in_reach(actor))).one_or_none()
    if found is None:
        raise NotFound(_("There is no such snippet."))
    return found
