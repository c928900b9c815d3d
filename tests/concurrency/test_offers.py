"""Offers under a rush, on a real database: many clocks, many answers, an answer against its last moment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from clinic.core import clock
from clinic.core.access import SYSTEM
from clinic.core.db import db, unit_of_work
from clinic.core.periodic import Periodic, _lock_of, run_once
from clinic.facilities.models import Facility
from clinic.notifications.models import Message
from clinic.scheduling import queries
from clinic.scheduling.errors import SlotTaken
from clinic.scheduling.models import Hold, WaitlistEntry, WaitlistOffer
from clinic.scheduling.service import ChangedMeanwhile, cancel, end_expired_holds, settled, waitlist
from clinic.scheduling.service.waitlist import OfferedAlready, OfferOver, Wanted, offer, offering
from clinic.scheduling.service.waitlist.offering import expire_offers
from clinic.scheduling.waiting import call_times, offer_times
from tests.concurrency.conftest import Rush, together
from tests.concurrency.test_slot_race import overlaps

UNGUARD = "DROP INDEX uq_waitlist_offers_open"


def join(rush: Rush, patient: int, **changes: Any) -> int:
    """Somebody waits for noon with the first practitioner; the entry's id."""
    values: dict[str, Any] = {
        "from_day": rush.noon.date(),
        "until_day": rush.noon.date(),
        "earliest": rush.noon.time(),
        "latest": (rush.noon + timedelta(minutes=30)).time(),
        "practitioner_ids": (rush.practitioner_ids[0],),
    }
    with rush.app.app_context(), unit_of_work():
        return waitlist.join(
            SYSTEM,
            Wanted(**(values | changes)),
            facility=db.session.get_one(Facility, rush.facility_id),
            service_id=rush.service_id,
            patient_id=rush.patient_ids[patient],
        ).id


def run(rush: Rush, work: Callable[[], Any]) -> Any:
    """In a context of its own, as a request or a process would."""
    with rush.app.app_context():
        try:
            return work()
        finally:
            db.session.remove()


def offers(rush: Rush) -> list[tuple[int, int, str]]:
    """Id, entry and status of every offer, in order."""
    query = select(WaitlistOffer.id, WaitlistOffer.entry_id, WaitlistOffer.status).order_by(WaitlistOffer.id)
    return run(rush, lambda: [tuple(row) for row in db.session.execute(query)])


def statuses(rush: Rush) -> list[str]:
    query = select(WaitlistEntry.status).order_by(WaitlistEntry.id)
    return run(rush, lambda: list(db.session.scalars(query)))


def test_ten_clocks_at_once_make_one_offer_and_write_one_message(rush: Rush) -> None:
    for patient in range(5):
        join(rush, patient)
    outcomes = together([lambda: run(rush, waitlist.look) for _clock in range(10)])
    assert sum(outcome for outcome in outcomes) == 1, outcomes
    made = offers(rush)
    assert len(made) == 1
    assert statuses(rush) == ["offered", "waiting", "waiting", "waiting", "waiting"]
    count = select(Message.id).where(Message.kind == "waitlist_offer")
    assert len(run(rush, lambda: list(db.session.scalars(count)))) == 1
    assert overlaps(rush) == 0


def test_two_places_go_to_the_first_two_whoever_looks(rush: Rush) -> None:
    entries = [join(rush, patient, practitioner_ids=tuple(rush.practitioner_ids[:2])) for patient in range(4)]
    together([lambda: run(rush, waitlist.look) for _clock in range(6)])
    run(rush, waitlist.look)
    assert sorted(entry for _id, entry, _status in offers(rush)) == entries[:2]
    assert overlaps(rush) == 0


def test_a_second_clock_leaves_the_work_alone_while_the_first_is_at_it(rush: Rush) -> None:
    join(rush, 0)
    work = Periodic("scheduling.waitlist", 30, waitlist.look)
    with rush.app.app_context(), db.engine.connect() as first, first.begin():
        assert first.scalar(text("SELECT pg_try_advisory_xact_lock(:space, :key)"), _lock_of(work))
        assert run_once(work) is False
    assert offers(rush) == []


