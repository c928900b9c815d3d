"""Names in another script, in another spelling, misspelt; and numbers of older files."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text, update

from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.core.paging import PageRequest
from clinic.core.periodic import registered as periodic_work
from clinic.facilities.models import Facility
from clinic.patients.details import PatientDetails
from clinic.patients.models import Patient, PatientWord
from clinic.patients.queries import FoundPatients, quick_search, search_patients
from clinic.patients.service import sounds
from clinic.patients.service import update as change
from tests.factories import FacilityFactory, PatientFactory, UserFactory, actor_of

HTMX = {"HX-Request": "true"}


def look(actor: Actor, term: str, number: int = 1, limit: int = 50) -> FoundPatients:
    return search_patients(actor, term, PageRequest(number, limit))


def names(found: FoundPatients) -> list[str]:
    return [row.name for row in found.items]


@pytest.fixture
def people(facility: Facility) -> None:
    for name in (
        "Karishma Malhotra",
        "करिश्मा सिंह",
        "Laxmi Chaudhari",
        "Lakshmi Sarma",
        "Gyan Chowdhury",
        "Ram Kumar",
        "Rumi Das",
    ):
        PatientFactory(name=name, facility_id=facility.id)


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("Karishma", ["Karishma Malhotra", "करिश्मा सिंह"]),
        ("करि", ["करिश्मा सिंह", "Karishma Malhotra"]),
        ("क", ["करिश्मा सिंह", "Karishma Malhotra", "Ram Kumar"]),
        ("karishma singh", ["करिश्मा सिंह"]),
        ("singh kari", ["करिश्मा सिंह"]),
        ("सिंह Kari", ["करिश्मा सिंह"]),
        ("lakshmi", ["Lakshmi Sarma", "Laxmi Chaudhari"]),
        ("लक्ष्मी", ["Lakshmi Sarma", "Laxmi Chaudhari"]),
        ("sharma", ["Lakshmi Sarma"]),
        ("Choudhary", ["Gyan Chowdhury", "Laxmi Chaudhari"]),
        ("chaudhari laxmi", ["Laxmi Chaudhari"]),
        ("ज्ञान चौ", ["Gyan Chowdhury"]),
        ("ram", ["Ram Kumar"]),
        ("राम", ["Ram Kumar"]),
        ("d", ["Rumi Das"]),
    ],
)
@pytest.mark.usefixtures("people")
def test_name_is_found_in_either_script_and_other_spellings(
    desk: Actor, term: str, expected: list[str]
) -> None:
    found = look(desk, term)
    assert sorted(names(found)) == sorted(expected)
    assert found.total == len(expected)
    assert not found.close
    assert names(quick_search(desk, term)) == names(found)


@pytest.mark.usefixtures("people")
def test_names_written_so_come_before_those_that_sound_so(desk: Actor) -> None:
    assert names(look(desk, "laxmi")) == ["Laxmi Chaudhari", "Lakshmi Sarma"]
    assert names(look(desk, "lakshmi")) == ["Lakshmi Sarma", "Laxmi Chaudhari"]
    assert names(quick_search(desk, "lakshmi", limit=1)) == ["Lakshmi Sarma"]


def test_pages_go_on_from_the_written_to_the_sounding_without_gaps(desk: Actor, facility: Facility) -> None:
    for number in range(5):
        PatientFactory(name=f"Laxmi A{number}", facility_id=facility.id)
        PatientFactory(name=f"Lakshmi B{number}", facility_id=facility.id)
        PatientFactory(name=f"Laxmi Lakshmi C{number}", facility_id=facility.id)
    pages = [look(desk, "laxmi", number, 4) for number in range(1, 6)]
    assert [len(page.items) for page in pages] == [4, 4, 4, 3, 0]
    assert {page.total for page in pages} == {15}
    ids = [row.id for page in pages for row in page.items]
    assert len(set(ids)) == 15
    assert all(row.name.startswith("Laxmi") for page in pages[:2] for row in page.items)
    assert [page.has_next for page in pages] == [True, True, True, False, False]


def test_pages_beyond_what_is_counted_go_on(desk: Actor, facility: Facility) -> None:
    PatientFactory.create_batch(3, name="Laxmi", facility_id=facility.id)
    PatientFactory.create_batch(1_040, name="Lakshmi", facility_id=facility.id)
    last = [look(desk, "laxmi", number, 100) for number in (10, 11, 12)]
    assert [(len(page.items), page.has_next) for page in last] == [(100, True), (43, False), (0, False)]
    assert not {row.id for row in last[0].items} & {row.id for row in last[1].items}
    assert [len(look(desk, "lakshmi", number, 100).items) for number in (10, 11, 12)] == [100, 43, 0]
    assert [len(look(desk, "", number, 100).items) for number in (10, 11, 12)] == [100, 43, 0]


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("Malohtra", ["Karishma Malhotra"]),
        ("malohtra karisma", ["Karishma Malhotra"]),
        ("Kumat", ["Ram Kumar"]),
        ("ram kumat", ["Ram Kumar"]),
        ("Karisjma", ["Karishma Malhotra", "करिश्मा सिंह"]),
        ("मलोहत्रा", ["Karishma Malhotra"]),
        ("Shatma", ["Lakshmi Sarma"]),
        ("gyan malohtra", []),
        ("Rym", []),
        ("qqqqqq", []),
        ("Ma%otra", []),
    ],
)
@pytest.mark.usefixtures("people")
def test_misspelt_name_finds_those_that_come_close(desk: Actor, term: str, expected: list[str]) -> None:
    found = look(desk, term)
    assert sorted(names(found)) == sorted(expected)
    assert found.close == bool(expected)
    assert (found.total, found.has_next) == (len(expected), False)
    assert names(look(desk, term, 2)) == []
    quick = quick_search(desk, term)
    assert (names(quick), quick.close) == (names(found), bool(expected))


@pytest.mark.usefixtures("people")
def test_nobody_is_close_while_somebody_is_called_so(desk: Actor, facility: Facility) -> None:
    PatientFactory(name="Malohtra", facility_id=facility.id)
    assert names(look(desk, "malohtra")) == ["Malohtra"]


@pytest.mark.usefixtures("people")
def test_list_and_box_say_that_these_only_come_close(at_desk: FlaskClient) -> None:
    for path in ("/patients/search", "/search"):
        answer = at_desk.post(path, data={"q": "Malohtra"}, headers=HTMX).text
        assert "Nobody is called “Malohtra”. These come close:" in answer
        assert "Karishma Malhotra" in answer
        assert "come close" not in at_desk.post(path, data={"q": "Malhotra"}, headers=HTMX).text
    booking = at_desk.post("/appointments/new/patients", data={"term": "Malohtra"}, headers=HTMX).text
    assert "These come close" in booking


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("OPD/127", ["Old One", "Old Two"]),
        ("opd 127", ["Old One", "Old Two"]),
        ("OPD127/2019", ["Old Two"]),
        ("OPD-1", ["Old One", "Old Two"]),
        ("127/20", ["Old Three"]),
        ("127", ["Old Three", "By Mobile"]),
        ("1272020", ["Old Three"]),
        ("27", []),
        ("OPD_127", []),
        ("OPD%127", []),
        ("OPD", []),
    ],
)
def test_old_file_number_is_found_by_its_beginning(
    desk: Actor, facility: Facility, term: str, expected: list[str]
) -> None:
    for name, number in (("Old One", "OPD/127"), ("Old Two", "OPD 127/2019"), ("Old Three", "127/2020")):
        PatientFactory(name=name, file_number=number, mobile=None, facility_id=facility.id)
    PatientFactory(name="By Mobile", mobile="+919845000127", facility_id=facility.id)
    assert sorted(names(look(desk, term))) == sorted(expected)
    assert sorted(names(quick_search(desk, term))) == sorted(expected)


def test_file_number_is_shown_where_it_was_looked_for(at_desk: FlaskClient, facility: Facility) -> None:
    PatientFactory(name="Meenakshi Iyer", file_number="OPD/127", facility_id=facility.id)
    for path in ("/patients/search", "/search"):
        assert "File OPD/127" in at_desk.post(path, data={"q": "opd 12"}, headers=HTMX).text
        assert "OPD/127" not in at_desk.post(path, data={"q": "Meenakshi"}, headers=HTMX).text


def test_number_kept_from_elsewhere_finds_the_patient(desk: Actor, facility: Facility) -> None:
    PatientFactory(name="Meenakshi Iyer", mrn="HMS-77", facility_id=facility.id)
    assert names(look(desk, "hms-77")) == ["Meenakshi Iyer"]


@pytest.mark.parametrize("term", ["Karishma", "करिश्मा", "Karisjma", "OPD/127", "127", "malohtra karisma"])
def test_outsider_finds_nobody_by_sound_slip_or_file_number(facility: Facility, term: str) -> None:
    PatientFactory(name="Karishma Malhotra", file_number="OPD/127", facility_id=facility.id)
    PatientFactory(name="करिश्मा", mobile="+919845000127", facility_id=facility.id)
    elsewhere = FacilityFactory()
    outsider = actor_of(UserFactory(), Role.RECEPTIONIST, facility=elsewhere)
    assert look(outsider, term).items == []
    assert quick_search(outsider, term).items == []
    insider = actor_of(UserFactory(), Role.RECEPTIONIST, facility=facility)
    assert look(insider, term).items


@pytest.mark.parametrize(
    "term", ["karishma", "kari", "karishma malhotra", "malohtra", "127", "OPD/127", "qqqqqq"]
)
@pytest.mark.usefixtures("people")
def test_search_needs_few_statements(
    at_desk: FlaskClient, count_statements: Callable[[], list[str]], term: str
) -> None:
    spent = {}
    for path in ("/patients/search", "/search"):
        at_desk.post(path, data={"q": term}, headers=HTMX)
        count_statements()
        at_desk.post(path, data={"q": term}, headers=HTMX)
        others = ("audit_events", "login_sessions")
        spent[path] = len([one for one in count_statements() if not any(name in one for name in others)])
    assert spent["/patients/search"] <= 6, spent
    assert spent["/search"] <= 5


def words_of(patient: Patient) -> set[str]:
    db.session.flush()
    return set(db.session.scalars(select(PatientWord.word).where(PatientWord.patient_id == patient.id)))


def test_words_follow_the_name_as_written_and_as_heard(
    desk: Actor, registered: Callable[..., Patient]
) -> None:
    patient = registered("Laxmi Singh")
    assert words_of(patient) == {"laxmi", "singh", "~lksmi", "~sing"}
    change(
        desk,
        patient.id,
        PatientDetails(name="लक्ष्मी राव", mobile="98450 11723"),
        expected_version=patient.version,
    )
    assert words_of(patient) == {"लक्ष्मी", "राव", "~lksmi", "~rv"}
    db.session.execute(update(Patient).where(Patient.id == patient.id).values(search_sound=None))
    assert words_of(patient) == {"लक्ष्मी", "राव"}
    loose = PatientFactory(name="Gone Soon")
    number = loose.id
    db.session.execute(text("DELETE FROM patients WHERE id = :id"), {"id": number})
    assert not db.session.scalars(select(PatientWord).where(PatientWord.patient_id == number)).all()


def test_patients_written_without_a_sound_get_one_and_stay_as_they_are(
    facility: Facility, monkeypatch: pytest.MonkeyPatch, desk: Actor
) -> None:
    PatientFactory.create_batch(5, name="करिश्मा", search_sound=None, facility_id=facility.id)
    nameless = PatientFactory(name="!!", search_name="", search_sound=None, facility_id=facility.id)
    assert names(look(desk, "Karishma")) == []
    monkeypatch.setattr(sounds, "BATCH", 2)
    work = next(work for work in periodic_work() if work.name == "patients.fill_sounds")
    assert work.run() == 6
    assert names(look(desk, "Karishma")) == ["करिश्मा"] * 5
    db.session.expire_all()
    assert {row.version for row in db.session.scalars(select(Patient))} == {1}
    assert nameless.search_sound == ""
    assert work.run() == 0
