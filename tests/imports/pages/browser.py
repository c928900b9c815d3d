"""An import's pages as a browser uses them, and a register to send."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import html5lib
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from clinic.core.db import db
from clinic.imports.models import Import

HTMX = {"HX-Request": "true"}

REGISTER = """Sl,Patient Name,DOB / Age,Mobile,PIN
1,Kusum Lokhande,14/07/1971,9822055001,411001
2,Mira Joshi,31/02/1980,9822055002,411001
3,KUSUM LOKHANDE,52 yrs,9822055001,411001
4,Sopan Jadhav,33,9822055004,5600
"""
"""Line 3 has no such day, line 4 may be line 2 once more, line 5 has a PIN code of four digits."""

Send = Callable[..., int]


def post_file(
    client: FlaskClient, content: bytes, *, name: str = "register.csv", kind: str = "patients"
) -> TestResponse:
    return client.post("/imports", data={"kind": kind, "file": (io.BytesIO(content), name)})


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
