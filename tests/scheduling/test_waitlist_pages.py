"""The waitlist at the desk: who sees it, how somebody joins it, and what is done with an offer."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient

from clinic.core.access import Role
from clinic.core.db import db
from clinic.scheduling.models import Appointment, WaitlistEntry
from tests.factories import FacilityFactory, PatientFactory, UserFactory, grant
from tests.scheduling.conftest import Clinic
from tests.scheduling.waiting import join, look, offers, status

FORM = {
    "from_day": "2026-11-24",
    "until_day": "2026-11-24",
    "weekdays": ["0", "1", "2"],
    "parts": ["morning"],
    "mode": "in_person",
    "reach": "sms",
    "note": "comes by train",
}


@pytest.fixture
def outsider(clinic: Clinic, sign_in: Callable[..., FlaskClient]) -> FlaskClient:
    """The front desk of another clinic."""
    elsewhere = FacilityFactory(name="Elsewhere")
    return sign_in(grant(UserFactory(), Role.RECEPTIONIST, facility=elsewhere))


def test_the_desk_adds_a_patient_and_sees_them_in_the_list(clinic: Clinic, desk: FlaskClient) -> None:
    address = f"/waitlist/new?patient={clinic.patient.id}&service={clinic.service.id}"
    assert "Add to the waitlist" in desk.get(address).text
    answer = desk.post(address, data=FORM | {"practitioners": [str(clinic.vaidya.id)], "urgent": "y"})
    assert answer.status_code == 303
    entry = db.session.query(WaitlistEntry).one()
    assert (entry.urgent, entry.parts, entry.weekday_numbers) == (True, ["morning"], [0, 1, 2])
    assert entry.note == "comes by train"
    page = desk.get("/waitlist").text
    assert "Meenakshi Iyer" in page
    assert "Urgent" in page
    assert clinic.vaidya.name in page
    assert "mornings" in page


def test_without_a_service_it_is_asked_for(clinic: Clinic, desk: FlaskClient) -> None:
    page = desk.get(f"/waitlist/new?patient={clinic.patient.id}")
    assert "What do they wait for?" in page.text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"until_day": "2026-11-20"}, "The last day lies before the first"),
        ({"until_day": "2027-11-20"}, "Wait for at most"),
        ({"weekdays": []}, "Choose at least one weekday."),
        ({"earliest": "10:00"}, "Give both"),
        ({"earliest": "10:00", "latest": "10:10"}, "The visit takes 30 minutes"),
        ({"reach": "email"}, "There is no e-mail address to write to."),
        ({"reach": "pigeon"}, "Say how to reach the patient."),
        ({"parts": ["night"]}, "Choose morning, afternoon or evening."),
        ({"practitioners": ["999999"]}, "does not perform this service"),
        ({"appointment_id": "999999"}, "can no longer be given up"),
        ({"from_day": "someday"}, "from_day-error"),
    ],
)
def test_what_cannot_be_right_is_said_beside_its_field(
    clinic: Clinic, desk: FlaskClient, change: dict[str, object], said: str
) -> None:
    address = f"/waitlist/new?patient={clinic.patient.id}&service={clinic.service.id}"
    answer = desk.post(address, data=FORM | change)
    assert answer.status_code == 422
    assert said in answer.text
    assert "comes by train" in answer.text
    assert db.session.query(WaitlistEntry).count() == 0


def test_nobody_waits_twice_for_one_service(clinic: Clinic, desk: FlaskClient) -> None:
    join(clinic)
    address = f"/waitlist/new?patient={clinic.patient.id}&service={clinic.service.id}"
    assert desk.get(address).status_code == 303
    answer = desk.post(address, data=FORM)
    assert answer.status_code == 409
    assert "on the waitlist for this service already" in answer.text


def test_the_list_is_filtered_and_paged_by_key(
    clinic: Clinic, desk: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clinic.scheduling.queries import waitlist as rows
    from clinic.scheduling.views import waitlist as views

    monkeypatch.setattr(rows, "PAGE", 2)
    monkeypatch.setattr(views, "PAGE", 2)
    people = [PatientFactory(name=f"Waits {n}", facility_id=clinic.facility.id) for n in range(5)]
    for n, patient in enumerate(people):
        join(clinic, patient, urgent=n in (3, 4), practitioner_ids=(clinic.vaidya.id,))
    seen: list[str] = []
    address = "/waitlist"
    for _page in range(3):
        page = desk.get(address).text
        seen += [name for n in (3, 4, 0, 1, 2) if (name := f"Waits {n}") in page]
        further = re.search(r'href="(/waitlist\?after=[^"]*)"', page)
        address = further[1] if further else address
    assert seen == ["Waits 3", "Waits 4", "Waits 0", "Waits 1", "Waits 2"]
    assert "Waits 0" not in desk.get("/waitlist?urgent=1").text
    assert "Nobody waits" in desk.get(f"/waitlist?practitioner={clinic.colleague.id}").text
    assert "Nobody waits" in desk.get("/waitlist?status=served").text
    assert "Nobody waits" in desk.get("/waitlist?service=999").text


def test_the_list_takes_as_many_statements_for_many_as_for_two(
    clinic: Clinic, desk: FlaskClient, count_statements: Callable[[], list[str]]
) -> None:
    for n in range(20):
        join(clinic, PatientFactory(name=f"Waits {n}", facility_id=clinic.facility.id))
    look()
    desk.get("/waitlist")
    count_statements()
    desk.get("/waitlist")
    data = [one for one in count_statements() if "audit_events" not in one and "login_sessions" not in one]
    assert len(data) <= 7, data  # one of them counts the failed messages for the masthead


def test_an_outsider_gets_the_same_answer_for_somebody_as_for_nobody(
    clinic: Clinic, desk: FlaskClient, outsider: FlaskClient
) -> None:
    entry = join(clinic)
    look()
    assert desk.get(f"/waitlist/{entry.id}").status_code == 200
    assert "Meenakshi" not in outsider.get("/waitlist").text
    for path in ("", "/edit", "/offer"):
        assert outsider.get(f"/waitlist/{entry.id}{path}").status_code == 404
    for path in ("/withdraw", "/answer", "/offer", "/edit"):
        assert outsider.post(f"/waitlist/{entry.id}{path}", data={"reason": "x"}).status_code == 404
    address = f"/waitlist/new?patient={clinic.patient.id}&service={clinic.service.id}"
    assert outsider.get(address).status_code == 404
    assert status(entry) == "offered"


def test_an_entry_is_changed_and_two_who_change_it_do_not_overwrite_each_other(
    clinic: Clinic, desk: FlaskClient
) -> None:
    entry = join(clinic)
    address = f"/waitlist/{entry.id}/edit"
    assert 'value="10:00"' in desk.get(address).text
    assert desk.post(address, data=FORM | {"version": "1"}).status_code == 303
    db.session.refresh(entry)
    assert (entry.parts, entry.earliest, entry.version) == (["morning"], None, 2)
    answer = desk.post(address, data=FORM | {"version": "1", "note": "other"})
    assert answer.status_code == 409
    assert "Somebody changed this meanwhile" in answer.text


def test_taking_somebody_off_the_list_needs_a_reason_and_frees_what_was_kept(
    clinic: Clinic, desk: FlaskClient
) -> None:
    entry = join(clinic)
    look()
    refused = desk.post(f"/waitlist/{entry.id}/withdraw", data={"reason": " "})
    assert refused.status_code == 422
    assert "Say why." in refused.text
    assert desk.post(f"/waitlist/{entry.id}/withdraw", data={"reason": "moved away"}).status_code == 303
    assert status(entry) == "withdrawn"
    assert offers(entry)[0].status == "withdrawn"
    assert "moved away" in desk.get(f"/waitlist/{entry.id}").text
    join(clinic, clinic.other)
    assert look() == 1


def test_an_offer_on_the_telephone_becomes_a_visit(clinic: Clinic, desk: FlaskClient) -> None:
    entry = join(clinic, reach="call")
    page = desk.get(f"/waitlist/{entry.id}/offer").text
    slot = f"{clinic.vaidya.id}@{int(clinic.at(10, days=1).timestamp()) // 60}"
    assert slot in page
    assert desk.post(f"/waitlist/{entry.id}/offer", data={"slot": slot, "told": "call"}).status_code == 303
    (made,) = offers(entry)
    assert made.told == "call"
    assert "They take it" in desk.get(f"/waitlist/{entry.id}").text
    assert "Call now" in desk.get("/waitlist").text
    desk.post(f"/waitlist/{entry.id}/answer", data={"answer": "accept", "offer": str(made.id)})
    visit = db.session.query(Appointment).one()
    assert (visit.starts, visit.created_via, visit.status) == (
        clinic.at(10, days=1),
        "waitlist",
        "confirmed",
    )
    assert status(entry) == "accepted"
    assert desk.get(f"/waitlist/{entry.id}").status_code == 200
    assert "Meenakshi" in desk.get("/waitlist?status=accepted").text


def test_a_time_too_near_for_a_message_is_for_the_telephone(
    clinic: Clinic, sign_in: Callable[..., FlaskClient], morning: time_machine.Coordinates
) -> None:
    entry = join(clinic)
    morning.move_to(clinic.at(9, 30, days=1))
    desk = sign_in(clinic.receptionist)
    slot = f"{clinic.vaidya.id}@{int(clinic.at(10, days=1).timestamp()) // 60}"
    answer = desk.post(f"/waitlist/{entry.id}/offer", data={"slot": slot, "told": "sms"})
    assert answer.status_code == 422
    assert "Call them instead" in answer.text
    look()
    assert "Call them" in desk.get("/waitlist").text
    assert "Free soon" in desk.get(f"/waitlist/{entry.id}").text
    desk.post(f"/waitlist/{entry.id}/offer", data={"slot": slot, "told": "call"})
    assert offers(entry)[0].expires_at == clinic.at(9, 45, days=1)


def test_a_place_with_somebody_who_is_nobody_is_not_offered(clinic: Clinic, desk: FlaskClient) -> None:
    entry = join(clinic)
    slot = f"{clinic.colleague.id + 1000}@{int(clinic.at(10, days=1).timestamp()) // 60}"
    answer = desk.post(f"/waitlist/{entry.id}/offer", data={"slot": slot, "told": "call"})
    assert answer.status_code == 404
    assert status(entry) == "waiting"


@pytest.mark.parametrize("what", ["decline", "take-back"])
def test_after_a_no_they_wait_on(clinic: Clinic, desk: FlaskClient, what: str) -> None:
    entry = join(clinic)
    look()
    (made,) = offers(entry)
    desk.post(f"/waitlist/{entry.id}/answer", data={"answer": what, "offer": str(made.id)})
    assert status(entry) == "waiting"
    assert [one.status for one in offers(entry)] == ["declined" if what == "decline" else "withdrawn"]


def test_an_offer_of_somebody_else_is_not_answered_here(clinic: Clinic, desk: FlaskClient) -> None:
    mine, theirs = join(clinic), join(clinic, clinic.other, practitioner_ids=(clinic.colleague.id,))
    look()
    (foreign,) = offers(theirs)
    answer = desk.post(f"/waitlist/{mine.id}/answer", data={"answer": "accept", "offer": str(foreign.id)})
    assert answer.status_code in (303, 404)
    assert status(theirs) == "offered"


def test_a_night_offer_says_when_it_is_told(
    clinic: Clinic, sign_in: Callable[..., FlaskClient], morning: time_machine.Coordinates
) -> None:
    entry = join(clinic)
    morning.move_to(clinic.at(22))
    look()
    desk = sign_in(clinic.receptionist)
    assert "08:00" in desk.get("/waitlist").text
    assert "They are told at" in desk.get(f"/waitlist/{entry.id}").text
    morning.shift(timedelta(hours=10, minutes=10))
    desk = sign_in(clinic.receptionist)
    assert "data-countdown" in desk.get("/waitlist").text
