"""Who is offered a place that becomes free."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
import time_machine
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from clinic.core import clock, queue
from clinic.core.db import db, unit_of_work
from clinic.notifications.models import Message
from clinic.patients.models import Patient
from clinic.scheduling.models import Hold, WaitlistOffer
from clinic.scheduling.service import SlotTaken, book, cancel, claims, waitlist
from clinic.scheduling.service.soon import LOOK_TASK
from clinic.scheduling.slots import Slot
from clinic.scheduling.waiting import Wish, may_tell_at, offer_times
from tests.factories import PatientFactory, ServiceFactory
from tests.scheduling.conftest import DAY, Clinic
from tests.scheduling.waiting import HELD, TUESDAY, freed, join, look, offers, status, taken, wanted

ZONE = "Asia/Kolkata"


@pytest.fixture
def third(clinic: Clinic) -> Patient:
    return PatientFactory(name="Third", facility_id=clinic.facility.id)


def test_a_cancelled_visit_is_offered_to_who_waits_for_its_time(clinic: Clinic) -> None:
    visit = taken(clinic, clinic.other)
    entry = join(clinic)
    assert look() == 0
    freed(visit)
    assert look() == 1
    (made,) = offers()
    assert (made.starts, made.practitioner_id) == (clinic.at(10, days=1), clinic.vaidya.id)
    assert made.expires_at == clock.now() + timedelta(minutes=30)
    assert status(entry) == "offered"
    with pytest.raises(SlotTaken), unit_of_work():
        book(clinic.desk, clinic.booking(clinic.at(10, days=1), patient_id=clinic.other.id))


def test_the_message_is_written_with_the_hold_and_once(clinic: Clinic) -> None:
    join(clinic)
    assert (look(), look()) == (1, 0)
    (message,) = db.session.scalars(select(Message).where(Message.kind == "waitlist_offer"))
    (made,) = offers()
    assert (message.channel, message.recipient_id, message.expires_at) == (
        "sms",
        clinic.patient.id,
        made.expires_at,
    )
    assert message.secret is not None
    assert db.session.scalar(select(Hold.kind).where(Hold.purpose == made.purpose)) == "offer"


def test_a_cancellation_that_can_be_undone_is_offered_only_after_that_minute(
    clinic: Clinic, morning: time_machine.Coordinates
) -> None:
    visit = taken(clinic, clinic.other)
    join(clinic)
    with unit_of_work():
        cancel(clinic.desk, visit, "ill")
    assert look() == 0
    morning.shift(timedelta(seconds=61))
    with unit_of_work():
        claims.end_hold(f"end {visit.reference}")  # what the clock does in a connection of its own
    assert look() == 1


def test_the_urgent_come_first_then_who_has_waited_longest(clinic: Clinic, third: Patient) -> None:
    visit = taken(clinic, PatientFactory(facility_id=clinic.facility.id))
    first, second = join(clinic), join(clinic, clinic.other)
    urgent = join(clinic, third, urgent=True)
    freed(visit)
    assert look() == 1
    assert [status(one) for one in (first, second, urgent)] == ["waiting", "waiting", "offered"]
    with unit_of_work():
        waitlist.decline(clinic.desk, offers()[-1].id)
    look()
    assert [status(one) for one in (first, second, urgent)] == ["offered", "waiting", "waiting"]


@pytest.mark.parametrize(
    ("changes", "suits"),
    [
        ({}, True),
        ({"from_day": TUESDAY + timedelta(days=1), "until_day": TUESDAY + timedelta(days=2)}, False),
        ({"until_day": DAY}, False),
        ({"weekdays": 0b0000001}, False),
        ({"weekdays": 0b0000010}, True),
        ({"parts": frozenset({"morning"})}, True),
        ({"parts": frozenset({"afternoon", "evening"})}, False),
        ({"earliest": time(9), "latest": time(10, 30)}, True),
        ({"earliest": time(9), "latest": time(10, 15)}, False),
        ({"earliest": time(10, 5), "latest": time(12)}, False),
        ({"practitioner_ids": frozenset({2})}, False),
        ({"practitioner_ids": frozenset({1, 2})}, True),
        ({"before": datetime(2026, 11, 24, 4, 30, tzinfo=UTC)}, False),
        ({"before": datetime(2026, 11, 25, 4, 30, tzinfo=UTC)}, True),
        ({"passed": (datetime(2026, 11, 24, 5, 30, tzinfo=UTC),)}, False),
        ({"passed": (datetime(2026, 11, 24, 6, 30, tzinfo=UTC),)}, True),
    ],
)
def test_a_place_suits_exactly_what_was_asked_for(changes: dict[str, object], suits: bool) -> None:
    starts = datetime(2026, 11, 24, 4, 30, tzinfo=UTC)  # Tuesday, 10:00 in Kolkata
    slot = Slot(starts, starts + timedelta(minutes=30), 1, "Dr Vaidehi Kulkarni")
    values: dict[str, object] = {"from_day": DAY, "until_day": TUESDAY}
    assert Wish(**(values | changes)).suits(slot, ZONE) is suits  # type: ignore[arg-type]


def test_a_patient_who_is_elsewhere_then_is_passed_over(clinic: Clinic, third: Patient) -> None:
    visit = taken(clinic, third)
    busy, free = join(clinic), join(clinic, clinic.other)
    with unit_of_work():
        book(
            clinic.desk,
            clinic.booking(
                clinic.at(10, days=1),
                practitioner_id=clinic.colleague.id,
                service_id=ServiceFactory(facility_id=clinic.facility.id).id,
            ),
        )
    freed(visit)
    assert look() == 1
    assert (status(busy), status(free)) == ("waiting", "offered")


def test_without_a_free_room_nothing_is_offered(clinic: Clinic, third: Patient) -> None:
    visit = taken(clinic, clinic.other)
    join(clinic)
    clinic.rooms[1].active = False
    freed(visit)
    with unit_of_work():
        book(
            clinic.desk,
            clinic.booking(clinic.at(10, days=1), practitioner_id=clinic.colleague.id, patient_id=third.id),
        )
    assert look() == 0


def test_time_off_that_is_removed_is_offered(clinic: Clinic) -> None:
    join(clinic)
    resource = db.session.scalar(
        text("SELECT id FROM resources WHERE practitioner_id = :id"), {"id": clinic.vaidya.id}
    )
    with unit_of_work():
        db.session.execute(
            text(
                "INSERT INTO time_off (resource_id, during, reason, created_at)"
                " VALUES (:id, tstzrange(:a, :b), 'away', now())"
            ),
            {"id": resource, "a": clinic.at(8, days=0), "b": clinic.at(20, days=1)},
        )
    assert look() == 0
    with unit_of_work():
        db.session.execute(text("DELETE FROM time_off"))
    assert look() == 1


def test_a_place_so_near_that_only_a_call_helps_is_shown_to_staff(clinic: Clinic) -> None:
    entry = join(clinic, from_day=DAY, until_day=DAY, earliest=time(9), latest=time(9, 30))
    assert look() == 0
    db.session.refresh(entry)
    assert (entry.call_starts, entry.call_with) == (clinic.at(9), clinic.vaidya.id)
    taken(clinic, clinic.other, 9, days=0)
    look()
    db.session.refresh(entry)
    assert entry.call_starts is None


def test_nobody_is_written_to_at_night_and_the_place_is_kept_for_them(
    clinic: Clinic, morning: time_machine.Coordinates
) -> None:
    join(clinic)
    morning.move_to(clinic.at(22))
    assert look() == 1
    (made,) = offers()
    assert (made.tell_at, made.expires_at) == (clinic.at(8, days=1), clinic.at(8, 30, days=1))
    message = db.session.scalars(select(Message).where(Message.kind == "waitlist_offer")).one()
    assert message.send_at == clinic.at(8, days=1)


def test_at_night_a_place_too_early_in_the_morning_is_not_offered(
    clinic: Clinic, morning: time_machine.Coordinates
) -> None:
    entry = join(clinic, earliest=time(9), latest=time(9, 30))
    taken(clinic, clinic.other, 9)
    morning.move_to(clinic.at(22))
    freed(db.session.scalars(select_visit()).one())
    clinic_opens = clinic.at(9, days=1)
    assert offer_times(clock.now(), clinic_opens, ZONE) is not None  # an hour after eight is just enough
    assert offer_times(clock.now(), clinic_opens - timedelta(minutes=1), ZONE) is None
    assert look() == 1
    assert status(entry) == "offered"


def select_visit():  # type: ignore[no-untyped-def]
    from clinic.scheduling.models import Appointment

    return select(Appointment)


@pytest.mark.parametrize(
    ("now", "told"),
    [((7, 59), (8, 0)), ((8, 0), (8, 0)), ((20, 59), (20, 59)), ((21, 0), (32, 0)), ((0, 0), (8, 0))],
)
def test_people_are_told_between_eight_and_nine(now: tuple[int, int], told: tuple[int, int]) -> None:
    midnight = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)
    at = midnight + timedelta(hours=now[0], minutes=now[1])
    assert may_tell_at(at, ZONE) == midnight + timedelta(hours=told[0], minutes=told[1])


@pytest.mark.parametrize(("ahead", "lasts"), [(59, None), (60, 15), (80, 20), (120, 30), (2000, 30)])
def test_an_offer_lasts_half_an_hour_and_less_when_its_place_is_near(ahead: int, lasts: int | None) -> None:
    noon = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
    times = offer_times(noon, noon + timedelta(minutes=ahead), ZONE)
    assert (times and times.expires_at - noon) == (timedelta(minutes=lasts) if lasts else None)


def test_an_expired_offer_goes_to_the_next_in_line(clinic: Clinic, morning: time_machine.Coordinates) -> None:
    first, second = join(clinic), join(clinic, clinic.other)
    look()
    morning.shift(timedelta(minutes=31))
    assert look() == 1
    assert (status(first), status(second)) == ("waiting", "offered")
    assert [one.status for one in offers()] == ["expired", "open"]
    assert [one.entry_id for one in offers()] == [first.id, second.id]


def test_nobody_is_offered_again_what_they_passed(clinic: Clinic) -> None:
    join(clinic)
    look()
    with unit_of_work():
        waitlist.decline(clinic.desk, offers()[0].id)
    assert look() == 0
    assert len(offers()) == 1


def test_who_let_three_messages_pass_is_called_instead(
    clinic: Clinic, morning: time_machine.Coordinates
) -> None:
    entry = join(clinic, until_day=DAY + timedelta(days=10), earliest=None, latest=None, parts=("morning",))
    for _time in range(3):
        assert look() == 1
        morning.move_to(offers()[-1].expires_at + timedelta(seconds=1))
    look()
    assert [one.told for one in offers(entry)] == ["sms", "sms", "sms", "call"]


def test_who_wants_a_call_has_the_place_kept_while_staff_call(clinic: Clinic) -> None:
    entry = join(clinic, reach="call")
    assert look() == 1
    assert offers(entry)[0].told == "call"
    assert db.session.scalars(select(Message).where(Message.kind == "waitlist_offer")).all() == []


def test_the_later_visit_that_is_kept_bounds_what_is_offered(clinic: Clinic) -> None:
    kept = taken(clinic, clinic.patient, 10, days=1)
    entry = join(
        clinic, appointment_id=kept.id, earliest=None, latest=None, until_day=DAY + timedelta(days=9)
    )
    taken(clinic, clinic.other, 9, days=1)
    assert look() == 1
    (made,) = offers(entry)
    assert made.ends <= kept.starts


def test_a_group_is_for_the_telephone(clinic: Clinic) -> None:
    group = ServiceFactory(facility_id=clinic.facility.id, capacity=8)
    with unit_of_work():
        entry = waitlist.join(
            clinic.desk,
            wanted(clinic),
            facility=clinic.facility,
            service_id=group.id,
            patient_id=clinic.patient.id,
        )
    assert look() == 0
    assert status(entry) == "waiting"


def test_the_database_lets_no_offer_stand_whose_place_is_not_held(clinic: Clinic) -> None:
    entry = join(clinic)
    look()
    (made,) = offers(entry)
    with unit_of_work():
        waitlist.take_back_offer(clinic.desk, entry.id)
    starts = made.during
    bare = WaitlistOffer(
        entry_id=entry.id,
        practitioner_id=clinic.vaidya.id,
        during=starts,
        told="sms",
        tell_at=clock.now(),
        expires_at=clock.now() + timedelta(minutes=5),
        token_hash="x",
    )
    db.session.add(bare)
    db.session.flush()
    with pytest.raises(DBAPIError, match="not held"):
        db.session.execute(text(HELD))
    db.session.rollback()


def test_a_visit_booked_otherwise_ends_the_wait(clinic: Clinic, morning: time_machine.Coordinates) -> None:
    entry = join(clinic)
    look()
    morning.shift(timedelta(minutes=1))
    visit = taken(clinic, clinic.patient, 15)
    look()
    assert status(entry) == "served"
    assert entry.served_by == visit.id
    assert offers(entry)[0].status == "withdrawn"
    assert db.session.scalar(select(Message.status).where(Message.kind == "waitlist_offer")) == "cancelled"


def test_a_visit_that_was_there_before_does_not(clinic: Clinic, morning: time_machine.Coordinates) -> None:
    taken(clinic, clinic.patient, 15)
    morning.shift(timedelta(minutes=1))
    entry = join(clinic)
    look()
    assert status(entry) == "offered"


def test_a_kept_visit_that_somebody_moves_forward_ends_the_wait(
    clinic: Clinic, morning: time_machine.Coordinates
) -> None:
    from clinic.scheduling.service import move

    kept = taken(clinic, clinic.patient, 15, days=5)
    entry = join(clinic, appointment_id=kept.id)
    morning.shift(timedelta(minutes=1))
    with unit_of_work():
        move(clinic.desk, kept, clinic.at(16, days=1))
    look()
    assert status(entry) == "served"


def test_a_wait_ends_with_its_last_day(clinic: Clinic, morning: time_machine.Coordinates) -> None:
    taken(clinic, clinic.other)
    entry = join(clinic)
    morning.move_to(clinic.at(9, days=2))
    look()
    assert status(entry) == "expired"


def test_the_dead_are_written_to_no_more(clinic: Clinic) -> None:
    entry = join(clinic)
    db.session.execute(update(Patient).where(Patient.id == clinic.patient.id).values(deceased=True))
    assert look() == 0
    assert status(entry) == "withdrawn"


def test_a_patients_cancellation_has_a_worker_look_at_once(clinic: Clinic) -> None:
    visit = taken(clinic, clinic.other)
    entry = join(clinic)
    queue.queue().empty()
    freed(visit)
    (job,) = queue.queue().jobs
    assert (job.func_name, job.args) == (LOOK_TASK, [clinic.facility.id])
    assert waitlist.look(clinic.facility.id) == 1
    assert status(entry) == "offered"
