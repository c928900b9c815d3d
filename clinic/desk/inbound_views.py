"""Text messages that came in and that a person has to read."""

from __future__ import annotations

from flask import Response, request, url_for

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import FRONT_DESK, allow
from clinic.core.db import unit_of_work
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, go_to, page, read_id, say
from clinic.desk.inbound_reading import inbound_for_change, listed
from clinic.desk.inbox_views import inbox_bp


@inbox_bp.get("/messages/inbound")
@allow(*FRONT_DESK)
def inbound() -> Response:
    """What waits to be read, or with ``all=1`` everything, the newest first."""
    actor = current_actor()
    everything = request.args.get("all") == "1"
    found = listed(actor, everything=everything, before=read_id(request.args.get("before")))
    audit.read(
        actor,
        "inbound.listed",
        subject_type="inbound_message",
        detail={"ids": [line.message.id for line in found.lines]},
    )
    return page("desk/inbound.html", lines=found.lines, everything=everything, before=found.before)


@inbox_bp.post("/messages/inbound/<id:inbound_id>/done")
@allow(*FRONT_DESK)
def inbound_done(inbound_id: int) -> Response:
    """Somebody here has read it and done what it asks."""
    actor = current_actor()
    with unit_of_work():
        row = inbound_for_change(actor, inbound_id)
        if row.done_at is None:
            row.done_at, row.done_by = clock.now(), actor.user_id
        audit.record(actor, "inbound.done", subject_type="inbound_message", subject_id=row.id)
    say(_("Marked as done."))
    return go_to(url_for("inbox.inbound"))
