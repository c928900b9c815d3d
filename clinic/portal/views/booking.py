"""Booking: what for, and when. Moving a visit is the second half of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from flask import Response, abort, request, url_for

from clinic.core import clock
from clinic.core.access import Role, allow
from clinic.core.errors import DomainError
from clinic.core.i18n import gettext as _
from clinic.core.text import one_line
from clinic.core.uploads import takes_files
from clinic.core.web import current_actor, go_to, page
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.portal import days, service
from clinic.portal.days import DayPart, StripDay
from clinic.portal.forms import BookingForm
from clinic.portal.queries import can_still_change
from clinic.portal.views.blueprint import bp, clinic
from clinic.portal.views.booking_papers import ChosenPapers, chosen_papers
from clinic.portal.views.household import household
from clinic.records.uploads import MOST_BYTES, MOST_ON_A_BOOKING
from clinic.scheduling import service as scheduling
from clinic.scheduling.errors import SlotTaken
from clinic.scheduling.models import Appointment, Service
from clinic.scheduling.queries import Slot, free_slots, get_appointment, get_service, practitioners, services
from clinic.scheduling.service import Booking, earliest_for_patients, last_day_for_patients
from clinic.scheduling.service.holding import form_purpose

ANYBODY = "anybody"
OTHER_SESSIONS = 3


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What is being booked or moved: for whom, what, with whom (None: whoever is free), and whether by video.

    ``hold`` is the purpose under which the form keeps the time it has chosen. ``form_key`` is the form's own
    name where files were chosen in it, so that they stay with it on another day.
    """

    facility: Facility
    patient: Patient
    service: Service
    practitioner_id: int | None = None
    moving: Appointment | None = None
    online: bool = False
    hold: str | None = None
    form_key: str = ""

    @property
    def has_modes(self) -> bool:
        """Whether the patient chooses between coming and a call."""
        return self.moving is None and self.service.in_person and self.service.online

    def url(
        self,
        day: date | None = None,
        practitioner_id: int | None = None,
        *,
        online: bool | None = None,
    ) -> str:
        """The same page for another day, practitioner or mode."""
        by_video = self.has_modes and (self.online if online is None else online)
        asked: dict[str, Any] = {
            "day": day.isoformat() if day else None,
            "with": practitioner_id,
            "mode": "online" if by_video else None,
            "form": self.form_key or None,
        }
        if self.moving is not None and practitioner_id is None:
            asked["with"] = ANYBODY
        if self.moving is not None:
            return url_for("portal.move", reference=self.moving.reference, **asked)
        return url_for("portal.book_time", service_id=self.service.id, **asked)


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What the page shows: a strip of days, the day looked at, its free times."""

    first: date
    last: date
    day: date
    strip: list[StripDay]
    parts: list[DayPart]

    @property
    def earlier(self) -> date | None:
        """A day of the strip before, if there is one."""
        start = self.strip[0].day
        return max(start - timedelta(days=days.STRIP_DAYS), self.first) if start > self.first else None

    @property
    def later(self) -> date | None:
        """The first day of the strip after, if there is one."""
        end = self.strip[-1].day
        return end + timedelta(days=1) if end < self.last else None


@bp.get("/book")
@allow(Role.PATIENT)
def book() -> Response:
    """What can be booked."""
    family = household()
    if family.chosen.deceased:
        return page("portal/not_bookable.html", family=family, patient=family.chosen)
    offered = services(clinic().id, online_only=True)
    return page("portal/services.html", family=family, patient=family.chosen, services=offered)


@bp.route("/book/<id:service_id>", methods=["GET", "POST"])
@allow(Role.PATIENT)
@takes_files(MOST_ON_A_BOOKING * MOST_BYTES)
def book_time(service_id: int) -> Response:
    """When; and the booking itself."""
    family = household()
    wanted = get_service(clinic().id, service_id)
    if not (wanted.active and wanted.online_booking):
        abort(404)
    form = BookingForm()
    typed = form.patient.data or ""
    readable = typed.isascii() and typed.isdigit() and len(typed) < 20
    patient = family.member(int(typed) if readable else 0) if typed else family.chosen
    if patient.deceased:
        return page(
            "portal/not_bookable.html", family=family, patient=patient, status=409 if request.form else 200
        )
    form.patient.data = str(patient.id)
    kept_key = one_line(request.args.get("form", ""))[:64]
    form.submission_key.data = form.submission_key.data or kept_key or uuid4().hex
    chosen = chosen_papers(form.submission_key.data)
    choice = Choice(
        facility=clinic(),
        patient=patient,
        service=wanted,
        practitioner_id=_practitioner(clinic()),
        online=wanted.online and (not wanted.in_person or request.args.get("mode") == "online"),
        hold=form_purpose(current_actor(), form.submission_key.data),
        form_key=form.submission_key.data if chosen.papers else "",
    )
    return _time_page(form, choice, chosen)


@bp.route("/visits/<reference>/move", methods=["GET", "POST"])
@allow(Role.PATIENT)
def move(reference: str) -> Response:
    """Another time for a visit."""
    row = get_appointment(current_actor(), reference)
    patient = household().member(row.patient_id)
    if not can_still_change(row):
        return go_to(url_for("portal.visit", reference=row.reference))
    form = BookingForm()
    form.patient.data = str(patient.id)
    choice = Choice(
        facility=row.facility,
        patient=patient,
        service=row.service,
        practitioner_id=_practitioner(row.facility, row.practitioner_id),
        moving=row,
        online=row.mode == "online",
    )
    return _time_page(form, choice)


def _time_page(form: BookingForm, choice: Choice, papers: ChosenPapers | None = None) -> Response:
    status, chosen = 200, days.read_value(form.slot.data)
    others: Sequence[Slot] = []
    if papers is not None and papers.is_all:
        status = 422 if papers.refused else 200
    elif form.validate_on_submit():
        if chosen is None:
            form.slot.errors = [*form.slot.errors, _("Choose one of these times.")]
        else:
            try:
                reference = _settle(form, choice, *chosen)
            except DomainError as error:
                form.refuse(error)
                status = error.status
                others = _for_patients(error, choice, chosen[0]) if isinstance(error, SlotTaken) else []
            else:
                return go_to(url_for("portal.booked", reference=reference))
    if form.is_submitted() and status == 200 and not (papers and papers.is_all):
        status = 422
    return page(
        "portal/times.html",
        status=status,
        form=form,
        choice=choice,
        offer=_offer(choice, chosen[0] if chosen else None),
        practitioners=practitioners(choice.facility.id, choice.service.id),
        alternatives=others,
        value_of=days.value_of,
        chosen=form.slot.data,
        family=household().showing(choice.patient),
        **(papers.shown() if papers is not None else {}),
    )


def _for_patients(error: SlotTaken, choice: Choice, wanted: datetime) -> Sequence[Slot]:
    """Of what else is free that which a patient may still book; for a group, its other sessions."""
    if choice.service.capacity > 1:
        day = wanted.astimezone(clock.zone(choice.facility.zone)).date()
        first = max(day - timedelta(days=days.STRIP_DAYS), clock.today(choice.facility.zone))
        last = last_day_for_patients(choice.facility, choice.service)
        slots = _free(choice, first, min(day + timedelta(days=days.STRIP_DAYS), last))
        nearest = sorted(slots, key=lambda slot: abs(slot.starts - wanted))[:OTHER_SESSIONS]
        return sorted(nearest, key=lambda slot: slot.starts)
    earliest = earliest_for_patients(choice.service)
    return [slot for slot in error.alternatives if slot.starts >= earliest]


def _settle(form: BookingForm, choice: Choice, starts: datetime, practitioner_id: int) -> str:
    """Book or move as one change; the visit's reference."""
    return scheduling.settled(lambda: _carry_out(form, choice, starts, practitioner_id))


