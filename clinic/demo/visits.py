"""A day of visits around now, in every state a board shows, and some for the days after."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.errors import DomainError
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.scheduling import service as scheduling
from clinic.scheduling.models import Appointment, Service
from clinic.scheduling.service import Booking

STEP = timedelta(minutes=75)
WHY = "Entered from the paper diary."


def add_visits(
    desk: Actor,
    facility: Facility,
    practitioners: list[Practitioner],
    services: list[Service],
    patients: list[Patient],
) -> None:
    """Fill two days of the weeks before, today and the three days after.

    Visits before now have been; the last of them are in the clinic.
    """
    offered = [service for service in services if service.minutes <= 60]
    for day in (-14, -7, 0, 1, 2, 3):
        date = clock.today(facility.zone) + timedelta(days=day)
        begins = clock.at(date, time(9), facility.zone)
        known = patients if day >= 0 else patients[: -4 if day > -14 else -7]
        for number, patient in enumerate(known):
            practitioner = practitioners[(number + day) % len(practitioners)]
            starts = begins + STEP * (number // len(practitioners) * 2) + timedelta(minutes=15 * (number % 3))
            service = offered[(number + day) % len(offered)]
            visit = _book(desk, facility, practitioner, service, patient, starts)
            if visit is not None:
                _bring_up_to(desk, visit, clock.now(), number)


def _book(
    desk: Actor,
    facility: Facility,
    practitioner: Practitioner,
    service: Service,
    patient: Patient,
    starts: datetime,
) -> Appointment | None:
    """The visit, or none where the place is taken: the demo takes what fits."""
    booking = Booking(
        patient_id=patient.id,
        practitioner_id=practitioner.id,
        service_id=service.id,
        starts=starts,
        facility_id=facility.id,
        override_reason=WHY,
        tell=False,
    )
    try:
        return scheduling.book(desk, booking)
    except DomainError:
        return None


def _bring_up_to(desk: Actor, visit: Appointment, moment: datetime, number: int) -> None:
    """Take the visit through the steps it would have gone through by ``moment``."""
    if visit.starts > moment + timedelta(minutes=20):
        return
    if number % 11 == 10:
        if visit.ends < moment:
            scheduling.mark_no_show(desk, visit, reason="Did not come.")
        return
    scheduling.arrive(desk, visit)
    visit.arrived_at = visit.starts - timedelta(minutes=8)
    if visit.starts < moment:
        scheduling.start(desk, visit)
        visit.started_at = visit.starts
    if visit.ends < moment:
        scheduling.complete(desk, visit)
        visit.completed_at = visit.ends
