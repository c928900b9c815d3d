"""Series: the dates of a rule, the plan with its clashes, and booking all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time, timedelta

import pytest
from sqlalchemy import func, select

from clinic.core import clock
from clinic.core.access import Role
from clinic.core.db import db
from clinic.core.errors import Forbidden, Invalid
from clinic.notifications.models import Message
from clinic.notifications.registry import kind_of
from clinic.notifications.rendering import render
from clinic.scheduling.errors import OutsideRules
from clinic.scheduling.models import Appointment, EndReason, Series, TimeOff
from clinic.scheduling.queries import setup
from clinic.scheduling.queries.series import get_series
from clinic.scheduling.service import arrange, book, cancel
from clinic.scheduling.service.arrange import Closure
from clinic.scheduling.service.series import (
    Ask,
    Every,
    NewPlace,
    NewSeries,
    Occurrence,
    OneTaken,
    Rule,
    SeriesPlace,
    Wish,
    book_series,
    cancel_visits,
    move_visits,
    survey,
)
from tests.factories import UserFactory, actor_of, grant
from tests.scheduling.conftest import DAY, Clinic

TUESDAYS = Rule(weekdays=(1,), count=4)


def wishes(clinic: Clinic, rule: Rule = TUESDAYS, hour: int = 10) -> list[Wish]:
    zone = clinic.facility.zone
    return [Wish(key=day.isoformat(), starts=clock.at(day, time(hour), zone)) for day in rule.dates(DAY)]


def plan(clinic: Clinic, wanted: list[Wish] | None = None, **changes: object) -> list[Occurrence]:
    values: dict[str, object] = {
        "facility": clinic.facility,
        "service": clinic.service,
        "patient_id": clinic.patient.id,
        "practitioner_id": clinic.vaidya.id,
    }
    return survey(clinic.desk, Ask(**(values | changes)), wanted or wishes(clinic))  # type: ignore[arg-type]


def new(clinic: Clinic, found: list[Occurrence], **changes: object) -> NewSeries:
    values: dict[str, object] = {
        "facility_id": clinic.facility.id,
        "service_id": clinic.service.id,
        "patient_id": clinic.patient.id,
        "rule": TUESDAYS,
        "places": [
            SeriesPlace(key=one.key, practitioner_id=one.place.practitioner_id, starts=one.place.starts)
            for one in found
            if one.place is not None
        ],
        "submission_key": "form",
    }
    return NewSeries(**(values | changes))  # type: ignore[arg-type]


def test_twice_a_week_so_many_times() -> None:
    rule = Rule(weekdays=(1, 4), count=4)
    assert rule.dates(date(2026, 11, 23)) == [date(2026, 11, day) for day in (24, 27)] + [
        date(2026, 12, day) for day in (1, 4)
    ]
    assert rule.text == "FREQ=WEEKLY;INTERVAL=1;BYDAY=TU,FR;COUNT=4"
    assert Rule.read(rule.text) == rule


def test_every_other_week_until_a_day() -> None:
    rule = Rule(interval=2, weekdays=(0,), until=date(2026, 12, 21))
    assert [day.day for day in rule.dates(DAY)] == [23, 7, 21]
    assert Rule.read(rule.text) == rule


def test_every_day_for_a_week() -> None:
    assert len(Rule(every=Every.DAY, count=7).dates(DAY)) == 7
    assert Rule(every=Every.DAY, count=7).dates(DAY)[-1] == date(2026, 11, 29)


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        (Rule(weekdays=(1,)), "count"),
        (Rule(weekdays=(1,), count=61), "count"),
        (Rule(weekdays=(1,), count=0), "count"),
        (Rule(every=Every.DAY, until=date(2027, 6, 1)), "until"),
        (Rule(weekdays=(1,), count=58), "count"),
        (Rule(weekdays=(1,), until=date(2026, 11, 1)), "until"),
        (Rule(interval=0, count=3), "interval"),
    ],
)
def test_a_rule_without_end_or_beyond_sixty_visits_or_a_year_is_refused(rule: Rule, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        rule.dates(DAY)
    assert refused.value.field == field


def test_times_stay_on_the_clock_when_the_clocks_change() -> None:
    days = Rule(every=Every.DAY, count=3).dates(date(2026, 10, 24))
    starts = [clock.at(day, time(10), "Europe/Berlin") for day in days]
    assert [moment.hour for moment in starts] == [8, 9, 9]
    assert starts[1] - starts[0] == timedelta(hours=25)


def test_a_plan_without_clashes_is_read_with_few_statements(
    clinic: Clinic, count_statements: Callable[[], list[str]]
) -> None:
    count_statements()
    found = plan(clinic)
    assert [one.place is not None for one in found] == [True] * 4
    assert len(count_statements()) <= 2


def test_each_clash_is_named(clinic: Clinic) -> None:
    boss = actor_of(UserFactory(), Role.FACILITY_ADMIN, facility=clinic.facility)
    grant_to = setup.practitioner_resource(clinic.facility.id, clinic.vaidya.id)
    assert grant_to is not None
    days = [clinic.at(10, days=1 + 7 * week) for week in range(5)]
    arrange.add_closures(
        boss, clinic.facility, [Closure(first=date(2026, 11, 24), last=date(2026, 11, 24), reason="Diwali")]
    )
    db.session.add(
        TimeOff(
            resource_id=grant_to.id,
            during=func.tstzrange(days[1], days[1] + timedelta(hours=1)),
            reason="Training",
        )
    )
    book(clinic.desk, clinic.booking(days[2], practitioner_id=clinic.colleague.id))
    book(clinic.desk, clinic.booking(days[3], patient_id=clinic.other.id))
    found = plan(clinic, wishes(clinic, Rule(weekdays=(1,), count=5)))
    assert [one.why for one in found] == [
        "The clinic is closed then: Diwali.",
        "Dr Vaidehi Kulkarni is away at that time.",
        "The patient has a visit with Dr Arjun Nair at 10:00.",
        "Dr Vaidehi Kulkarni is booked at that time.",
        "",
    ]
    assert found[0].options == ()
    assert found[3].options[0].starts in (days[3] - timedelta(minutes=30), days[3] + timedelta(minutes=30))
    assert {slot.practitioner_id for slot in found[3].options} == {clinic.vaidya.id, clinic.colleague.id}


def test_a_room_that_is_missing_is_named(clinic: Clinic) -> None:
    for room in clinic.rooms:
        room.active = False
    db.session.flush()
    assert plan(clinic, wishes(clinic, Rule(weekdays=(1,), count=1)))[0].why == (
        "No room for this is free at that time."
    )


def test_anybody_is_the_same_person_as_often_as_it_can_be(clinic: Clinic) -> None:
    book(clinic.desk, clinic.booking(clinic.at(10, days=1), patient_id=clinic.other.id))
    found = plan(clinic, practitioner_id=None)
    assert {one.place.practitioner_id for one in found if one.place} == {clinic.colleague.id}


def test_another_time_can_be_taken_instead_and_a_visit_left_out(clinic: Clinic) -> None:
    taken = clinic.at(10, days=1)
    book(clinic.desk, clinic.booking(taken, patient_id=clinic.other.id))
    wanted = wishes(clinic)
    other = (clinic.vaidya.id, clinic.at(11, days=1))
    wanted[0] = Wish(key=wanted[0].key, starts=wanted[0].starts, chosen=other)
    wanted[1] = Wish(key=wanted[1].key, starts=wanted[1].starts, out=True)
    found = plan(clinic, wanted)
    assert found[0].place is not None
    assert found[0].place.starts == other[1]
    assert found[0].instead
    assert found[1].out
    assert all(one.settled for one in found)


def test_who_has_died_gets_no_plan(clinic: Clinic) -> None:
    clinic.patient.deceased = True
    db.session.flush()
    with pytest.raises(OutsideRules):
        plan(clinic)


def test_a_series_is_booked_whole_and_told_once(clinic: Clinic) -> None:
    series = book_series(clinic.desk, new(clinic, plan(clinic)))
    shown = get_series(clinic.desk, series.id)
    assert [visit.starts for visit in shown.visits] == [wish.starts for wish in wishes(clinic)]
    assert shown.series.rule == TUESDAYS.text
    kinds = list(db.session.scalars(select(Message.kind).where(Message.recipient_type == "patient")))
    assert kinds.count("series_booked") == 1
    assert "appointment_booked" not in kinds
    assert kinds.count("reminder_24h") == 4


def test_the_same_form_sent_twice_is_one_series(clinic: Clinic) -> None:
    wanted = new(clinic, plan(clinic))
    assert book_series(clinic.desk, wanted).id == book_series(clinic.desk, wanted).id
    assert db.session.scalar(select(func.count(Appointment.id))) == 4
    assert db.session.scalar(select(func.count(Series.id))) == 1


def test_a_lost_race_books_nothing_and_says_which(clinic: Clinic) -> None:
    found = plan(clinic)
    book(clinic.desk, clinic.booking(clinic.at(10, days=15), patient_id=clinic.other.id))
    with pytest.raises(OneTaken) as taken, db.session.begin_nested():
        book_series(clinic.desk, new(clinic, found))
    assert taken.value.key == found[2].key
    assert db.session.scalar(select(func.count(Appointment.id))) == 1
    assert db.session.scalar(select(func.count(Series.id))) == 0


def test_places_of_cancelled_visits_are_free_for_a_series(clinic: Clinic) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10, days=1), patient_id=clinic.other.id))
    cancel(clinic.desk, visit, "No", undo=False)
    assert all(one.place for one in plan(clinic))


def test_an_outsider_books_no_series(clinic: Clinic) -> None:
    stranger = actor_of(grant(UserFactory(), Role.RECEPTIONIST), Role.PATIENT)
    found = plan(clinic)
    with pytest.raises(Forbidden), db.session.begin_nested():
        book_series(stranger, new(clinic, found))


@pytest.mark.parametrize("kind", ["series_booked", "series_moved", "series_cancelled"])
@pytest.mark.parametrize("locale", ["en", "hi"])
def test_what_patients_read_names_every_date(clinic: Clinic, kind: str, locale: str) -> None:
    clinic.patient.email = "meenakshi@sutra.test"
    clinic.patient.locale = locale
    db.session.flush()
    found = plan(clinic, wishes(clinic, Rule(weekdays=(1,), count=6)))
    series = book_series(clinic.desk, new(clinic, found, rule=Rule(weekdays=(1,), count=6)))
    if kind != "series_booked":
        shown = get_series(clinic.desk, series.id)
        seen = {visit.id: visit.version for visit in shown.visits}
        if kind == "series_cancelled":
            cancel_visits(clinic.desk, shown, seen, code=EndReason.UNWELL)
        else:
            places = [
                NewPlace(
                    visit=visit,
                    practitioner_id=visit.practitioner_id,
                    starts=visit.starts + timedelta(hours=1),
                    version=visit.version,
                )
                for visit in shown.visits
            ]
            move_visits(clinic.desk, shown, places)
    hour = "11:00" if kind == "series_moved" else "10:00"
    described = kind_of(kind)
    assert described is not None
    messages = db.session.scalars(select(Message).where(Message.kind == kind)).all()
    assert {message.channel for message in messages} == {"sms", "email"}
    contents = described.load(messages)
    for message in messages:
        assert described.still_wanted(message, contents[message.id]) is None
        sent = render(message, described, contents[message.id], address="x")
        assert sent.text.count(hour) == (4 if message.channel == "sms" else 6)
        assert "Meenakshi Iyer" in sent.text
        assert message.channel == "sms" or (sent.subject and sent.html)
