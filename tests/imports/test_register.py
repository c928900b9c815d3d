"""A register as clinics have it, line by line: what comes in, what waits, what is refused, and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
import time_machine
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from clinic.accounts.models import RoleGrant, User
from clinic.audit.models import AuditEvent
from clinic.core.db import db, unit_of_work
from clinic.imports import service
from clinic.imports.models import ImportState
from clinic.imports.queries import counts_of
from clinic.patients.models import Allergy, Guardianship, Patient
from clinic.patients.service import PatientDetails, register
from tests.imports.conftest import Clinic

HEADINGS = (
    "Sl No", "Patient Name", "DOB / Age", "M/F", "Mobile", "Address", "PIN", "Prakriti", "Allergies",
    "Emergency contact", "First visit", "Remarks",
)  # fmt: skip
LINES = (
    # 2: a birth date with a year of two digits, a household's first
    ("1", "Kusum Lokhande", "14-07-71", "f", "98220 55001", "12, Tilak Road", "41 1001", "V-P",
     "Sulpha drugs", "Baban (husband) 9822055009", "21 Jan 2022", "=HYPERLINK(\"x\")"),
    # 3: an age counts back from the first visit; the same household
    ("2", "Baban Lokhande", "60 yrs", "पुरुष", "+91 98220 55001", "", "", "kapha", "nil known", "",
     "05/06/2023", "<b>VIP</b>"),
    # 4: without a first visit an age counts from the day of the import
    ("3", "कुसुम भालेराव", "8y 6m", "महिला", "9822055002", "", "", "sama", "NIL", "", "", "मधुमेह"),
    # 5: the same person a second time, with another address: a person decides
    ("4", "KUSUM LOKHANDE", "50 yrs", "F", "098220-55001", "7, Camp", "411001", "", "", "", "30/06/2021", ""),
    # 6: every cell as on line 2 but the number that only counts: nothing new is in it
    ("99", "Kusum Lokhande", "14-07-71", "f", "98220 55001", "12, Tilak Road", "41 1001", "V-P",
     "Sulpha drugs", "Baban (husband) 9822055009", "21 Jan 2022", "=HYPERLINK(\"x\")"),
    # 7: born in the future
    ("5", "Tanaji Bhosale", "2031-05-05", "M", "9822055003", "", "", "", "", "", "", ""),
    # 8: a PIN code of four digits
    ("6", "Sopan Jadhav", "33", "M", "9822055004", "", "5600", "", "", "", "", ""),
    # 9: a number with too many digits, and no such day
    ("7", "Mira Joshi", "31/02/1980", "F", "98220550041234", "", "", "", "", "", "", ""),
    # 10: nobody's name
    ("8", "", "40", "F", "9822055005", "", "", "", "", "", "", ""),
    # 11: no mobile at all: kept, without messages
    ("9", "Vithal Rao", "76", "M", "", "", "", "", "dust, pollen", "", "", ""),
)  # fmt: skip
TODAY = "2026-11-25 09:00+05:30"


@pytest.fixture
def register_file(table: Callable[..., str]) -> str:
    """The lines above and, last, one that stops in the middle."""
    return table(HEADINGS, *LINES) + "10,Torn Away\r\n"


@pytest.fixture
def preview(clinic: Clinic, register_file: str) -> int:
    with time_machine.travel(TODAY):
        return clinic.preview(register_file).id


def outcomes(clinic: Clinic, import_id: int) -> dict[int, str | None]:
    return {line.number: line.outcome for line in clinic.lines(import_id)}


def test_every_line_of_a_register_is_counted_and_explained(clinic: Clinic, preview: int) -> None:
    assert outcomes(clinic, preview) == {
        2: "new", 3: "new", 4: "new", 5: "duplicate", 6: "present", 7: "refused", 8: "refused", 9: "refused",
        10: "refused", 11: "new", 12: "refused",
    }  # fmt: skip
    said = {
        line.number: [(fault["field"], fault["message"]) for fault in line.faults]
        for line in clinic.lines(preview)
        if line.faults
    }
    assert said[7] == [("birth", "This day is still to come.")]
    assert said[8] == [("postal_code", "A PIN code has 6 digits, the first is not 0.")]
    assert said[9] == [
        ("birth", "There is no such day in the calendar."),
        ("mobile", "A mobile number has 10 digits, this has 14."),
    ]
    assert said[10] == [("name", "There is no name on this line.")]
    assert said[12] == [("_line", "The line stops in the middle: something is missing at its end.")]
    counts = counts_of(preview)
    assert (counts.total, counts.new, counts.present, counts.undecided, counts.refused) == (11, 4, 1, 1, 5)
    assert counts.ready == 4, "what says nothing new needs nobody's word"


def test_nothing_is_written_before_somebody_agrees(clinic: Clinic, preview: int) -> None:
    assert clinic.row(preview).state == ImportState.READY
    assert db.session.scalar(select(func.count()).select_from(Patient)) == 0
    assert db.session.scalar(select(func.count()).select_from(User).where(User.mobile.is_not(None))) == 0


def test_what_comes_in_says_what_the_register_said(clinic: Clinic, preview: int) -> None:
    with time_machine.travel(TODAY):
        clinic.commit(preview)
    kusum, baban, girl, vithal = db.session.scalars(select(Patient).order_by(Patient.id))
    assert (kusum.name, kusum.birth_date, kusum.birth_precision) == (
        "Kusum Lokhande",
        date(1971, 7, 14),
        "day",
    )
    assert (kusum.sex, kusum.mobile, kusum.postal_code) == ("female", "+919822055001", "411001")
    assert (kusum.prakriti, kusum.first_visit_on) == ("vata_pitta", date(2022, 1, 21))
    assert (kusum.emergency_name, kusum.emergency_relationship) == ("Baban", "spouse")
    assert kusum.emergency_phone == "+919822055009"
    assert kusum.remarks == '=HYPERLINK("x")'
    assert (baban.birth_date, baban.birth_precision) == (date(1963, 6, 5), "age")
    assert baban.remarks == "<b>VIP</b>"
    assert (girl.birth_date, girl.birth_precision) == (date(2018, 5, 25), "age")
    assert girl.prakriti == "tridosha"
    assert vithal.mobile is None


def test_nil_none_known_and_empty_are_three_different_things(clinic: Clinic, preview: int) -> None:
    clinic.commit(preview)
    said = dict(db.session.execute(select(Patient.name, Patient.allergy_status)).tuples().all())
    assert said == {
        "Kusum Lokhande": "recorded",
        "Baban Lokhande": "none_known",
        "कुसुम भालेराव": "none_stated",
        "Vithal Rao": "recorded",
    }
    substances = db.session.scalars(select(Allergy.substance).order_by(Allergy.id)).all()
    assert substances == ["Sulpha drugs", "dust", "pollen"]


def test_a_household_gets_one_sign_in_for_its_mobile(clinic: Clinic, preview: int) -> None:
    clinic.commit(preview)
    user = db.session.scalars(select(User).where(User.mobile == "+919822055001")).one()
    ids = select(Guardianship.patient_id).where(Guardianship.user_id == user.id)
    names = db.session.scalars(select(Patient.name).where(Patient.id.in_(ids)).order_by(Patient.id)).all()
    assert names == ["Kusum Lokhande", "Baban Lokhande"]
    assert db.session.scalars(select(RoleGrant.role).where(RoleGrant.user_id == user.id)).all() == ["patient"]


def test_every_new_patient_leaves_an_audit_row_and_no_name_in_it(clinic: Clinic, preview: int) -> None:
    clinic.commit(preview)
    rows = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "patient.created")).all()
    assert len(rows) == 4
    assert {row.patient_id for row in rows} == set(db.session.scalars(select(Patient.id)))
    assert all(row.detail == {"import": preview} for row in rows)


def test_the_same_file_again_adds_nothing(clinic: Clinic, preview: int, register_file: str) -> None:
    clinic.commit(preview)
    before = db.session.scalar(select(func.count()).select_from(Patient))
    again = clinic.preview(register_file)
    assert {outcomes(clinic, again.id)[number] for number in (2, 3, 4, 6, 11)} == {"present"}
    clinic.commit(again.id)
    assert db.session.scalar(select(func.count()).select_from(Patient)) == before


def test_other_columns_in_another_order_are_still_the_same_people(
    clinic: Clinic, preview: int, table: Callable[..., str]
) -> None:
    clinic.commit(preview)
    other = table(
        ("Phone", "Gender", "Full name", "Birth date"), ("9822055001", "F", "kusum lokhande", "1971-07-14")
    )
    line = clinic.line(clinic.preview(other).id, 2)
    assert line.outcome == "present"


def test_a_record_that_is_here_is_filled_and_never_overwritten(
    clinic: Clinic, table: Callable[..., str]
) -> None:
    with unit_of_work():
        known = register(
            clinic.manager,
            PatientDetails(
                name="Kusum Lokhande", mobile="9822055001", birth_date=date(1971, 7, 14), city="Pune"
            ),
        )
        patient_id = known.id
    content = table(
        ("Name", "DOB", "Mobile", "City", "Blood group", "Allergies"),
        ("Kusum Lokhande", "14/07/1971", "9822055001", "Nashik", "B+", "Sulpha"),
    )
    row = clinic.preview(content)
    line = clinic.line(row.id, 2)
    assert line.match is not None
    assert line.match["fills"] == {
        "blood_group": "B+",
        "allergies": [{"substance": "Sulpha", "reaction": None, "severity": None, "status": "active"}],
    }
    assert line.match["differs"] == {"city": "Nashik"}
    clinic.commit(row.id)
    patient = db.session.get_one(Patient, patient_id)
    assert (patient.blood_group, patient.city, patient.allergy_status) == ("B+", "Pune", "recorded")


def test_the_file_wins_where_somebody_says_so(clinic: Clinic, table: Callable[..., str]) -> None:
    with unit_of_work():
        patient_id = register(
            clinic.manager,
            PatientDetails(name="Kusum Lokhande", mobile="9822055001", age=55, city="Pune"),
        ).id
    content = table(("Name", "Age", "Mobile", "City"), ("Kusum Lokhande", "55", "9822055001", "Nashik"))
    row = clinic.preview(content)
    with unit_of_work():
        service.decide(clinic.manager, row, clinic.line(row.id, 2), "replace")
    clinic.commit(row.id)
    assert db.session.get_one(Patient, patient_id).city == "Nashik"


def test_the_second_line_about_somebody_fills_in_the_first(clinic: Clinic, preview: int) -> None:
    with unit_of_work():
        service.decide(clinic.manager, clinic.row(preview), clinic.line(preview, 5), "fill")
    clinic.commit(preview)
    kusum = db.session.scalars(select(Patient).where(Patient.name == "Kusum Lokhande")).one()
    assert clinic.line(preview, 5).record_id == kusum.id
    assert kusum.line == "12, Tilak Road"


def test_somebody_else_on_the_same_mobile_is_added_when_a_person_says_so(
    clinic: Clinic, preview: int
) -> None:
    with unit_of_work():
        service.decide(clinic.manager, clinic.row(preview), clinic.line(preview, 5), "add")
    clinic.commit(preview)
    names = db.session.scalars(select(Patient.name).where(Patient.search_name == "kusum lokhande")).all()
    assert sorted(names) == ["KUSUM LOKHANDE", "Kusum Lokhande"]


def test_a_mended_cell_lets_its_line_in_and_its_double_wait(
    clinic: Clinic, table: Callable[..., str]
) -> None:
    content = table(
        ("Name", "Age", "Mobile"), ("Mira Joshi", "400", "9822055006"), ("MIRA JOSHI", "40", "9822055006")
    )
    row = clinic.preview(content)
    assert outcomes(clinic, row.id) == {2: "refused", 3: "new"}
    with unit_of_work():
        service.mend(clinic.manager, row, clinic.line(row.id, 2), {"age": "40"})
    assert outcomes(clinic, row.id) == {2: "new", 3: "duplicate"}
    assert clinic.line(row.id, 2).cells[1] == "400", "what stood in the file is kept"


def test_wrong_values_can_be_left_out_for_all_lines_and_stay_readable(clinic: Clinic, preview: int) -> None:
    with unit_of_work():
        service.leave_out(clinic.manager, clinic.row(preview), "postal_code", leave=True)
    service.carry_on(preview)
    line = clinic.line(preview, 8)
    assert (line.outcome, line.values["postal_code"]) == ("new", None)
    assert line.values["remarks"] == "PIN code: 5600"


def test_the_rest_comes_back_as_a_file_with_the_reasons(
    clinic: Clinic, preview: int, table: Callable[..., str]
) -> None:
    clinic.commit(preview)
    rest = "".join(service.refused_file(clinic.row(preview)))
    lines = rest.splitlines()
    assert len(lines) == 7, "the heading, five refused, one that waits"
    assert lines[0].endswith(",Why not brought in")
    assert "PIN code: A PIN code has 6 digits" in rest
    mended = rest.replace(",5600,", ",560001,")
    again = clinic.preview(mended)
    names = [line.values["name"] for line in clinic.lines(again.id) if line.outcome == "new"]
    assert names == ["Sopan Jadhav", "Torn Away"], "in the new file the torn line is whole"


def test_the_next_file_with_these_headings_is_understood_by_itself(
    clinic: Clinic, table: Callable[..., str]
) -> None:
    content = table(("Shri", "Dhwani"), ("Kusum Lokhande", "9822055001"))
    import_id = clinic.receive(content)
    row = clinic.row(import_id)
    with unit_of_work():
        service.confirm_mapping(clinic.manager, row, ["name", "mobile"], day_order="dmy")
    service.carry_on(import_id)
    assert clinic.row(clinic.receive(content)).mapping == ["name", "mobile"]


def test_a_number_of_this_clinic_is_kept_where_it_is_free(clinic: Clinic, table: Callable[..., str]) -> None:
    content = table(("Number", "Name", "Mobile"), ("SU-20500", "Kusum Lokhande", "9822055001"))
    clinic.bring_in(content)
    assert db.session.scalar(select(Patient.mrn)) == "SU-20500"
    with unit_of_work():
        next_one = register(clinic.manager, PatientDetails(name="Mira Joshi", mobile="9822055002"))
        assert int(next_one.mrn.removeprefix("SU-")) > 20500


@pytest.mark.usefixtures("session")
def test_a_thousand_lines_on_one_mobile_do_not_bring_the_check_down(
    clinic: Clinic, count_statements: Callable[[], list[str]], session: Session
) -> None:
    lines = ["Name,Mobile"] + [f"Person{n} Family{n * 7},9822055001" for n in range(1_000)]
    row = clinic.preview("\n".join(lines))
    assert row.total == 1_000
