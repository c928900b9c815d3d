"""Messages in a patient's timeline: what they were told, which way, what became of it; never the words."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, select

from clinic.core.access import Actor
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.desk.messages_told import label_of
from clinic.notifications.models import Message
from clinic.notifications.wording import in_words
from clinic.patients.timeline import Happened, Line, TimelineSource, register_source


def connect() -> None:
    """Let the timeline tell messages. Those that wait stand under Messages: among everything they would
    crowd out the visits they are about.
    """
    register_source(
        TimelineSource(
            kind="message",
            label=_l("Messages"),
            icon="message-square",
            order=70,
            select=_select,
            show=_show,
            ahead=False,
        )
    )


def _select(_actor: Actor, patient_id: int) -> Select[Any] | None:
    """Those to the patient: what practitioners and the clinic were told is no part of it."""
    facts = func.jsonb_build_object(
        "kind", Message.kind, "channel", Message.channel, "status", Message.status, "why", Message.why
    )
    return select(Message.send_at.label("at"), Message.id.label("id"), facts.label("facts")).where(
        Message.patient_id == patient_id, Message.recipient_type == "patient"
    )


def _show(entry: Happened, _zone: str) -> Line:
    facts = entry.facts
    ways = {
        "sms": _("By text message"),
        "email": _("By e-mail"),
        "push": _("As a notice on the phone"),
        "in_app": _("In the inbox here"),
    }
    why = in_words(facts["why"])
    return Line(
        title=label_of(facts["kind"]),
        text=". ".join(part for part in (ways.get(facts["channel"], ""), why) if part),
        state=facts["status"],
        icon="message-square",
    )
