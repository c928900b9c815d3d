"""Keeping the time a patient has chosen while they fill in the rest."""

from __future__ import annotations

from flask import Response, jsonify, request

from clinic.core import clock
from clinic.core.access import Role, allow
from clinic.core.errors import DomainError
from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_time
from clinic.core.text import one_line
from clinic.core.web import current_actor, read_id
from clinic.portal import days
from clinic.portal.views.blueprint import bp, clinic
from clinic.portal.views.household import household
from clinic.scheduling.errors import OutsideRules, SlotTaken
from clinic.scheduling.models import Hold
from clinic.scheduling.queries import free_slots, get_service
from clinic.scheduling.service import earliest_for_patients, last_day_for_patients, settled
from clinic.scheduling.service.holding import Place, form_purpose, keep_for_form


@bp.post("/book/<id:service_id>/keep")
@allow(Role.PATIENT)
def keep_time(service_id: int) -> Response:
    """Keep the chosen time for some minutes; what to say about it, as JSON: ``{"says": "Kept for you …"}``.

    409 with a sentence where the time has gone meanwhile.
    """
    try:
        kept = settled(lambda: _keep(service_id))
    except DomainError as error:
        answer = jsonify(says=error.message)
        answer.status_code = error.status
        return answer
    until = show_time(kept.expires_at, clinic().zone) if kept is not None else ""
    return jsonify(says=_("Kept for you until %(time)s", time=until) if until else "")


def _keep(service_id: int) -> Hold | None:
    facility = clinic()
    wanted = get_service(facility.id, service_id)
    chosen = days.read_value(request.form.get("slot"))
    key = one_line(request.form.get("submission_key", ""))[:64]
    if not (wanted.active and wanted.online_booking and key) or chosen is None:
        raise OutsideRules(_("Choose one of these times."))
    starts, practitioner_id = chosen
    last = last_day_for_patients(facility, wanted)
    if starts < earliest_for_patients(wanted) or starts.astimezone(clock.zone(facility.zone)).date() > last:
        raise OutsideRules(_("Choose one of these times."))
    place = Place(
        facility=facility,
        service=wanted,
        practitioner_id=practitioner_id,
        starts=starts,
        online=wanted.online and (not wanted.in_person or request.form.get("mode") == "online"),
        patient_sex=household().member(read_id(request.form.get("patient")) or 0).sex,
    )
    if not _is_offered(place, key):
        raise SlotTaken
    return keep_for_form(current_actor(), place, key)


def _is_offered(place: Place, key: str) -> bool:
    """Whether the place is one that a patient is shown: nothing else is kept for them."""
    day = place.starts.astimezone(clock.zone(place.facility.zone)).date()
    offered = free_slots(
        place.facility,
        place.service,
        day,
        day,
        [place.practitioner_id],
        ignore_hold=form_purpose(current_actor(), key),
        online=place.online,
        new_sessions=False,
    )
    return any(slot.starts == place.starts for slot in offered)
