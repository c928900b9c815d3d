"""The messages of one visit: what was told, what goes next, what was not planned and why."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for

from clinic.audit import service as audit
from clinic.core.access import Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.web import current_actor, go_to, is_fragment, page, say
from clinic.desk.visit_ledger import Ledger, ledger_of
from clinic.notifications import queries as messages
from clinic.notifications import service as notifications
from clinic.notifications.queries import may_retry
from clinic.notifications.wording import in_words
from clinic.scheduling import queries
from clinic.scheduling.models import Appointment
from clinic.scheduling.patient_messages import SUBJECT

bp = Blueprint("visit_messages", __name__)
STAFF_OF_VISITS = (Role.RECEPTIONIST, Role.FACILITY_ADMIN, Role.PRACTITIONER, Role.THERAPIST)
DESK = (Role.RECEPTIONIST, Role.FACILITY_ADMIN)


@bp.get("/appointments/<reference>/messages")
@allow(*STAFF_OF_VISITS)
def show(reference: str) -> Response:
    """A visit's messages as a page, or in the visit's panel."""
    actor = current_actor()
    visit = queries.get_appointment(actor, reference)
    ledger = ledger_of(actor, visit, queries.history(visit))
    audit.read(
        actor,
        "appointment.messages_viewed",
        subject_type="appointment",
        subject_id=visit.id,
        patient_id=visit.patient_id,
        facility_id=visit.facility_id,
    )
    return _shown(reference, visit, ledger)


def _shown(
    reference: str, visit: Appointment, ledger: Ledger, problem: DomainError | None = None
) -> Response:
    actor = current_actor()
    return page(
        "desk/visit_messages.html",
        "desk/_visit_messages.html",
        visit=visit,
        reference=reference,
        ledger=ledger,
        in_words=in_words,
        may_change=actor.has(*DESK, at=visit.facility_id),
        may_retry=may_retry,
        problem=problem.message if problem else None,
        status=problem.status if problem else 200,
    )


@bp.post("/appointments/<reference>/messages/<id:message_id>")
@allow(*DESK)
def change(reference: str, message_id: int) -> Response:
    """Stop a message that waits, or send one again that did not arrive; the ledger as it then stands."""
    actor = current_actor()
    visit = queries.get_appointment(actor, reference)
    message = messages.get_message(actor, message_id)
    if (message.subject_type, message.subject_id) != (SUBJECT, visit.id):
        raise NotFound(_("There is no such message."))
    stops = request.form.get("do") == "stop"
    problem = None
    try:
        with unit_of_work():
            if stops:
                notifications.stop(message)
            else:
                although = request.form.get("although_unknown") == "yes"
                notifications.send_again(message, although_unknown=although)
            audit.record(
                actor,
                "message.stopped" if stops else "message.sent_again",
                subject_type="message",
                subject_id=message.id,
                patient_id=message.patient_id,
                facility_id=message.facility_id,
            )
    except DomainError as error:
        problem = error
    if not is_fragment():
        done = _("The message will not go out.") if stops else _("The message is on its way.")
        say(problem.message if problem else done, "danger" if problem else "good")
        return go_to(url_for("visit_messages.show", reference=reference))
    visit = queries.get_appointment(actor, reference)
    return _shown(reference, visit, ledger_of(actor, visit, queries.history(visit)), problem)
