"""Bringing in a file over its pages: every step with scripts and without, whatever is sent."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable

import html5lib
import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from clinic.accounts.models import SessionKind, User
from clinic.audit.models import AuditEvent
from clinic.core import clock
from clinic.core.access import Role
from clinic.core.db import db
from clinic.imports import service
from clinic.imports.models import SILENT, Import, ImportState
from clinic.imports.reading import MOST_BYTES
from clinic.patients.models import Patient
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    UserFactory,
    grant,
    household_login,
    practitioner_at,
)
from tests.imports.conftest import Clinic
from tests.imports.reading.files import workbook
from tests.notifications.providers import closed_port

HTMX = {"HX-Request": "true"}
REGISTER = """Sl,Patient Name,DOB / Age,Mobile,PIN
1,Kusum Lokhande,14/07/1971,9822055001,411001
2,Mira Joshi,31/02/1980,9822055002,411001
3,KUSUM LOKHANDE,52 yrs,9822055001,411001
4,Sopan Jadhav,33,9822055004,5600
"""
"""Line 3 has no such day, line 4 may be line 2 once more, line 5 has a PIN code of four digits."""
Send = Callable[..., int]


@pytest.fixture
def desk(clinic: Clinic, sign_in: Callable[..., FlaskClient]) -> FlaskClient:
    """The manager's browser."""
    return sign_in(db.session.get_one(User, clinic.manager.user_id))


def post_file(
    client: FlaskClient, content: bytes, *, name: str = "register.csv", kind: str = "patients"
) -> TestResponse:
    return client.post("/imports", data={"kind": kind, "file": (io.BytesIO(content), name)})


@pytest.fixture
def send(desk: FlaskClient) -> Send:
    """Send a file and let the worker read it; the import's id."""

    def sent(content: str | bytes = REGISTER, **more: str) -> int:
        data = content.encode() if isinstance(content, str) else content
        answer = post_file(desk, data, **more)
        assert answer.status_code == 303, answer.text
        import_id = int(answer.location.rsplit("/", 1)[1])
        service.carry_on(import_id)
        return import_id

    return sent


@pytest.fixture
def preview(desk: FlaskClient, send: Send, clinic: Clinic) -> Send:
    """A file up to its preview; the import's id."""

    def shown(content: str | bytes = REGISTER, **more: str) -> int:
        import_id = send(content, **more)
        press(desk, import_id, "columns", **columns(clinic.row(import_id)))
        service.carry_on(import_id)
        assert state(import_id) == ImportState.READY
        return import_id

    return shown


def columns(row: Import) -> dict[str, str]:
    """What the page's form sends when nothing is changed in it."""
    return {f"column-{place}": name for place, name in enumerate(row.mapping)} | {"day_order": row.day_order}


def press(client: FlaskClient, import_id: int, what: str, **data: str) -> TestResponse:
    """Press a button of an import's page, without scripts; it leads back to the page."""
    answer = client.post(f"/imports/{import_id}/{what}", data=data)
    assert answer.status_code == 303, (what, answer.text[-2000:])
    assert answer.location.split("?")[0] == f"/imports/{import_id}"
    return answer


def state(import_id: int) -> str:
    db.session.expire_all()
    return db.session.get_one(Import, import_id).state


def text_of(answer: TestResponse) -> str:
    """What a person reads of a page, one blank between words."""
    tree = html5lib.parse(answer.text, namespaceHTMLElements=False)
    return re.sub(r"\s+", " ", " ".join(tree.itertext()))


