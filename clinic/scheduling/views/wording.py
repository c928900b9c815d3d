"""What happened to a visit and what is to follow, in words."""

from __future__ import annotations

from datetime import date

from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_date
from clinic.scheduling import reasons
from clinic.scheduling.models import AppointmentEvent, FollowUp
from clinic.scheduling.service.visit_links import BY_LINK, BY_TEXT
from clinic.scheduling.views.blueprint import bp


@bp.app_template_filter("follow_up_words")
def follow_up_words(kind: str | None, on: date | None = None) -> str:
    """A follow-up in words that go after "Follow-up": empty where nothing was said."""
    match kind:
        case FollowUp.NONE:
            return _("not needed")
        case FollowUp.AS_NEEDED:
            return _("as needed")
        case FollowUp.ON if on is not None:
            return show_date(on)
    return ""


@bp.app_template_filter("ended_words")
def ended_words(code: str | None, more: str | None = None) -> str:
    """Why a visit ended, in words: the reason that was chosen, and what was written beside it."""
    return reasons.in_words(code, more) or more or ""


@bp.app_template_filter("event_actor")
def event_actor(event: AppointmentEvent) -> str:
    """Who did it; whoever came by a link has no name."""
    if event.actor_id is None and event.actor_name == BY_TEXT:
        return _("by text message")
    return _("by link") if event.actor_name == BY_LINK and event.actor_id is None else event.actor_name


@bp.app_template_filter("event_reason")
def event_reason(event: AppointmentEvent) -> str:
    """Why it happened, in words; for a follow-up, what was said."""
    if event.kind != "follow_up":
        return reasons.in_words(event.code, event.reason) if event.code else event.reason or ""
    if event.code in (FollowUp.NONE, FollowUp.AS_NEEDED):
        return follow_up_words(event.code)
    return follow_up_words(FollowUp.ON, date.fromisoformat(event.code or ""))
