"""FHIR files: taken whole or not at all, twice without effect, each bad line named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from clinic.accounts.models import User
from clinic.core.access import SYSTEM, Actor
from clinic.core.db import db
from clinic.core.errors import Forbidden, Invalid
from clinic.facilities.models import Facility
from clinic.patients.fhir import ImportRefused, Report, import_folder
from clinic.patients.models import Allergy, Guardianship, Patient, PatientIdentifier
from clinic.patients.policy import can_book_for
from clinic.patients.queries import search_patients
from clinic.practitioners.models import Practitioner

Write = Callable[..., Path]


def person(key: str = "p1", **changed: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "resourceType": "Patient",
        "id": key,
        "identifier": [{"system": "urn:example:hospital", "value": f"H-{key}"}],
        "name": [{"use": "official", "family": "Kovac", "given": ["Ana", "Marija"]}],
        "telecom": [{"system": "phone", "value": "555-010-9999", "use": "home"}],
        "gender": "female",
        "birthDate": "1961-04-30",
        "address": [
            {
                "line": ["4 Hill Road"],
                "city": "Lincoln",
                "state": "NE",
                "postalCode": "68501",
                "country": "US",
            }
        ],
    }
    return {name: value for name, value in {**base, **changed}.items() if value is not None}


def allergy(key: str = "a1", of: str = "Patient/p1", **changed: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "resourceType": "AllergyIntolerance",
        "id": key,
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "verificationStatus": {"coding": [{"code": "confirmed"}]},
        "category": ["food"],
        "criticality": "high",
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "1", "display": "Walnut"}]},
        "patient": {"reference": of},
        "recordedDate": "2010-12-17T04:48:44-05:00",
        "reaction": [
            {"manifestation": [{"text": "Hives"}], "severity": "mild"},
            {"manifestation": [{"text": "Wheeze"}], "severity": "severe"},
        ],
    }
    return {name: value for name, value in {**base, **changed}.items() if value is not None}


def doctor(key: str = "d1", **changed: Any) -> dict[str, Any]:
    return {
        "resourceType": "Practitioner",
        "id": key,
        "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": f"99{key}"}],
        "active": True,
        "name": [{"family": "Novak", "given": ["Ivo"], "prefix": ["Dr."]}],
        **changed,
    }


@pytest.fixture
def write(app: Flask, facility: Facility, tmp_path: Path) -> Write:
    """``write(Patient=[resource, b"raw line"])`` makes the files and gives their folder."""
    db.session.commit()

    def make(**files: list[Any]) -> Path:
        for name, lines in files.items():
            raw = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
            (tmp_path / f"{name}.ndjson").write_bytes(b"\n".join(raw) + b"\n")
        return tmp_path

    return make


def everybody() -> list[Patient]:
    return list(db.session.scalars(select(Patient).order_by(Patient.id)))


def count(model: type[Any]) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def reasons(folder: Path) -> list[str]:
    with pytest.raises(ImportRefused) as raised:
        import_folder(folder, SYSTEM)
    return [str(refusal) for refusal in raised.value.report.refusals]


def test_patients_practitioners_and_allergies_are_taken(write: Write) -> None:
    report = import_folder(
        write(AllergyIntolerance=[allergy()], Patient=[person()], Practitioner=[doctor()]), SYSTEM
    )
    (patient,) = everybody()
    assert (patient.name, patient.sex, str(patient.birth_date)) == (
        "Ana Marija Kovac",
        "female",
        "1961-04-30",
    )
    assert (patient.mobile, patient.phone_as_given, patient.country) == (None, "555-010-9999", "US")
    assert (patient.line, patient.postal_code) == ("4 Hill Road", "68501")
    row = db.session.scalars(select(Allergy)).one()
    assert (row.substance, row.reaction, row.severity, row.criticality, row.status) == (
        "Walnut", "Hives, Wheeze", "severe", "high", "active",
    )  # fmt: skip
    assert patient.allergy_status == "recorded"
    assert {kind: counts.added for kind, counts in report.counts.items()} == {
        "Patient": 1, "Practitioner": 1, "AllergyIntolerance": 1,
    }  # fmt: skip
    assert "Patient" in str(report)


def test_second_import_adds_nothing(write: Write) -> None:
    none = {"code": {"coding": [{"code": "716186003"}]}}
    folder = write(
        Patient=[person(), person("p2")],
        Practitioner=[doctor()],
        AllergyIntolerance=[allergy(), allergy("a2", "Patient/p2", **none)],
    )
    import_folder(folder, SYSTEM)
    before = [count(model) for model in (Patient, PatientIdentifier, Allergy, Practitioner, User)]
    report = import_folder(folder, SYSTEM)
    assert [count(model) for model in (Patient, PatientIdentifier, Allergy, Practitioner, User)] == before
    assert all(counts.added == 0 and counts.refused == 0 for counts in report.counts.values())
    assert {kind: counts.present for kind, counts in report.counts.items()} == {
        "Patient": 2, "Practitioner": 1, "AllergyIntolerance": 2,
    }  # fmt: skip


def test_files_in_parts_are_read_in_any_order(write: Write) -> None:
    folder = write(**{"Patient.001": [person("p2")], "Patient.000": [person()], "Observation": [b"not read"]})
    import_folder(folder, SYSTEM)
    assert count(Patient) == 2


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b'{"resourceType": "Patient", "id": "x", "na', "not JSON"),
        (b"\xff\xfe broken", "not UTF-8 at byte 1"),
        (b"[" * 200_000, "not JSON"),
        (b'{"resourceType": "Patient", "id": ' + b"9" * 5000 + b"}", "a number too long"),
        (b"NaN", "not JSON"),
        (b"[]", "bare value or list"),
        (b'"Patient"', "bare value or list"),
        (b"{}", "resourceType is not Patient"),
        (json.dumps(allergy()).encode(), "resourceType is not Patient"),
        (json.dumps(person(id=None)).encode(), "id is missing"),
        (json.dumps(person(id="a b")).encode(), "not a FHIR id"),
        (json.dumps(person(name=None)).encode(), "name is missing"),
        (json.dumps(person(name=[])).encode(), "name is missing"),
        (json.dumps(person(name="Ana")).encode(), "name is not a list"),
        (json.dumps(person(name=[{"family": 7}])).encode(), "family is not text"),
        (json.dumps(person(name=[{"family": "x" * 300}])).encode(), "longer than 200"),
        (json.dumps(person(gender="woman")).encode(), "gender is not one"),
        (json.dumps(person(birthDate="1961-02-30")).encode(), "no day of the calendar"),
        (json.dumps(person(birthDate="30.4.1961")).encode(), "birthDate is not a date"),
        (json.dumps(person(birthDate="2961-01-01")).encode(), "no day of the calendar"),
        (json.dumps(person(birthDate="2199-01-01")).encode(), "still to come"),
        (json.dumps(person(birthDate=1961)).encode(), "birthDate is not text"),
        (json.dumps(person(deceasedBoolean="yes")).encode(), "neither true nor false"),
        (json.dumps(person(deceasedDateTime="1950-01-01")).encode(), "before birthDate"),
        (json.dumps(person(deceasedDateTime="whenever")).encode(), "not a moment in time"),
        (json.dumps(person(telecom={"value": "1"})).encode(), "telecom is not a list"),
        (json.dumps(person(identifier=[3])).encode(), "identifier is not a list"),
        (json.dumps(person(modifierExtension=[{"url": "x"}])).encode(), "modifierExtension"),
    ],
)
def test_bad_line_is_named_with_its_number_and_stops_everything(write: Write, line: bytes, why: str) -> None:
    (reason,) = reasons(write(Patient=[person(), b"", line], Practitioner=[doctor()]))
    assert reason.startswith("Patient.ndjson, line 3: ")
    assert why in reason
    assert count(Patient) == count(Practitioner) == 0


def test_all_bad_lines_are_named_at_once(write: Write) -> None:
    folder = write(Patient=[b"{", person(), b"{"], AllergyIntolerance=[allergy("a1", "Patient/nobody")])
    named = reasons(folder)
    assert [text.split(":")[0] for text in named] == [
        "Patient.ndjson, line 1", "Patient.ndjson, line 3", "AllergyIntolerance.ndjson, line 1",
    ]  # fmt: skip


def test_rest_is_taken_when_asked_for(write: Write) -> None:
    report = import_folder(write(Patient=[b"{", person()]), SYSTEM, accept_refused=True)
    assert count(Patient) == 1
    assert [refusal.line for refusal in report.refusals] == [1]
    assert "Patient.ndjson, line 1" in str(report)


def test_reasons_repeat_nothing_of_a_person(write: Write) -> None:
    bad = person(gender="Kovac", birthDate="Kovac")
    assert "Kovac" not in "".join(reasons(write(Patient=[bad, json.dumps(bad).encode()[:-1]])))


def test_byte_order_mark_and_windows_line_ends_are_read_over(write: Write) -> None:
    import_folder(write(Patient=[b"\xef\xbb\xbf" + json.dumps(person()).encode() + b"\r", b"\r"]), SYSTEM)
    assert count(Patient) == 1


def test_line_without_end_does_not_fill_the_memory(write: Write) -> None:
    (reason,) = reasons(write(Patient=[b"x" * (9 * 1024 * 1024), person()]))
    assert "line 1: the line is longer than 4 MB" in reason


def test_same_id_twice_is_refused_the_second_time(write: Write) -> None:
    (reason,) = reasons(write(Patient=[person(), person()]))
    assert "line 2: the same id stood in an earlier line" in reason


def test_identifier_of_another_patient_is_refused(write: Write) -> None:
    twin = person("p2", identifier=[{"system": "urn:example:hospital", "value": "H-p1"}])
    (reason,) = reasons(write(Patient=[person(), twin]))
    assert "line 2: an identifier belongs to another patient" in reason


def test_official_name_is_chosen_before_a_maiden_name(write: Write) -> None:
    names = [
        {"use": "maiden", "family": "Old", "given": ["Ana"]},
        {"use": "usual", "text": "Annie"},
        {"use": "official", "family": "Kovac842", "given": ["Ana787", "Marija760"], "prefix": ["Mrs."]},
    ]
    import_folder(write(Patient=[person(name=names)]), SYSTEM)
    assert everybody()[0].name == "Ana787 Marija760 Kovac842"
    assert [row.name for row in search_patients(SYSTEM, "kovac842", _first()).items] == [
        "Ana787 Marija760 Kovac842"
    ]


@pytest.mark.parametrize(
    ("written", "day", "precision"),
    [("1961", "1961-01-01", "year"), ("1961-04", "1961-04-01", "month"), ("1961-04-30", "1961-04-30", "day")],
)
def test_birth_dates_keep_how_exact_they_are(write: Write, written: str, day: str, precision: str) -> None:
    import_folder(write(Patient=[person(birthDate=written)]), SYSTEM)
    assert (str(everybody()[0].birth_date), everybody()[0].birth_precision) == (day, precision)


def test_somebody_who_died_is_kept_and_cannot_be_booked(write: Write) -> None:
    dead = person(deceasedDateTime="2004-07-02T09:03:49-04:00")
    import_folder(write(Patient=[dead, person("p2", deceasedBoolean=True), person("p3")]), SYSTEM)
    assert [(row.deceased, str(row.deceased_on)) for row in everybody()] == [
        (True, "2004-07-02"), (True, "None"), (False, "None"),
    ]  # fmt: skip
    assert [can_book_for(SYSTEM, row) for row in everybody()] == [False, False, True]


@pytest.mark.parametrize(
    ("number", "country", "mobile"),
    [
        ("+91 98450 11723", "US", "+919845011723"),
        ("98450 11723", "IN", "+919845011723"),
        ("9136482266", "US", None),
        ("555-010-9999", "US", None),
        ("+44 7400 123456", "GB", "+447400123456"),
        ("+44 20 7946 0958", "GB", None),
        ("+1", "US", None),
    ],
)
def test_only_a_number_that_can_be_messaged_is_a_mobile(
    write: Write, number: str, country: str, mobile: str | None
) -> None:
    telecom = [{"system": "phone", "value": number}]
    import_folder(write(Patient=[person(telecom=telecom, address=[{"country": country}])]), SYSTEM)
    patient = everybody()[0]
    assert (patient.mobile, patient.phone_as_given) == (mobile, None if mobile else number)
    assert count(Guardianship) == (1 if mobile else 0)


def test_household_on_one_mobile_gets_one_sign_in(write: Write) -> None:
    telecom = [{"system": "phone", "value": "+919845011723"}]
    import_folder(write(Patient=[person(telecom=telecom), person("p2", telecom=telecom)]), SYSTEM)
    assert (count(User), count(Guardianship)) == (1, 2)


@pytest.mark.parametrize(
    "reference", ["Patient/p1", "urn:uuid:p1", "https://x.example/fhir/Patient/p1/_history/2"]
)
def test_patient_of_an_allergy_is_found_however_it_is_named(write: Write, reference: str) -> None:
    import_folder(write(Patient=[person()], AllergyIntolerance=[allergy(of=reference)]), SYSTEM)
    assert db.session.scalars(select(Allergy.patient_id)).one() == everybody()[0].id


def test_allergy_of_a_patient_imported_before_is_taken(write: Write) -> None:
    import_folder(write(Patient=[person()]), SYSTEM)
    folder = write(Patient=[], AllergyIntolerance=[allergy()])
    import_folder(folder, SYSTEM)
    assert count(Allergy) == 1


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"clinicalStatus": {"coding": [{"code": "resolved"}]}}, "resolved"),
        ({"clinicalStatus": {"coding": [{"code": "inactive"}]}}, "inactive"),
        ({"verificationStatus": {"coding": [{"code": "refuted"}]}}, "inactive"),
        (
            {"clinicalStatus": None, "verificationStatus": {"coding": [{"code": "entered-in-error"}]}},
            "entered_in_error",
        ),
    ],
)
def test_allergy_that_does_not_stand_raises_no_alarm(
    write: Write, changed: dict[str, Any], status: str
) -> None:
    import_folder(write(Patient=[person()], AllergyIntolerance=[allergy(**changed)]), SYSTEM)
    assert db.session.scalars(select(Allergy.status)).one() == status
    assert everybody()[0].allergy_status == "not_asked"


def test_no_known_allergy_is_an_answer_and_no_allergy(write: Write) -> None:
    none = allergy(code={"coding": [{"system": "http://snomed.info/sct", "code": "716186003"}]})
    drugs = allergy(
        "a2", "Patient/p2", code={"coding": [{"code": "409137002"}], "text": "No known drug allergy"}
    )
    import_folder(write(Patient=[person(), person("p2")], AllergyIntolerance=[none, drugs]), SYSTEM)
    assert [row.allergy_status for row in everybody()] == ["none_known", "not_asked"]
    assert everybody()[0].allergies_asked_source == "FHIR"
    assert count(Allergy) == 0


def test_known_allergy_outweighs_none_known(write: Write) -> None:
    none = allergy("a0", code={"coding": [{"code": "716186003"}]})
    import_folder(write(Patient=[person()], AllergyIntolerance=[none, allergy()]), SYSTEM)
    assert everybody()[0].allergy_status == "recorded"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"patient": {}}, "refers to no patient"),
        ({"patient": {"reference": "#p1"}}, "refers to no patient"),
        ({"patient": {"reference": "Patient/p9"}}, "neither in these files nor in the register"),
        ({"code": None, "reaction": None}, "names no substance"),
        ({"criticality": "extreme"}, "criticality is not one"),
        ({"clinicalStatus": {"coding": [{"code": "maybe"}]}}, "clinicalStatus is not one"),
        ({"reaction": [{"severity": "deadly"}]}, "severity is not one"),
        ({"recordedDate": "yesterday"}, "recordedDate is not a moment"),
        ({"code": "Walnut"}, "code is not an object"),
    ],
)
def test_bad_allergy_is_refused_by_name(write: Write, changed: dict[str, Any], why: str) -> None:
    (reason,) = reasons(write(Patient=[person()], AllergyIntolerance=[allergy(**changed)]))
    assert reason.startswith("AllergyIntolerance.ndjson, line 1: ")
    assert why in reason


def test_practitioners_wait_for_verification(write: Write) -> None:
    import_folder(write(Practitioner=[doctor(), doctor("d2", active=False)]), SYSTEM)
    first, second = db.session.scalars(select(Practitioner).order_by(Practitioner.id))
    assert (first.name, first.registration_number, first.verified_at) == ("Dr. Ivo Novak", "99d1", None)
    assert (first.active, second.active) == (True, False)


def test_text_that_cannot_be_stored_is_cleaned(write: Write) -> None:
    name = b'"name": [{"family": "Ko\\u0000vac\\ud800", "given": ["\\u0905\\u0928"]}]'
    raw = b'{"resourceType": "Patient", "id": "p1", ' + name + b"}"
    import_folder(write(Patient=[raw]), SYSTEM)
    assert everybody()[0].name == "अन Kovac"


def test_many_patients_are_taken_in_batches(write: Write) -> None:
    folder = write(Patient=[person(f"p{number}") for number in range(1_201)])
    heard: list[str] = []
    report: Report = import_folder(folder, SYSTEM, tell=heard.append)
    assert report.count("Patient").added == count(Patient) == 1_201
    assert len(heard) == 3


def test_folder_without_such_files_is_said_to_be_one(write: Write) -> None:
    with pytest.raises(Invalid):
        import_folder(write(Observation=[b"{}"]), SYSTEM)


def test_nobody_signed_in_may_import(write: Write, desk: Actor) -> None:
    with pytest.raises(Forbidden):
        import_folder(write(Patient=[person()]), desk)


def _first() -> Any:
    from clinic.core.paging import PageRequest

    return PageRequest()
