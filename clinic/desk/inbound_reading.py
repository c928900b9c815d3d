"""Text messages that came in: which of them somebody at the desk may read, and from whom they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select, true

from clinic.core.access import FRONT_DESK, Actor
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.notifications.models import InboundMessage
from clinic.patients import policy as patients
from clinic.patients.models import Patient

PAGE = 30
MOST_PEOPLE = 6
"""So many are named for one mobile."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A text message, and those whose mobile it came from, as far as the reader may see them."""

    message: InboundMessage
    people: tuple[tuple[int, str], ...]


@dataclass(frozen=True, kw_only=True)
class Listed:
    """Some of the messages, the newest first; ``before`` is where older ones begin, if there are any."""

    lines: tuple[Line, ...]
    before: int | None


def listed(actor: Actor, *, everything: bool, before: int | None) -> Listed:
    """What waits to be read, or everything: a page of it, from ``before`` on. Two statements."""
    query = select(InboundMessage).where(_visible(actor)).order_by(InboundMessage.id.desc()).limit(PAGE + 1)
    if not everything:
        query = query.where(InboundMessage.done_at.is_(None))
    if before is not None:
        query = query.where(InboundMessage.id < before)
    rows = list(db.session.scalars(query))
    return Listed(
        lines=_with_people(actor, rows[:PAGE]), before=rows[PAGE - 1].id if len(rows) > PAGE else None
    )


def inbound_for_change(actor: Actor, inbound_id: int) -> InboundMessage:
    """One message, locked. Raises NotFound for who may not read it."""
    row = db.session.scalars(
        select(InboundMessage).where(InboundMessage.id == inbound_id, _visible(actor)).with_for_update()
    ).first()
    if row is None:
        raise NotFound(_("There is no such message."))
    return row


def _visible(actor: Actor) -> ColumnElement[bool]:
    """Those to the desk's own facilities, and those from numbers nobody knows."""
    places = actor.reach(*FRONT_DESK)
    if places is None:
        return true()
    return or_(InboundMessage.facility_id.in_(places), InboundMessage.facility_id.is_(None))


def _with_people(actor: Actor, rows: Sequence[InboundMessage]) -> tuple[Line, ...]:
    mobiles = {row.mobile for row in rows}
    found: dict[str, list[tuple[int, str]]] = {}
    if mobiles:
        people = select(Patient.mobile, Patient.id, Patient.name).where(
            Patient.mobile.in_(mobiles), patients.visible(actor)
        )
        for mobile, patient_id, name in db.session.execute(people.order_by(Patient.id).limit(PAGE * 10)):
            found.setdefault(mobile or "", []).append((patient_id, name))
    return tuple(Line(message=row, people=tuple(found.get(row.mobile, ())[:MOST_PEOPLE])) for row in rows)
