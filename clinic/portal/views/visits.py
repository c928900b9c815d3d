"""Visits: all of them, one of them, and what the patient can do with it."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, request, url_for

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Role, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError
from clinic.core.i18n import gettext as _
from clinic.core.i18n import locale_tag
from clinic.core.paging import read_page
from clinic.core.web import current_actor, go_to, page, say
from clinic.portal import service
from clinic.portal.forms import CancelForm
from clinic.portal.queries import can_still_change, said_coming, visits_page
from clinic.portal.views.blueprint import bp
from clinic.portal.views.household import household
from clinic.scheduling import ical
from clinic.scheduling.meeting import meeting_of
from clinic.scheduling.models import Appointment
from clinic.scheduling.queries import get_appointment
from clinic.scheduling.queries.waitlist import waits_of
from clinic.scheduling.reasons import read_code


@bp.get("/visits")
@allow(Role.PATIENT)
def visits() -> Response:
    """The chosen member's visits, the latest first."""
    family = household()
    found = visits_page(family.chosen.id, read_page(request.args.get("page")))
    audit.read(
        current_actor(),
        "appointment.listed",
        subject_type="appointment",
        patient_id=family.chosen.id,
        facility_id=family.chosen.facility_id,
        detail={"ids": [visit.id for visit in found.items], "page": found.number},
    )
    waits = waits_of(family.chosen.id)
    return page("portal/visits.html", family=family, visits=found, waits=waits, now=clock.now())


@bp.get("/visits/<reference>")
@allow(Role.PATIENT)
def visit(reference: str) -> Response:
    """One visit."""
    return _show(_own(reference), "portal/visit.html")


@bp.get("/visits/<reference>/booked")
@allow(Role.PATIENT)
def booked(reference: str) -> Response:
    """A visit just booked or moved: what was asked for, and what happens next."""
    return _show(_own(reference), "portal/booked.html")


@bp.get("/visits/<reference>/visit.ics")
@allow(Role.PATIENT)
def calendar_file(reference: str) -> Response:
    """The visit as a file for the calendar of this device."""
    row = _own(reference)
    answer = make_response(ical.of_patient(row, locale=locale_tag()))
    answer.headers["Content-Type"] = f"{ical.CONTENT_TYPE}; charset=utf-8"
    answer.headers["Content-Disposition"] = f'attachment; filename="{ical.FILE_NAME}"'
    return answer


@bp.route("/visits/<reference>/cancel", methods=["GET", "POST"])
@allow(Role.PATIENT)
def cancel(reference: str) -> Response:
    """Ask once more, then cancel."""
    row = _own(reference)
    form = CancelForm()
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        try:
            with unit_of_work():
                service.cancel(
                    current_actor(), row, reason=form.reason.data or None, code=read_code(form.code.data)
                )
        except DomainError as error:
            form.refuse(error)
            status = error.status
        else:
            say(_("Your visit is cancelled."))
            return go_to(url_for("portal.home"))
    return _show(row, "portal/cancel.html", status, form=form)


@bp.post("/visits/<reference>/coming")
@allow(Role.PATIENT)
def coming(reference: str) -> Response:
    """Say that the patient will come."""
    row = _own(reference)
    with unit_of_work():
        service.say_coming(current_actor(), row)
    say(_("Thank you. The clinic knows that you are coming."))
    return go_to(url_for("portal.home"))


def _own(reference: str) -> Appointment:
    """A visit of the household. Raises NotFound for anybody else's."""
    row = get_appointment(current_actor(), reference)
    household().member(row.patient_id)
    return row


def _show(row: Appointment, template: str, status: int = 200, **more: Any) -> Response:
    family = household()
    patient = family.member(row.patient_id)
    changeable = can_still_change(row)
    coming = said_coming(row)
    audit.read(
        current_actor(),
        "appointment.viewed",
        subject_type="appointment",
        subject_id=row.id,
        patient_id=patient.id,
        facility_id=row.facility_id,
    )
    return page(
        template,
        family=family.showing(patient),
        patient=patient,
        visit=row,
        changeable=changeable,
        coming=coming,
        meeting=meeting_of(row, joins=True),
        in_calendar=row.status in ("pending", "confirmed") and row.starts > clock.now(),
        status=status,
        **more,
    )
