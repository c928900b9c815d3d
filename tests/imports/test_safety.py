"""What must not go wrong with somebody's record: twins, numbers, two at once, people who have left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from clinic.accounts.models import User
from clinic.audit.models import AuditEvent
from clinic.core.access import Actor, Role
from clinic.core.db import db, unit_of_work
from clinic.imports import service
from clinic.imports.models import ImportState
from clinic.imports.queries import counts_of
from clinic.patients.models import Patient
from clinic.patients.service import PatientDetails, register
from tests.factories import UserFactory, actor_of, grant
from tests.imports.conftest import Clinic

Table = Callable[..., str]


@pytest.fixture
def colleague(clinic: Clinic) -> Actor:
    user = grant(UserFactory(name="Ravi"), Role.FACILITY_ADMIN, facility=clinic.facility)
    db.session.commit()
    return actor_of(user, Role.FACILITY_ADMIN, facility=clinic.facility)


def patients() -> list[str]:
    return list(db.session.scalars(select(Patient.name).order_by(Patient.id)))


@pytest.mark.parametrize(("one", "other"), [("Siya Bhat", "Diya Bhat"), ("Aarvi Sethi", "Aarav Sethi")])
def test_twins_on_one_mobile_are_never_taken_for_each_other(
    clinic: Clinic, table: Table, one: str, other: str
) -> None:
    headings = ("Name", "Mobile", "DOB", "Allergies")
    clinic.bring_in(table(headings, (one, "9817000001", "12/05/2015", "")))
    row = clinic.preview(table(headings, (other, "9817000001", "12/05/2015", "Penicillin")))
    assert clinic.line(row.id, 2).outcome == "duplicate"
    assert counts_of(row.id).ready == 0


def test_a_file_number_begun_anew_does_not_decide_who_somebody_is(clinic: Clinic, table: Table) -> None:
    headings = ("Case No", "Name", "Mobile", "Age")
    clinic.bring_in(table(headings, ("F-12", "Usha Rao", "9900011111", "45")))
    row = clinic.preview(table(headings, ("F-12", "Usha Rao", "9900077777", "8")))
    line = clinic.line(row.id, 2)
    assert (line.outcome, line.match["reasons"]) == ("duplicate", ["Same file number and name"])


def test_a_number_of_this_clinic_with_another_name_waits_for_a_person(clinic: Clinic, table: Table) -> None:
    with unit_of_work():
        mrn = register(clinic.manager, PatientDetails(name="Meenakshi Iyer", mobile="9845011723")).mrn
    headings = ("Number", "Name", "Mobile")
    row = clinic.preview(
        table(headings, (mrn, "Somebody Else", "9811100003"), (mrn, "Meenakshi Iyer", "9845011723"))
    )
    first, second = clinic.lines(row.id)
    assert (first.outcome, first.match["reasons"]) == ("duplicate", ["Same number, another name"])
    assert second.outcome == "present", "another line's claim takes nothing away"


def test_a_number_far_beyond_those_given_out_does_not_spoil_the_numbering(
    clinic: Clinic, table: Table
) -> None:
    clinic.bring_in(table(("Number", "Name", "Mobile"), ("SU-999999999999", "Nines Kumar", "9811100041")))
    patient = db.session.scalars(select(Patient)).one()
    assert (patient.mrn != "SU-999999999999", patient.file_number) == (True, "SU-999999999999")
    with unit_of_work():
        after = register(clinic.manager, PatientDetails(name="Mira Joshi", mobile="9822055002"))
        assert int(after.mrn.removeprefix("SU-")) < 10**8


def test_the_same_file_looked_at_twice_and_agreed_to_twice_comes_in_once(
    clinic: Clinic, table: Table
) -> None:
    content = table(("Name", "Mobile", "DOB"), ("Usha Rao", "9900011111", "12/05/1980"))
    one, other = clinic.preview(content).id, clinic.preview(content).id
    clinic.commit(one)
    clinic.commit(other)
    assert patients() == ["Usha Rao"]


def test_somebody_registered_since_the_preview_waits_instead_of_being_doubled(
    clinic: Clinic, table: Table
) -> None:
    import_id = clinic.preview(
        table(("Name", "Mobile"), ("Usha Rao", "9900011111"), ("Vithal Rao", "9900022222"))
    ).id
    with unit_of_work():
        register(clinic.manager, PatientDetails(name="Usha Rao", mobile="9900011111"))
    clinic.commit(import_id)
    assert patients() == ["Usha Rao", "Vithal Rao"]
    line = clinic.line(import_id, 2)
    assert (line.outcome, line.written_at) == ("duplicate", None)


def test_whoever_presses_the_button_brings_in_and_takes_back(
    clinic: Clinic, colleague: Actor, table: Table
) -> None:
    row = clinic.preview(table(("Name", "Mobile"), ("Usha Rao", "9900011111")))
    with unit_of_work():
        db.session.get_one(User, clinic.manager.user_id).active = False
    other = replace(clinic, manager=colleague)
    assert other.commit(row.id).state == ImportState.DONE
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "patient.created")).one()
    assert (event.actor_id, event.actor_name) == (colleague.user_id, "Ravi")
    with unit_of_work():
        assert service.undo(colleague, other.row(row.id)) == []
    service.carry_on(row.id)
    assert (other.row(row.id).state, patients()) == (ImportState.UNDONE, [])


def test_a_check_that_fails_does_not_hide_what_was_brought_in(
    clinic: Clinic, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = clinic.bring_in(table(("Name", "Mobile"), ("Usha Rao", "9900011111"), ("", "9900022222")))
    with unit_of_work():
        service.go_on(clinic.manager, clinic.row(row.id))
    with unit_of_work():
        db.session.get_one(User, clinic.manager.user_id).active = False
    service.carry_on(row.id)
    assert clinic.row(row.id).state == ImportState.DONE


def test_a_column_left_out_once_is_not_left_out_for_ever(clinic: Clinic, table: Table) -> None:
    content = table(("Name", "Mobile", "Mystery"), ("Usha Rao", "9900011111", "x"))
    import_id = clinic.receive(content)
    with unit_of_work():
        service.confirm_mapping(clinic.manager, clinic.row(import_id), ["name", "", ""], day_order="dmy")
    service.carry_on(import_id)
    assert clinic.row(clinic.receive(content)).mapping == ["name", "mobile", ""], "nothing was brought in"
    clinic.commit(import_id)
    assert clinic.row(clinic.receive(content)).mapping == ["name", "mobile", ""]


def test_cells_beyond_the_headings_are_shown_and_kept(clinic: Clinic) -> None:
    row = clinic.preview("Name,Mobile,PIN\nUsha Rao,9900011111,411001,more,cells\nMira,9900022222,411001\n")
    line = clinic.line(row.id, 2)
    assert line.faults[0]["message"].endswith("headings. “more”, “cells”")
    assert "“more”, “cells”" in "".join(service.refused_file(clinic.row(row.id)))


def test_what_was_mended_and_decided_stands_in_the_file_of_the_rest(clinic: Clinic, table: Table) -> None:
    row = clinic.preview(
        table(
            ("Name", "Mobile", "Age"),
            ("", "12", "40"),
            ("Usha Rao", "9900011111", "40"),
            ("USHA RAO", "9900011111", "40"),
        )
    )
    with unit_of_work():
        service.mend(clinic.manager, clinic.row(row.id), clinic.line(row.id, 2), {"name": "Gopal"})
        service.decide(clinic.manager, clinic.row(row.id), clinic.line(row.id, 4), "leave")
    rest = "".join(service.refused_file(clinic.row(row.id)))
    assert "Gopal,12,40" in rest
    assert "USHA RAO" not in rest


def test_an_import_put_aside_can_be_taken_up_again_as_it_was(clinic: Clinic, table: Table) -> None:
    row = clinic.preview(table(("Name", "Mobile"), ("", "9900011111")))
    with unit_of_work():
        service.mend(clinic.manager, clinic.row(row.id), clinic.line(row.id, 2), {"name": "Usha Rao"})
        service.stop(clinic.manager, clinic.row(row.id))
    assert clinic.row(row.id).state == ImportState.CANCELLED
    with unit_of_work():
        service.go_on(clinic.manager, clinic.row(row.id))
    service.carry_on(row.id)
    assert clinic.line(row.id, 2).values["name"] == "Usha Rao"
    clinic.commit(row.id)
    assert patients() == ["Usha Rao"]


def test_columns_put_aside_come_back_as_columns(clinic: Clinic, table: Table) -> None:
    import_id = clinic.receive(table(("Name", "Mobile"), ("Usha Rao", "9900011111")))
    with unit_of_work():
        service.stop(clinic.manager, clinic.row(import_id))
        service.go_on(clinic.manager, clinic.row(import_id))
    assert clinic.row(import_id).state == ImportState.MAPPING


def test_an_import_goes_back_after_the_one_that_filled_its_patient(clinic: Clinic, table: Table) -> None:
    one = clinic.bring_in(table(("Name", "Mobile", "Age"), ("Usha Rao", "9900011111", "40"))).id
    two = clinic.bring_in(
        table(("Name", "Mobile", "Age", "City"), ("Usha Rao", "9900011111", "40", "Pune"))
    ).id
    for import_id in (two, one):
        with unit_of_work():
            assert service.undo(clinic.manager, clinic.row(import_id)) == []
        service.carry_on(import_id)
    assert db.session.scalar(select(func.count()).select_from(Patient)) == 0
