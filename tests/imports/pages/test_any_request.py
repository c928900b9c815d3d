"""Whatever is sent to an import's addresses: a sentence or a page, and nothing is changed by nonsense."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from clinic.imports import service
from clinic.imports.models import ImportState
from tests.imports.conftest import Clinic
from tests.imports.pages.browser import HTMX, Send, columns, press, state, text_of


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
