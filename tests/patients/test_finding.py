"""The list, the search in it and the one box."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from clinic.audit.models import AuditEvent
from clinic.core import clock
from clinic.core.access import SYSTEM, Actor
from clinic.core.db import db
from clinic.core.paging import PageRequest
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.patients.queries import quick_search, search_patients
from tests.factories import PatientFactory, appointment, practitioner_at


def found(actor: Actor, term: str, limit: int = 50) -> list[str]:
    return [row.name for row in search_patients(actor, term, PageRequest(1, limit)).items]


@pytest.mark.parametrize(
    ("term", "names"),
    [
        ("mee", ["Meenakshi Iyer"]),
        ("IYE", ["Meenakshi Iyer", "Raghavan Iyer"]),
        ("iyer ragh", ["Raghavan Iyer"]),
        ("nakshi", []),
        ("jose", ["José d'Souza"]),
        ("souza", ["José d'Souza"]),
        ("अन", ["अनन्या दास"]),
        ("दास अन", ["अनन्या दास"]),
        ("%", []),
        ("_", []),
        ("m_e", []),
        ("100%", []),
        ("\\", []),
        ("   ", ["अनन्या दास", "José d'Souza", "Raghavan Iyer", "Meenakshi Iyer"]),
        ("\x00", ["अनन्या दास", "José d'Souza", "Raghavan Iyer", "Meenakshi Iyer"]),
    ],
)
def test_any_word_of_a_name_is_found_by_its_beginning(
    desk: Actor, registered: Callable[..., Patient], term: str, names: list[str]
) -> None:
    for number, name in enumerate(("Meenakshi Iyer", "Raghavan Iyer", "José d'Souza", "अनन्या दास")):
        registered(name, f"984501172{number}")
    assert sorted(found(desk, term)) == sorted(names)


def test_name_with_two_words_alike_is_listed_once(desk: Actor, registered: Callable[..., Patient]) -> None:
    registered("Ram Raman")
    assert found(desk, "ram") == ["Ram Raman"]
    assert search_patients(desk, "ram", PageRequest()).total == 1


@pytest.mark.parametrize(
    "term",
    ["11723", "723", "98450", "9845011723", "+91 98450 11723", "098450 11723", "98450-11723", "919845011723"],
)
def test_mobile_is_found_by_its_last_digits_and_by_its_first(
    desk: Actor, registered: Callable[..., Patient], term: str
) -> None:
    registered("Meenakshi Iyer", "98450 11723")
    registered("Somebody Else", "97310 99999")
    assert found(desk, term) == ["Meenakshi Iyer"]


def test_email_and_number_find_the_patient(desk: Actor, registered: Callable[..., Patient]) -> None:
    patient = registered("Meenakshi Iyer", email="meena_i@example.org")
    registered("Other Person", "9731099999", email="meenaXi@example.org")
    assert found(desk, "MEENA_I@") == ["Meenakshi Iyer"]
    assert found(desk, patient.mrn.lower()) == ["Meenakshi Iyer"]


def test_newest_patients_come_first(desk: Actor, registered: Callable[..., Patient]) -> None:
    for number in range(3):
        registered(f"Patient Number{number}", f"984501172{number}")
    assert found(desk, "") == ["Patient Number2", "Patient Number1", "Patient Number0"]


def test_pages_follow_each_other_without_gaps(desk: Actor, registered: Callable[..., Patient]) -> None:
    for number in range(7):
        registered(f"Ram Number{number}", f"984501172{number}")
    pages = [search_patients(desk, "ram", PageRequest(number, 3)) for number in (1, 2, 3)]
    assert [len(page.items) for page in pages] == [3, 3, 1]
    assert len({row.id for page in pages for row in page.items}) == 7
    assert [page.has_next for page in pages] == [True, True, False]


def test_total_is_counted_only_so_far(facility: Facility) -> None:
    PatientFactory.create_batch(1_005, facility_id=facility.id)
    for term, counted in (("", 1_000), ("patient", 200), ("pateent", 200), ("9198", 200)):
        page = search_patients(SYSTEM, term, PageRequest(1, 10))
        assert (page.total, page.capped, page.has_next) == (counted, True, True)


@pytest.mark.parametrize("number", ["-1", "0", "abc", "1e9", "999999999999999999999", "٣", ""])
@pytest.mark.parametrize("limit", ["100000", "-5", "x", "1"])
def test_silly_page_numbers_get_an_answer(at_desk: FlaskClient, number: str, limit: str) -> None:
    assert at_desk.get("/patients", query_string={"page": number, "limit": limit}).status_code == 200
    asked = {"q": "a", "page": number, "limit": limit}
    assert at_desk.post("/patients/search", data=asked).status_code == 200


def test_list_needs_few_statements_however_many_patients(
    at_desk: FlaskClient, facility: Facility, count_statements: Callable[[], list[str]]
) -> None:
    counts = []
    for more in (1, 40):
        PatientFactory.create_batch(more, facility_id=facility.id)
        at_desk.get("/patients")
        count_statements()
        at_desk.get("/patients", query_string={"limit": 50})
        counts.append([text for text in count_statements() if "audit_events" not in text])
    assert len(counts[0]) == len(counts[1])
    assert len([text for text in counts[1] if "login_sessions" not in text]) <= 6


def test_list_is_audited_as_one_row_without_the_term(
    at_desk: FlaskClient, registered: Callable[..., Patient]
) -> None:
    patient = registered("Meenakshi Iyer")
    at_desk.post("/patients/search", data={"q": "meenakshi"})
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "patient.listed")).one()
    assert event.detail["ids"] == [patient.id]
    assert "meenakshi" not in str(event.detail).lower()


def test_search_answers_only_the_list_to_htmx(
    at_desk: FlaskClient, registered: Callable[..., Patient]
) -> None:
    registered("Meenakshi Iyer")
    answer = at_desk.post("/patients/search", data={"q": "mee"}, headers={"HX-Request": "true"})
    assert "Meenakshi Iyer" in answer.text
    assert "<html" not in answer.text


def test_empty_register_says_what_to_do_first(at_desk: FlaskClient) -> None:
    page = at_desk.get("/patients").text
    assert "No patients yet" in page
    assert "/patients/new" in page


def test_one_box_finds_patients_and_visits(
    at_desk: FlaskClient, facility: Facility, registered: Callable[..., Patient]
) -> None:
    patient = registered("Meenakshi Iyer")
    visit = appointment(patient, practitioner_at(facility), clock.now())
    db.session.commit()
    by_name = at_desk.post("/search", data={"q": "meen"}, headers={"HX-Request": "true"}).text
    by_digits = at_desk.post("/search", data={"q": "1723"}, headers={"HX-Request": "true"}).text
    by_reference = at_desk.post("/search", data={"q": visit.reference}, headers={"HX-Request": "true"}).text
    assert f"/patients/{patient.id}" in by_name
    assert f"/patients/{patient.id}" in by_digits
    assert f"/appointments/{visit.reference}" in by_reference


def test_names_are_shown_as_text(at_desk: FlaskClient, registered: Callable[..., Patient]) -> None:
    registered("<script>alert(1)</script>")
    for page in (at_desk.get("/patients").text, at_desk.post("/search", data={"q": "script"}).text):
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page


def test_quick_search_of_nothing_finds_nobody(desk: Actor, registered: Callable[..., Patient]) -> None:
    registered()
    assert quick_search(desk, "  ").items == []
