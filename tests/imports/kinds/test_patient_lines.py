"""What one line of a register says about a patient, and what it only seems to say."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from clinic.imports.kinds.base import Context, Reading
from clinic.imports.kinds.patients.reading import read_patient
from clinic.imports.values import Order

TODAY = date(2026, 7, 31)


def read(*, lenient: frozenset[str] = frozenset(), **cells: str) -> Reading:
    nobody: Any = None
    context = Context(
        import_id=1,
        facility=nobody,
        actor=nobody,
        today=TODAY,
        counted_from=TODAY,
        order=Order.DAY_FIRST,
        lenient=lenient,
        locale="en",
    )
    return read_patient({"name": "Ramesh Kumar", "mobile": "9822055001", **cells}, context)


def notes(reading: Reading, field: str) -> list[str]:
    return [note["message"] for note in reading.notes if note["field"] == field]


def faults(reading: Reading) -> list[tuple[str, str]]:
    return [(fault["field"], fault["message"]) for fault in reading.faults]


@pytest.mark.parametrize(
    ("cells", "sex", "birth"),
    [
        ({"age_sex": "45/F"}, "female", "1981-07-31"),
        ({"age_sex": "62 M"}, "male", "1964-07-31"),
        ({"age_sex": "F"}, "female", None),
        ({"age_sex": "३२/महिला"}, "female", "1994-07-31"),
        ({"age_sex": "45/F", "sex": "M"}, "male", "1981-07-31"),
        ({"age_sex": "45/F", "birth": "3/4/1981"}, "female", "1981-04-03"),
        ({"age": "45/F"}, "female", "1981-07-31"),
        ({"age": "45/F", "sex": "M"}, "male", "1981-07-31"),
        ({"age": "45M"}, "male", "1981-07-31"),
        ({"age": "6m"}, "unknown", "2026-01-31"),
    ],
)
def test_age_and_sex_are_taken_from_one_cell(cells: dict[str, str], sex: str, birth: str | None) -> None:
    reading = read(**cells)
    assert faults(reading) == []
    assert (reading.values["sex"], reading.values["birth_date"]) == (sex, birth)


def test_an_age_far_from_the_date_of_birth_is_told() -> None:
    said = "The age says 45; the date of birth counts."
    assert notes(read(birth="3/4/1971", age="45"), "age") == [said]
    assert notes(read(birth="3/4/1971", age_sex="45/F"), "age_sex") == [said]
    assert notes(read(birth="3/4/1981", age="44"), "age") == []
    assert notes(read(birth="3/4/1981", age="adult"), "age") == []
    assert notes(read(birth="3/4/1971", age="45", first_visit="1/5/2016"), "age") == []


@pytest.mark.parametrize(
    ("name", "kept", "relation"),
    [
        ("Suresh S/o Ram Lal", "Suresh", "S/o Ram Lal"),
        ("Sita Devi, W/O Mohan", "Sita Devi", "W/O Mohan"),
        ("Asha (D/o Kamla)", "Asha", "(D/o Kamla)"),
        ("Ravi C/o Hostel Warden", "Ravi", "C/o Hostel Warden"),
        ("रमेश पुत्र श्याम लाल", "रमेश", "पुत्र श्याम लाल"),
        ("सीता पत्नी मोहन", "सीता", "पत्नी मोहन"),
        ("Geeta पुत्री Hari", "Geeta", "पुत्री Hari"),
    ],
)
def test_whose_child_or_wife_somebody_is_goes_to_the_remarks(name: str, kept: str, relation: str) -> None:
    reading = read(name=name, remarks="VIP")
    assert (reading.values["name"], reading.values["remarks"]) == (kept, f"VIP\n{relation}")
    assert notes(reading, "name") == [f"Kept under the remarks: “{relation}”."]


@pytest.mark.parametrize("name", ["Mr Suresh Rao", "श्रीमती सीता देवी", "Soni So", "W/o Mohan", "Wasof Khan"])
def test_titles_and_names_like_relations_stay_as_they_are(name: str) -> None:
    reading = read(name=name)
    assert (reading.values["name"], notes(reading, "name")) == (name, [])


def test_a_list_of_our_own_gives_back_the_name_it_has() -> None:
    assert read(name="Suresh S/o Ram Lal", mrn="SU-10023").values["name"] == "Suresh S/o Ram Lal"


def test_a_name_with_more_in_it_is_asked_about() -> None:
    said = ["Is all of this the name?"]
    assert notes(read(name="Ramesh Kumar, 12 Tilak Road"), "name") == said
    assert notes(read(name="Ramesh, Kumar, Camp, Pune"), "name") == said


@pytest.mark.parametrize("name", ["Total", "GRAND TOTAL:", "कुल", "कुल योग"])
def test_a_sum_at_the_end_is_no_patient(name: str) -> None:
    assert faults(read(name=name, mobile="")) == [("name", "This is a sum, not a patient.")]
    assert faults(read(name=name)) == []


@pytest.mark.parametrize("field", ["file_number", "mobile", "age", "birth", "first_visit", "age_sex"])
def test_a_formula_without_its_value_is_refused_where_a_value_counts(field: str) -> None:
    said = "This is a formula without its value. Open the file in Excel and save it."
    assert faults(read(**{field: "=VLOOKUP(A2,Sheet2!A:B,2)"})) == [(field, said)]
    assert faults(read(mobile='="9822055001"', remarks="=A2")) == []


def test_a_formula_that_is_left_out_is_kept_under_the_remarks() -> None:
    reading = read(file_number="=A2&B2", lenient=frozenset({"file_number"}))
    assert (faults(reading), reading.values["file_number"]) == ([], None)
    assert reading.values["remarks"] == "Old file number: =A2&B2"
