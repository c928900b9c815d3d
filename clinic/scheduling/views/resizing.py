"""Changing the length of a visit, and undoing it within the minute."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, make_response, render_template, request, url_for

from clinic.audit import service as audit
from clinic.core.access import allow
from clinic.core.errors import DomainError, Forbidden, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.i18n import ngettext, show_time
from clinic.core.text import one_line
from clinic.core.web import current_actor, go_to, is_fragment, say
from clinic.scheduling import policy, queries
from clinic.scheduling.models import Appointment
from clinic.scheduling.service import OutsideRules, settled
from clinic.scheduling.service.resize import resize, undo_resize
from clinic.scheduling.views.blueprint import STAFF_ROLES, bp
from clinic.scheduling.views.reading import read_id


@bp.route("/appointments/<reference>/length", methods=["GET", "POST"])
@allow(*STAFF_ROLES)
def length(reference: str) -> Response:
    """Choose how long a visit lasts."""
    actor = current_actor()
    appointment = queries.get_appointment(actor, reference)
    if not policy.can_move(actor, appointment):
        raise Forbidden(_("You may not change this visit."))
    form: dict[str, Any] = {
        "minutes": appointment.minutes,
        "version": appointment.version,
        "override_reason": "",
    }
    if request.method == "GET":
        answer = _show(appointment, form)
        audit.read(
            actor,
            "appointment.viewed",
            subject_type="appointment",
            subject_id=appointment.id,
            patient_id=appointment.patient_id,
            facility_id=appointment.facility_id,
            detail={"page": "length"},
        )
        return answer
    form["minutes"] = read_id(request.form.get("minutes")) or 0
    form["version"] = read_id(request.form.get("version"))
    form["override_reason"] = one_line(request.form.get("override_reason", ""))[:300]
    try:
        settled(
            lambda: resize(
                actor,
                queries.get_appointment(actor, reference),
                form["minutes"],
                override_reason=form["override_reason"] or None,
                expected_version=form["version"],
            )
        )
    except NotFound:
        raise
    except DomainError as error:
        form["error"] = error.message
        form["needs_reason"] = isinstance(error, OutsideRules) and error.can_override
        return _show(queries.get_appointment(actor, reference), form, status=error.status)
    appointment = queries.get_appointment(actor, reference)
    says = ngettext("%(num)s minute", "%(num)s minutes", form["minutes"])
    until = show_time(appointment.ends, appointment.facility.zone)
    if not is_fragment():
        say(_("It now lasts %(length)s, until %(time)s.", length=says, time=until))
        return go_to(url_for("scheduling.show", reference=reference))
    html = render_template("scheduling/_resized.html", appointment=appointment, says=says, until=until)
    answer = make_response(html, 200)
    answer.headers["HX-Retarget"] = "#toast-polite"
    answer.headers["HX-Reswap"] = "beforeend"
    answer.headers["HX-Trigger"] = json.dumps({"sutra:close": {}, "sutra:schedule": {}})
    return answer


@bp.post("/appointments/<reference>/length/undo")
@allow(*STAFF_ROLES)
def undo_length(reference: str) -> Response:
    """Give a visit the length it had a minute ago."""
    actor = current_actor()
    words, kind = _("As long as before."), "good"
    try:
        settled(lambda: undo_resize(actor, queries.get_appointment(actor, reference)))
    except NotFound:
        raise
    except DomainError as error:
        words, kind = error.message, "danger"
    if not is_fragment():
        say(words, kind)
        return go_to(url_for("scheduling.show", reference=reference))
    answer = make_response("", 200)
    answer.headers["HX-Reswap"] = "delete"
    answer.headers["HX-Trigger"] = json.dumps(
        {"sutra:schedule": {}, "sutra:toast": {"message": words, "kind": kind}}
    )
    return answer


def _show(appointment: Appointment, form: dict[str, Any], *, status: int = 200) -> Response:
    template = "scheduling/_length.html" if is_fragment() else "scheduling/length.html"
    html = render_template(template, appointment=appointment, zone=appointment.facility.zone, form=form)
    return make_response(html, status)
