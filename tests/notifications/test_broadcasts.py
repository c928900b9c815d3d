"""Messages to many: whom they reach, what they cost, the two minutes, and how they go."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from clinic.core import clock
from clinic.core.access import Role
from clinic.core.db import db, unit_of_work
from clinic.desk.broadcast_forms import BroadcastForm
from clinic.facilities.models import Facility
from clinic.notifications import broadcasts, sending
from clinic.notifications.models import Broadcast, ConsoleMessage, Message, MessageChoice, SmsStop
from clinic.notifications.wording import Why
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    ServiceFactory,
    UserFactory,
    appointment,
    grant,
    practitioner_at,
)

NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
FORM = {
    "purpose": "service",
    "channels": ["sms"],
    "text_en": "{clinic} is closed tomorrow, {name}.",
    "text_hi": "{name}, {clinic} कल बंद है।",
}


@pytest.fixture(autouse=True)
def friday_morning(app: Flask) -> object:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def here(app: Flask) -> Facility:
    return FacilityFactory(name="Sutra Pune")


@pytest.fixture
def manager(here: Facility, sign_in: Callable[..., FlaskClient]) -> FlaskClient:
    return sign_in(grant(UserFactory(), Role.FACILITY_ADMIN, facility=here))


def draft(manager: FlaskClient, **values: Any) -> int:
    answer = manager.post("/messages/broadcasts/new", data=FORM | values)
    assert answer.status_code == 303, re.findall("field-error.*", answer.text)
    return int(answer.headers["Location"].rsplit("/", 1)[1])


def confirm(manager: FlaskClient, number: int, people: int) -> Broadcast:
    shown = kept(number).fingerprint
    manager.post(f"/messages/broadcasts/{number}/confirm", data={"people": people, "shown": shown})
    return kept(number)


def test_words_that_a_colleague_changed_meanwhile_are_not_confirmed_unseen(
    manager: FlaskClient, here: Facility
) -> None:
    PatientFactory(facility_id=here.id)
    number = draft(manager)
    shown = kept(number).fingerprint
    changed = FORM | {"text_en": "Other words"}
    assert manager.post(f"/messages/broadcasts/{number}/edit", data=changed).status_code == 303
    manager.post(f"/messages/broadcasts/{number}/confirm", data={"people": 1, "shown": shown})
    assert kept(number).status == "draft"
    assert "somebody has changed this message" in manager.get(f"/messages/broadcasts/{number}").text


def kept(number: int) -> Broadcast:
    db.session.rollback()
    return db.session.get_one(Broadcast, number, populate_existing=True)


def written() -> list[Message]:
    query = select(Message).where(Message.subject_type == "broadcast").order_by(Message.id)
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def patients(here: Facility, count: int, **values: Any) -> list[int]:
    numbers = range(count)
    rows = [
        PatientFactory(facility_id=here.id, mobile=f"+9198450{number:05}", **values) for number in numbers
    ]
    db.session.commit()
    return [row.id for row in rows]


def facts(page: str) -> dict[str, str]:
    return {
        re.sub("<[^>]+>", "", name): re.sub("<[^>]+>", "", value)
        for name, value in re.findall(r"<dt>(.*?)</dt><dd[^>]*>(.*?)</dd>", page, re.DOTALL)
    }


def test_a_draft_says_exactly_whom_it_reaches_and_whom_not(
    here: Facility, manager: FlaskClient, app: Flask, with_settings: Callable[..., None]
) -> None:
    with_settings(sms_price_paise=25)
    patients(here, 3)
    for values in (
        {"mobile": "+919845100001", "locale": "hi"},
        {"mobile": "+919845100002", "deceased": True},
        {"mobile": None},
        {"mobile": "+919845100003"},
        {"mobile": "+919845100004"},
    ):
        PatientFactory(facility_id=here.id, **values)
    declined = PatientFactory(facility_id=here.id, mobile="+919845100005")
    PatientFactory(facility_id=FacilityFactory().id, mobile="+919845100006")
    db.session.add(SmsStop(mobile="+919845100003", stopped=True, changed_at=clock.now()))
    db.session.add(
        MessageChoice(
            recipient_type="patient",
            recipient_id=declined.id,
            choice="broadcast_service",
            channel="sms",
            wanted=False,
        )
    )
    db.session.commit()
    found = facts(manager.get(f"/messages/broadcasts/{draft(manager)}").text)
    assert {name: found[name] for name in list(found)[:7]} == {
        "Found by the filter": "9",
        "Have died": "1",
        "Have no number or address for it": "1",
        "Want no such messages": "2",
        "Text messages in English": "4",
        "Text messages in Hindi": "1",
        "Costs about": "₹1.25",
    }


def test_news_reaches_only_those_who_agreed_to_news(here: Facility, manager: FlaskClient) -> None:
    patients(here, 2)
    page = manager.get(f"/messages/broadcasts/{draft(manager, purpose='news')}").text
    assert facts(page)["Have not agreed to news"] == "2"
    assert "It would reach nobody." in page


def test_the_filter_goes_by_visits(here: Facility, manager: FlaskClient) -> None:
    vaidya, other = practitioner_at(here), practitioner_at(here)
    basti, massage = ServiceFactory(facility_id=here.id), ServiceFactory(facility_id=here.id)
    ids = patients(here, 4)
    rows = [PatientFactory._meta.sqlalchemy_session.get(PatientFactory._meta.model, one) for one in ids]
    tomorrow = NOW + timedelta(days=1)
    appointment(rows[0], vaidya, tomorrow, service=basti)
    appointment(rows[1], other, tomorrow + timedelta(hours=1), service=massage)
    appointment(rows[2], vaidya, tomorrow, service=basti, status="cancelled")
    appointment(rows[3], vaidya, NOW - timedelta(days=5), service=basti, status="completed")
    db.session.commit()

    def people(**values: Any) -> str:
        page = manager.get(f"/messages/broadcasts/{draft(manager, **values)}").text
        return facts(page)["Found by the filter"]

    assert people(coming_on="2026-11-21") == "2"
    assert people(coming_on="2026-11-21", practitioner_id=vaidya.id) == "1"
    assert people(visited_from="2026-11-10", visited_to="2026-11-19") == "1"
    assert people(service_id=basti.id) == "2"
    assert people(locale="hi") == "0"


def test_nothing_goes_for_two_minutes_and_undo_makes_it_a_draft_again(
    here: Facility, manager: FlaskClient, friday_morning: Any
) -> None:
    patients(here, 2)
    number = draft(manager)
    assert confirm(manager, number, 2).status == "waiting"
    assert "Nothing has gone out yet." in manager.get(f"/messages/broadcasts/{number}").text
    friday_morning.shift(119)
    broadcasts.write_when_due(number)
    assert written() == []
    manager.post(f"/messages/broadcasts/{number}/undo")
    friday_morning.shift(600)
    broadcasts.write_when_due(number)
    assert (kept(number).status, written()) == ("draft", [])


def test_each_person_gets_it_once_in_their_language_however_often_it_is_written(
    here: Facility, manager: FlaskClient, friday_morning: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcasts, "BATCH", 2)
    patients(here, 4)
    PatientFactory(facility_id=here.id, name="आशा", mobile="+919845100001", locale="hi", email="a@a.test")
    db.session.commit()
    number = draft(manager, channels=["sms", "email"], subject_en="Closed", subject_hi="बंद")
    confirm(manager, number, 5)
    friday_morning.shift(121)
    assert broadcasts.write_batch(number), "one batch, and its worker is killed"
    assert (kept(number).status, len(written())) == ("writing", 2)
    broadcasts.write_due()
    broadcasts.write_when_due(number)
    with unit_of_work():
        kept(number).last_patient_id = 0
        kept(number).status = "writing"
    broadcasts.write_when_due(number)
    assert (kept(number).status, len(written())) == ("written", 6)
    assert {message.priority for message in written()} == {3}
    assert [sending.send(message.id) for message in written()] == ["sent"] * 6
    shown = db.session.scalars(select(ConsoleMessage).order_by(ConsoleMessage.id)).all()
    assert {one.body.strip() for one in shown if one.channel == "sms"} >= {"आशा, Sutra Pune कल बंद है।"}
    assert [one.subject for one in shown if one.channel == "email"] == ["बंद"]
    assert "Done: 6 of 6 messages went out" in manager.get(f"/messages/broadcasts/{number}").text


def test_stopping_withdraws_what_is_not_handed_over_and_writes_no_more(
    here: Facility, manager: FlaskClient, friday_morning: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcasts, "BATCH", 3)
    patients(here, 5)
    number = draft(manager)
    confirm(manager, number, 5)
    friday_morning.shift(121)
    broadcasts.write_batch(number)
    assert sending.send(written()[0].id) == "sent"
    manager.post(f"/messages/broadcasts/{number}/stop")
    broadcasts.write_when_due(number)
    assert [(one.status, one.why) for one in written()] == [
        ("sent", None),
        ("cancelled", Why.STOPPED),
        ("cancelled", Why.STOPPED),
    ]
    assert "Stopped." in manager.get(f"/messages/broadcasts/{number}").text


def test_a_number_that_has_changed_is_shown_before_anything_goes(
    here: Facility, manager: FlaskClient
) -> None:
    patients(here, 2)
    number = draft(manager)
    assert confirm(manager, number, 1).status == "draft"
    assert "the number of people has changed" in manager.get(f"/messages/broadcasts/{number}").text


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"text_en": "Hello {password}"}, "has no {password}"),
        ({"text_hi": "{"}, "belongs to no placeholder"),
        ({"text_hi": ""}, "Write the text."),
        ({"channels": []}, "Choose at least one way."),
        ({"channels": ["email"]}, "An e-mail needs a subject."),
        ({"visited_from": "2026-11-10", "visited_to": "2026-11-09"}, "The last day is before the first."),
        ({"text_en": "x" * 1001}, "At most 1000 characters."),
        ({"service_id": "7"}, "Not a valid choice"),
    ],
)
def test_what_cannot_be_sent_says_so_beside_its_field_and_keeps_the_rest(
    manager: FlaskClient, values: dict[str, Any], words: str
) -> None:
    answer = manager.post("/messages/broadcasts/new", data=FORM | values)
    assert answer.status_code == 422
    assert words in answer.text
    assert "tomorrow" in answer.text or "text_en" in values


def test_reception_sees_them_and_changes_nothing_and_others_elsewhere_see_none(
    here: Facility, manager: FlaskClient, sign_in: Callable[..., FlaskClient]
) -> None:
    patients(here, 1)
    number = draft(manager)
    path = f"/messages/broadcasts/{number}"
    reception = sign_in(grant(UserFactory(), Role.RECEPTIONIST, facility=here))
    assert "closed tomorrow" in reception.get(path).text
    assert [reception.post(f"{path}/{step}").status_code for step in ("confirm", "undo", "stop")] == [403] * 3
    elsewhere = sign_in(grant(UserFactory(), Role.FACILITY_ADMIN, facility=FacilityFactory()))
    assert [elsewhere.get(path).status_code, elsewhere.post(f"{path}/confirm").status_code] == [404, 404]
    assert "closed tomorrow" not in elsewhere.get("/messages/broadcasts").text
    assert elsewhere.get(f"/messages/broadcasts/new?facility={here.id}").status_code == 404


def test_its_pages_take_few_statements(
    here: Facility, manager: FlaskClient, count_statements: Callable[[], list[str]]
) -> None:
    vaidya, basti = practitioner_at(here), ServiceFactory(facility_id=here.id)
    number = draft(manager, service_id=basti.id, practitioner_id=vaidya.id)
    counted = {}
    for path in (f"/messages/broadcasts/{number}", "/messages/broadcasts", "/messages/broadcasts/new"):
        manager.get(path)
        count_statements()
        manager.get(path)
        counted[path] = len(count_statements()) - 2
    count_statements()
    manager.get(f"/messages/broadcasts/{number}", headers={"HX-Request": "true"})
    assert (max(counted.values()) <= 6, len(count_statements()) - 2 <= 3) == (True, True), counted


@pytest.mark.parametrize("field", ["visited_from", "visited_to", "coming_on"])
@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_that_has_no_midnight_here_is_refused(manager: FlaskClient, field: str, day: str) -> None:
    """Its draft could be kept, and its page never shown again."""
    refused = manager.post("/messages/broadcasts/new", data=FORM | {field: day})
    assert refused.status_code == 422
    assert "between 1900 and 2199" in refused.text


def test_words_cannot_be_changed_under_a_confirmation(
    manager: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A colleague confirms between the look at the draft and the save of a form opened before."""
    PatientFactory()
    broadcast_id = draft(manager)
    real = BroadcastForm.is_good

    def while_a_colleague_confirms(form: BroadcastForm) -> bool:
        with unit_of_work():
            db.session.execute(
                update(Broadcast).values(status="waiting", begins_at=clock.now() + timedelta(minutes=2))
            )
        return real(form)

    monkeypatch.setattr(BroadcastForm, "is_good", while_a_colleague_confirms)
    late = FORM | {"text_en": "Pay at evil.example.", "text_hi": "यहाँ भुगतान करें।"}
    manager.post(f"/messages/broadcasts/{broadcast_id}/edit", data=late)
    db.session.expire_all()
    kept = db.session.get_one(Broadcast, broadcast_id)
    assert (kept.status, kept.text_en) == ("waiting", FORM["text_en"])
