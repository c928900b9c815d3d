"""Changing where an online visit meets."""

from __future__ import annotations

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden
from clinic.core.i18n import gettext as _
from clinic.core.links import read_https
from clinic.scheduling import policy
from clinic.scheduling.meeting import MAY_GET_A_LINK
from clinic.scheduling.models import Appointment
from clinic.scheduling.service import events

EVENT = "meeting_changed"


def set_meeting(actor: Actor, visit: Appointment, text: str) -> None:
    """Let a visit meet at a link that was typed; with an empty text again where the clinic's visits meet.

    Raises Forbidden, Invalid for what is no https link, Conflict for a visit that is not online or over.
    """
    if not policy.can_move(actor, visit) or actor.is_patient:
        raise Forbidden(_("You may not change this visit."))
    if visit.mode != "online":
        raise Conflict(_("This visit takes place at the clinic."))
    if visit.status not in MAY_GET_A_LINK:
        raise Conflict(_("This visit does not take place any more."))
    link = read_https(text, field="meeting_url") if text.strip() else None
    if link == visit.meeting_url:
        return
    visit.meeting_url = link
    db.session.flush()
    events.write(actor, visit, EVENT)
    db.session.flush()