def test_a_register_comes_in_and_goes_out_again_without_scripts(
    desk: FlaskClient, clinic: Clinic, send: Send
) -> None:
    import_id = send()
    page = f"/imports/{import_id}"
    shown = desk.get(page)
    assert "Say what each column is" in text_of(shown)
    assert "Kusum Lokhande" in text_of(shown), "some cells of each column stand beside it"
    press(desk, import_id, "columns", **columns(clinic.row(import_id)))
    assert "Looking at every line" in text_of(desk.get(page))
    service.carry_on(import_id)
    assert "1 line can come in" in text_of(desk.get(page))
    assert "There is no such day in the calendar." in text_of(desk.get(page))

    answer = desk.post(f"{page}/lines/3", data={"cell-birth": "28/02/1980", "show": "refused"})
    assert (answer.status_code, answer.location) == (303, f"{page}?show=refused&after=2")
    assert "2 lines can come in" in text_of(desk.get(page))
    answer = desk.post(f"{page}/lines/4", data={"decision": "add"})
    assert answer.status_code == 303
    press(desk, import_id, "leave-out", field="postal_code")
    service.carry_on(import_id)
    assert "4 lines can come in" in text_of(desk.get(page))
    press(desk, import_id, "leave-out", field="postal_code", leave="no")
    service.carry_on(import_id)

    press(desk, import_id, "commit")
    assert "Bringing in" in text_of(desk.get(page))
    service.carry_on(import_id)
    assert "3 lines are in" in text_of(desk.get(page))
    assert db.session.scalar(select(func.count()).select_from(Patient)) == 3
    rest = desk.get(f"{page}/refused.csv")
    assert rest.headers["Content-Disposition"].startswith("attachment")
    assert rest.headers["Cache-Control"] == "no-store"
    [_headings, line] = csv.reader(io.StringIO(rest.data.decode("utf-8-sig")))
    assert line == ["4", "Sopan Jadhav", "33", "9822055004", "5600",
                    "PIN code: A PIN code has 6 digits, the first is not 0."]  # fmt: skip
    press(desk, import_id, "undo")
    service.carry_on(import_id)
    assert "Taken back. Everything is as it was before." in text_of(desk.get(page))
    assert db.session.scalar(select(func.count()).select_from(Patient)) == 0
    press(desk, import_id, "go-on")
    service.carry_on(import_id)
    press(desk, import_id, "stop")
    assert state(import_id) == ImportState.CANCELLED
    assert "Put aside" in text_of(desk.get(page))
    press(desk, import_id, "go-on")
    service.carry_on(import_id)
    assert "3 lines can come in" in text_of(desk.get(page)), "what was mended and decided is still so"


def test_every_step_is_a_page_and_a_part_of_it(desk: FlaskClient, clinic: Clinic, send: Send) -> None:
    import_id = send()
    for _step in range(3):
        for headers in ({}, HTMX):
            answer = desk.get(f"/imports/{import_id}", headers=headers)
            assert answer.status_code == 200
            assert ("<html" in answer.text) == (not headers)
            assert 'id="import"' in answer.text
        if state(import_id) == ImportState.MAPPING:
            press(desk, import_id, "columns", **columns(clinic.row(import_id)))
        service.carry_on(import_id)


def test_with_scripts_a_mended_line_comes_back_alone_with_the_sums(desk: FlaskClient, preview: Send) -> None:
    import_id = preview()
    answer = desk.post(
        f"/imports/{import_id}/lines/3", data={"cell-birth": "28/02/1980", "show": "all"}, headers=HTMX
    )
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert answer.text.count('id="line-') == 1
    assert 'id="import-summary"' in answer.text
    assert "2 lines can come in" in text_of(answer)
    again = desk.post(f"/imports/{import_id}/lines/3", data={"cell-birth": "99/99/1980"}, headers=HTMX)
    assert "There is no such day in the calendar." in text_of(again)
    assert 'value="99/99/1980"' in again.text, "what was typed stays"


def test_all_that_wait_are_decided_at_once(desk: FlaskClient, preview: Send, clinic: Clinic) -> None:
    import_id = preview()
    press(desk, import_id, "decide", decision="leave")
    assert clinic.line(import_id, 4).decision == "leave"
    assert "none waits for you" in text_of(desk.get(f"/imports/{import_id}"))


def test_an_import_stays_where_somebody_worked_on_a_record(
    desk: FlaskClient, preview: Send, session: Session
) -> None:
    import_id = preview()
    press(desk, import_id, "commit")
    service.carry_on(import_id)
    kusum = session.scalars(select(Patient).where(Patient.name == "Kusum Lokhande")).one()
    kusum.version += 1
    session.commit()
    answer = desk.post(f"/imports/{import_id}/undo")
    assert answer.status_code == 409
    assert "This import stays" in text_of(answer)
    assert f"/patients/{kusum.id}" in answer.text
    assert state(import_id) == ImportState.DONE


