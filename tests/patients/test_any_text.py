"""Whatever is typed: never a 500, and text that can be kept comes back as it went in.

Hypothesis draws 10 examples of each trial in `make test`, 25 in `make proof`.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.paging import PageRequest
from clinic.core.text import one_line
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.patients.queries import search_patients
from clinic.patients.service import send_intake_link
from tests.examples import examples
from tests.patients.test_intake import sent_token

TEXT = (
    "name", "mobile", "birth_date", "age", "sex", "email", "locale", "line", "city", "state", "postal_code",
    "country", "emergency_name", "emergency_phone", "emergency_relationship", "medical_history", "prakriti",
    "blood_group", "allergies_asked", "allergies-0-substance", "allergies-0-reaction", "allergies-0-severity",
    "allergies-0-key", "submission_key", "version", "anyway", "shown", "then",
)  # fmt: skip
NASTY = (
    "\x00", "a\x00b", "\ud800", "\u202eabc", "🪷" * 30, "अनन्या" * 10, "x" * 1_000_000, "%00", "\r\n\t",
    "{{ 7 * 7 }}", "<img src=x onerror=alert(1)>", "=1+1", "\ufeff", "9" * 400, "-1", "NaN", "'; --",
)  # fmt: skip
SLOW = settings(
    max_examples=examples(10, of=25),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def sent(values: dict[str, str]) -> dict[str, Any]:
    """As a browser sends it: bytes, whatever they are."""
    return {name: value.encode("utf-8", "surrogatepass") for name, value in values.items()}


@pytest.mark.parametrize("field", TEXT)
def test_no_field_of_registration_breaks(at_desk: FlaskClient, field: str) -> None:
    for value in NASTY:
        form = {"name": "Meenakshi Iyer", "mobile": "98450 11723", "anyway": "yes", field: value}
        assert at_desk.post("/patients/new", data=sent(form)).status_code in (303, 409, 422)


@SLOW
@given(field=st.sampled_from(TEXT), value=st.text(max_size=300))
def test_any_text_in_any_field_gets_an_answer(at_desk: FlaskClient, field: str, value: str) -> None:
    form = {"name": "Meenakshi Iyer", "mobile": "98450 11723", field: value}
    answer = at_desk.post("/patients/new", data=sent(form))
    assert answer.status_code in (303, 409, 422)


@SLOW
@given(term=st.text(max_size=200), page=st.text(max_size=12))
def test_any_term_is_searched(at_desk: FlaskClient, term: str, page: str) -> None:
    form = sent({"q": term, "page": page})
    assert at_desk.post("/patients/search", data=form).status_code == 200
    assert at_desk.post("/search", data=form).status_code == 200


@SLOW
@given(term=st.text(alphabet=st.characters(), max_size=60))
def test_search_takes_text_that_no_browser_sends(desk: Actor, term: str) -> None:
    assert search_patients(desk, term, PageRequest()).number == 1


@pytest.mark.parametrize(
    "name",
    [
        "अनन्या दास", "ಮೀನಾಕ್ಷಿ ಅಯ್ಯರ್", "மீனாட்சி", "محمد علی", "José d'Souza-Řehoř", "Mee\u200dnakshi Iyer",
        "\u202bמינה\u202c Rao", "Li 李小龍", "O'Brien & Sons <x>",
    ],
)  # fmt: skip
def test_names_in_any_script_come_back_as_they_went_in(at_desk: FlaskClient, name: str) -> None:
    assert at_desk.post("/patients/new", data={"name": name, "mobile": "98450 11723"}).status_code == 303
    patient = db.session.scalars(select(Patient).order_by(Patient.id.desc()).limit(1)).one()
    assert patient.name == name
    for page in (f"/patients/{patient.id}", "/patients"):
        assert name in html.unescape(at_desk.get(page).text)
    found = at_desk.post("/patients/search", data={"q": name.split(maxsplit=1)[0]}).text
    assert name in html.unescape(found)


def test_devanagari_in_every_field_comes_back(at_desk: FlaskClient) -> None:
    words = {
        "line": "१२, गांधी मार्ग",
        "city": "पुणे",
        "state": "महाराष्ट्र",
        "emergency_name": "रवि अय्यर",
        "medical_history": "कमर दर्द\nठंड में अधिक",
        "allergies-0-substance": "मूँगफली",
        "allergies-0-reaction": "सूजन",
    }
    form = {"name": "अनन्या दास", "mobile": "98450 11723", "allergies_asked": "yes", **words}
    assert at_desk.post("/patients/new", data=form).status_code == 303
    patient = db.session.scalars(select(Patient)).one()
    page = html.unescape(at_desk.get(f"/patients/{patient.id}/details").text)
    for value in words.values():
        assert value in page


@pytest.mark.parametrize(
    "section", ["about", "address", "emergency", "health", "constitution", "nonsense", "\x00"]
)
def test_no_field_of_the_intake_breaks(
    client: FlaskClient, desk: Actor, registered: Callable[..., Patient], section: str
) -> None:
    send_intake_link(desk, registered().id)
    db.session.commit()
    token = sent_token()
    for value in NASTY:
        names = (
            "name",
            "birth_date",
            "sex",
            "locale",
            "postal_code",
            "emergency_phone",
            "substance_1",
            "prakriti",
        )
        form = sent(dict.fromkeys((*names, "version", "medical_history"), value))
        for address in (f"/intake/{token}/{section}", f"/intake/{token}/{section}/draft"):
            assert client.post(address, data=form).status_code in (200, 303, 404, 409, 422)
        assert client.get(f"/intake/{token}/check").status_code == 200


@pytest.mark.parametrize("token", ["a", "%00", "x" * 5000, "अ", "..%2f..", "%ff%fe"])
def test_tokens_that_were_never_given_are_unknown(
    client: FlaskClient, facility: Facility, token: str
) -> None:
    assert client.get(f"/intake/{token}").status_code == 404


@SLOW
@given(name=st.text(min_size=2, max_size=100))
def test_what_can_be_kept_of_a_name_is_kept_whole(at_desk: FlaskClient, name: str) -> None:
    answer = at_desk.post(
        "/patients/new", data=sent({"name": name, "mobile": "98450 11723", "submission_key": name})
    )
    kept = one_line(name.encode("utf-8", "surrogatepass").decode("utf-8", "replace"))
    if answer.status_code == 303:
        page = at_desk.get(answer.location + "/edit").text
        assert html.escape(kept, quote=True).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in page
    else:
        assert answer.status_code in (409, 422)
