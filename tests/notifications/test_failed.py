"""What did not arrive, by reason, and sending many of it again; and what a visit's people were told."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from clinic.core import clock
from clinic.core.access import SYSTEM, Role
from clinic.core.db import db, unit_of_work
from clinic.facilities.models import Facility
from clinic.notifications.models import Message, SmsDay
from clinic.scheduling import messages
from clinic.scheduling.models import Appointment
from clinic.scheduling.service import events
from tests.factories import FacilityFactory, PatientFactory, UserFactory, appointment, grant, practitioner_at
from tests.notifications.conftest import row
from tests.notifications.test_pages import becomes, visit_message


@pytest.fixture
def facility(app: Flask) -> Facility:
    return FacilityFactory()


@pytest.fixture
def reception(facility: Facility, sign_in: Callable[..., FlaskClient]) -> FlaskClient:
    return sign_in(grant(UserFactory(), Role.RECEPTIONIST, facility=facility))


def lost(facility: Facility, why: str, status: str = "failed") -> int:
    message_id = visit_message(facility)
    becomes(message_id, status, why)
    return message_id


def states(*ids: int) -> list[str]:
    return [row(one).status for one in ids]


def test_failures_are_grouped_by_reason_with_the_way_to_mend_them(
    facility: Facility, reception: FlaskClient
) -> None:
    for _number in range(2):
        lost(facility, "bad_address")
    lost(facility, "no_answer", "unknown")
    page = reception.get("/messages/failed").text
    assert re.findall(r'class="num">(\d+)<', page) == ["3", "2", "1"]
    assert page.count("Correct number or address") == 2
    only = reception.get("/messages/failed?reason=unknown.no_answer").text
    assert (only.count("failed-row"), "Correct number" in only) == (1, False)
    assert reception.get("/messages/failed?reason=x%00&before=1-1").status_code == 200
    assert reception.get("/messages/failed?reason=failed.%00").status_code == 200
    forged = {"which": "all", "reason": "failed.\x00"}
    assert reception.post("/messages/failed/send-again", data=forged).status_code == 303


def test_chosen_ones_go_again_and_unknown_ones_only_with_consent(
    facility: Facility, reception: FlaskClient
) -> None:
    ids = [
        lost(facility, "provider_away"),
        lost(facility, "no_answer", "unknown"),
        lost(facility, "provider_away"),
    ]
    form = {"which": "chosen", "id": ids[:2]}
    page = reception.post("/messages/failed/send-again", data=form, follow_redirects=True).text
    assert states(*ids) == ["queued", "unknown", "failed"]
    assert ("1 message is on its way." in page, "It may have arrived." in page) == (True, True)
    reception.post("/messages/failed/send-again", data=form | {"although_unknown": "yes"})
    assert states(*ids) == ["queued", "queued", "failed"]


def test_all_of_a_reason_go_again_at_once(facility: Facility, reception: FlaskClient) -> None:
    ids = [lost(facility, "provider_away"), lost(facility, "provider_away"), lost(facility, "bad_address")]
    reception.post("/messages/failed/send-again", data={"which": "all", "reason": "failed.provider_away"})
    assert states(*ids) == ["queued", "queued", "failed"]


def test_another_clinics_desk_neither_sees_nor_sends_them(
    facility: Facility, sign_in: Callable[..., FlaskClient]
) -> None:
    message_id = lost(facility, "provider_away")
    elsewhere = sign_in(grant(UserFactory(), Role.RECEPTIONIST, facility=FacilityFactory()))
    assert "failed-row" not in elsewhere.get("/messages/failed").text
    elsewhere.post("/messages/failed/send-again", data={"which": "chosen", "id": [message_id]})
    elsewhere.post("/messages/failed/send-again", data={"which": "all", "reason": "failed.provider_away"})
    assert states(message_id) == ["failed"]


def test_the_days_money_stands_over_the_list(
    facility: Facility, reception: FlaskClient, with_settings: Callable[..., None]
) -> None:
    assert "Text messages today" not in reception.get("/messages").text
    with_settings(sms_price_paise=25, sms_ceiling_rupees=1000)
    db.session.add(SmsDay(day=clock.today(facility.zone), paise=85_050, segments=3402))
    db.session.commit()
    page = reception.get("/messages").text
    assert "Text messages today: ₹850.50 of ₹1,000, 85 %" in page
    assert "At the limit only sign-in codes and warnings go out." in page


# A visit's messages


def booked(
    facility: Facility, *, ahead: timedelta, status: str = "confirmed", **patient: object
) -> Appointment:
    who = PatientFactory(facility_id=facility.id, **{"mobile": "+919845011723", **patient})
    visit = appointment(who, practitioner_at(facility), clock.now() + ahead, status=status)
    with unit_of_work():
        events.write(SYSTEM, visit, "booked", to_status=status)
        messages.booked(visit, tell=True)
    return visit


def ledger(client: FlaskClient, visit: Appointment) -> dict[str, list[str]]:
    page = client.get(f"/appointments/{visit.reference}/messages").text
    found = {}
    for name in ("Still to go", "What was told", "Not planned"):
        part = re.search(rf'<ul class="fates" role="list" aria-label="{name}">(.*?)</ul>', page, re.DOTALL)
        rows = re.findall(r"<li.*?</li>", part.group(1), re.DOTALL) if part else []
        found[name] = [" ".join(re.sub(r"<[^>]+>", " ", one).split()) for one in rows]
    return found


def test_a_ledger_tells_what_goes_next_and_why_a_reminder_was_not_planned(
    facility: Facility, reception: FlaskClient
) -> None:
    visit = booked(facility, ahead=timedelta(hours=1))
    found = ledger(reception, visit)
    assert sum("Reminder, 30 minutes before" in line for line in found["Still to go"]) == 1
    assert len(found["Not planned"]) == 2
    assert all("The visit was booked 1 hour before it starts." in line for line in found["Not planned"])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"status": "pending"}, "It is planned once the visit is confirmed."),
        ({"mobile": None}, "There is no number or e-mail address to send it to."),
        ({"deceased": True}, "The patient has died."),
    ],
)
def test_a_ledger_knows_other_reasons_too(
    facility: Facility, reception: FlaskClient, values: dict[str, object], words: str
) -> None:
    found = ledger(reception, booked(facility, ahead=timedelta(days=3), **values))  # type: ignore[arg-type]
    assert (len(found["Not planned"]), all(words in line for line in found["Not planned"])) == (3, True)


def test_from_the_ledger_a_message_is_stopped_or_sent_again(
    facility: Facility, reception: FlaskClient, sign_in: Callable[..., FlaskClient]
) -> None:
    visit = booked(facility, ahead=timedelta(days=3))
    ids = db.session.scalars(select(Message.id).where(Message.channel == "sms").order_by(Message.id)).all()
    path = f"/appointments/{visit.reference}/messages"
    becomes(ids[0], "failed", "provider_away")
    reception.post(f"{path}/{ids[0]}", data={"do": "send"})
    reception.post(f"{path}/{ids[1]}", data={"do": "stop"})
    assert states(*ids[:2]) == ["queued", "cancelled"]
    assert "Somebody here stopped it." in reception.get(path).text
    other = booked(facility, ahead=timedelta(days=4), mobile="+919845011724")
    wrong = f"/appointments/{other.reference}/messages/{ids[2]}"
    assert reception.post(wrong, data={"do": "stop"}).status_code == 404
    elsewhere = sign_in(grant(UserFactory(), Role.RECEPTIONIST, facility=FacilityFactory()))
    assert [elsewhere.get(path).status_code, elsewhere.post(f"{path}/{ids[2]}").status_code] == [404, 404]
    assert states(ids[2]) == ["queued"]


def test_the_new_pages_take_few_statements(
    facility: Facility, reception: FlaskClient, count_statements: Callable[[], list[str]]
) -> None:
    lost(facility, "provider_away")
    visit = booked(facility, ahead=timedelta(hours=1), mobile="+919845011725")
    counted = {}
    for path in ("/messages/failed", f"/appointments/{visit.reference}/messages"):
        reception.get(path)
        count_statements()
        reception.get(path)
        counted[path] = count_statements()
    assert {path: len(found) - 2 <= 6 for path, found in counted.items()} == dict.fromkeys(counted, True), (
        counted
    )