def test_without_the_queue_a_file_is_taken_and_its_page_says_that_it_waits(
    desk: FlaskClient, app: Flask, clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = redis.Redis(host="127.0.0.1", port=closed_port(), retry=None)
    monkeypatch.setitem(app.extensions, "redis", away)
    monkeypatch.setitem(app.extensions, "queue_left_alone_until", 0.0)
    answer = post_file(desk, REGISTER.encode())
    assert answer.status_code == 303
    import_id = int(answer.location.rsplit("/", 1)[1])
    assert "It waits for its turn" not in text_of(desk.get(f"/imports/{import_id}"))
    clinic.row(import_id).beat_at = clock.now() - SILENT * 2
    db.session.commit()
    assert "It waits for its turn and goes on by itself." in text_of(desk.get(f"/imports/{import_id}"))
    service.carry_on(import_id)
    press(desk, import_id, "columns", **columns(clinic.row(import_id)))
    service.carry_on(import_id)
    assert "1 line can come in" in text_of(desk.get(f"/imports/{import_id}"))


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["without scripts", "with"])
def test_no_file_and_an_empty_one_are_said_beside_the_field(
    desk: FlaskClient, headers: dict[str, str]
) -> None:
    nothing = desk.post("/imports", data={"kind": "patients"}, headers=headers)
    assert nothing.status_code == 422
    assert "Choose a file." in nothing.text
    assert 'id="file-error"' in nothing.text
    empty = desk.post(
        "/imports", data={"kind": "patients", "file": (io.BytesIO(b""), "empty.csv")}, headers=headers
    )
    assert (empty.status_code, "The file is empty." in empty.text) == (422, True)
    assert 'aria-describedby="file-hint file-error"' in empty.text


@pytest.mark.parametrize("kind", ["", "cars", "practitioners\x00"])
def test_a_list_that_does_not_exist_is_not_taken(desk: FlaskClient, kind: str) -> None:
    answer = post_file(desk, REGISTER.encode(), kind=kind)
    assert answer.status_code == 422
    assert db.session.scalar(select(func.count()).select_from(Import)) == 0


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "register.csv", "This is a PDF."),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "register.xlsx", "This is a picture."),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
            "register.xls",
            "This is an old Excel file (.xls).",
        ),
        (b" \n \n", "register.csv", "This file is empty."),
    ],
)
def test_a_file_that_is_no_table_is_named_and_what_to_do_is_said(
    desk: FlaskClient, send: Send, content: bytes, name: str, sentence: str
) -> None:
    import_id = send(content, name=name)
    shown = desk.get(f"/imports/{import_id}")
    assert shown.status_code == 200
    assert sentence in text_of(shown)
    assert "This file could not be read" in text_of(shown)
    assert "Choose another file" in text_of(shown)


def test_a_sheet_that_is_not_there_is_not_read(desk: FlaskClient, send: Send, clinic: Clinic) -> None:
    book = workbook(
        ("Notes", [["a", "b"], ["c", "d"]]),
        ("Register", [["Name", "Mobile"], ["Kusum Lokhande", "9822055001"]]),
    )
    import_id = send(book, name="register.xlsx")
    answer = desk.post(f"/imports/{import_id}/sheet", data={"sheet": "Third"})
    assert answer.status_code == 422
    assert "There is no such sheet." in text_of(answer)
    press(desk, import_id, "sheet", sheet="Register")
    service.carry_on(import_id)
    assert (clinic.row(import_id).shape or {})["sheet"] == "Register"
    press(desk, import_id, "sheet", sheet="Notes")
    service.carry_on(import_id)
    assert (clinic.row(import_id).shape or {})["sheet"] == "Notes"


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        (
            ("name", "birth", "birth", "mobile", "postal_code"),
            "Two columns cannot both be: Date of birth or age.",
        ),
        (("", "", "birth", "mobile", "city"), "Say which column is: Name."),
        ((), "Say which column is: Name."),
    ],
)
def test_columns_that_cannot_be_are_refused_and_stay_as_chosen(
    desk: FlaskClient, send: Send, chosen: tuple[str, ...], sentence: str
) -> None:
    import_id = send()
    data = {f"column-{place}": name for place, name in enumerate(chosen)}
    answer = desk.post(f"/imports/{import_id}/columns", data=data)
    assert answer.status_code == 422
    assert sentence in text_of(answer)
    selects = re.findall(r'<select class="select" name="column-.*?</select>', answer.text, re.DOTALL)
    kept = [(re.findall(r'value="([^"]*)" selected', one) or [""])[0] for one in selects]
    assert kept == [*chosen, *[""] * (5 - len(chosen))]
    assert state(import_id) == ImportState.MAPPING


