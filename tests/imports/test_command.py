"""``flask import``: a list brought in from the command line."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select

from clinic.core.db import db
from clinic.imports.models import Import, ImportRow, ImportState
from clinic.patients.models import Patient
from tests.factories import FacilityFactory
from tests.imports.conftest import Clinic

REGISTER = """Patient Name,DOB / Age,Mobile,PIN,Ward
Kusum Lokhande,14/07/1971,9822055001,411001,A
Mira Joshi,31/02/1980,9822055002,411001,B
KUSUM LOKHANDE,52 yrs,9822055001,411001,A
Sopan Jadhav,33,9822055004,5600,=1+1
"""
Run = Callable[..., Result]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "register.csv"
    path.write_text(REGISTER)
    return path


@pytest.fixture
def run(app: Flask, clinic: Clinic) -> Run:
    """``run(file, "--dry-run")`` is the command at the clinic's facility."""

    def ran(file: Path, *options: str, kind: str = "patients") -> Result:
        place = [] if "--facility" in options else ["--facility", str(facility_id)]
        return app.test_cli_runner().invoke(args=["import", kind, str(file), *place, *options])

    facility_id = clinic.facility.id
    return ran


def patients() -> list[str]:
    db.session.expire_all()
    return sorted(db.session.scalars(select(Patient.name)))


def rest_of(file: Path) -> list[list[str]]:
    path = file.with_name(f"{file.stem} - not brought in.csv")
    with path.open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.reader(opened))


def last_import() -> Import:
    return db.session.scalars(select(Import).order_by(Import.id.desc()).limit(1)).one()


