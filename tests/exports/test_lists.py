from __future__ import annotations

import csv
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO, StringIO

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from clinic.core import clock
from clinic.core.access import Role
from clinic.core.cells import plain
from clinic.core.phones import show_mobile
from clinic.exports.columns import COLUMNS, birth_cell
from clinic.exports.policy import Listing
from clinic.exports.queries import lists
from clinic.exports.views import lists as list_views
from clinic.patients.models import BirthPrecision
from tests.exports.conftest import SECRET, Clinic, events
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    ServiceFactory,
    UserFactory,
    appointment,
    grant,
    practitioner_at,
    room,
)

WHOLE_LISTS = ("patients", "appointments")
EVERY_LIST = tuple(Listing)


def table(answer: TestResponse) -> list[dict[str, str]]:
    """The rows of a CSV answer by heading, the protecting apostrophes taken off."""
    assert answer.status_code == 200, answer.text
    rows = csv.DictReader(StringIO(answer.data.decode("utf-8-sig"), newline=""))
    return [{name: plain(value) for name, value in row.items()} for row in rows]


@pytest.fixture
def manager(clinic: Clinic) -> FlaskClient:
    return clinic.client("facility_admin")


def test_the_patients_list_says_what_is_known_and_nothing_else(clinic: Clinic, manager: FlaskClient) -> None:
    rows = table(manager.get("/exports/patients.csv"))
    row = next(row for row in rows if row["Number"] == "SU-77")
    assert list(row) == [column.heading for column in COLUMNS[Listing.PATIENTS]]
    assert row["Name"] == "मीनाक्षी अय्यर 👩🏽‍⚕️"
    assert row["Medical history"] == "Jaundice\n\u202bשלום\u202c"
    assert (row["Sex"], row["Date of birth"], row["Died"], row["Country"]) == ("", "", "", "IN")
    assert (row["File number"], row["Mobile"]) == ("OPD/12", show_mobile(clinic.patient.mobile))
    assert "Groundnut" in row["Allergies"]
    assert "Mistyped" not in row["Allergies"]


@pytest.mark.parametrize(
    ("precision", "written"),
    [
        (BirthPrecision.DAY, "1949-11-14"),
        (BirthPrecision.MONTH, "1949-11"),
        (BirthPrecision.YEAR, "1949"),
        (BirthPrecision.AGE, "~1949-11-14"),
    ],
)
def test_a_birth_date_is_written_as_exactly_as_it_is_known(precision: str, written: str) -> None:
    assert birth_cell(datetime(1949, 11, 14).date(), precision) == written  # noqa: DTZ001
    assert birth_cell(None, None) == ""


def test_a_list_is_sent_as_a_file_nobody_keeps(clinic: Clinic, manager: FlaskClient) -> None:
    for kind in ("csv", "xlsx"):
        answer = manager.get(f"/exports/services.{kind}")
        assert answer.data
        disposition = answer.headers["Content-Disposition"]
        assert re.fullmatch(rf"attachment; filename=services-\d{{4}}-\d\d-\d\d\.{kind}", disposition)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("listing", EVERY_LIST)