@pytest.mark.parametrize("order", ["", "ymd", "\x00"])
def test_an_order_of_days_that_does_not_exist_is_refused(
    desk: FlaskClient, send: Send, clinic: Clinic, order: str
) -> None:
    import_id = send()
    data = columns(clinic.row(import_id)) | {"day_order": order}
    assert desk.post(f"/imports/{import_id}/columns", data=data).status_code == 422


@pytest.mark.parametrize(
    "query",
    [
        "show=nonsense", "show=%00", "after=abc", "before=-1", "after=" + "9" * 40, "before=0", "after=-1",
        "show=refused&field=nonsense", "show=refused&field=%00", "show=refused&field=' OR 1=1--", "before=²",
    ],
)  # fmt: skip
def test_any_address_of_a_preview_is_a_page(desk: FlaskClient, preview: Send, query: str) -> None:
    import_id = preview()
    for path in (f"/imports/{import_id}?{query}", f"/imports?{query}"):
        assert desk.get(path).status_code == 200


def test_lines_and_imports_that_do_not_exist_are_not_found(desk: FlaskClient, preview: Send) -> None:
    import_id = preview()
    for number in (0, 1, 6, 2**62):
        path = f"/imports/{import_id}/lines/{number}"
        assert desk.get(path).status_code == 404
        assert desk.post(path, data={"cell-name": "x"}).status_code == 404
        assert desk.post(path, data={"decision": "add"}, headers=HTMX).status_code == 404
    assert desk.get("/imports/999999999").status_code == 404
    assert desk.get("/imports/x").status_code == 404
    assert desk.get("/imports/sample/cars.csv").status_code == 404


@pytest.mark.parametrize("decision", ["burn", "ADD", "\x00", "add\n", "'"])
def test_decisions_that_do_not_exist_are_refused(
    desk: FlaskClient, preview: Send, clinic: Clinic, decision: str
) -> None:
    import_id = preview()
    for headers in ({}, HTMX):
        answer = desk.post(f"/imports/{import_id}/lines/4", data={"decision": decision}, headers=headers)
        assert (answer.status_code, "Choose one of these." in text_of(answer)) == (422, True)
    assert desk.post(f"/imports/{import_id}/decide", data={"decision": decision}).status_code == 422
    assert clinic.line(import_id, 4).decision is None


def test_a_new_line_is_not_decided(desk: FlaskClient, preview: Send) -> None:
    import_id = preview()
    assert desk.post(f"/imports/{import_id}/lines/2", data={"decision": "leave"}).status_code == 422


def test_what_a_line_cannot_be_without_is_not_left_out(desk: FlaskClient, preview: Send) -> None:
    import_id = preview()
    for name in ("name", "nonsense", "", "\x00"):
        answer = desk.post(f"/imports/{import_id}/leave-out", data={"field": name})
        assert (answer.status_code, "Without this a line cannot be taken." in answer.text) == (422, True)


def test_buttons_of_another_state_say_that_it_has_gone_on(desk: FlaskClient, send: Send) -> None:
    import_id = send()
    for what in ("commit", "undo", "go-on", "columns/again", "leave-out", "decide"):
        answer = desk.post(f"/imports/{import_id}/{what}", data={"field": "city", "decision": "add"})
        assert answer.status_code == 409, what
        assert "This import has gone on meanwhile." in text_of(answer), what
    assert state(import_id) == ImportState.MAPPING


