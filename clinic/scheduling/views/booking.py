"""Booking: one form for patient, service and time, in the panel or on a page of its own.

Every button posts the whole form, so nothing that was entered is lost and no name stands in an address.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Response, make_response, render_template, request, url_for

from clinic.core import clock
from clinic.core.access import Actor, allow
from clinic.core.db import unit_of_work
from clinic.core.errors import DomainError
from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_moment
from clinic.core.text import one_line
from clinic.core.uploads import takes_files
from clinic.core.web import asked_from, current_actor, go_to, is_fragment, read_id, say
from clinic.facilities.models import Facility
from clinic.patients import service as patients_service
from clinic.patients.details import PatientDetails
from clinic.patients.models import Patient
from clinic.patients.queries import get_patient, quick_search
from clinic.records import choosing
from clinic.records.service.pending import kept
from clinic.records.uploads import MOST_BYTES, MOST_ON_A_BOOKING, TAKEN_ON_A_BOOKING
from clinic.records.views.blueprint import sent_files
from clinic.records.wording import BOOKING_KINDS
from clinic.scheduling import policy, queries, service
from clinic.scheduling.models import Appointment, Service
from clinic.scheduling.queries.performers import can_be_overbooked
from clinic.scheduling.service import Booking, OutsideRules, SlotTaken, holding
from clinic.scheduling.slots import Slot
from clinic.scheduling.views import drafts, times, walk_ins
from clinic.scheduling.views.blueprint import STAFF_ROLES, bp, here
from clinic.scheduling.views.drafts import Draft
from clinic.scheduling.views.reading import read_day, slot_value


@bp.route("/appointments/new", methods=["GET", "POST"])
@allow(*STAFF_ROLES)
@takes_files(MOST_ON_A_BOOKING * MOST_BYTES)
def new() -> Response:
    """Book a visit: find or add the patient, choose service and time."""
    actor = current_actor()
    facility = here(actor)
    if request.method == "GET":
        return _show(actor, facility, drafts.from_address(facility))
    draft = drafts.from_form(facility)
    _choose_papers(actor, draft)
    if draft.papers_refused or request.form.get("drop_paper"):
        return _show(actor, here(actor), draft, status=422 if draft.papers_refused else 200)
    match request.form.get("action", ""):
        case "book" | "overbook":
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
    return _keep(actor, facility, draft)


@bp.post("/appointments/new/let-go")
@allow(*STAFF_ROLES)
def let_go() -> Response:
    """Give back the place that a form kept, as its panel is closed."""
    with unit_of_work():
        holding.let_go(current_actor(), one_line(request.form.get("submission_key", ""))[:64])
    return make_response("", 204)


@bp.post("/appointments/new/patients")
@allow(*STAFF_ROLES)
def find_patients() -> Response:
    """Patients whose name or mobile begins with what is typed."""
    term = one_line(request.form.get("term", ""))[:100]
    found = quick_search(current_actor(), term, limit=6)
    return make_response(render_template("scheduling/_found.html", found=found, term=term))


def _choose_papers(actor: Actor, draft: Draft) -> None:
    """Keep the files that the form brought along, or take one of them away."""
    sent = sent_files("paper_files")
    if sent:
        draft.papers_refused = choosing.choose(actor, draft.submission_key, sent, draft.papers_kind)
        draft.papers = True
    if dropped := read_id(request.form.get("drop_paper")):
        choosing.let_go(actor, draft.submission_key, dropped)


def _register(actor: Actor, facility: Facility, draft: Draft) -> Response:
    try:
        with unit_of_work():
            details = PatientDetails(name=draft.new_name, mobile=draft.new_mobile, facility_id=facility.id)
            patient = patients_service.register(
                actor, details, submission_key=f"{draft.submission_key}-patient", welcome=draft.tell
            )
            draft.patient_id, draft.adding = patient.id, False
    except DomainError as error:
        draft.errors["new_mobile" if error.field == "mobile" else "new_name"] = error.message
        return _show(actor, facility, draft, status=error.status)
    return _show(actor, facility, draft)


def _book(actor: Actor, facility: Facility, draft: Draft) -> Response:
    wanted = _wanted(actor, facility, draft)
    if draft.overbook and draft.walk_in and draft.practitioner_id is not None:
        wanted = draft.practitioner_id, walk_ins.now_at()
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
        overbook=draft.overbook,
        hold=holding.form_purpose(actor, draft.submission_key) if draft.held else None,
        via="walk_in" if draft.walk_in else "desk",
        submission_key=draft.submission_key,
        tell=draft.tell and not draft.walk_in,
        papers_key=draft.submission_key if draft.papers else None,
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
        if draft.overbook:
            draft.needs_reason = False
            taken_anyway = SlotTaken(error.message)
            return _show(actor, here(actor), draft, status=error.status, taken=taken_anyway, wanted=wanted)
        draft.errors[name] = error.message
        draft.slot = slot_value(practitioner_id, starts)
        return _show(actor, here(actor), draft, status=error.status)
    return _booked(appointment, zone, draft)


def _wanted(actor: Actor, facility: Facility, draft: Draft) -> tuple[int, datetime] | None:
    """The place that was chosen: for somebody who walked in, the first that the practitioner has."""
    if not draft.walk_in:
        return draft.wanted(facility)
    if draft.practitioner_id is None:
        return None
    if draft.waits is None and draft.service_id is not None:
        draft.waits = _waits(actor, facility, draft)
    return draft.practitioner_id, (draft.waits or {}).get(draft.practitioner_id, walk_ins.now_at())


def _waits(actor: Actor, facility: Facility, draft: Draft) -> dict[int, datetime]:
    chosen = queries.get_service(facility.id, draft.service_id or 0)
    return walk_ins.next_free(
        facility,
        chosen,
        patient_id=draft.patient_id,
        ignore_hold=holding.form_purpose(actor, draft.submission_key),
    )


def _keep(actor: Actor, facility: Facility, draft: Draft) -> Response:
    """Show the form again, and keep the place it has chosen for as long as a form takes."""
    wanted = _wanted(actor, facility, draft)
    if draft.walk_in or wanted is None or draft.service_id is None:
        if draft.held:
            draft.held = ""
            with unit_of_work():
                holding.let_go(actor, draft.submission_key)
        return _show(actor, facility, draft)
    if draft.held == draft.place and holding.kept_until(actor, draft.submission_key) is not None:
        return _show(actor, facility, draft)
    try:
        is_kept = service.settled(lambda: _hold(actor, draft, wanted))
    except SlotTaken as taken:
        draft.held = ""
        return _show(actor, here(actor), draft, status=409, taken=taken, wanted=wanted)
    except DomainError:
        is_kept = False
    draft.held = draft.place if is_kept else ""
    return _show(actor, here(actor), draft)


def _hold(actor: Actor, draft: Draft, wanted: tuple[int, datetime]) -> bool:
    facility = here(actor)
    chosen = queries.get_service(facility.id, draft.service_id or 0)
    patient = _patient(actor, draft)
    place = holding.Place(
        facility=facility,
        service=chosen,
        practitioner_id=wanted[0],
        starts=wanted[1],
        online=chosen.online and (draft.online or not chosen.in_person),
        patient_sex=patient.sex if patient else None,
    )
    try:
        return holding.keep_for_form(actor, place, draft.submission_key) is not None
    except SlotTaken as taken:
        taken.alternatives = service.alternatives(
            facility,
            chosen,
            practitioner_id=wanted[0],
            starts=wanted[1],
            patient_id=draft.patient_id,
            online=draft.online,
        )
        raise


def _take_in(actor: Actor, booking: Booking, *, walk_in: bool) -> Appointment:
    appointment = service.book(actor, booking)
    if walk_in and appointment.status == "confirmed":
        service.arrive(actor, appointment)
    return appointment


def _booked(appointment: Appointment, zone: str, draft: Draft) -> Response:
    said = _("Booked: %(when)s", when=show_moment(appointment.starts, zone))
    if appointment.token is not None:
        said = walk_ins.said(appointment, zone)
    on_its_own_page = asked_from().path == url_for("scheduling.new")
    if is_fragment() and not on_its_own_page:
        answer = make_response("", 200)
        answer.headers["HX-Reswap"] = "none"
        answer.headers["HX-Trigger"] = json.dumps(
            {"sutra:close": {}, "sutra:schedule": {}, "sutra:toast": {"message": said, "kind": "good"}}
        )
        return answer
    say(said)
    return go_to(draft.after or url_for("scheduling.show", reference=appointment.reference))


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
    chosen = wanted or _wanted(actor, facility, draft)
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
        "may_overbook": taken is not None
        and wanted is not None
        and policy.can_overbook(actor, facility.id)
        and can_be_overbooked(facility.id, wanted[0]),
        "taken_slot": slot_value(*wanted) if taken is not None and wanted is not None else "",
        "kept_until": holding.kept_until(actor, draft.submission_key) if draft.held else None,
        "papers": kept(actor, draft.submission_key) if draft.papers else [],
        "papers_refused": draft.papers_refused,
        "papers_kind": draft.papers_kind,
        "paper_kinds": BOOKING_KINDS,
        "papers_accept": TAKEN_ON_A_BOOKING,
        "most_papers": MOST_ON_A_BOOKING,
        "waits": {
            person: walk_ins.wait_words(starts, facility.zone)
            for person, starts in (draft.waits or {}).items()
        },
    }
    template = "scheduling/_book.html" if is_fragment() else "scheduling/new.html"
    return make_response(render_template(template, **values), status)


def _load(actor: Actor, facility: Facility, draft: Draft) -> _View:
    patient = _patient(actor, draft)
    offered = queries.services(facility.id)
    chosen = next((one for one in offered if one.id == draft.service_id), None)
    if chosen is not None:
        draft.online = chosen.online and (draft.online or not chosen.in_person)
    people = queries.practitioners(facility.id, chosen.id if chosen else None)
    if draft.practitioner_id not in dict(people):
        draft.practitioner_id = None
    rows: list[times.DayRow] = []
    if chosen is not None and draft.walk_in and draft.waits is None:
        draft.waits = _waits(actor, facility, draft)
    if draft.waits:
        people = walk_ins.soonest_first(people, draft.waits)
    if chosen is not None and not draft.walk_in:
        assert draft.from_day is not None
        slots: list[Slot] = queries.free_slots(
            facility,
            chosen,
            draft.from_day,
            draft.from_day + timedelta(days=times.SHOWN_DAYS - 1),
            [draft.practitioner_id] if draft.practitioner_id else None,
            patient_id=draft.patient_id,
            ignore_hold=holding.form_purpose(actor, draft.submission_key),
            online=draft.online,
        )
        all_of = read_day(draft.all_of, facility.zone) if draft.all_of else None
        rows = times.rows_of(
            facility,
            slots,
            draft.from_day,
            named=draft.practitioner_id is None,
            all_of=all_of,
            chosen=draft.wanted(facility),
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
