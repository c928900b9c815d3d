"""Free times agree with a slow, obvious way to find them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects.postgresql import Range

from clinic.core import clock
from clinic.core.access import SYSTEM
from clinic.core.db import db
from clinic.scheduling import queries
from clinic.scheduling.models import Allocation, Hold, ResourceUnit, TimeOff, WorkingHours
from clinic.scheduling.service import arrange, book
from clinic.scheduling.slots import Window, cells_of, runs, starts_on
from tests.factories import FacilityFactory, PatientFactory, PractitionerFactory, ServiceFactory
from tests.scheduling.conftest import DAY, Clinic

FIVE = timedelta(minutes=5)


@given(free=st.integers(0, 2**80 - 1), length=st.integers(1, 20))
def test_runs_are_found_where_cell_by_cell_they_are(free: int, length: int) -> None:
    slow = [at for at in range(80) if all(free >> (at + step) & 1 for step in range(length))]
    assert list(cells_of(runs(free, length))) == slow


@given(offset=st.integers(0, 400), cells=st.integers(0, 600), every=st.sampled_from([5, 10, 15, 20, 30, 60]))
def test_visits_begin_on_the_clocks_own_steps(offset: int, cells: int, every: int) -> None:
    window = Window(clock.at(DAY, time(0), "UTC") + offset * FIVE, cells)
    slow = [at for at in range(cells) if window.instant(at).timestamp() % (every * 60) == 0]
    assert list(cells_of(starts_on(window, timedelta(minutes=every)))) == slow


minutes_of_day = st.integers(0, 24 * 12 - 1).map(lambda cell: cell * 5)
stretches = st.tuples(minutes_of_day, st.integers(1, 60).map(lambda cells: cells * 5))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    zone=st.sampled_from(["Asia/Kolkata", "Europe/Berlin", "Asia/Kathmandu", "America/New_York"]),
    day=st.sampled_from([date(2026, 11, 24), date(2027, 3, 28), date(2027, 10, 31), date(2028, 2, 29)]),
    hours=st.lists(stretches, max_size=3),
    claims=st.lists(st.tuples(st.integers(0, 2), stretches), max_size=6),
    offs=st.lists(stretches, max_size=2),
    minutes=st.sampled_from([5, 15, 25, 30, 60]),
    buffers=st.tuples(st.sampled_from([0, 5, 20]), st.sampled_from([0, 10, 45])),
)
def test_free_slots_are_the_obvious_ones(
    clinic: Clinic,
    zone: str,
    day: date,
    hours: list[tuple[int, int]],
    claims: list[tuple[int, tuple[int, int]]],
    offs: list[tuple[int, int]],
    minutes: int,
    buffers: tuple[int, int],
) -> None:
    before, after = buffers
    nested = db.session.begin_nested()
    try:
        facility = FacilityFactory(zone=zone)
        service = ServiceFactory(
            facility_id=facility.id,
            minutes=minutes,
            room_kind="dhara",
            buffer_before=before,
            buffer_after=after,
        )
        practitioner = PractitionerFactory()
        resource = arrange.add_practitioner(practitioner, facility.id)
        room = arrange.add_room(SYSTEM, facility, name="Dhara", room_kind="dhara", places=2)
        units = [
            db.session.query(ResourceUnit).filter_by(resource_id=resource.id).one().id,
            *[unit.id for unit in db.session.query(ResourceUnit).filter_by(resource_id=room.id)],
        ]
        midnight, next_midnight = clock.day_bounds(day, zone)
        open_spans = []
        for begins, lasts in hours:
            until = min(begins + lasts, 24 * 60 - 1)
            db.session.add(
                WorkingHours(
                    resource_id=resource.id,
                    weekday=day.weekday(),
                    starts=wall(begins),
                    ends=wall(until),
                    valid_from=day,
                    valid_until=day + timedelta(days=1),
                )
            )
            end = next_midnight if until == 24 * 60 - 1 else clock.at(day, wall(until), zone)
            open_spans.append((clock.at(day, wall(begins), zone), end))
        taken: dict[int, list[tuple[datetime, datetime]]] = {unit: [] for unit in units}
        hold = Hold(purpose="test", expires_at=clock.now() + timedelta(days=800))
        db.session.add(hold)
        db.session.flush()
        for which, (begins, lasts) in claims:
            span = (
                midnight + timedelta(minutes=begins),
                midnight + timedelta(minutes=begins + lasts),
            )
            if any(span[0] < other[1] and other[0] < span[1] for other in taken[units[which]]):
                continue
            taken[units[which]].append(span)
            db.session.add(
                Allocation(
                    facility_id=facility.id, unit_id=units[which], hold_id=hold.id, during=Range(*span)
                )
            )
        away = []
        for begins, lasts in offs:
            span = (
                midnight + timedelta(minutes=begins),
                midnight + timedelta(minutes=begins + lasts),
            )
            away.append(span)
            db.session.add(TimeOff(resource_id=resource.id, during=Range(*span), reason="off"))
        db.session.flush()

        found = queries.free_slots(facility, service, day, day, step=FIVE)

        def obvious(start: datetime) -> bool:
            cells = [start + step * FIVE for step in range(minutes // 5)]
            around = [start + step * FIVE for step in range(-(before // 5), (minutes + after) // 5)]

            def free(unit: int) -> bool:
                return all(
                    not (at < end and begin < at + FIVE) for at in around for begin, end in taken[unit]
                )

            at_work = all(any(a <= at and at + FIVE <= b for a, b in open_spans) for at in cells)
            there = all(not (at < b and a < at + FIVE) for at in around for a, b in away)
            return at_work and there and free(units[0]) and any(free(unit) for unit in units[1:])

        expected = []
        at = midnight
        while at < next_midnight:
            if obvious(at):
                expected.append(at)
            at += FIVE
        assert [slot.starts for slot in found] == expected
    finally:
        nested.rollback()


def wall(minutes: int) -> time:
    return time(minutes // 60, minutes % 60)


def test_whatever_is_offered_can_be_booked(clinic: Clinic) -> None:
    book(clinic.desk, clinic.booking(clinic.at(10)))
    while slots := queries.free_slots(clinic.facility, clinic.service, DAY, DAY):
        slot = slots[len(slots) // 2]
        visit = book(
            clinic.desk,
            clinic.booking(
                slot.starts,
                practitioner_id=slot.practitioner_id,
                patient_id=PatientFactory(facility_id=clinic.facility.id).id,
            ),
        )
        assert visit.starts == slot.starts


def test_what_was_just_taken_is_not_offered(clinic: Clinic) -> None:
    book(clinic.desk, clinic.booking(clinic.at(10)))
    slots = queries.free_slots(clinic.facility, clinic.service, DAY, DAY)
    assert (clinic.vaidya.id, clinic.at(10)) not in {(slot.practitioner_id, slot.starts) for slot in slots}
    assert (clinic.colleague.id, clinic.at(10)) in {(slot.practitioner_id, slot.starts) for slot in slots}


def test_a_patients_own_visits_are_left_out(clinic: Clinic) -> None:
    book(clinic.desk, clinic.booking(clinic.at(10)))
    slots = queries.free_slots(clinic.facility, clinic.service, DAY, DAY, patient_id=clinic.patient.id)
    assert all(slot.starts >= clinic.at(10, 30) or slot.ends <= clinic.at(10) for slot in slots)


def test_the_past_is_not_offered(clinic: Clinic, morning: time_machine.Coordinates) -> None:
    morning.move_to(clinic.at(10, 1))
    slots = queries.free_slots(clinic.facility, clinic.service, DAY, DAY)
    assert min(slot.starts for slot in slots) == clinic.at(10, 15)


@pytest.mark.parametrize("days", [1, 60])
def test_free_times_take_one_statement_however_many_days(
    clinic: Clinic, count_statements: Callable[[], list[str]], days: int
) -> None:
    count_statements()
    assert queries.free_slots(clinic.facility, clinic.service, DAY, DAY + timedelta(days=days))
    assert len(count_statements()) == 1