def _carry_out(form: BookingForm, choice: Choice, starts: datetime, practitioner_id: int) -> str:
    actor = current_actor()
    if choice.moving is not None:
        service.move(actor, choice.moving, starts=starts, practitioner_id=practitioner_id)
        return choice.moving.reference
    made = scheduling.book(
        actor,
        Booking(
            patient_id=choice.patient.id,
            practitioner_id=practitioner_id,
            service_id=choice.service.id,
            starts=starts,
            facility_id=choice.facility.id,
            mode="online" if choice.online else "in_person",
            purpose=form.purpose.data or None,
            hold=choice.hold,
            via="portal",
            submission_key=form.submission_key.data or None,
            papers_key=choice.form_key or None,
        ),
    )
    return made.reference


def _practitioner(facility: Facility, usual: int | None = None) -> int | None:
    """Whom the address asks for, if they can be booked at all; ``usual`` where it says nothing."""
    asked = request.args.get("with", str(usual or ANYBODY))
    known = {str(practitioner_id): practitioner_id for practitioner_id, _name in practitioners(facility.id)}
    return known.get(asked)


def _offer(choice: Choice, chosen: datetime | None) -> Offer:
    facility = choice.facility
    first = clock.today(facility.zone)
    last = last_day_for_patients(facility, choice.service)
    asked = days.read_day(request.args.get("day"))
    if asked is None and chosen is not None:
        asked = chosen.astimezone(clock.zone(facility.zone)).date()
    day = min(max(asked, first), last) if asked else first
    start, end = days.strip_of(day, first, last)
    slots = _free(choice, start, end)
    if asked is None and not slots and end < last:
        start, end, slots = _next_with_room(choice, end + timedelta(days=1), first, last) or (
            start,
            end,
            slots,
        )
        day = start
    strip = days.count_days(slots, start, end, facility.zone)
    if asked is None:
        day = next((entry.day for entry in strip if entry.free), day)
    return Offer(first=first, last=last, day=day, strip=strip, parts=days.parts_of(slots, day, facility.zone))


def _next_with_room(
    choice: Choice, start: date, first: date, last: date
) -> tuple[date, date, Sequence[Slot]] | None:
    """The first strip from ``start`` on in which something is free."""
    slots = _free(choice, start, last)
    if not slots:
        return None
    zone = clock.zone(choice.facility.zone)
    from_day, to_day = days.strip_of(slots[0].starts.astimezone(zone).date(), first, last)
    return from_day, to_day, [slot for slot in slots if slot.starts.astimezone(zone).date() <= to_day]


def _free(choice: Choice, start: date, end: date) -> Sequence[Slot]:
    return free_slots(
        choice.facility,
        choice.service,
        start,
        end,
        [choice.practitioner_id] if choice.practitioner_id else None,
        patient_id=choice.patient.id,
        ignore_appointment=choice.moving.id if choice.moving else None,
        ignore_hold=choice.hold,
        online=choice.online,
        new_sessions=False,
        minutes=choice.moving.minutes if choice.moving else None,
        not_before=earliest_for_patients(choice.service),
    )