def test_excel_and_csv_hold_the_same(clinic: Clinic, manager: FlaskClient, listing: str) -> None:
    rows = table(manager.get(f"/exports/{listing}.csv"))
    sheet = load_workbook(BytesIO(manager.get(f"/exports/{listing}.xlsx").data)).active
    found = [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    assert found[0] == [column.heading for column in COLUMNS[listing]]
    assert rows
    assert [[_number(cell) for cell in row] for row in found[1:]] == [
        [_number(cell) for cell in row.values()] for row in rows
    ]


def _number(text: str) -> str:
    return text.removesuffix(".00")


def test_asked_for_its_head_alone_a_list_sends_nothing(clinic: Clinic, manager: FlaskClient) -> None:
    for kind in ("csv", "xlsx"):
        answer = manager.head(f"/exports/patients.{kind}")
        assert (answer.status_code, answer.data) == (200, b"")


def test_amounts_and_minutes_are_numbers_in_excel_and_the_rest_is_text(
    clinic: Clinic, manager: FlaskClient
) -> None:
    sheet = load_workbook(BytesIO(manager.get("/exports/services.xlsx").data)).active
    kinds = {head.value: cell.data_type for head, cell in zip(sheet[1], sheet[2], strict=True) if cell.value}
    assert {name for name, kind in kinds.items() if kind == "n"} <= {
        "Minutes", "Fee", "Colour", "Minutes before", "Minutes after", "Therapists", "Group places",
        "Notice to book", "Days ahead", "Notice to change",
    }  # fmt: skip
    assert (kinds["Minutes"], kinds["Code"], kinds["In use"]) == ("n", "s", "s")


@pytest.mark.parametrize("who", ["receptionist", "practitioner", "therapist", "admin"])
def test_whole_lists_of_patients_and_visits_are_for_the_clinics_manager_and_asking_is_written_down(
    clinic: Clinic, who: str
) -> None:
    client = clinic.client(who)
    for listing in WHOLE_LISTS:
        for kind in ("csv", "xlsx"):
            answer = client.get(f"/exports/{listing}.{kind}")
            assert answer.status_code == 403
            assert "SU-77" not in answer.text
    refused = events("list.taken_out")
    assert {(row.outcome, row.actor_id) for row in refused} == {("refused", clinic.staff[who].id)}
    assert len(refused) == 4


def test_practitioners_and_services_are_also_for_administrators_and_not_for_the_desk(clinic: Clinic) -> None:
    for listing in ("practitioners", "services"):
        assert clinic.client("admin").get(f"/exports/{listing}.csv").status_code == 200
        assert clinic.client("receptionist").get(f"/exports/{listing}.csv").status_code == 403


def test_a_household_and_a_stranger_get_no_list(clinic: Clinic, client: FlaskClient) -> None:
    for listing in EVERY_LIST:
        assert clinic.phone().get(f"/exports/{listing}.csv").status_code == 403
        assert client.get(f"/exports/{listing}.csv").status_code == 303
    assert clinic.phone().get("/exports").status_code == 403


def test_a_manager_takes_the_rows_of_their_own_clinic_alone(clinic: Clinic, session: Session) -> None:
    theirs = PatientFactory(facility_id=clinic.elsewhere.id, name="Not yours")
    ServiceFactory(facility_id=clinic.elsewhere.id, code="not-yours")
    visit = appointment(theirs, clinic.practitioner, clock.now() + timedelta(days=3))
    visit.facility_id = clinic.elsewhere.id
    session.commit()
    mine, elsewhere = clinic.client("facility_admin"), clinic.client("manager elsewhere")
    assert theirs.mrn not in {row["Number"] for row in table(mine.get("/exports/patients.csv"))}
    assert "not-yours" not in {row["Code"] for row in table(mine.get("/exports/services.csv"))}
    assert visit.reference not in {row["Reference"] for row in table(mine.get("/exports/appointments.csv"))}
    assert [row["Number"] for row in table(elsewhere.get("/exports/patients.csv"))] == [theirs.mrn]
    assert [row["Reference"] for row in table(elsewhere.get("/exports/appointments.csv"))] == [
        visit.reference
    ]


def test_helping_at_another_desk_opens_no_list_there(
    clinic: Clinic, session: Session, sign_in: Callable[..., FlaskClient]
) -> None:
    user = grant(UserFactory(), Role.FACILITY_ADMIN, facility=clinic.elsewhere)
    grant(user, Role.RECEPTIONIST, facility=clinic.facility)
    session.commit()
    assert table(sign_in(user).get("/exports/patients.csv")) == []


def test_a_download_is_written_down_with_filter_count_and_ids_and_nobodys_name(
    clinic: Clinic, manager: FlaskClient
) -> None:
    rows = table(manager.get("/exports/patients.csv?with_mobile=yes"))
    (event,) = events("list.taken_out")
    assert (event.outcome, event.subject_type, event.facility_id) == ("done", "patients", clinic.facility.id)
    assert event.detail["count"] == len(rows)
    assert event.detail["filter"] == {"with_mobile": True}
    assert event.detail["first_id"] <= clinic.patient.id <= event.detail["last_id"]
    assert event.detail["format"] == "csv"
    assert clinic.patient.name not in str(event.detail)


def test_the_row_is_written_before_the_first_byte_goes_out(clinic: Clinic, manager: FlaskClient) -> None:
    answer = manager.get("/exports/patients.csv", buffered=False)
    assert len(events("list.taken_out")) == 1
    answer.close()


def test_reading_the_page_writes_nothing_down(clinic: Clinic, manager: FlaskClient) -> None:
    assert manager.get("/exports").status_code == 200
    assert events("list.taken_out") == []


def test_patients_without_a_mobile_can_be_left_out(
    clinic: Clinic, manager: FlaskClient, session: Session
) -> None:
    silent = PatientFactory(facility_id=clinic.facility.id, mobile=None)
    session.commit()
    everybody = {row["Number"] for row in table(manager.get("/exports/patients.csv"))}
    reachable = {row["Number"] for row in table(manager.get("/exports/patients.csv?with_mobile=yes"))}
    assert everybody - reachable == {silent.mrn}


def test_visits_are_chosen_by_the_clinics_own_days_and_state(
    clinic: Clinic, manager: FlaskClient, session: Session
) -> None:
    zone = clinic.facility.zone
    today = clock.today(zone)
    late = clock.day_bounds(today, zone)[1] - timedelta(minutes=30)
    first = appointment(clinic.patient, clinic.practitioner, late)
    second = appointment(
        clinic.patient, clinic.practitioner, late + timedelta(minutes=30), status="cancelled"
    )
    session.commit()

    def found(query: str) -> list[str]:
        return [row["Reference"] for row in table(manager.get(f"/exports/appointments.csv?{query}"))]

    assert found(f"from={today}&to={today}") == [first.reference]
    assert found(f"from={today}") == [first.reference, second.reference]
    assert found(f"to={today}") == [clinic.visit.reference, first.reference]
    assert found("status=cancelled") == [second.reference]
    (row,) = table(manager.get(f"/exports/appointments.csv?from={today}&to={today}"))
    assert (row["Date"], row["Time"], row["Minutes"]) == (today.isoformat(), "23:30", "30")
    assert (row["Patient number"], row["Patient"]) == ("SU-77", clinic.patient.name)


def test_the_room_a_visit_holds_stands_in_its_row(
    clinic: Clinic, manager: FlaskClient, session: Session
) -> None:
    from clinic.scheduling.models import Allocation, ResourceUnit

    resource = room(clinic.facility, name="Droni 2")
    unit = session.query(ResourceUnit).filter_by(resource_id=resource.id).one()
    session.add(
        Allocation(
            facility_id=clinic.facility.id,
            unit_id=unit.id,
            appointment_id=clinic.visit.id,
            during=clinic.visit.during,
        )
    )
    session.commit()
    assert [row["Room"] for row in table(manager.get("/exports/appointments.csv"))] == ["Droni 2"]


@pytest.mark.parametrize(
    "query", ["from=yesterday", "to=2026-02-30", "from=9999-12-31", "to=0001-01-01", "status=x", "from=%00"]
)
def test_a_filter_that_cannot_be_is_answered_in_words(manager: FlaskClient, query: str) -> None:
    assert manager.get(f"/exports/appointments.csv?{query}").status_code == 422
    assert manager.get("/exports/appointments.csv?from=2026-02-02&to=2026-02-01").status_code == 422


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_no_row_is_lost_or_doubled_between_batches(
    clinic: Clinic, manager: FlaskClient, session: Session, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(lists, "BATCH", size)
    other = practitioner_at(clinic.facility)
    starts = clock.now() + timedelta(days=1)
    made = [PatientFactory(facility_id=clinic.facility.id) for _number in range(6)]
    visits = [
        appointment(patient, practitioner, starts + timedelta(hours=hour))
        for hour, pair in enumerate(zip(made[::2], made[1::2], strict=True))
        for patient, practitioner in zip(pair, (clinic.practitioner, other), strict=True)
    ]
    session.commit()
    numbers = [row["Number"] for row in table(manager.get("/exports/patients.csv"))]
    assert len(numbers) == len(set(numbers)) == 8
    assert {patient.mrn for patient in made} < set(numbers)
    references = [row["Reference"] for row in table(manager.get("/exports/appointments.csv"))]
    assert references == [clinic.visit.reference, *(visit.reference for visit in visits)]


@pytest.mark.parametrize("listing", WHOLE_LISTS)
def test_a_longer_list_takes_no_more_statements_for_each_batch(
    clinic: Clinic,
    manager: FlaskClient,
    session: Session,
    monkeypatch: pytest.MonkeyPatch,
    count_statements: Callable[[], list[str]],
    listing: str,
) -> None:
    monkeypatch.setattr(lists, "BATCH", 50)

    def add(count: int, day: int) -> None:
        for number in range(count):
            patient = PatientFactory(facility_id=clinic.facility.id)
            appointment(
                patient,
                clinic.practitioner,
                clock.now() + timedelta(days=day, minutes=31 * number),
                service=clinic.visit.service,
            )
        session.commit()

    def statements() -> int:
        manager.get("/exports")
        count_statements()
        manager.get(f"/exports/{listing}.csv")
        return len(count_statements())

    add(3, 1)
    few = statements()
    add(30, 2)
    assert statements() == few
    add(35, 4)
    assert statements() - few <= 2


def test_what_is_entered_while_a_list_goes_out_is_not_in_it(clinic: Clinic, session: Session) -> None:
    measured = lists.extent(Listing.PATIENTS, None, lists.Wanted())
    PatientFactory(facility_id=clinic.facility.id)
    session.commit()
    rows = [
        line
        for batch in lists.batches(Listing.PATIENTS, None, lists.Wanted(), last_id=measured.last_id)
        for line in batch
    ]
    assert len(rows) == measured.count


def test_a_list_too_long_for_excel_comes_as_csv(
    clinic: Clinic, manager: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(list_views, "EXCEL_ROWS", 1)
    answer = manager.get("/exports/patients.xlsx")
    assert answer.status_code == 422
    assert "Take the CSV" in answer.text
    assert [row.outcome for row in events("list.taken_out")] == ["refused"]
    assert len(table(manager.get("/exports/patients.csv"))) == 2


def test_an_empty_list_is_a_heading(
    clinic: Clinic, session: Session, sign_in: Callable[..., FlaskClient]
) -> None:
    empty = FacilityFactory()
    user = grant(UserFactory(), Role.FACILITY_ADMIN, facility=empty)
    session.commit()
    client = sign_in(user)
    for listing in ("patients", "services", "appointments"):
        assert table(client.get(f"/exports/{listing}.csv")) == []
        sheet = load_workbook(BytesIO(client.get(f"/exports/{listing}.xlsx").data)).active
        assert sheet.max_row == 1


def test_no_list_holds_a_secret(clinic: Clinic, manager: FlaskClient) -> None:
    for listing in EVERY_LIST:
        assert SECRET not in manager.get(f"/exports/{listing}.csv").text


def test_the_page_offers_each_list_a_person_may_take(clinic: Clinic, manager: FlaskClient) -> None:
    offered = manager.get("/exports").text
    for listing in EVERY_LIST:
        for kind in ("csv", "xlsx"):
            assert f"/exports/{listing}.{kind}" in offered
    administrator = clinic.client("admin").get("/exports").text
    assert "/exports/patients.csv" not in administrator
    assert "/exports/services.csv" in administrator
    assert clinic.client("receptionist").get("/exports").status_code == 403


def test_there_is_no_other_list_and_no_other_shape(manager: FlaskClient) -> None:
    for path in ("/exports/users.csv", "/exports/patients.html", "/exports/patients.xlsm", "/exports/.csv"):
        assert manager.get(path).status_code == 404


@pytest.mark.parametrize(
    ("path", "anchor"),
    [
        ("/patients", "patients"),
        ("/practitioners", "practitioners"),
        ("/services", "services"),
        ("/calendar?view=list", "appointments"),
    ],
)
def test_each_list_leads_a_manager_to_its_files(
    clinic: Clinic, manager: FlaskClient, path: str, anchor: str
) -> None:
    assert f'href="/exports#{anchor}"' in manager.get(path).text
    assert "/exports" not in clinic.client("receptionist").get(path).text