def test_a_file_above_the_limit_of_forms_is_taken(desk: FlaskClient, send: Send, clinic: Clinic) -> None:
    line = b"Kusum Lokhande,9822055001," + b"x" * 4_000 + b"\n"
    content = b"Name,Mobile,Remarks\n" + line * (11 * 1024 * 1024 // len(line) + 1)
    assert len(content) > 11 * 1024 * 1024
    import_id = send(content)
    assert clinic.row(import_id).state == ImportState.MAPPING
    assert clinic.row(import_id).total == content.count(b"\n") - 1


@pytest.mark.parametrize(("size", "status"), [(MOST_BYTES + 1, 422), (MOST_BYTES + 3 * 1024 * 1024, 413)])
def test_a_file_above_its_own_limit_is_answered_with_a_sentence(
    desk: FlaskClient, size: int, status: int
) -> None:
    answer = post_file(desk, b"x" * size)
    assert answer.status_code == status
    assert "50 MB" in text_of(answer)
    assert "10 MB" not in text_of(answer)
    assert db.session.scalar(select(func.count()).select_from(Import)) == 0


def test_a_megabyte_in_one_cell_is_a_fault_beside_it(
    desk: FlaskClient, preview: Send, clinic: Clinic
) -> None:
    import_id = preview()
    path = f"/imports/{import_id}/lines/5"
    for name in ("name", "postal_code", "remarks", "nonsense"):
        answer = desk.post(path, data={f"cell-{name}": "x" * 1_000_000}, headers=HTMX)
        assert answer.status_code == 200, name
    assert clinic.line(import_id, 5).outcome == "refused"
    assert "At most" in text_of(desk.get(f"/imports/{import_id}?show=refused"))
    assert desk.get(path).status_code == 200


EVIL = (
    "\u202eevil\u202c",
    "👩🏽‍⚕️", "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "=HYPERLINK(1)",
    "@SUM(1)", "{{7*7}}", "मीनाक्षी",
)  # fmt: skip


def test_anything_in_cells_headings_and_the_files_name_is_text_on_every_page(
    desk: FlaskClient, send: Send, clinic: Clinic, table: Callable[..., str]
) -> None:
    headings = ("Name", "Mobile", *EVIL)
    lines = [(f"{text} Kusum", "98220x5500", *EVIL) for text in EVIL]
    content = table(headings, *lines).replace("@SUM(1)", "@SUM\x00(1)")
    import_id = send(content, name='<script>alert(2)</script>"\u202e.csv')
    data = columns(clinic.row(import_id)) | {"column-2": "remarks", "column-3": "city", "column-4": "line"}
    pages = [desk.get(f"/imports/{import_id}")]
    press(desk, import_id, "columns", **data)
    service.carry_on(import_id)
    pages += [
        desk.get(path) for path in (f"/imports/{import_id}", f"/imports/{import_id}/lines/4", "/imports")
    ]
    pages.append(desk.post(f"/imports/{import_id}/lines/4", data={"cell-mobile": EVIL[2]}, headers=HTMX))
    for answer in pages:
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text
        assert "<img src=x" not in answer.text
        assert "\x00" not in answer.text
    assert any("<script>alert(1)</script>" in text_of(answer) for answer in pages)
    assert "<script>alert(2)</script>" in text_of(pages[-2])
    rest = desk.get(f"/imports/{import_id}/refused.csv")
    rows = list(csv.reader(io.StringIO(rest.data.decode("utf-8-sig"))))
    assert len(rows) == len(lines) + 1
    assert "'=HYPERLINK(1)" in rows[0], "headings too"
    for row in rows:
        assert not any(cell.startswith(("=", "@", "+", "-", "\t")) for cell in row)
    assert "\n" not in rest.headers["Content-Disposition"]


@pytest.fixture
def outsiders(
    clinic: Clinic, session: Session, sign_in: Callable[..., FlaskClient]
) -> dict[str, FlaskClient]:
    """The browsers of those who have nothing to do with an import of the clinic."""
    here, elsewhere = clinic.facility, FacilityFactory()
    manager = grant(UserFactory(), Role.FACILITY_ADMIN, facility=elsewhere)
    vaidya = grant(UserFactory(), Role.PRACTITIONER, facility=here)
    practitioner_at(here, vaidya)
    patient = household_login(PatientFactory(facility_id=here.id))
    session.commit()
    return {
        "manager elsewhere": sign_in(manager),
        "practitioner": sign_in(vaidya),
        "patient": sign_in(patient, SessionKind.PATIENT),
    }


WAYS = (
    ("GET", ""), ("GET", "/lines/2"), ("GET", "/refused.csv"), ("POST", "/lines/2"), ("POST", "/columns"),
    ("POST", "/columns/again"), ("POST", "/sheet"), ("POST", "/commit"), ("POST", "/stop"),
    ("POST", "/go-on"),
    ("POST", "/undo"), ("POST", "/leave-out"), ("POST", "/decide"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("who", "status"), [("manager elsewhere", 404), ("practitioner", 403), ("patient", 403)]
)
def test_an_outsider_sees_nothing_of_an_import(
    outsiders: dict[str, FlaskClient], preview: Send, who: str, status: int
) -> None:
    import_id, client = preview(), outsiders[who]
    for method, what in WAYS:
        answer = client.open(f"/imports/{import_id}{what}", method=method)
        assert answer.status_code == status, what
        assert "Kusum" not in answer.text
        assert "register.csv" not in answer.text
    if who == "manager elsewhere":
        assert "register.csv" not in client.get("/imports").text
    assert state(import_id) == ImportState.READY


def test_a_stranger_is_asked_to_sign_in(client: FlaskClient, preview: Send) -> None:
    import_id = preview()
    for method, what in WAYS:
        answer = client.open(f"/imports/{import_id}{what}", method=method)
        assert answer.status_code == (303 if method == "GET" else 401), what
        assert "Kusum" not in answer.text


def test_a_receptionist_brings_in_patients_but_no_practitioners(
    clinic: Clinic, send: Send, sign_in: Callable[..., FlaskClient], session: Session
) -> None:
    receptionist = grant(UserFactory(), Role.RECEPTIONIST, facility=clinic.facility)
    session.commit()
    client = sign_in(receptionist)
    theirs = send("Name,Registration number\nDr Anand Rao,KA-1234\n", kind="practitioners")
    patients = send()
    assert client.get(f"/imports/{patients}").status_code == 200
    assert client.get(f"/imports/{theirs}").status_code == 404
    assert client.post(f"/imports/{theirs}/stop").status_code == 404
    assert 'value="practitioners"' not in client.get("/imports").text
    assert post_file(client, b"Name\nAnand Rao\n", kind="practitioners").status_code == 422


def test_the_preview_takes_as_many_statements_for_25_lines_as_for_5(
    desk: FlaskClient, preview: Send, count_statements: Callable[[], list[str]]
) -> None:
    counts = {}
    for lines in (5, 25):
        rows = [f"Person{n} Family{n},{9_800_000_000 + n * 7},5{n % 2}" for n in range(lines - 3)]
        rows += ["PERSON0 Family0,9800000000,50", "Person1 Family1,9800000007,", "Kusum,12,50"]
        import_id = preview("\n".join(["Name,Mobile,Age", *rows]))
        for show in ("all", "duplicate"):
            desk.get(f"/imports/{import_id}?show={show}")
            db.session.expunge_all()
            count_statements()
            desk.get(f"/imports/{import_id}?show={show}")
            counts[lines, show] = len(count_statements())
    assert counts[5, "all"] == counts[25, "all"]
    assert counts[5, "duplicate"] == counts[25, "duplicate"]
    assert max(counts.values()) <= 12, counts
    assert "Same person: fill in" in text_of(desk.get(f"/imports/{import_id}?show=duplicate"))


def test_audit_and_log_name_lines_by_number_and_nobody_by_name(
    desk: FlaskClient, clinic: Clinic, preview: Send, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    known = PatientFactory(facility_id=clinic.facility.id, name="Kusum Lokhande", mobile="+919822055001")
    session.commit()
    known_id = known.id
    import_id = preview()
    desk.post(f"/imports/{import_id}/lines/3", data={"cell-birth": "28/02/1980"})
    desk.post(f"/imports/{import_id}/decide", data={"decision": "fill"})
    desk.get(f"/imports/{import_id}")
    press(desk, import_id, "commit")
    service.carry_on(import_id)
    desk.get(f"/imports/{import_id}/refused.csv")
    press(desk, import_id, "undo")
    service.carry_on(import_id)
    events = session.scalars(select(AuditEvent).where(AuditEvent.subject_type == "import")).all()
    assert {event.action for event in events} == {
        "import.received", "import.mapped", "import.viewed", "import.line_mended", "import.lines_decided",
        "import.started", "import.brought_in", "import.refused_taken", "import.undo_started",
        "import.taken_back",
    }  # fmt: skip
    viewed = next(event for event in events if event.action == "import.viewed")
    assert viewed.detail == {"kind": "patients", "ids": [known_id]}
    told = repr([event.detail for event in session.scalars(select(AuditEvent))]) + "".join(
        capsys.readouterr()
    )
    for word in ("Kusum", "Mira", "98220", "1980", "411001", "register.csv"):
        assert word not in told, word