def test_of_twenty_answers_at_once_one_books(rush: Rush) -> None:
    join(rush, 0)
    run(rush, waitlist.look)
    ((offer_id, _entry, _status),) = offers(rush)
    outcomes = together(
        [lambda: run(rush, lambda: waitlist.accept(SYSTEM, offer_id).id) for _time in range(20)]
    )
    booked = [outcome for outcome in outcomes if isinstance(outcome, int)]
    late = [outcome for outcome in outcomes if isinstance(outcome, OfferOver)]
    assert (len(booked), len(late)) == (1, 19), outcomes
    assert {refusal.message for refusal in late} == {"This time has been taken up already; it is booked."}
    assert rush.count() == 1
    assert statuses(rush) == ["accepted"]
    assert run(rush, lambda: list(db.session.scalars(select(Hold.id)))) == []


@pytest.mark.parametrize("round_", range(4))
def test_yes_and_no_at_once_end_as_one_of_them(rush: Rush, round_: int) -> None:
    join(rush, 0)
    run(rush, waitlist.look)
    ((offer_id, _entry, _status),) = offers(rush)

    def say(yes: bool) -> Any:
        if yes:
            return waitlist.accept(SYSTEM, offer_id).id
        return settled(lambda: waitlist.decline(SYSTEM, offer_id))

    outcomes = together([lambda n=n: run(rush, lambda: say((n + round_) % 2 == 0)) for n in range(8)])
    assert all(not isinstance(one, Exception) or isinstance(one, OfferOver) for one in outcomes), outcomes
    ((_id, _entry, status),) = offers(rush)
    assert rush.count() == (1 if status == "accepted" else 0)
    assert statuses(rush) == (["accepted"] if status == "accepted" else ["waiting"])


def test_an_answer_against_the_end_of_its_time_is_one_or_the_other(rush: Rush) -> None:
    """The clock thinks the time is up, the patient that it is not: the entry's lock decides."""
    join(rush, 0)
    join(rush, 1)
    run(rush, waitlist.look)
    ((offer_id, _entry, _status),) = offers(rush)
    with rush.app.app_context(), unit_of_work() as session:
        session.execute(text("UPDATE waitlist_offers SET expires_at = now() + interval '150 milliseconds'"))

    def answer() -> Any:
        return waitlist.accept(SYSTEM, offer_id).id

    def expire() -> Any:
        return [expire_offers() or end_expired_holds() for _round in range(40)][-1]

    outcomes = together(
        [lambda: run(rush, expire), lambda: run(rush, expire), *[lambda: run(rush, answer)] * 4]
    )
    assert all(not isinstance(one, Exception) or isinstance(one, OfferOver) for one in outcomes), outcomes
    assert rush.count() == sum(isinstance(one, int) for one in outcomes[2:])
    assert overlaps(rush) == 0


def test_a_place_that_is_offered_is_nobody_elses_and_afterwards_anybodys(rush: Rush) -> None:
    join(rush, 0)
    run(rush, waitlist.look)
    outcomes = together([lambda n=n: rush.book(n) for n in range(5, 15)])
    assert all(isinstance(outcome, SlotTaken) for outcome in outcomes), outcomes
    with rush.app.app_context(), unit_of_work() as session:
        session.execute(text("UPDATE waitlist_offers SET expires_at = now() - interval '1 second'"))
    run(rush, expire_offers)
    assert isinstance(rush.book(5), str)


def test_an_undone_minute_over_the_place_goes_to_who_waits(rush: Rush) -> None:
    """The hold of the minute in which a cancellation can be undone is over, and nobody has ended it yet."""
    reference = rush.book(9)
    join(rush, 0)

    def off() -> None:
        visit = queries.get_appointment(SYSTEM, reference)
        cancel(SYSTEM, visit, "ill", tell=False)

    run(rush, lambda: settled(off))
    with rush.app.app_context(), unit_of_work() as session:
        session.execute(text("UPDATE holds SET expires_at = now() - interval '1 second'"))
    assert run(rush, waitlist.look) == 1


