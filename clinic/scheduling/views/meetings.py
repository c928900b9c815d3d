"""Where an online visit meets, as the panel of a visit shows and changes it."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, render_template, request, url_for

from clinic.core.access import Actor, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.text import clean
from clinic.core.web import current_actor, go_to, is_fragment, say
from clinic.scheduling import policy, queries
from clinic.scheduling.meeting import MAY_GET_A_LINK, meeting_of
from clinic.scheduling.models import Appointment
from clinic.scheduling.service.meetings import set_meeting
from clinic.scheduling.views.blueprint import STAFF_ROLES, bp


@bp.post("/appointments/<reference>/meeting")
@allow(*STAFF_ROLES)
def change_meeting(reference: str) -> Response:
    """Enter, change or take away the link of an online visit; afterwards its place in the panel."""
    actor = current_actor()
    visit = queries.get_appointment(actor, reference)
    typed = clean(request.form.get("meeting_url", ""))[:2000]
    problem = None
    try:
        with unit_of_work():
            set_meeting(actor, visit, typed)
    except NotFound:
        raise
    except DomainError as error:
        problem = error
        visit = queries.get_appointment(actor, reference)
    if not is_fragment():
        say(problem.message if problem else _("Saved."), "danger" if problem else "good")
        return go_to(url_for("scheduling.show", reference=visit.reference))
    values = meeting_values(actor, visit) | {"meeting_refused": problem, "meeting_typed": typed}
    html = render_template("scheduling/_meeting.html", appointment=visit, zone=visit.facility.zone, **values)
    return make_response(html, problem.status if problem else 200)


def meeting_values(actor: Actor, visit: Appointment) -> dict[str, Any]:
    """What the panel of a visit shows of its meeting."""
    return {
        "meeting": meeting_of(visit, joins=policy.is_own_practitioner(actor, visit)),
        "joins_meeting": policy.is_own_practitioner(actor, visit),
        "can_set_meeting": visit.mode == "online"
        and visit.status in MAY_GET_A_LINK
        and not actor.is_patient
        and policy.can_move(actor, visit),
    }
