"""Booking: one form for patient, service and time, in the panel or on a page of its own.

Every button posts the whole form, so nothing that was entered is lost and no name stands in an address.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from flask import Response, make_response, render_template, request, url_for

from clinic.core import clock
from clinic.core.access import Actor, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError
from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_moment
from clinic.core.text import clean, one_line
from clinic.core.web import current_actor, go_to, is_fragment, safe_next, say
from clinic.facilities.models import Facility
from clinic.patients import service as patients_service
from clinic.patients.details import PatientDetails
from clinic.patients.models import Patient
from clinic.patients.queries import get_patient, quick_search
from clinic.scheduling import policy, queries, service
from clinic.scheduling.models import Appointment, Service
from clinic.scheduling.service import Booking, OutsideRules, SlotTaken
from clinic.scheduling.slots import Slot
from clinic.scheduling.views import times
from clinic.scheduling.views.blueprint import STAFF_ROLES, bp, here
from clinic.scheduling.views.reading import read_day, read_id, read_slot, read_time, slot_value


@dataclass
class Draft:
    """What the booking form holds so far."""

    patient_id: int | None = None
    service_id: int | None = None
    practitioner_id: int | None = None
    from_day: date | None = None
    slot: str = ""
    any_day: str = ""
    any_time: str = ""
    purpose: str = ""
    online: bool = False
    tell: bool = True
    override_reason: str = ""
    walk_in: bool = False
    term: str = ""
    new_name: str = ""
    new_mobile: str = ""
    submission_key: str = ""
    after: str = ""
    all_of: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    needs_reason: bool = False
    adding: bool = False


@bp.route("/appointments/new", methods=["GET", "POST"])
@allow(*STAFF_ROLES)
def new() -> Response:
    """Book a visit: find or add the patient, choose service and time."""
    actor = current_actor()
    facility = here(actor)
    if request.method == "GET":
        return _show(actor, facility, _draft_from_address(facility))
    draft = _draft_from_form(facility)
    match request.form.get("action", ""):
        case "book":
            return _book(actor, facility, draft)
        case "register":
            return _register(actor, facility, draft)
        case "change-patient":
            draft.patient_id = None
        case "later":
            assert draft.from_day is not None
            draft.from_day += timedelta(days=times.SHOWN_DAYS)
        case "earlier":
            assert draft.from_day is not None
            draft.from_day = max(
                clock.today(facility.zone), draft.from_day - timedelta(days=times.SHOWN_DAYS)
            )
        case "change-service":
            draft.service_id = None
        case _:
            pass
    return _show(actor, facility, draft)


@bp.post("/appointments/new/patients")
@allow(*STAFF_ROLES)
def find_patients() -> Response:
    """Patients whose name or mobile begins with what is typed."""
    term = one_line(request.form.get("term", ""))[:100]
    found = quick_search(current_actor(), term, limit=6)
    return make_response(render_template("scheduling/_found.html", found=found, term=term))


def _draft_from_address(facility: Facility) -> Draft:
    draft = Draft(submission_key=str(uuid4()), from_day=read_day(request.args.get("day"), facility.zone))
    draft.patient_id = read_id(request.args.get("patient"))
    draft.service_id = read_id(request.args.get("service"))
    draft.practitioner_id = read_id(request.args.get("practitioner"))
    draft.walk_in = request.args.get("walk_in") == "1"
    wanted = read_time(request.args.get("time"))
    assert draft.from_day is not None
    if wanted is not None and draft.practitioner_id is not None:
        draft.slot = slot_value(draft.practitioner_id, clock.at(draft.from_day, wanted, facility.zone))
    draft.from_day = max(draft.from_day, clock.today(facility.zone))
    draft.after = safe_next(request.args.get("after"), "")
    return draft


def _draft_from_form(facility: Facility) -> Draft:
    form = request.form
    draft = Draft(
        patient_id=read_id(form.get("patient")),
        service_id=read_id(form.get("service")),
        practitioner_id=read_id(form.get("practitioner")),
        from_day=read_day(form.get("from_day"), facility.zone),
        slot=form.get("slot", "")[:40],
        any_day=one_line(form.get("any_day", ""))[:20],
        any_time=one_line(form.get("any_time", ""))[:8],
        purpose=clean(form.get("purpose", "")).strip()[:500],
        online=form.get("mode") == "online",
        tell=bool(form.get("tell")),
        override_reason=one_line(form.get("override_reason", ""))[:300],
        # Somebody who walked in and takes another time has an ordinary visit at that time.
        walk_in=form.get("walk_in") == "1" and not form.get("slot"),
        term=one_line(form.get("term", ""))[:100],
        new_name=one_line(form.get("new_name", ""))[:200],
        new_mobile=one_line(form.get("new_mobile", ""))[:30],
        submission_key=one_line(form.get("submission_key", ""))[:64] or str(uuid4()),
        after=safe_next(form.get("after"), ""),
        all_of=form.get("all_of", "")[:10],
        adding=form.get("action") in ("add", "register"),
    )
    draft.needs_reason = bool(draft.override_reason)
    return draft


def _register(actor: Actor, facility: Facility, draft: Draft) -> Response:
    try:
        with unit_of_work():
            details = PatientDetails(name=draft.new_name, mobile=draft.new_mobile, facility_id=facility.id)
            patient = patients_service.register(
                actor, details, submission_key=f"{draft.submission_key}-patient"
            )
            draft.patient_id, draft.adding = patient.id, False
    except DomainError as error:
        draft.errors["new_mobile" if error.field == "mobile" else "new_name"] = error.message
        return _show(actor, facility, draft, status=error.status)
    return _show(actor, facility, draft)


def _book(actor: Actor, facility: Facility, draft: Draft) -> Response:
    wanted = _wanted(facility, draft)
    if draft.patient_id is None:
        draft.errors["patient"] = _("Choose the patient.")
    if draft.service_id is None:
        draft.errors["service"] = _("Choose the service.")
    if wanted is None:
        draft.errors["slot"] = _("Choose a time.")
    if draft.patient_id is None or draft.service_id is None or wanted is None:
        return _show(actor, facility, draft, status=422)
    practitioner_id, starts = wanted
    booking = Booking(
        patient_id=draft.patient_id,
        practitioner_id=practitioner_id,
        service_id=draft.service_id,
        starts=starts,
        facility_id=facility.id,
        mode="online" if draft.online else "in_person",
        purpose=draft.purpose,
        override_reason=draft.override_reason or None,
        via="walk_in" if draft.walk_in else "desk",
        submission_key=draft.submission_key,
        tell=draft.tell and not draft.walk_in,
    )
    zone = facility.zone
    try:
        appointment = service.settled(lambda: _take_in(actor, booking, walk_in=draft.walk_in))
    except SlotTaken as taken:
        facility = here(actor)
        draft.slot = slot_value(practitioner_id, starts)
        return _show(actor, facility, draft, status=409, taken=taken, wanted=wanted)
    except DomainError as error:
        if isinstance(error, OutsideRules) and error.can_override:
            draft.needs_reason = True
        name = {"patient_id": "patient", "service_id": "service"}.get(error.field or "", "slot")
        draft.errors[name] = error.message
        draft.slot = slot_value(practitioner_id, starts)
        return _show(actor, here(actor), draft, status=error.status)
    return _booked(appointment, zone, draft)


def _take_in(actor: Actor, booking: Booking, *, walk_in: bool) -> Appointment:
    appointment = service.book(actor, booking)
    if walk_in and appointment.status == "confirmed":
        service.arrive(actor, appointment)
    return appointment


def _booked(appointment: Appointment, zone: str, draft: Draft) -> Response:
    said = _("Booked: %(when)s", when=show_moment(appointment.starts, zone))
    on_its_own_page = urlsplit(request.headers.get("HX-Current-URL", "")).path == url_for("scheduling.new")
    if is_fragment() and not on_its_own_page:
        answer = make_response("", 200)
        answer.headers["HX-Reswap"] = "none"
        answer.headers["HX-Trigger"] = json.dumps(
            {"sutra:close": {}, "sutra:schedule": {}, "sutra:toast": {"message": said, "kind": "good"}}
        )
        return answer
    say(said)
    return go_to(draft.after or url_for("scheduling.show", reference=appointment.reference))


def _wanted(facility: Facility, draft: Draft) -> tuple[int, datetime] | None:
    """The place that was chosen: a walk-in's is now, a typed time goes before a chosen one."""
    if draft.walk_in and draft.practitioner_id is not None:
        now = clock.now()
        return draft.practitioner_id, now.replace(minute=now.minute - now.minute % 5, second=0, microsecond=0)
    if draft.slot == "any":
        wall = read_time(draft.any_time)
        if wall is None or draft.practitioner_id is None or not draft.any_day:
            return None
        return draft.practitioner_id, clock.at(read_day(draft.any_day, facility.zone), wall, facility.zone)
    return read_slot(draft.slot)


