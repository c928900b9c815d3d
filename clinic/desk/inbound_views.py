"""Text messages that came in and that a person has to read."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, request, url_for
from sqlalchemy import ColumnElement, or_, select, true

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import FRONT_DESK, Actor, allow
from clinic.core.db import db, unit_of_work
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, go_to, page, read_id, say
from clinic.desk.inbox_views import inbox_bp
from clinic.notifications.models import InboundMessage
from clinic.patients import policy as patients
from clinic.patients.models import Patient

PAGE = 30


@dataclass(frozen=True, kw_only=True)
class Line:
    """A text message, and those whose mobile it came from, as far as the reader may see them."""

    message: InboundMessage
    people: tuple[tuple[int, str], ...]


@inbox_bp.get("/messages/inbound")
@allow(*FRONT_DESK)
def inbound() -> Response:
    """What waits to be read, or with ``all=1`` everything, the newest first."""
    actor = current_actor()
    everything = request.args.get("all") == "1"
    before = read_id(request.args.get("before"))
    query = select(InboundMessage).where(_visible(actor)).order_by(InboundMessage.id.desc()).limit(PAGE + 1)
    if not everything:
        query = query.where(InboundMessage.done_at.is_(None))
    if before is not None:
        query = query.where(InboundMessage.id < before)
    rows = list(db.session.scalars(query))
    lines = _with_people(actor, rows[:PAGE])
    audit.read(
        actor,
        "inbound.listed",
        subject_type="inbound_message",
        detail={"ids": [row.id for row in rows[:PAGE]]},
    )
    return page(
        "desk/inbound.html",
        lines=lines,
        everything=everything,
        before=rows[PAGE - 1].id if len(rows) > PAGE else None,
    )


@inbox_bp.post("/messages/inbound/<id:inbound_id>/done")
@allow(*FRONT_DESK)
def inbound_done(inbound_id: int) -> Response:
    """Somebody here has read it and done what it asks."""
    actor = current_actor()
    with unit_of_work():
        row = db.session.scalars(
            select(InboundMessage).where(InboundMessage.id == inbound_id, _visible(actor)).with_for_update()
        ).first()
        if row is None:
            raise NotFound(_("There is no such message."))
        if row.done_at is None:
            row.done_at, row.done_by = clock.now(), actor.user_id
        audit.record(actor, "inbound.done", subject_type="inbound_message", subject_id=row.id)
    say(_("Marked as done."))
    return go_to(url_for("inbox.inbound"))


def _visible(actor: Actor) -> ColumnElement[bool]:
    """Those to the desk's own facilities, and those from numbers nobody knows."""
    places = actor.reach(*FRONT_DESK)
    if places is None:
        return true()
    return or_(InboundMessage.facility_id.in_(places), InboundMessage.facility_id.is_(None))


def _with_people(actor: Actor, rows: list[InboundMessage]) -> list[Line]:
    mobiles = {row.mobile for row in rows}
    found: dict[str, list[tuple[int, str]]] = {}
    if mobiles:
        people = select(Patient.mobile, Patient.id, Patient.name).where(
            Patient.mobile.in_(mobiles), patients.visible(actor)
        )
        for mobile, patient_id, name in db.session.execute(people.order_by(Patient.id).limit(300)):
            found.setdefault(mobile or "", []).append((patient_id, name))
    return [Line(message=row, people=tuple(found.get(row.mobile, ())[:6])) for row in rows]
