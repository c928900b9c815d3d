"""What is to follow a visit, in words and out of forms."""

from __future__ import annotations

from typing import Any

from flask import request

from clinic.core.access import Actor
from clinic.core.i18n import gettext as _
from clinic.core.i18n import ngettext
from clinic.core.text import one_line
from clinic.scheduling import policy
from clinic.scheduling.models import Appointment, FollowUp
from clinic.scheduling.service.follow_up import WEEKS, read_choice, set_follow_up
from clinic.scheduling.views.blueprint import local_day
from clinic.scheduling.views.wording import follow_up_words


def said_of_follow_up(actor: Actor, appointment: Appointment, version: int | None = None) -> None:
    """Keep what the form says of a follow-up, within the caller's unit of work; nothing where it says
    nothing.
    """
    chosen = read_choice(
        request.form.get("follow_up", ""),
        one_line(request.form.get("follow_up_on", ""))[:10],
        local_day(appointment.starts, appointment.facility.zone),
    )
    if chosen is not None:
        set_follow_up(actor, appointment, *chosen, expected_version=version)


def follow_up_values(actor: Actor, appointment: Appointment) -> dict[str, Any]:
    """What the page of a visit shows of its follow-up."""
    return {
        "follow_up_choices": follow_up_choices(),
        "can_follow_up": appointment.status == "completed" and policy.can_follow_up(actor, appointment),
        "follow_up_words": follow_up_words(appointment.follow_up, appointment.follow_up_on),
    }


def follow_up_choices() -> list[tuple[str, str]]:
    """Value and words of what can be chosen."""
    weeks = [(f"{number}w", ngettext("In %(num)s week", "In %(num)s weeks", number)) for number in WEEKS]
    return [
        (FollowUp.NONE.value, _("No follow-up")),
        *weeks,
        (FollowUp.ON.value, _("On a day")),
        (FollowUp.AS_NEEDED.value, _("As needed")),
    ]
