"""Series against series, series against single visits, and many at the seats of one session."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select, text

from clinic.core.db import db, unit_of_work
from clinic.facilities.models import Facility
from clinic.scheduling import queries
from clinic.scheduling.errors import ChangedMeanwhile, SlotTaken
from clinic.scheduling.models import Appointment, EndReason
from clinic.scheduling.queries.series import get_series
from clinic.scheduling.service import book, move, settled
from clinic.scheduling.service.book import Booking
from clinic.scheduling.service.series import (
    Every,
    NewPlace,
    NewSeries,
    Rule,
    SeriesPlace,
    book_series,
    cancel_visits,
    move_visits,
    undo,
)
from clinic.scheduling.service.sessions import plan_sessions
from tests.concurrency.conftest import PEOPLE, Rush, together
from tests.concurrency.test_slot_race import overlaps
from tests.factories import ServiceFactory

DAYS = 6
DAILY = Rule(every=Every.DAY, count=DAYS)
FAIR = (SlotTaken, ChangedMeanwhile)


def series(rush: Rush, patient: int, person: int = 0, half_hours: int = 0, key: str = "") -> int:
    """A series of days from noon on, in a context of its own; its id."""
    with rush.app.app_context():
        places = [
            SeriesPlace(
                key=str(day),
                practitioner_id=rush.practitioner_ids[person],
                starts=rush.noon + timedelta(days=day, minutes=30 * half_hours),
            )
            for day in range(DAYS)
        ]
        wanted = NewSeries(
            facility_id=rush.facility_id,
            service_id=rush.service_id,
            patient_id=rush.patient_ids[patient],
            rule=DAILY,
            places=places,
            tell=False,
            submission_key=key or f"series-{patient}-{person}-{half_hours}",
        )
        return settled(lambda: book_series(rush.actor, wanted).id)


def shift(rush: Rush, series_id: int, by: timedelta) -> str:
    with rush.app.app_context():

        def work() -> str:
            shown = get_series(rush.actor, series_id)
            places = [
                NewPlace(
                    visit=visit,
                    practitioner_id=visit.practitioner_id,
                    starts=visit.starts + by,
                    version=visit.version,
                )
                for visit in shown.ahead
            ]
            move_visits(rush.actor, shown, places, tell=False)
            return "moved"

        return settled(work)


def single(rush: Rush, reference: str, by: timedelta) -> str:
    with rush.app.app_context():
        visit = queries.get_appointment(rush.actor, reference)
        settled(lambda: move(rush.actor, visit, visit.starts + by, tell=False))
        return "moved"


def every_visit_has_its_claims(rush: Rush) -> bool:
    """Each standing visit claims two units at its own time, and no other visit claims any."""
    with rush.app.app_context():
        wrong = db.session.scalar(
            text(
                "SELECT count(*) FROM appointments a WHERE (SELECT count(*) FROM allocations c"
                " WHERE c.appointment_id = a.id AND c.active AND c.during = a.during)"
                " <> CASE WHEN a.status = 'cancelled' THEN 0 ELSE 2 END"
            )
        )
    return wrong == 0


def end_holds(rush: Rush) -> None:
    with rush.app.app_context(), unit_of_work():
        db.session.execute(text("DELETE FROM allocations WHERE hold_id IS NOT NULL"))
        db.session.execute(text("DELETE FROM holds"))


def test_of_ten_series_for_the_same_times_one_is_whole_and_nothing_of_the_others(rush: Rush) -> None:
    outcomes = together([lambda n=n: series(rush, n) for n in range(10)])
    assert sum(isinstance(outcome, int) for outcome in outcomes) == 1, outcomes
    assert all(isinstance(outcome, int | SlotTaken) for outcome in outcomes), outcomes
    assert rush.count() == DAYS
    assert every_visit_has_its_claims(rush)


def test_the_same_form_ten_times_is_one_series(rush: Rush) -> None:
    outcomes = together([lambda: series(rush, 0, key="form") for _time in range(10)])
    assert len(set(outcomes)) == 1, outcomes
    assert rush.count() == DAYS


def test_series_and_single_bookings_never_wait_for_each_other_in_a_ring(rush: Rush) -> None:
    dice = random.Random(3)

    def one(n: int) -> object:
        if n % 3 == 0:
            return series(rush, n % 40, dice.randrange(PEOPLE), dice.randrange(3))
        day = timedelta(days=dice.randrange(DAYS), minutes=30 * dice.randrange(3))
        return rush.book(dice.randrange(40), dice.randrange(PEOPLE), rush.noon + day)

    outcomes = together([lambda n=n: one(n) for n in range(50)])
    assert all(isinstance(outcome, int | str | SlotTaken) for outcome in outcomes), outcomes
    assert overlaps(rush) == 0
    assert every_visit_has_its_claims(rush)


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long)])
def test_series_that_shift_cancel_and_come_back_stay_whole(rush: Rush, seed: int) -> None:
    dice = random.Random(seed)
    made = [series(rush, n, n) for n in range(PEOPLE)]
    references = [rush.book(20 + n, n % PEOPLE, rush.noon + timedelta(days=n, hours=1)) for n in range(DAYS)]
    shifts = [timedelta(days=1), timedelta(days=-1), timedelta(hours=1), timedelta(minutes=30)]

    def change(n: int) -> object:
        kind, by = dice.randrange(4), dice.choice(shifts)
        if kind == 0:
            return single(rush, dice.choice(references), by)
        if kind == 1:
            return series(rush, 30 + n % 10, dice.randrange(PEOPLE), 4 + dice.randrange(3))
        if kind == 2:
            return rush.book(10 + n % 10, dice.randrange(PEOPLE), rush.noon + by)
        return shift(rush, dice.choice(made), by)

    for _batch in range(3):
        outcomes = together([lambda n=n: change(n) for n in range(20)])
        errors = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        assert all(isinstance(error, FAIR) for error in errors), errors
        assert overlaps(rush) == 0
        assert every_visit_has_its_claims(rush)
        end_holds(rush)
    with rush.app.app_context():
        for series_id in made:
            visits = get_series(rush.actor, series_id).visits
            gaps = {late.starts - early.starts for early, late in pairwise(visits)}
            assert gaps == {timedelta(days=1)}


def test_a_series_cancelled_from_two_desks_is_cancelled_once(rush: Rush) -> None:
    series_id = series(rush, 0)
    with rush.app.app_context():
        versions = {visit.id: visit.version for visit in get_series(rush.actor, series_id).visits}

    def cancel_all() -> str:
        with rush.app.app_context():
            settled(
                lambda: cancel_visits(
                    rush.actor,
                    get_series(rush.actor, series_id),
                    versions,
                    code=EndReason.PATIENT_ASKED,
                    tell=False,
                )
            )
            return "cancelled"

    outcomes = together([cancel_all for _desk in range(6)])
    assert outcomes.count("cancelled") == 1, outcomes
    assert all(outcome == "cancelled" or isinstance(outcome, FAIR) for outcome in outcomes), outcomes
    assert rush.count(Appointment.status == "cancelled") == DAYS


def test_undoing_a_shift_while_others_book_gives_back_all_or_nothing(rush: Rush) -> None:
    series_id = series(rush, 0)
    shift(rush, series_id, timedelta(hours=2))

    def back() -> object:
        with rush.app.app_context():
            return settled(lambda: undo(rush.actor, get_series(rush.actor, series_id)))

    works = [lambda n=n: rush.book(1 + n, 0, rush.noon + timedelta(days=n % DAYS)) for n in range(20)]
    outcomes = together([back, *works])
    assert outcomes[0] == 0 or outcomes[0] == DAYS, outcomes
    assert all(isinstance(outcome, int | str | SlotTaken) for outcome in outcomes), outcomes
    assert overlaps(rush) == 0
    assert every_visit_has_its_claims(rush)


def test_of_thirty_who_want_ten_seats_ten_get_one_each(rush: Rush) -> None:
    with rush.app.app_context():
        with unit_of_work():
            yoga = ServiceFactory(
                facility_id=rush.facility_id, minutes=60, capacity=10, room_kind="consulting"
            )
            facility = db.session.get_one(Facility, rush.facility_id)
            plan_sessions(rush.actor, facility, yoga, rush.practitioner_ids[0], [rush.noon])
            yoga_id = yoga.id
        db.session.remove()

    def sit(n: int) -> int:
        with rush.app.app_context():
            wanted = Booking(
                facility_id=rush.facility_id,
                service_id=yoga_id,
                patient_id=rush.patient_ids[n],
                practitioner_id=rush.practitioner_ids[0],
                starts=rush.noon,
                tell=False,
            )
            seat = settled(lambda: book(rush.actor, wanted)).seat
            assert seat is not None
            return seat

    outcomes = together([lambda n=n: sit(n) for n in range(30)])
    seats = sorted(outcome for outcome in outcomes if isinstance(outcome, int))
    assert seats == list(range(10)), outcomes
    assert all(isinstance(outcome, int | SlotTaken) for outcome in outcomes), outcomes
    with rush.app.app_context():
        kept = db.session.scalars(select(Appointment.seat).order_by(Appointment.seat)).all()
    assert kept == list(range(10))
