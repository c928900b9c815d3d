"""Where the browser goes after a change."""

from __future__ import annotations

import pytest
from flask import Flask

from clinic.core.web import go_to

NOTE = "http://localhost/notes/6"


@pytest.mark.parametrize(
    ("asked_from", "goes_to", "loads_again"),
    [
        (NOTE, "/notes/6#panel-prescription", True),
        (f"{NOTE}#panel-prescription", "/notes/6#panel-prescription", True),
        (NOTE, "/notes/6", False),
        (NOTE, "/notes/7#panel-prescription", False),
        (f"{NOTE}?kind=note", "/notes/6#panel-prescription", False),
        ("http://[", "/notes/6#panel-prescription", False),
    ],
)
def test_a_place_within_the_same_page_loads_it_again(
    app: Flask, asked_from: str, goes_to: str, *, loads_again: bool
) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": asked_from}
    with app.test_request_context(headers=headers):
        answer = go_to(goes_to)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, goes_to)
    assert (answer.headers.get("HX-Refresh") == "true") is loads_again


def test_without_scripts_the_browser_is_sent_on(app: Flask) -> None:
    with app.test_request_context():
        answer = go_to("/notes/6#panel-prescription")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/notes/6#panel-prescription")


@pytest.mark.parametrize(
    ("asked_from", "signs_in_at"),
    [
        ("http://localhost/today?lane=done", "/sign-in?next=/today?lane%3Ddone"),
        ("http://localhost/calendar#now", "/sign-in?next=/calendar"),
        ("http://localhost/", "/sign-in"),
        ("http://elsewhere.example/today", "/sign-in"),
        ("http://localhost//elsewhere.example/", "/sign-in"),
        ("http://[", "/sign-in"),
        ("", "/sign-in"),
    ],
)
def test_a_part_asked_for_without_a_session_leads_back_to_its_page_after_signing_in(
    app: Flask, asked_from: str, signs_in_at: str
) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": asked_from}
    answer = app.test_client().get("/today", headers=headers)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, signs_in_at)
