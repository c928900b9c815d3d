"""What the demo's vaidya wrote: a series of sessions with measurements, signed, and a draft that waits."""

from __future__ import annotations

from datetime import time, timedelta

from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.core.errors import DomainError
from clinic.demo.visits import WHY
from clinic.encounters import queries
from clinic.encounters import service as encounters
from clinic.encounters.models import Note
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.scheduling import service as scheduling
from clinic.scheduling.models import Appointment, Service
from clinic.scheduling.service import Booking

DAYS_AGO = (12, 10, 8, 6, 3, 2)
"""Spaced so that the line of measurements has a shape; the last of them is left unsigned."""
SESSIONS = (
    (
        "128",
        "82",
        "78",
        "64.2",
        "Back stiff in the morning, an hour until it eases. Basti kept in 7 minutes.",
    ),
    (
        "132",
        "84",
        "76",
        "64.0",
        "Slept five hours. Stiffness a little less. Basti kept in 8 minutes, no discomfort.",
    ),
    ("130", "84", "77", "63.9", "Appetite better. Bends to the knees without pain. Well tolerated."),
    (
        "136",
        "88",
        "80",
        "63.8",
        "Some bloating after lunch yesterday, gone by evening. Lighter meal advised.",
    ),
    (
        "142",
        "92",
        "82",
        "63.6",
        "Stiffness half an hour now, slept six hours. Pressure above usual, measured twice.",
    ),
    ("138", "88", "79", "63.5", "Walks further. Watch the pressure before the next session."),
)


def add_notes(
    desk: Actor, facility: Facility, vaidya: Practitioner, services: list[Service], patient: Patient
) -> None:
    """Six sessions of one patient with the vaidya over the last two weeks: five signed notes and a draft."""
    if vaidya.user_id is None:
        return
    author = Actor(
        user_id=vaidya.user_id,
        name=vaidya.name,
        roles=frozenset({Role.PRACTITIONER}),
        facility_ids=frozenset({facility.id}),
    )
    session = next((item for item in services if item.note_template == "panchakarma_session"), services[0])
    for number, days_ago in enumerate(DAYS_AGO):
        day = clock.today(facility.zone) - timedelta(days=days_ago)
        booking = Booking(
            patient_id=patient.id,
            practitioner_id=vaidya.id,
            service_id=session.id,
            starts=clock.at(day, time(16), facility.zone),
            facility_id=facility.id,
            override_reason=WHY,
            tell=False,
        )
        visit = _past_visit(desk, booking)
        if visit is not None:
            _write(author, visit, number, last=number == len(DAYS_AGO) - 1)


def _past_visit(desk: Actor, booking: Booking) -> Appointment | None:
    try:
        visit = scheduling.book(desk, booking)
    except DomainError:
        return None
    scheduling.arrive(desk, visit)
    scheduling.start(desk, visit)
    scheduling.complete(desk, visit)
    visit.arrived_at = visit.started_at = visit.starts
    visit.completed_at = visit.ends
    return visit


def _write(author: Actor, visit: Appointment, number: int, *, last: bool) -> None:
    upper, lower, pulse, weight, words = SESSIONS[number]
    note = queries.get_note(author, encounters.open_note(author, visit).id)
    typed = {
        "before-systolic": [upper],
        "before-diastolic": [lower],
        "before-pulse": [pulse],
        "before-temperature": ["36.7"],
        "before-weight": [weight],
        "note-medicine": ["Sahacharadi taila"],
        "note-batch": [f"ST-26{number + 4:02d}"],
        "note-amount": ["120"],
        "note-warmth": ["38"],
        "note-happened": [words],
    }
    if not last:
        typed |= {"note-result": ["samyak"], "note-events": ["none"], "note-instructions": ["Rest today."]}
    saved = encounters.save_draft(author, note, typed, version=note.version)
    _name(author, queries.get_note(author, note.id, fresh=True), number)
    if not last:
        signed = encounters.sign(author, queries.get_note(author, note.id, fresh=True), version=saved.version)
        if number == 0:
            encounters.add_addendum(author, signed, "The batch of the oil was ST-2605, not ST-2604.")
        if number == len(DAYS_AGO) - 2:
            encounters.share_note(author, signed, tell=False)


def _name(author: Actor, note: Note, number: int) -> None:
    """What the patient has: the back from the first day, digestion once it shows, the pressure in the end."""
    encounters.add_diagnosis(author, note, "Katigraha (low back stiffness)", status="final" if number else "")
    if number >= 3:
        encounters.add_diagnosis(author, note, "Agnimandya (weak digestion)")
    if number >= 4:
        encounters.add_diagnosis(author, note, "Raised blood pressure, to be watched")
