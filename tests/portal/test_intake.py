"""The intake form from the portal."""

from __future__ import annotations

import re

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from clinic.core import clock
from clinic.patients.models import IntakeLink
from tests.portal.conftest import Clinic


def test_the_form_opens_for_the_chosen_member_and_is_found_again(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    assert "to fill in" in home.get("/portal").text

    first = home.post("/portal/intake").headers["Location"]
    assert home.get(first).status_code == 200
    second = home.post("/portal/intake").headers["Location"]

    assert first == second
    link = session.scalars(select(IntakeLink)).one()
    assert (link.patient_id, link.created_by) == (clinic.mother.id, clinic.login.id)
    home.post(f"/portal/family/{clinic.son.id}")
    assert home.post("/portal/intake").headers["Location"] != first


def test_what_was_typed_is_there_when_the_form_is_opened_again(clinic: Clinic, home: FlaskClient) -> None:
    url = home.post("/portal/intake").headers["Location"]
    home.post(f"{url}/address", data={"city": "Dharwad", "version": "0"})

    again = home.post("/portal/intake").headers["Location"]

    assert 'value="Dharwad"' in home.get(f"{again}/address").text
    assert "1 of 8 done" in home.get("/portal").text


def test_a_closed_form_is_not_opened_again(clinic: Clinic, home: FlaskClient, session: Session) -> None:
    home.post("/portal/intake")
    link = session.scalars(select(IntakeLink)).one()
    link.reviewed_at = link.submitted_at = clock.now()
    session.commit()
    assert "Intake form" not in home.get("/portal").text

    home.post("/portal/intake")

    assert len(session.scalars(select(IntakeLink)).all()) == 2


def test_the_form_leads_back_to_the_portal_only_for_who_is_signed_in(
    clinic: Clinic, home: FlaskClient, client: FlaskClient
) -> None:
    url = home.post("/portal/intake").headers["Location"]

    brand = re.compile(r'<a\s+class="portal-brand"\s+href="([^"]+)"')
    assert brand.findall(home.get(url).text) == ["/portal"]
    assert brand.findall(client.get(url).text) == [url]


def test_a_stranger_cannot_open_a_form_for_the_household(
    clinic: Clinic, outside: FlaskClient, session: Session
) -> None:
    with outside.session_transaction() as cookie:
        cookie["portal_patient"] = clinic.mother.id

    outside.post("/portal/intake")

    assert session.scalars(select(IntakeLink)).one().patient_id == clinic.stranger.id
