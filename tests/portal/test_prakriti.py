"""The prakriti questions in the portal: kept one by one, sent in, taken back, and what came of them."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from clinic.accounts.models import SessionKind
from clinic.core.db import db, unit_of_work
from clinic.encounters.assessments import queries, service
from clinic.encounters.assessments.definitions import instrument
from clinic.encounters.models import Assessment
from tests.encounters.conftest import Scene, SignIn, scene
from tests.factories import PatientFactory, household_login

__all__ = ["scene"]


@pytest.fixture
def mother(scene: Scene, sign_in: SignIn) -> FlaskClient:
    """The household's browser, with one member."""
    return sign_in(household_login(scene.patient), SessionKind.PATIENT)


def started(client: FlaskClient, scene: Scene) -> int:
    """The questions begun; gives their id."""
    address = client.post(f"/portal/family/{scene.patient.id}/prakriti").location
    return int(address.split("/")[3])


def answer(client: FlaskClient, found: int, count: int) -> None:
    for number in range(1, count + 1):
        client.post(f"/portal/prakriti/{found}/{number}", data={"first": "vata", "second": "pitta"})


def status(scene: Scene) -> str | None:
    db.session.expire_all()
    found = queries.open_answers(scene.patient.id)
    return found.status if found else None


def test_answers_are_kept_one_by_one_and_gone_on_with(scene: Scene, mother: FlaskClient) -> None:
    assert "18 short questions" in mother.get("/portal/prakriti").text
    found = started(mother, scene)
    answer(mother, found, 3)
    assert "3 of 18 questions answered" in mother.get("/portal/prakriti").text
    again = mother.post(f"/portal/family/{scene.patient.id}/prakriti").location
    assert again.endswith(f"/portal/prakriti/{found}/4")
    page = mother.get(f"/portal/prakriti/{found}/2").text
    assert 'name="first" value="vata" checked' in page
    assert 'name="second" value="pitta" checked' in page
    mother.post(f"/portal/prakriti/{found}/2", data={"first": ""})
    assert "2 of 18 questions answered" in mother.get(f"/portal/prakriti/{found}/check").text


def test_too_few_answers_are_not_sent_and_enough_are(scene: Scene, mother: FlaskClient) -> None:
    found = started(mother, scene)
    answer(mother, found, 14)
    refused = mother.post(f"/portal/prakriti/{found}/send")
    assert refused.status_code == 422
    assert "at least 15 of the 18" in refused.text
    answer(mother, found, 15)
    assert mother.post(f"/portal/prakriti/{found}/send").status_code == 303
    assert status(scene) == "submitted"
    assert "Your answers are with the clinic" in mother.get("/portal/prakriti").text
    assert scene.patient.prakriti is None, "the machine confirms nothing"


def test_staff_see_that_answers_wait_go_through_them_and_the_patient_reads_the_result(
    scene: Scene, mother: FlaskClient, sign_in: SignIn
) -> None:
    found = started(mother, scene)
    answer(mother, found, 18)
    mother.post(f"/portal/prakriti/{found}/send")
    vaidya = sign_in(scene.user)
    assert "Answers waiting" in vaidya.get(f"/patients/{scene.patient.id}/assessments").text
    assert "Answers waiting" in vaidya.get(f"/patients/{scene.patient.id}").text
    page = vaidya.get(f"/assessments/{found}").text
    assert "Patient: Thin, narrow; also: Medium" in page
    form = {f"{item.code}-first": "vata" for item in instrument().items}
    form |= {f"{item.code}-second": "pitta" for item in instrument().items}
    form |= {"frame-first": "kapha", "result": "vata", "share": "yes", "version": "19"}
    form["version"] = str(db.session.get_one(Assessment, found).version)
    assert vaidya.post(f"/assessments/{found}/confirm", data=form).status_code == 303
    read = vaidya.get(f"/assessments/{found}").text
    assert "Broad, sturdy; also: Medium" in read
    assert "Thin, narrow; also: Medium" in read
    result = mother.get("/portal/prakriti").text
    assert "Vata moves" in result
    assert "no study has proved them" in result
    assert mother.post(f"/portal/prakriti/{found}/1", data={"first": "kapha"}).status_code == 404


def test_answers_can_be_had_back_until_somebody_has_begun_on_them(scene: Scene, mother: FlaskClient) -> None:
    found = started(mother, scene)
    answer(mother, found, 18)
    mother.post(f"/portal/prakriti/{found}/send")
    mother.post(f"/portal/prakriti/{found}/back")
    assert status(scene) == "answering"
    mother.post(f"/portal/prakriti/{found}/send")
    row = queries.get_assessment(scene.actor, found, fresh=True)
    with unit_of_work():
        service.save(scene.actor, row, {"frame-first": ["kapha"]}, version=row.version)
    mother.post(f"/portal/prakriti/{found}/back")
    assert status(scene) == "submitted"


def test_what_a_patient_sent_is_changed_by_nobody(
    scene: Scene, mother: FlaskClient, session: Session
) -> None:
    found = started(mother, scene)
    answer(mother, found, 18)
    mother.post(f"/portal/prakriti/{found}/send")
    with pytest.raises(DBAPIError, match="are with the clinic"), session.begin_nested():
        session.execute(text("UPDATE assessments SET patient_answers = '{}'"))
    assert mother.post(f"/portal/prakriti/{found}/1", data={"first": "kapha"}).status_code == 303
    kept = db.session.get_one(Assessment, found)
    db.session.refresh(kept)
    assert (kept.patient_answers or {})["frame"] == ["vata", "pitta"]


def test_another_household_finds_nothing(scene: Scene, mother: FlaskClient, sign_in: SignIn) -> None:
    found = started(mother, scene)
    answer(mother, found, 15)
    other = sign_in(
        household_login(PatientFactory(facility_id=scene.facility.id), mobile="+919845000099"),
        SessionKind.PATIENT,
    )
    assert other.post(f"/portal/family/{scene.patient.id}/prakriti").status_code == 404
    for path in ("1", "check"):
        assert other.get(f"/portal/prakriti/{found}/{path}").status_code == 404
    for path in ("1", "send", "back"):
        assert other.post(f"/portal/prakriti/{found}/{path}").status_code == 404
    assert status(scene) == "answering"


def test_the_questions_are_asked_in_hindi(scene: Scene, mother: FlaskClient) -> None:
    with mother.session_transaction() as cookie:
        cookie["locale"] = "hi"
    found = started(mother, scene)
    page = mother.get(f"/portal/prakriti/{found}/1").text
    assert "आपका शरीर कैसा बना है?" in page
    assert "How is your body built?" not in page


def test_a_question_that_is_not_asked_is_no_page(scene: Scene, mother: FlaskClient) -> None:
    found = started(mother, scene)
    assert mother.get(f"/portal/prakriti/{found}/19").status_code == 404
    assert mother.get(f"/portal/prakriti/{found}/0").status_code == 404
    assert (
        mother.post(f"/portal/prakriti/{found}/1", data={"first": "sama", "second": "x"}).status_code == 303
    )
    assert "0 of 18" in mother.get(f"/portal/prakriti/{found}/check").text