def test_a_list_that_is_right_comes_in_whole(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "register.csv"
    file.write_text("Name,Mobile\nKusum Lokhande,9822055001\nरमेश यादव,9822055002\n")
    result = run(file)
    assert result.exit_code == 0, result.output
    assert "2 lines: 2 new, 0 here already, 0 may be somebody who is here, 0 refused." in result.stdout
    assert "2 lines brought in, 2 of them new." in result.stdout
    assert patients() == ["Kusum Lokhande", "रमेश यादव"]
    assert [path.name for path in tmp_path.iterdir()] == ["register.csv"], "no rest, no file of it"


def test_brought_in_again_it_adds_nobody(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "register.csv"
    file.write_text("Name,Mobile\nKusum Lokhande,9822055001\n")
    run(file)
    result = run(file)
    assert (result.exit_code, len(patients())) == (0, 1)
    assert "1 here already" in result.stdout
    assert "0 lines brought in, 0 of them new." in result.stdout


def test_refused_lines_stop_the_whole_list_and_are_told(run: Run, file: Path) -> None:
    result = run(file)
    assert result.exit_code == 1
    assert "4 lines: 1 new, 0 here already, 1 may be somebody who is here, 2 refused." in result.stdout
    assert "refused: birth: There is no such day in the calendar. (1)" in result.stdout
    assert "line 3: refused" in result.stderr
    assert "line 4: duplicate" in result.stderr
    assert "Nothing was written." in result.stderr
    assert "Kusum" not in result.output.replace("Patient Name", ""), "lines are told by number"
    assert patients() == []


def test_columns_are_told_as_they_were_understood(run: Run, file: Path) -> None:
    result = run(file)
    assert "DOB / Age → birth" in result.stderr
    assert "Ward → (left out)" in result.stderr


def test_a_dry_run_writes_nothing_and_keeps_nothing(run: Run, file: Path) -> None:
    result = run(file, "--dry-run", "--accept-refused")
    assert result.exit_code == 0
    assert "2 refused" in result.stdout
    assert "brought in" not in result.stdout
    assert patients() == []
    assert last_import().state == ImportState.CANCELLED
    assert db.session.scalar(select(func.count()).select_from(ImportRow)) == 0
    assert [path.name for path in file.parent.iterdir()] == ["register.csv"]


def test_what_is_right_comes_in_and_the_rest_goes_beside_the_file(run: Run, file: Path) -> None:
    result = run(file, "--accept-refused")
    assert result.exit_code == 0, result.output
    assert patients() == ["Kusum Lokhande"]
    assert "The other 3 are in register - not brought in.csv, with the reasons." in result.stdout
    headings, *lines = rest_of(file)
    assert headings == ["Patient Name", "DOB / Age", "Mobile", "PIN", "Ward", "Why not brought in"]
    assert [line[0] for line in lines] == ["Mira Joshi", "KUSUM LOKHANDE", "Sopan Jadhav"]
    assert lines[2][4:] == ["'=1+1", "PIN code: A PIN code has 6 digits, the first is not 0."]
    assert f"/imports/{last_import().id}" in result.stdout


def test_the_rest_once_mended_comes_in_as_it_is(run: Run, file: Path) -> None:
    run(file, "--accept-refused")
    rest = file.with_name("register - not brought in.csv")
    rest.write_text(rest.read_text().replace("31/02/1980", "28/02/1980").replace(",5600,", ",560001,"))
    result = run(rest, "--accept-refused")
    assert result.exit_code == 0
    assert patients() == ["Kusum Lokhande", "Mira Joshi", "Sopan Jadhav"]


def test_wrong_values_are_left_out_where_that_is_asked(run: Run, file: Path) -> None:
    result = run(file, "--leave-out", "postal_code", "--leave-out", "birth")
    assert result.exit_code == 0, result.output
    assert patients() == ["Kusum Lokhande", "Mira Joshi", "Sopan Jadhav"]
    sopan = db.session.scalars(select(Patient).where(Patient.name == "Sopan Jadhav")).one()
    assert (sopan.postal_code, sopan.remarks) == (None, "PIN code: 5600")


@pytest.mark.parametrize("field", ["name", "nonsense"])
def test_what_a_line_needs_is_not_left_out(run: Run, file: Path, field: str) -> None:
    result = run(file, "--leave-out", field)
    assert result.exit_code == 1
    assert "Without this a line cannot be taken." in result.stderr
    assert patients() == []


def test_a_column_can_be_said(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "register.csv"
    file.write_text("Shri,Dhwani,a=b\nKusum Lokhande,9822055001,Pune\n")
    result = run(file, "--column", "Shri=name", "--column", "Dhwani=mobile", "--column", "a=b=city")
    assert result.exit_code == 0, result.output
    patient = db.session.scalars(select(Patient)).one()
    assert (patient.name, patient.mobile, patient.city) == ("Kusum Lokhande", "+919822055001", "Pune")


def test_a_column_can_be_left_out(run: Run, file: Path) -> None:
    result = run(file, "--column", "PIN=", "--accept-refused")
    assert result.exit_code == 0, result.output
    assert set(db.session.scalars(select(Patient.postal_code))) == {None}


@pytest.mark.parametrize("text", ["Nothing=name", "PIN=nonsense", "PIN", "="])
def test_a_column_that_is_not_there_is_told_with_those_that_are(run: Run, file: Path, text: str) -> None:
    result = run(file, "--column", text)
    assert result.exit_code == 1
    assert "is not HEADING=FIELD" in result.stderr
    assert "Headings: Patient Name, DOB / Age, Mobile, PIN, Ward." in result.stderr
    assert "postal_code" in result.stderr


def test_a_needed_column_that_is_missing_is_named(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "register.csv"
    file.write_text("Mobile,Age\n9822055001,40\n")
    result = run(file)
    assert (result.exit_code, "Say which column is: Name." in result.stderr) == (1, True)


def test_days_can_be_month_first(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "register.csv"
    file.write_text("Name,Mobile,DOB\nKusum Lokhande,9822055001,03/04/1971\n")
    assert run(file, "--month-first").exit_code == 0
    assert [day.isoformat() for day in db.session.scalars(select(Patient.birth_date)) if day] == [
        "1971-03-04"
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", "The file is empty."), (b"\n \n", "This file is empty."), (b"%PDF-1.7\n", "This is a PDF.")],
)
def test_a_file_that_cannot_be_read_is_an_error_in_words(
    run: Run, tmp_path: Path, content: bytes, sentence: str
) -> None:
    file = tmp_path / "register.csv"
    file.write_bytes(content)
    result = run(file)
    assert result.exit_code == 1
    assert f"Error: {sentence}" in result.stderr
    assert "Traceback" not in result.output


def test_a_file_that_is_not_there_is_a_wrong_call(run: Run, tmp_path: Path) -> None:
    result = run(tmp_path / "none.csv")
    assert result.exit_code == 2
    assert "does not exist" in result.stderr


def test_with_several_clinics_one_is_named(run: Run, file: Path) -> None:
    other = FacilityFactory()
    db.session.commit()
    other_id = other.id
    result = run(file, "--accept-refused", "--facility", str(other_id))
    assert result.exit_code == 0
    assert set(db.session.scalars(select(Patient.facility_id))) == {other_id}
    assert run(file, "--facility", "999999").exit_code == 1


def test_other_lists_come_in_the_same_way(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "prices.csv"
    file.write_text("Service,Minutes\nConsultation,30\n")
    result = run(file, kind="services")
    assert result.exit_code == 0, result.output
    assert "1 lines brought in, 1 of them new." in result.stdout
