"""A day of visits around now, in every state a board shows, and some for the days after."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.errors import DomainError
from clinic.demo.place import THERAPISTS, VAIDYAS
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.scheduling import service as scheduling
from clinic.scheduling.models import Appointment, Service
from clinic.scheduling.service import Booking

STEP = timedelta(minutes=50)
WHY = "Entered from the paper diary."


def add_visits(
    desk: Actor,
    facility: Facility,
    vaidyas: Sequence[Practitioner],
    therapists: Sequence[Practitioner],
    *,
    services: Sequence[Service],
    patients: Sequence[Patient],
) -> None:
    """Fill two days of the weeks before, today and the three days after, each less than the one before.

    Visits before now have been; the last of them are in the clinic. Of four columns the last is a
    therapist's, of the patient's sex.
    """
    consultations = [service for service in services if service.code in VAIDYAS]
    treatments = [service for service in services if service.code in THERAPISTS and service.minutes <= 60]
    columns = len(vaidyas) + 1
    for day, share in ((-14, 10), (-7, 14), (0, 36), (1, 20), (2, 14), (3, 8)):
        date = clock.today(facility.zone) + timedelta(days=day)
        begins = clock.at(date, time(9), facility.zone)
        for number in range(share):
            row, column = divmod(number, columns)
            patient = patients[(number * 5 + day) % len(patients)]
            starts = begins + STEP * (row + (row >= 5)) + timedelta(minutes=(0, 10, 0, 5)[column % 4])
            if column < len(vaidyas):
                practitioner, offered = vaidyas[column], consultations
            else:
                practitioner = next((one for one in therapists if one.sex == patient.sex), therapists[0])
                offered = treatments
            service = offered[(row * 5 + column * 3 + day) % len(offered)]
            visit = _book(desk, practitioner, service, patient, starts)
            if visit is not None:
                _bring_up_to(desk, visit, clock.now(), number)
    _add_group(desk, facility, vaidyas, services, patients)


def _add_group(
    desk: Actor,
    facility: Facility,
    vaidyas: Sequence[Practitioner],
    services: Sequence[Service],
    patients: Sequence[Patient],
) -> None:
    """The yoga group of tomorrow and of the day after, with some places left."""
    group = next(service for service in services if service.capacity > 1)
    for day, seats in ((1, 6), (2, 3)):
        date = clock.today(facility.zone) + timedelta(days=day)
        for patient in patients[2 : 2 + seats]:
            _book(desk, vaidyas[1], group, patient, clock.at(date, time(17), facility.zone))


def _book(
    desk: Actor,
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
        facility_id=service.facility_id,
        override_reason=WHY,
        tell=False,
    )
    try:
        return scheduling.book(desk, booking)
    except DomainError:
        return None


def _bring_up_to(desk: Actor, visit: Appointment, moment: datetime, number: int) -> None:
    """Take the visit through the steps it would have gone through by ``moment``; a few do not come."""
    if visit.starts > moment + timedelta(minutes=25):
        return
    if number % 9 == 8:
        if visit.ends < moment:
            scheduling.mark_no_show(desk, visit, reason="Did not come.")
        return
    scheduling.arrive(desk, visit)
    visit.arrived_at = min(moment, visit.starts) - timedelta(minutes=4 + number % 5 * 4)
    begun = visit.starts + timedelta(minutes=number % 3 * 5)
    if begun < moment:
        scheduling.start(desk, visit)
        visit.started_at = begun
    if visit.ends < moment:
        scheduling.complete(desk, visit)
        visit.completed_at = visit.ends