@dataclass(frozen=True)
class _View:
    """What the form shows beside the draft itself."""

    patient: Patient | None
    service: Service | None
    services: list[Service]
    people: list[tuple[int, str]]
    rows: list[times.DayRow]


def _show(
    actor: Actor,
    facility: Facility,
    draft: Draft,
    *,
    status: int = 200,
    taken: SlotTaken | None = None,
    wanted: tuple[int, datetime] | None = None,
) -> Response:
    view = _load(actor, facility, draft)
    names = dict(view.people)
    chosen = wanted or _wanted(facility, draft)
    alternatives: list[times.Choice] = []
    if taken is not None and wanted is not None:
        alternatives = times.alternatives_of(
            facility, taken.alternatives, practitioner_id=wanted[0], wanted=wanted[1]
        )
    values: dict[str, Any] = {
        "draft": draft,
        "view": view,
        "facility": facility,
        "found": quick_search(actor, "" if view.patient else draft.term, limit=6),
        "chosen": chosen,
        "chosen_name": names.get(chosen[0]) if chosen else None,
        "chosen_says": times.spoken(facility, chosen[1]) if chosen else None,
        "chosen_ends": chosen[1] + timedelta(minutes=view.service.minutes)
        if chosen and view.service
        else None,
        "chosen_value": slot_value(*chosen) if chosen else "",
        "offered": {choice.value for row in view.rows for choice in row.choices},
        "taken": taken,
        "alternatives": alternatives,
        "may_override": policy.can_override(actor, facility.id),
    }
    template = "scheduling/_book.html" if is_fragment() else "scheduling/new.html"
    return make_response(render_template(template, **values), status)


