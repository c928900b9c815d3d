"""Bodies: small for forms, larger where a route says that it takes files."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from flask import Flask, request
from flask.testing import FlaskClient

from clinic.app import BODY_LIMIT, create_app
from clinic.core.access import allow
from clinic.core.uploads import FORM_AROUND, takes_files
from tests.conftest import make_settings

MOST = 12_000_000


@pytest.fixture(scope="module")
def web(make_database: Callable[[str], str], worker_number: int) -> FlaskClient:
    """A clinic with one route that takes files and one that takes forms."""
    app = create_app(make_settings(make_database("uploads"), worker_number))
    app.config["WTF_CSRF_ENABLED"] = False
    _add(app, "/files", takes_files(MOST))
    _add(app, "/forms", lambda view: view)
    return app.test_client()


def _add(app: Flask, rule: str, declare: Callable[[Callable[[], str]], Callable[[], str]]) -> None:
    def view() -> str:
        return str(sum(len(file.read()) for file in request.files.values()))

    app.add_url_rule(
        rule, rule.strip("/"), allow(everybody=True)(declare(view)), methods=["GET", "POST", "PUT"]
    )


def send(web: FlaskClient, rule: str, size: int, *files: int, method: str = "POST") -> tuple[int, str]:
    data = {f"file-{number}": (io.BytesIO(b"x" * one), "file") for number, one in enumerate((size, *files))}
    answer = web.open(rule, method=method, data=data)
    return answer.status_code, answer.text


def test_a_route_that_takes_files_takes_them_beyond_the_limit_of_forms(web: FlaskClient) -> None:
    assert send(web, "/files", BODY_LIMIT + 1) == (200, str(BODY_LIMIT + 1))
    assert send(web, "/files", MOST) == (200, str(MOST))


def test_what_is_larger_is_refused_with_the_size_that_is_taken(web: FlaskClient) -> None:
    status, said = send(web, "/files", MOST + FORM_AROUND)
    assert (status, "at most 12 MB in one go" in said) == (413, True)
    status, said = send(web, "/files", MOST // 2, MOST // 2, MOST // 2)
    assert send(web, "/files", MOST // 2, MOST // 2, MOST // 2)[0] == 413, "all files together"


def test_a_route_that_says_nothing_takes_what_a_form_is(web: FlaskClient) -> None:
    assert send(web, "/forms", 1000) == (200, "1000")
    status, said = send(web, "/forms", BODY_LIMIT + 1)
    assert (status, "at most 10 MB in one go" in said) == (413, True)


def test_only_what_is_posted_is_large(web: FlaskClient) -> None:
    assert send(web, "/files", BODY_LIMIT + 1, method="PUT")[0] == 413


def test_a_form_field_is_no_file(web: FlaskClient) -> None:
    """Fields are kept in memory, so they stay small where files may be large."""
    data = {"field": "x" * (BODY_LIMIT + 1), "file": (io.BytesIO(b"x"), "file")}
    assert web.post("/files", data=data, content_type="multipart/form-data").status_code == 413


def test_an_address_that_is_not_there_takes_nothing_large(web: FlaskClient) -> None:
    assert send(web, "/nowhere", BODY_LIMIT + 1)[0] in (404, 413)