def test_booking_offering_answering_and_cancelling_at_once_keep_every_claim(rush: Rush) -> None:
    for patient in range(8):
        join(
            rush,
            patient,
            earliest=None,
            latest=None,
            practitioner_ids=(),
            until_day=rush.noon.date() + timedelta(days=1),
        )
    references = [rush.book(20 + n, n % 4, rush.noon + timedelta(minutes=30 * (n // 4))) for n in range(8)]

    def off(n: int) -> None:
        cancel(SYSTEM, queries.get_appointment(SYSTEM, references[n % 8]), "rush", tell=False)

    def answer(n: int) -> Any:
        open_ones = [row[0] for row in offers(rush) if row[2] == "open"]
        if not open_ones:
            return None
        wanted = open_ones[n % len(open_ones)]
        if n % 2:
            return waitlist.accept(SYSTEM, wanted).id
        return settled(lambda: waitlist.decline(SYSTEM, wanted))

    def work(n: int) -> Any:
        match n % 4:
            case 0:
                return waitlist.look()
            case 1:
                return settled(lambda: off(n // 4))
            case 2:
                return answer(n // 4)
            case _:
                return rush.book(30 + n % 10, n % 4, rush.noon + timedelta(minutes=30 * (n % 6)))

    outcomes: list[Any] = []
    for _round in range(2):
        outcomes += together([lambda n=n: run(rush, lambda: work(n)) for n in range(24)])
    fair = (SlotTaken, ChangedMeanwhile, OfferOver)
    assert all(not isinstance(one, Exception) or isinstance(one, fair) for one in outcomes), outcomes
    assert overlaps(rush) == 0
    bare = text(
        "SELECT count(*) FROM waitlist_offers o WHERE o.status = 'open' AND NOT EXISTS"
        " (SELECT 1 FROM holds h JOIN allocations a ON a.hold_id = h.id"
        "  WHERE h.purpose = 'offer ' || o.id AND a.during @> o.during)"
    )
    orphans = text(
        "SELECT count(*) FROM holds h WHERE h.kind = 'offer' AND NOT EXISTS"
        " (SELECT 1 FROM waitlist_offers o WHERE h.purpose = 'offer ' || o.id AND o.status = 'open')"
    )
    accepted = text(
        "SELECT count(*) FROM waitlist_offers o WHERE o.status = 'accepted' AND NOT EXISTS"
        " (SELECT 1 FROM appointments v WHERE v.id = o.appointment_id AND lower(v.during) = lower(o.during))"
    )
    for query in (bare, orphans, accepted):
        assert run(rush, lambda query=query: db.session.scalar(query)) == 0


def offer_four_places(rush: Rush, entry_id: int) -> list[Any]:
    """The same noon with four practitioners, offered to one person at once."""

    def make(practitioner_id: int) -> Any:
        times = offer_times(clock.now(), rush.noon, "Etc/UTC") or call_times(clock.now(), rush.noon)
        with unit_of_work():
            return offer(
                SYSTEM,
                entry_id,
                practitioner_id=practitioner_id,
                starts=rush.noon,
                times=times,
                told="call",
            ).id

    return together([lambda one=one: run(rush, lambda: make(one)) for one in rush.practitioner_ids])


def test_four_places_offered_to_one_person_at_once_are_one_offer(rush: Rush) -> None:
    outcomes = offer_four_places(rush, join(rush, 0, practitioner_ids=()))
    assert sum(isinstance(one, int) for one in outcomes) == 1, outcomes
    assert sum(isinstance(one, OfferedAlready) for one in outcomes) == 3, outcomes


def test_without_the_lock_and_the_index_behind_it_they_would_be_four(
    rush: Rush, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The race is real."""

    def unlocked(entry_id: int) -> WaitlistEntry:
        return db.session.get_one(WaitlistEntry, entry_id)

    monkeypatch.setattr(offering, "lock", unlocked)
    with rush.app.app_context(), unit_of_work() as session:
        session.execute(text(UNGUARD))
    outcomes = offer_four_places(rush, join(rush, 0, practitioner_ids=()))
    assert sum(isinstance(one, int) for one in outcomes) > 1, outcomes


def test_a_worker_that_dies_between_hold_and_message_leaves_neither(
    rush: Rush, monkeypatch: pytest.MonkeyPatch
) -> None:
    join(rush, 0)

    def die(_messages: object) -> None:
        db.session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with monkeypatch.context() as patched:
        patched.setattr(offering.notifications, "queue_messages", die)
        with pytest.raises(DBAPIError):
            run(rush, waitlist.look)
    assert offers(rush) == []
    assert run(rush, lambda: list(db.session.scalars(select(Hold.id)))) == []
    assert statuses(rush) == ["waiting"]
    assert run(rush, waitlist.look) == 1
    told = select(Message.status).where(Message.kind == "waitlist_offer")
    assert run(rush, lambda: list(db.session.scalars(told))) == ["queued"]