def _ends(starts: datetime, service: Service | None) -> datetime | None:
    return starts + timedelta(minutes=service.minutes) if service else None


def _load(actor: Actor, facility: Facility, draft: Draft) -> _View:
    patient = _patient(actor, draft)
    offered = queries.services(facility.id)
    chosen = next((one for one in offered if one.id == draft.service_id), None)
    people = queries.practitioners(facility.id, chosen.id if chosen else None)
    if draft.practitioner_id not in dict(people):
        draft.practitioner_id = None
    rows: list[times.DayRow] = []
    if chosen is not None and not draft.walk_in:
        assert draft.from_day is not None
        slots: list[Slot] = queries.free_slots(
            facility,
            chosen,
            draft.from_day,
            draft.from_day + timedelta(days=times.SHOWN_DAYS - 1),
            [draft.practitioner_id] if draft.practitioner_id else None,
            patient_id=draft.patient_id,
            online=draft.online,
        )
        all_of = read_day(draft.all_of, facility.zone) if draft.all_of else None
        rows = times.rows_of(
            facility,
            slots,
            draft.from_day,
            named=draft.practitioner_id is None,
            all_of=all_of,
            chosen=_wanted(facility, draft),
        )
    return _View(patient, chosen, offered, people, rows)


def _patient(actor: Actor, draft: Draft) -> Patient | None:
    if draft.patient_id is None:
        return None
    try:
        return get_patient(actor, draft.patient_id)
    except DomainError as error:
        draft.errors["patient"] = error.message
        draft.patient_id = None
        return None
