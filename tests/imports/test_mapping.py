"""Which column is what, guessed from headings and contents: rather none than the wrong one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from clinic.imports.kinds import KINDS
from clinic.imports.mapping import guess


def guessed(*headings: str, kind: str = "patients", cells: Sequence[Sequence[str]] = ()) -> list[str]:
    return guess(KINDS[kind], headings, cells or [[] for _ in headings])


@pytest.mark.parametrize(
    "heading",
    [
        "Father's Name", "Husband Name", "Doctor", "Consultant", "Ref. Doctor", "Service Name",
        "Company Name",
        "Medicine Name", "Name & Address", "Doctor Phone", "Clinic Phone", "Husband Contact No",
        "Next visit date",
        "Last Visit Date", "Follow up date", "Payment date", "Referred Date", "Address of Doctor",
        "पिता का नाम",
        "पति का मोबाइल नंबर", "अगली मुलाकात दिनांक", "पिछली विज़िट तारीख", "Mobile No (father)",
        "Name & Mobile",
        "Doctor Email", "Clinic City",
    ],
)  # fmt: skip
def test_what_is_about_somebody_or_something_else_is_left_to_a_person(heading: str) -> None:
    people = [["Ramesh Kumar", "Sita Devi"], ["Ramesh Kumar", "Sita Devi"]]
    assert guessed("Sl No", heading, cells=[["1", "2"], people[0]])[1] == ""
    assert guessed("Name", heading, cells=people) == ["name", ""]


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("Patient Full Name", "name"), ("Name (as in Aadhaar)", "name"), ("Patient Age", "age"),
        ("Patient Phone", "mobile"), ("Patient DOB", "birth"), ("रोगी का पता", "line"),
            ("Patient Mobile No.", "mobile"), ("Mobile/WhatsApp", "mobile"),
        ("Address of patient", "line"), ("Patient's Address", "line"), ("City Name", "city"),
        ("Date (dd/mm/yyyy)", "first_visit"), ("Date of Registration (OPD)", "first_visit"),
        ("Remarks, if any", "remarks"), ("Any known allergies?", "allergies"), ("Contact Person Name",
        "emergency_name"),
        ("Emergency Contact Phone No.", "emergency_phone"), ("Alternate Phone", "phone"), ("Alt. No",
        "phone"),
        ("Alt Phone", "phone"), ("Other No", "phone"), ("Referred by", "remarks"), ("Ref by", "remarks"),
        ("Reference", "remarks"), ("ID", "file_number"), ("Patient ID", "file_number"), ("Reg ID",
        "file_number"),
        ("Gender of patient", "sex"), ("Follow up remarks", "remarks"), ("Email address of patient", "email"),
    ],
)  # fmt: skip
def test_a_heading_with_more_words_still_says_what_it_is_about(heading: str, field: str) -> None:
    assert guessed(heading) == [field]


@pytest.mark.parametrize(
    "heading",
    ["Age/Sex", "Age / Gender", "Sex/Age", "Age & Sex", "Age(Y)/Sex", "आयु/लिंग", "उम्र/लिंग", "Patient Age/Sex"],
)
def test_age_and_sex_in_one_column_are_both(heading: str) -> None:
    assert guessed(heading) == ["age_sex"]


@pytest.mark.parametrize(
    ("headings", "fields"),
    [
        (("First Name", "Middle Name", "Last Name"), ["name", "name", "name"]),
        (("Name", "Surname"), ["name", "name"]),
        (("नाम", "उपनाम"), ["name", "name"]),
        (("Patient Name", "Name"), ["", "name"]),
        (("Name", "Full Name"), ["name", ""]),
        (("Patient First Name", "Patient Last Name"), ["name", "name"]),
        (("Name", "First Name", "Last Name"), ["name", "", ""]),
        (("Full Name", "Surname"), ["name", ""]),
        (("First Name", "Husband's Surname"), ["name", ""]),
    ],
)
def test_only_parts_of_a_name_join_to_one(headings: tuple[str, ...], fields: list[str]) -> None:
    assert guessed(*headings) == fields


def test_a_relation_belongs_to_an_emergency_contact() -> None:
    assert guessed("Name", "Relation") == ["name", ""]
    assert guessed("Emergency Contact", "Relation") == ["emergency", "emergency_relationship"]


def test_two_columns_of_a_telephone_are_two_numbers() -> None:
    assert guessed("Mobile", "Alternate Phone", "Office Phone") == ["mobile", "phone", "phone"]


@pytest.mark.parametrize(
    ("kind", "heading", "field"),
    [
        ("practitioners", "Doctor Phone", "phone"),
        ("practitioners", "Doctor Full Name", "name"),
        ("practitioners", "Clinic Phone", ""),
        ("practitioners", "Father's Name", ""),
        ("services", "Service Price (INR)", "fee"),
        ("services", "Doctor Name", ""),
        ("services", "Medicine Name", ""),
        ("services", "Company Name", ""),
        ("appointments", "Doctor Phone", ""),
        ("appointments", "Patient Phone", "mobile"),
        ("appointments", "Next visit date", ""),
        ("appointments", "Doctor Fee", ""),
        ("appointments", "Father's Name", ""),
        ("appointments", "Clinic Name", ""),
        ("appointments", "Consulting Doctor", "practitioner"),
        ("appointments", "Referring Doctor", ""),
    ],
)
def test_the_other_lists_are_read_with_the_same_care(kind: str, heading: str, field: str) -> None:
    assert guessed(heading, kind=kind) == [field]


def test_plain_second_names_of_other_lists_do_not_join() -> None:
    assert guessed("Name", "Doctor Name", kind="practitioners") == ["name", ""]
    assert guessed("First name", "Last name", kind="practitioners") == ["name", "name"]
    assert guessed("Patient Name", "Customer Name", kind="appointments") == ["patient", ""]


def test_days_without_a_heading_are_visits_where_all_are_recent() -> None:
    recent = ["12/03/2023", "4-1-24", "2025-02-03"]
    assert guessed("Column 1", cells=[recent]) == ["first_visit"]
    assert guessed("Column 1", cells=[["12/03/1973", "4-1-84", "2025-02-03"]]) == ["birth"]
    assert guessed("Column 1", cells=[["34 yrs", "12/03/2023", "45 yrs"]]) == ["birth"]
    assert guessed("Sitting", cells=[recent]) == [""], "what the heading says nobody here knows"


def test_whole_numbers_without_a_heading_are_ages_unless_they_count() -> None:
    assert guessed("Column 1", "Column 2", cells=[["1", "2", "30"], ["45", "32", "45", "8"]]) == ["", "age"]
    assert guessed("Column 1", cells=[["1", "2", "1", "3"]]) == [""]
    assert guessed("Column 1", cells=[["120", "80", "300"]]) == [""]
