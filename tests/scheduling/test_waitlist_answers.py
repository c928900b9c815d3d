"""Answering an offer by its link: what comes of it, and what whoever is too late reads."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select, text

from clinic.core import clock, crypto
from clinic.core.access import SYSTEM
from clinic.core.db import db, unit_of_work
from clinic.core.errors import Conflict
from clinic.notifications import sending
from clinic.notifications.models import ConsoleMessage, InboxItem, Message
from clinic.notifications.preferences import choose
from clinic.notifications.wording import Why
from clinic.scheduling.models import Appointment, Hold
from clinic.scheduling.service import claims, waitlist
from clinic.scheduling.service.undoing import undo_end
from tests.factories import household_login
from tests.scheduling.conftest import DAY, Clinic
from tests.scheduling.waiting import freed, join, look, offers, status, taken


def token() -> str:
    """The token of the newest offer, as it stands sealed in its message."""
    sealed = db.session.scalars(
        select(Message.secret).where(Message.kind == "waitlist_offer").order_by(Message.id.desc())
    ).first()
    assert sealed is not None
    opened = crypto.unseal(sealed)
    assert opened is not None
    return opened


def visits() -> list[Appointment]:
    return list(
        db.session.scalars(
            select(Appointment).order_by(Appointment.id).execution_options(populate_existing=True)
        )
    )


def test_looking_changes_nothing_and_accepting_books(clinic: Clinic, client: FlaskClient) -> None:
    entry = join(clinic, note="knee")
    look()
    address = f"/o/{token()}"
    for _time in range(3):
        page = client.get(address)
        assert "Take this time" in page.text
        assert page.headers["Referrer-Policy"] == "no-referrer"
    assert visits() == []
    assert status(entry) == "offered"
    assert client.post(address, data={"answer": "accept"}).status_code == 303
    (visit,) = visits()
    assert (visit.starts, visit.patient_id, visit.practitioner_id, visit.created_via, visit.purpose) == (
        clinic.at(10, days=1),
        clinic.patient.id,
        clinic.vaidya.id,
        "waitlist",
        "knee",
    )
    assert (status(entry), entry.served_by) == ("accepted", visit.id)
    assert db.session.scalars(select(Hold)).all() == []
    assert "This time is yours" in client.get(address).text


def test_accepting_twice_is_one_visit_and_a_clear_sentence(clinic: Clinic, client: FlaskClient) -> None:
    join(clinic)
    look()
    address = f"/o/{token()}"
    client.post(address, data={"answer": "accept"})
    again = client.post(address, data={"answer": "accept"})
    assert again.status_code == 409
    assert "This time is yours" in again.text
    assert len(visits()) == 1


def test_too_late_is_said_and_books_nothing(
    clinic: Clinic, client: FlaskClient, morning: time_machine.Coordinates
) -> None:
    join(clinic)
    look()
    address = f"/o/{token()}"
    morning.shift(timedelta(minutes=30))
    assert "no longer kept for you" in client.get(address).text
    answer = client.post(address, data={"answer": "accept"})
    assert answer.status_code == 409
    assert "The time for an answer is over" in answer.text
    assert visits() == []


def test_declining_keeps_the_place_in_line_and_leaving_does_not(clinic: Clinic, client: FlaskClient) -> None:
    first, second = join(clinic), join(clinic, clinic.other)
    look()
    mine = f"/o/{token()}"
    assert client.post(mine, data={"answer": "decline"}).status_code == 303
    assert status(first) == "waiting"
    look()
    assert status(second) == "offered"
    assert client.post(f"/o/{token()}", data={"answer": "leave"}).status_code == 303
    assert status(second) == "withdrawn"
    assert client.post(mine, data={"answer": "accept"}).status_code == 409


def test_the_visit_that_was_kept_moves_there(clinic: Clinic, client: FlaskClient) -> None:
    kept = taken(clinic, clinic.patient, 15, days=5)
    entry = join(clinic, appointment_id=kept.id)
    look()
    address = f"/o/{token()}"
    assert "Your visit on" in client.get(address).text
    client.post(address, data={"answer": "accept"})
    (visit,) = visits()
    assert (visit.id, visit.starts, visit.status) == (kept.id, clinic.at(10, days=1), "confirmed")
    assert (status(entry), entry.served_by) == ("accepted", kept.id)


def test_a_kept_visit_of_another_length_is_cancelled_for_the_new_one(
    clinic: Clinic, client: FlaskClient
) -> None:
    kept = taken(clinic, clinic.patient, 15, days=5)
    join(clinic, appointment_id=kept.id, earliest=None, latest=None)
    clinic.service.minutes = 45
    db.session.commit()
    look()
    client.post(f"/o/{token()}", data={"answer": "accept"})
    assert [one.status for one in visits()] == ["cancelled", "confirmed"]
    with pytest.raises(Conflict):  # undone, both visits would stand
        undo_end(SYSTEM, kept)


def test_a_kept_visit_of_the_other_kind_is_given_up_for_the_one_offered(
    clinic: Clinic, client: FlaskClient
) -> None:
    clinic.service.online = True
    kept = taken(clinic, clinic.patient, 15, days=5, mode="online")
    join(clinic, appointment_id=kept.id)
    look()
    client.post(f"/o/{token()}", data={"answer": "accept"})
    assert [(one.status, one.mode) for one in visits()] == [
        ("cancelled", "online"),
        ("confirmed", "in_person"),
    ]


def test_a_kept_visit_that_was_cancelled_meanwhile_does_not_stand_in_the_way(
    clinic: Clinic, client: FlaskClient
) -> None:
    kept = taken(clinic, clinic.patient, 15, days=5)
    join(clinic, appointment_id=kept.id)
    look()
    freed(kept)
    client.post(f"/o/{token()}", data={"answer": "accept"})
    assert [one.status for one in visits()] == ["cancelled", "confirmed"]


def test_the_clinics_word_goes_beyond_what_patients_may_book_by_themselves(
    clinic: Clinic, client: FlaskClient
) -> None:
    clinic.service.online_booking = False
    clinic.service.needs_confirmation = True
    clinic.service.notice_minutes = 60 * 24 * 20
    join(clinic)
    look()
    client.post(f"/o/{token()}", data={"answer": "accept"})
    assert [one.status for one in visits()] == ["confirmed"]


def test_a_place_that_is_no_more_is_said_and_they_wait_on(clinic: Clinic, client: FlaskClient) -> None:

    entry = join(clinic)
    look()
    address = f"/o/{token()}"
    with unit_of_work():
        db.session.execute(
            text(
                "INSERT INTO time_off (resource_id, during, reason, created_at)"
                " SELECT id, tstzrange(:a, :b), 'away', now() FROM resources WHERE practitioner_id = :who"
            ),
            {"a": clinic.at(8, days=1), "b": clinic.at(20, days=1), "who": clinic.vaidya.id},
        )
    answer = client.post(address, data={"answer": "accept"})
    assert answer.status_code == 409
    assert "can no longer be given" in answer.text
    assert status(entry) == "waiting"
    assert visits() == []


def test_who_has_a_visit_by_then_gets_no_second(
    clinic: Clinic, client: FlaskClient, morning: time_machine.Coordinates
) -> None:
    join(clinic)
    look()
    address = f"/o/{token()}"
    morning.shift(timedelta(minutes=1))
    taken(clinic, clinic.patient, 15)
    answer = client.post(address, data={"answer": "accept"})
    assert answer.status_code == 409
    assert len(visits()) == 1


@pytest.mark.parametrize("wrong", ["x", "A" * 22, "é" * 22, "A" * 3000])
def test_a_link_that_is_none_opens_nothing(clinic: Clinic, client: FlaskClient, wrong: str) -> None:
    answers = [client.get(f"/o/{wrong}"), client.post(f"/o/{wrong}", data={"answer": "accept"})]
    assert {answer.status_code for answer in answers} == {404}


def test_the_message_has_the_link_and_its_secret_goes_with_it(clinic: Clinic, client: FlaskClient) -> None:
    join(clinic)
    look()
    message = db.session.scalars(select(Message).where(Message.kind == "waitlist_offer")).one()
    assert sending.send(message.id) == "sent"
    shown = db.session.scalars(select(ConsoleMessage)).one()
    found = re.search(r"http://localhost(/o/[A-Za-z0-9_-]{22})", shown.body)
    assert found is not None
    assert "Tue 24 Nov, 10:00 am" in shown.body
    assert "9:00 am" in shown.body  # kept until then
    db.session.refresh(message)
    assert message.secret is None
    assert client.get(found[1]).status_code == 200


def test_an_e_mail_carries_the_same_in_both_languages(clinic: Clinic) -> None:
    clinic.patient.email, clinic.patient.locale = "meenakshi@example.org", "hi"
    join(clinic, reach="email")
    look()
    message = db.session.scalars(select(Message).where(Message.kind == "waitlist_offer")).one()
    assert sending.send(message.id) == "sent"
    assert "/o/" in db.session.scalars(select(ConsoleMessage)).one().body


def test_an_offer_goes_over_what_they_want_and_its_link_never_into_an_inbox(clinic: Clinic) -> None:
    patient = clinic.patient
    patient.email = "meenakshi@example.org"
    login = household_login(patient, mobile="+919845077777")
    login.last_sign_in_at = clock.now()
    choose("patient", [patient.id], {("waitlist_offer", "sms"): False})
    db.session.commit()
    entry = join(clinic)
    look()
    rows = db.session.scalars(select(Message).where(Message.kind == "waitlist_offer")).all()
    assert {row.channel: row.secret is not None for row in rows} == {"email": True, "in_app": False}
    assert offers(entry)[0].told == "email"
    (shown,) = [row for row in rows if row.channel == "in_app"]
    assert sending.send(shown.id) in ("sent", "delivered")
    item = db.session.scalars(select(InboxItem)).one()
    assert (item.user_id, item.path) == (login.id, "/portal/waitlist")
    assert "/o/" not in item.title + item.body


def test_who_wants_no_offers_gets_none_and_the_ledger_says_why(clinic: Clinic) -> None:
    ways = ("sms", "email", "push", "in_app")
    choose("patient", [clinic.patient.id], {("waitlist_offer", way): False for way in ways})
    db.session.commit()
    join(clinic)
    look()
    message = db.session.scalars(select(Message).where(Message.kind == "waitlist_offer")).one()
    sending.send(message.id)
    db.session.refresh(message)
    assert (message.status, message.why) == ("cancelled", Why.UNWANTED)


@pytest.mark.parametrize("how", ["declined", "taken back", "expired", "withdrawn", "dead"])
def test_what_is_stale_is_not_sent(clinic: Clinic, morning: time_machine.Coordinates, how: str) -> None:
    entry = join(clinic)
    look()
    message = db.session.scalars(select(Message).where(Message.kind == "waitlist_offer")).one()
    (made,) = offers(entry)
    with unit_of_work():
        match how:
            case "declined":
                waitlist.decline(clinic.desk, made.id)
            case "taken back":
                waitlist.take_back_offer(clinic.desk, entry.id)
            case "expired":
                morning.shift(timedelta(minutes=31))
            case "withdrawn":
                waitlist.withdraw(clinic.desk, entry, "moved away")
            case _:
                clinic.patient.deceased = True
    assert sending.send(message.id) is None
    db.session.refresh(message)
    assert message.status in ("cancelled", "expired")
    assert message.secret is None
    assert db.session.scalars(select(ConsoleMessage)).all() == []


def test_the_place_a_kept_visit_leaves_goes_to_the_next(
    clinic: Clinic, client: FlaskClient, morning: time_machine.Coordinates
) -> None:
    kept = taken(clinic, clinic.patient, 10, days=2)
    later = DAY + timedelta(days=2)
    first = join(clinic, appointment_id=kept.id)
    second = join(clinic, clinic.other, from_day=later, until_day=later)
    look()
    assert (status(first), status(second)) == ("offered", "waiting")
    client.post(f"/o/{token()}", data={"answer": "accept"})

    with unit_of_work():
        claims.end_hold(f"move {kept.reference}")  # the minute in which a move can be undone
    assert look() == 1
    assert status(second) == "offered"
