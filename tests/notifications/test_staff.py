"""What practitioners and clinics hear of visits: of others' doings only, nothing twice, and no names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from clinic.core import clock
from clinic.core.access import SYSTEM, Actor, LinkScope, Role
from clinic.core.db import db, unit_of_work
from clinic.facilities.models import Facility
from clinic.notifications import sending
from clinic.notifications.models import ConsoleMessage, Message
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.scheduling import messages, service
from clinic.scheduling.models import Allocation, Appointment
from clinic.scheduling.service import events
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    ServiceFactory,
    UserFactory,
    actor_of,
    appointment,
    grant,
    household_login,
    practitioner_at,
)

NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
TOMORROW = NOW + timedelta(days=1)
MINUTE_OVER = timedelta(seconds=64)


@pytest.fixture(autouse=True)
def friday_morning(app: Flask) -> object:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def facility(app: Flask) -> Facility:
    return FacilityFactory(name="Sutra Ayurveda", email="desk@sutra.test")


@pytest.fixture
def vaidya(facility: Facility) -> Practitioner:
    user = grant(UserFactory(email="rao.sign.in@sutra.test"), Role.PRACTITIONER, facility=facility)
    return practitioner_at(facility, user, name="Dr Rao", email="rao@sutra.test")


@pytest.fixture
def patient(facility: Facility) -> Patient:
    return PatientFactory(name="Mrs. Asha Menon", mobile="+919845011723", facility_id=facility.id)


@pytest.fixture
def desk(facility: Facility) -> Actor:
    return actor_of(UserFactory(), Role.RECEPTIONIST, facility=facility)


@pytest.fixture
def household(patient: Patient) -> Actor:
    return actor_of(household_login(patient), Role.PATIENT)


def own(vaidya: Practitioner, facility: Facility) -> Actor:
    return Actor(
        user_id=vaidya.user_id,
        name=vaidya.name,
        roles=frozenset({Role.PRACTITIONER}),
        facility_ids=frozenset({facility.id}),
    )


def book(
    by: Actor, patient: Patient, vaidya: Practitioner, starts: datetime = TOMORROW, status: str = "confirmed"
) -> Appointment:
    with unit_of_work():
        row = appointment(patient, vaidya, starts, status=status)
        events.write(by, row, "booked")
        messages.booked(row, tell=True)
    return row


def move(by: Actor, row: Appointment, by_time: timedelta, to: Practitioner | None = None) -> None:
    """As the service does it: the claim goes over, the history says so, then word is sent."""
    old = row.during
    with unit_of_work():
        row.during = Range(row.starts + by_time, row.ends + by_time, bounds="[)")
        claims = select(Allocation).where(Allocation.appointment_id == row.id, Allocation.active)
        for claim in db.session.scalars(claims):
            claim.active = False
        if to is not None:
            row.practitioner_id = to.id
        row.version += 1
        db.session.flush()
        db.session.refresh(row, ["practitioner"])
        events.write(by, row, "moved", from_status=row.status, from_during=old)
        assert old.lower is not None
        messages.moved(row, old_start=old.lower, tell=True, undo_until=clock.now() + timedelta(seconds=60))


def move_back(by: Actor, row: Appointment, by_time: timedelta, to: Practitioner | None = None) -> None:
    with unit_of_work():
        old = row.during
        row.during = Range(row.starts - by_time, row.ends - by_time, bounds="[)")
        if to is not None:
            row.practitioner_id = to.id
        row.version += 1
        db.session.flush()
        db.session.refresh(row, ["practitioner"])
        events.write(by, row, "move_undone", from_status=row.status, from_during=old)
        messages.undone(row)


def to_staff(status: str | None = None) -> list[str]:
    """The kinds of what staff are to be told, in order."""
    rows = db.session.scalars(
        select(Message)
        .where(Message.channel != "in_app")
        .where(Message.recipient_type.in_(("practitioner", "facility")))
        .order_by(Message.id)
        .execution_options(populate_existing=True)
    )
    return [row.kind for row in rows if status in (None, row.status)]


def mails() -> list[ConsoleMessage]:
    """Send whatever is due, and give the mails of it to staff."""
    before = db.session.scalars(select(ConsoleMessage.id).order_by(ConsoleMessage.id.desc())).first() or 0
    for message_id in db.session.scalars(select(Message.id).order_by(Message.id)).all():
        sending.send(message_id)
    return list(
        db.session.scalars(
            select(ConsoleMessage)
            .where(
                ConsoleMessage.id > before,
                ConsoleMessage.kind.like("practitioner%") | ConsoleMessage.kind.like("facility%"),
            )
            .order_by(ConsoleMessage.id)
        )
    )


def told() -> list[tuple[str, str]]:
    return [(row.address, row.kind) for row in mails()]


def test_the_practitioner_hears_of_a_booking_by_somebody_else(
    desk: Actor, patient: Patient, vaidya: Practitioner
) -> None:
    row = book(desk, patient, vaidya)
    [mail] = mails()
    assert (mail.address, mail.subject) == ("rao@sutra.test", "Visit booked for Sat 21 Nov, 11:30")
    assert "A. M." in mail.body
    assert f"http://localhost/appointments/{row.reference}" in mail.body
    assert mails() == []


def test_mails_to_staff_name_nobody(desk: Actor, patient: Patient, vaidya: Practitioner) -> None:
    row = book(desk, patient, vaidya)
    row.purpose = "piles"
    db.session.commit()
    [mail] = mails()
    text = f"{mail.subject} {mail.body}"
    for secret in ("Asha", "Menon", "9845011723", "piles", row.service.name):
        assert secret not in text


def test_the_practitioner_hears_nothing_of_their_own_doing(
    facility: Facility, patient: Patient, vaidya: Practitioner, friday_morning: object
) -> None:
    me = own(vaidya, facility)
    row = book(me, patient, vaidya)
    move(me, row, timedelta(hours=1))
    with unit_of_work():
        service.cancel(me, row)
    friday_morning.shift(MINUTE_OVER)  # type: ignore[attr-defined]
    assert told() == []


def test_without_an_address_of_their_own_it_goes_where_they_sign_in(
    desk: Actor, patient: Patient, vaidya: Practitioner
) -> None:
    vaidya.email = None
    book(desk, patient, vaidya)
    assert told() == [("rao.sign.in@sutra.test", "practitioner_booked")]


def test_a_practitioner_who_cannot_be_reached_gets_no_row(
    facility: Facility, desk: Actor, patient: Patient
) -> None:
    book(desk, patient, practitioner_at(facility))
    assert to_staff() == []


def test_a_practitioner_out_of_use_is_not_written_to(
    desk: Actor, patient: Patient, vaidya: Practitioner
) -> None:
    vaidya.active = False
    book(desk, patient, vaidya)
    assert to_staff() == []


def test_only_today_and_tomorrow_unless_all_were_chosen(
    desk: Actor, patient: Patient, vaidya: Practitioner
) -> None:
    ahead = clock.at(clock.today("Asia/Kolkata") + timedelta(days=2), datetime.min.time(), "Asia/Kolkata")
    book(desk, patient, vaidya, ahead)
    assert to_staff() == []
    book(desk, patient, vaidya, ahead - timedelta(minutes=30))
    assert to_staff() == ["practitioner_booked"]
    vaidya.hears_soon_only = False
    book(desk, patient, vaidya, ahead + timedelta(hours=2))
    assert to_staff() == ["practitioner_booked"] * 2


def test_a_move_out_of_tomorrow_is_news_of_tomorrow(
    desk: Actor, patient: Patient, vaidya: Practitioner, friday_morning: object
) -> None:
    row = book(desk, patient, vaidya)
    told()
    move(desk, row, timedelta(days=20))
    friday_morning.shift(MINUTE_OVER)  # type: ignore[attr-defined]
    assert told() == [("rao@sutra.test", "practitioner_moved")]


@pytest.mark.parametrize(
    ("choice", "silent"),
    [("hears_booked", "booked"), ("hears_moved", "moved"), ("hears_cancelled", "cancelled")],
)
def test_each_kind_of_change_can_be_declined(
    desk: Actor,
    patient: Patient,
    vaidya: Practitioner,
    friday_morning: object,
    choice: str,
    silent: str,
) -> None:
    setattr(vaidya, choice, False)
    heard = []
    row = book(desk, patient, vaidya)
    heard += told()
    move(desk, row, timedelta(hours=1))
    friday_morning.shift(MINUTE_OVER)  # type: ignore[attr-defined]
    heard += told()
    with unit_of_work():
        service.cancel(desk, row)
    friday_morning.shift(MINUTE_OVER)  # type: ignore[attr-defined]
    heard += told()
    assert [kind.removeprefix("practitioner_") for _to, kind in heard] == [
        event for event in ("booked", "moved", "cancelled") if event != silent
    ]


def test_the_practitioner_hears_no_sooner_than_the_patient(
    desk: Actor, patient: Patient, vaidya: Practitioner, friday_morning: object
) -> None:
    row = book(desk, patient, vaidya)
    told()
    move(desk, row, timedelta(hours=1))
    assert told() == []
    friday_morning.shift(timedelta(seconds=62))  # type: ignore[attr-defined]
    assert told() == []
    friday_morning.shift(timedelta(seconds=2))  # type: ignore[attr-defined]
    assert told() == [("rao@sutra.test", "practitioner_moved")]
    assert told() == []


def test_a_move_undone_within_the_minute_is_never_heard_of(
    desk: Actor, patient: Patient, vaidya: Practitioner, friday_morning: object
) -> None:
    row = book(desk, patient, vaidya)
    told()
    move(desk, row, timedelta(hours=1))
    move_back(desk, row, timedelta(hours=1))
    friday_morning.shift(timedelta(minutes=5))  # type: ignore[attr-defined]
    assert told() == []
    assert to_staff("queued") == []


def test_a_booking_not_yet_told_is_told_after_an_undone_move(
    desk: Actor, patient: Patient, vaidya: Practitioner
) -> None:
    row = book(desk, patient, vaidya)
    move(desk, row, timedelta(hours=1))
    assert to_staff("queued") == ["practitioner_moved"]
    move_back(desk, row, timedelta(hours=1))
    assert told() == [("rao@sutra.test", "practitioner_booked")]


def test_a_visit_given_to_another_is_told_to_both(
    facility: Facility, desk: Actor, patient: Patient, vaidya: Practitioner, friday_morning: object
) -> None:
    colleague = practitioner_at(facility, name="Dr Nair", email="nair@sutra.test")
    row = book(desk, patient, vaidya)
    told()
    move(desk, row, timedelta(0), to=colleague)
    friday_morning.shift(MINUTE_OVER)  # type: ignore[attr-defined]
    first, second = mails()
    assert (first.address, first.kind) == ("rao@sutra.test", "practitioner_given_away")
    assert "no longer with you" in first.body
    assert (second.address, second.kind) == ("nair@sutra.test", "practitioner_moved")
    assert mails() == []


def test_a_visit_given_to_another_and_back_within_the_minute_is_never_heard_of(
    facility: Facility, desk: Actor, patient: Patient, vaidya: Practitioner, friday_morning: object
) -> None:
    colleague = practitioner_at(facility, name="Dr Nair", email="nair@sutra.test")
    row = book(desk, patient, vaidya)
    told()
    move(desk, row, timedelta(0), to=colleague)
    move_back(desk, row, timedelta(0), to=vaidya)
    friday_morning.shift(MINUTE_OVER)  # type: ignore[attr-defined]
    assert told() == []
    changes = Message.kind.like("%moved") | Message.kind.like("%given_away")
    fates = db.session.execute(select(Message.kind, Message.status, Message.why).where(changes)).all()
    assert sorted({tuple(fate) for fate in fates}) == [
        (kind, "cancelled", "undone")
        for kind in ("appointment_moved", "practitioner_given_away", "practitioner_moved")
    ]


def test_a_cancellation_is_told_once_and_withdraws_what_was_not_out(
    desk: Actor, patient: Patient, vaidya: Practitioner, friday_morning: object
) -> None:
    row = book(desk, patient, vaidya)
    with unit_of_work():
        service.cancel(desk, row)
    assert to_staff("queued") == ["practitioner_cancelled"]
    assert to_staff("cancelled") == ["practitioner_booked"]
    friday_morning.shift(MINUTE_OVER)  # type: ignore[attr-defined]
    assert told() == [("rao@sutra.test", "practitioner_cancelled")]
    assert told() == []


def test_a_cancellation_taken_back_in_time_is_never_heard_of(
    desk: Actor, patient: Patient, vaidya: Practitioner, friday_morning: object
) -> None:
    row = book(desk, patient, vaidya)
    told()
    with unit_of_work():
        service.cancel(desk, row)
    with unit_of_work():
        service.take_back(desk, row, "wrong one")
    friday_morning.shift(timedelta(minutes=5))  # type: ignore[attr-defined]
    assert told() == []


def test_a_cancellation_taken_back_after_it_was_heard_is_told(
    desk: Actor, patient: Patient, vaidya: Practitioner, friday_morning: object
) -> None:
    row = book(desk, patient, vaidya)
    told()
    with unit_of_work():
        service.cancel(desk, row)
    friday_morning.shift(MINUTE_OVER)  # type: ignore[attr-defined]
    assert told() == [("rao@sutra.test", "practitioner_cancelled")]
    with unit_of_work():
        service.take_back(desk, row, "they come after all")
    assert told() == [("rao@sutra.test", "practitioner_confirmed")]
    assert told() == []


def test_whoever_takes_it_back_themselves_is_not_told(
    facility: Facility, desk: Actor, patient: Patient, vaidya: Practitioner, friday_morning: object
) -> None:
    row = book(desk, patient, vaidya)
    told()
    with unit_of_work():
        service.cancel(desk, row)
    friday_morning.shift(MINUTE_OVER)  # type: ignore[attr-defined]
    told()
    with unit_of_work():
        service.take_back(own(vaidya, facility), row, "they come after all")
    assert told() == []


def test_a_request_is_told_to_the_practitioner_and_waits_at_the_clinic(
    desk: Actor, household: Actor, patient: Patient, vaidya: Practitioner, friday_morning: object
) -> None:
    row = book(household, patient, vaidya, status="pending")
    to_vaidya, to_clinic = mails()
    assert "waits for the clinic's word" in to_vaidya.body
    assert (to_clinic.address, to_clinic.kind) == ("desk@sutra.test", "facility_waiting")
    assert to_clinic.subject == "A booking for Sat 21 Nov, 11:30 waits for your word"
    with unit_of_work():
        service.confirm(desk, row)
    assert told() == [("rao@sutra.test", "practitioner_confirmed")]


def test_a_request_declined_is_told_to_the_practitioner(
    desk: Actor, household: Actor, patient: Patient, vaidya: Practitioner, friday_morning: object
) -> None:
    row = book(household, patient, vaidya, status="pending")
    told()
    with unit_of_work():
        service.reject(desk, row, "full")
    friday_morning.shift(MINUTE_OVER)  # type: ignore[attr-defined]
    assert told() == [("rao@sutra.test", "practitioner_rejected")]


def test_a_request_confirmed_before_the_clinic_was_told_waits_no_more(
    desk: Actor, household: Actor, patient: Patient, vaidya: Practitioner
) -> None:
    row = book(household, patient, vaidya, status="pending")
    with unit_of_work():
        service.confirm(desk, row)
    assert told() == [("rao@sutra.test", "practitioner_confirmed")]
    assert to_staff("cancelled") == ["practitioner_booked", "facility_waiting"]


def test_the_clinic_hears_of_what_patients_do(
    household: Actor, patient: Patient, vaidya: Practitioner, friday_morning: object
) -> None:
    row = book(household, patient, vaidya)
    assert [kind for _to, kind in told()] == ["practitioner_booked", "facility_booked"]
    move(household, row, timedelta(hours=1))
    friday_morning.shift(MINUTE_OVER)  # type: ignore[attr-defined]
    assert [kind for _to, kind in told()] == ["practitioner_moved", "facility_moved"]
    with unit_of_work():
        service.cancel(household, row)
    assert [kind for _to, kind in told()] == ["practitioner_cancelled", "facility_cancelled"]
    assert told() == []


def test_what_is_done_by_a_link_counts_as_the_patients(patient: Patient, vaidya: Practitioner) -> None:
    row = book(SYSTEM, patient, vaidya)
    told()
    by_link = Actor(
        user_id=None,
        name="By link",
        roles=frozenset({Role.PATIENT}),
        link=LinkScope(appointment_id=row.id, patient_id=patient.id),
    )
    with unit_of_work():
        service.cancel(by_link, row)
    assert [kind for _to, kind in told()] == ["practitioner_cancelled", "facility_cancelled"]


def test_the_clinic_hears_nothing_of_its_own_doing_and_of_the_systems(
    desk: Actor, patient: Patient, vaidya: Practitioner, friday_morning: object
) -> None:
    for by in (desk, SYSTEM):
        row = book(by, patient, vaidya)
        move(by, row, timedelta(hours=1))
        with unit_of_work():
            service.cancel(by, row)
        friday_morning.shift(MINUTE_OVER)  # type: ignore[attr-defined]
        assert not [kind for kind in to_staff() if kind.startswith("facility")]


@pytest.mark.parametrize("event", ["waiting", "booked", "moved", "cancelled"])
def test_the_clinic_chooses_what_it_hears(
    facility: Facility, household: Actor, patient: Patient, vaidya: Practitioner, event: str
) -> None:
    setattr(facility, f"hears_{event}", False)
    book(household, patient, vaidya, TOMORROW + timedelta(hours=4), status="pending")
    row = book(household, patient, vaidya)
    move(household, row, timedelta(hours=1))
    with unit_of_work():
        service.cancel(household, row)
    heard = {kind for kind in to_staff() if kind.startswith("facility")}
    every = {f"facility_{name}" for name in ("waiting", "booked", "moved", "cancelled")}
    assert heard == every - {f"facility_{event}"}


def test_a_clinic_without_an_address_gets_no_row(
    facility: Facility, household: Actor, patient: Patient, vaidya: Practitioner
) -> None:
    facility.email = None
    book(household, patient, vaidya)
    assert to_staff() == ["practitioner_booked"]


def test_not_telling_the_patient_still_tells_the_practitioner(
    desk: Actor, patient: Patient, vaidya: Practitioner
) -> None:
    with unit_of_work():
        row = appointment(patient, vaidya, TOMORROW)
        events.write(desk, row, "booked")
        messages.booked(row, tell=False)
    kinds = set(db.session.scalars(select(Message.kind)))
    assert kinds == {"practitioner_booked", "reminder_2h", "reminder_30m"}


def test_what_changed_without_a_word_is_noticed_before_it_goes_out(
    desk: Actor, patient: Patient, vaidya: Practitioner
) -> None:
    row = book(desk, patient, vaidya)
    row.during = Range(row.starts + timedelta(hours=1), row.ends + timedelta(hours=1), bounds="[)")
    db.session.commit()
    assert told() == []
    assert to_staff("cancelled") == ["practitioner_booked"]


def test_a_visit_that_has_begun_is_no_news(desk: Actor, patient: Patient, vaidya: Practitioner) -> None:
    book(desk, patient, vaidya, NOW - timedelta(minutes=5))
    assert to_staff() == []


def test_somebody_who_reads_hindi_is_written_to_in_hindi(
    desk: Actor, patient: Patient, vaidya: Practitioner
) -> None:
    user = db.session.get_one(type(UserFactory()), vaidya.user_id)
    user.locale = "hi"
    book(desk, patient, vaidya)
    locales = db.session.scalars(select(Message.locale).where(Message.kind == "practitioner_booked"))
    assert set(locales) == {"hi"}


def test_a_booking_costs_three_more_statements_where_somebody_is_told(
    desk: Actor, patient: Patient, vaidya: Practitioner, count_statements: Callable[[], list[str]]
) -> None:
    with unit_of_work():
        row = appointment(patient, vaidya, TOMORROW)
        events.write(desk, row, "booked")
        db.session.flush()
        assert row.practitioner.name
        assert row.facility.name
        assert row.patient.name
        count_statements()
        messages.booked(row, tell=True)
        sent = [text.split()[0] for text in count_statements()]
    assert sent == ["SELECT", "SELECT", "SELECT", "INSERT"]


@pytest.mark.parametrize(
    ("role", "names"), [(Role.RECEPTIONIST, True), (Role.FACILITY_ADMIN, True), (Role.ADMIN, True)]
)
def test_the_list_of_messages_shows_them_with_label_and_fate(
    facility: Facility,
    desk: Actor,
    household: Actor,
    patient: Patient,
    vaidya: Practitioner,
    sign_in: Callable[..., FlaskClient],
    role: Role,
    names: bool,
) -> None:
    book(household, patient, vaidya)
    told()
    reader = sign_in(grant(UserFactory(), role, facility=None if role is Role.ADMIN else facility))
    page = reader.get("/messages?show=sent").text
    assert "To the practitioner: visit booked" in page
    assert "To the clinic: a patient has booked" in page
    assert "Dr Rao" in page
    assert "Sutra Ayurveda" in page
    assert f'href="/patients/{vaidya.id}"' not in page.split("Dr Rao")[0][-200:]


def test_another_clinics_desk_sees_none_of_it(
    household: Actor, patient: Patient, vaidya: Practitioner, sign_in: Callable[..., FlaskClient]
) -> None:
    book(household, patient, vaidya)
    told()
    elsewhere = sign_in(grant(UserFactory(), Role.RECEPTIONIST, facility=FacilityFactory()))
    assert "Dr Rao" not in elsewhere.get("/messages?show=all").text


def test_the_patients_page_lists_only_what_the_patient_was_told(
    facility: Facility, household: Actor, patient: Patient, vaidya: Practitioner
) -> None:
    from clinic.desk.messages_told import messages_about

    book(household, patient, vaidya)
    told()
    assert not [line.label for line in messages_about(patient.id) if line.label.startswith("To the")]


def test_booked_moved_and_undone_by_the_schedule_itself(
    facility: Facility, desk: Actor, patient: Patient, vaidya: Practitioner, friday_morning: object
) -> None:
    colleague = practitioner_at(facility, name="Dr Nair", email="nair@sutra.test")
    booking = service.Booking(
        patient_id=patient.id,
        practitioner_id=vaidya.id,
        service_id=ServiceFactory(facility_id=facility.id).id,
        starts=TOMORROW,
        facility_id=facility.id,
    )
    with unit_of_work():
        row = service.book(desk, booking)
    assert told() == [("rao@sutra.test", "practitioner_booked")]
    with unit_of_work():
        service.move(desk, row, TOMORROW + timedelta(hours=1), colleague.id)
    friday_morning.shift(MINUTE_OVER)  # type: ignore[attr-defined]
    assert sorted(told()) == [
        ("nair@sutra.test", "practitioner_moved"),
        ("rao@sutra.test", "practitioner_given_away"),
    ]
    with unit_of_work():
        service.move(desk, row, TOMORROW + timedelta(hours=2), colleague.id)
    with unit_of_work():
        service.undo_move(desk, row)
    friday_morning.shift(MINUTE_OVER)  # type: ignore[attr-defined]
    assert told() == []
