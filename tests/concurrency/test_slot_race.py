"""Many people at one slot, at the same moment, on a real database."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from sqlalchemy import text

from clinic.core import clock
from clinic.core.db import db
from clinic.scheduling import queries
from clinic.scheduling.models import Appointment
from clinic.scheduling.service import (
    ChangedMeanwhile,
    PatientBusy,
    SlotTaken,
    cancel,
    end_expired_holds,
    move,
    settled,
    undo_move,
)
from tests.concurrency.conftest import PEOPLE, Rush, together

OVERLAPS = text(
    "SELECT count(*) FROM allocations a JOIN allocations b ON a.id < b.id AND a.unit_id = b.unit_id"
    " AND a.during && b.during WHERE a.active AND b.active"
)
UNGUARD = text(
    "ALTER TABLE allocations DROP CONSTRAINT ex_allocations_unit_overlap;"
    " ALTER TABLE allocations ADD CONSTRAINT ex_allocations_unit_overlap"
    " EXCLUDE USING gist (int8range(unit_id, unit_id, '[]') WITH &&, during WITH &&) WHERE (active AND false)"
)


def overlaps(rush: Rush) -> int:
    with rush.app.app_context():
        return db.session.scalar(OVERLAPS) or 0


def test_of_forty_who_want_one_slot_one_gets_it(rush: Rush) -> None:
    outcomes = together([lambda n=n: rush.book(n) for n in range(40)])
    booked = [outcome for outcome in outcomes if isinstance(outcome, str)]
    taken = [outcome for outcome in outcomes if type(outcome) is SlotTaken]
    assert (len(booked), len(taken)) == (1, 39), outcomes
    assert all(len(refusal.alternatives) == 3 for refusal in taken)
    assert rush.count() == 1
    assert overlaps(rush) == 0


def test_without_the_constraint_the_same_rush_books_twice(rush: Rush) -> None:
    with rush.app.app_context():
        db.session.execute(UNGUARD)
        db.session.commit()
    outcomes = together([lambda n=n: rush.book(n) for n in range(40)])
    assert sum(isinstance(outcome, str) for outcome in outcomes) > 1
    assert overlaps(rush) > 0


def test_a_patient_is_booked_once_however_many_desks_try(rush: Rush) -> None:
    outcomes = together([lambda n=n: rush.book(0, n % PEOPLE) for n in range(20)])
    assert sum(isinstance(outcome, str) for outcome in outcomes) == 1
    assert all(isinstance(outcome, str | SlotTaken) for outcome in outcomes), outcomes
    assert any(isinstance(outcome, PatientBusy) for outcome in outcomes)


def test_the_same_form_twenty_times_is_one_visit(rush: Rush) -> None:
    outcomes = together([lambda: rush.book(0, submission_key="one-form") for _time in range(20)])
    assert len(set(outcomes)) == 1, outcomes
    assert rush.count() == 1


def test_parallel_visits_spread_over_the_free_rooms(rush: Rush) -> None:
    outcomes = together([lambda n=n: rush.book(n, n) for n in range(PEOPLE)])
    assert all(isinstance(outcome, str) for outcome in outcomes), outcomes
    assert overlaps(rush) == 0


def test_visits_that_swap_and_shift_never_wait_for_each_other_in_a_ring(rush: Rush) -> None:
    places = [(person, rush.noon + timedelta(minutes=30 * at)) for person in range(PEOPLE) for at in range(3)]
    references = [rush.book(n, person, starts) for n, (person, starts) in enumerate(places)]
    dice = random.Random(7)
    plans = [(dice.choice(references), *dice.choice(places)) for _move in range(60)]

    def shift(reference: str, person: int, starts) -> str:  # type: ignore[no-untyped-def]
        with rush.app.app_context():
            visit = queries.get_appointment(rush.actor, reference)
            settled(lambda: move(rush.actor, visit, starts, rush.practitioner_ids[person], tell=False))
            return "moved"

    for batch in (plans[:30], plans[30:]):
        outcomes = together([lambda plan=plan: shift(*plan) for plan in batch])
        fair = (SlotTaken, ChangedMeanwhile)
        assert all(outcome == "moved" or isinstance(outcome, fair) for outcome in outcomes), outcomes
        with rush.app.app_context():
            db.session.execute(text("UPDATE holds SET expires_at = now() - interval '1 second'"))
            db.session.commit()
            end_expired_holds()
    assert overlaps(rush) == 0
    assert rush.count() == len(places)


def test_booking_moving_and_cancelling_at_once_leaves_every_visit_with_its_claims(rush: Rush) -> None:
    references = [rush.book(n, n % PEOPLE, rush.noon + timedelta(hours=n // PEOPLE)) for n in range(12)]

    def work(n: int) -> object:
        with rush.app.app_context():
            if n % 3 == 0:
                return rush.book(20 + n % 20, n % PEOPLE, rush.noon + timedelta(minutes=30 * (n % 8)))
            visit = queries.get_appointment(rush.actor, references[n % len(references)])
            if n % 3 == 1:
                return settled(lambda: cancel(rush.actor, visit, "rush", tell=False))
            starts = rush.noon + timedelta(minutes=30 * (n % 9))
            return settled(lambda: move(rush.actor, visit, starts, tell=False)).reference

    outcomes = together([lambda n=n: work(n) for n in range(30)])
    errors = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert all(isinstance(error, SlotTaken | ChangedMeanwhile) for error in errors), errors
    assert overlaps(rush) == 0
    with rush.app.app_context():
        bare = db.session.scalar(
            text(
                "SELECT count(*) FROM appointments a WHERE (a.status = 'cancelled') = EXISTS"
                " (SELECT 1 FROM allocations c WHERE c.appointment_id = a.id AND c.active"
                "  AND c.during = a.during)"
            )
        )
    assert bare == 0


def test_an_expired_hold_does_not_stand_in_the_way(rush: Rush) -> None:
    reference = rush.book(0)
    with rush.app.app_context():
        visit = queries.get_appointment(rush.actor, reference)
        settled(lambda: move(rush.actor, visit, rush.noon + timedelta(hours=3), tell=False))
    with pytest.raises(SlotTaken):
        rush.book(1)
    with rush.app.app_context():
        db.session.execute(text("UPDATE holds SET expires_at = now() - interval '1 second'"))
        db.session.commit()
    assert rush.book(1)
    with rush.app.app_context():
        visit = queries.get_appointment(rush.actor, reference)
        with pytest.raises(Exception, match="too late"):
            settled(lambda: undo_move(rush.actor, visit))
        assert clock.now() < visit.starts
        assert db.session.query(Appointment).count() == 2
