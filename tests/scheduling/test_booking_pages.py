"""Booking in the browser, with scripts and without."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select

from clinic.core.access import Role
from clinic.core.db import db
from clinic.patients.models import Patient
from clinic.scheduling.models import Appointment, Hold
from clinic.scheduling.service import book
from clinic.scheduling.views.reading import slot_value
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    UserFactory,
    appointment,
    grant,
    household_login,
)
from tests.scheduling.conftest import Clinic

HTMX = {"HX-Request": "true"}


def filled(clinic: Clinic, **changes: str) -> dict[str, str]:
    return {
        "action": "book",
        "patient": str(clinic.patient.id),
        "service": str(clinic.service.id),
        "slot": slot_value(clinic.vaidya.id, clinic.at(10)),
        "from_day": "2026-11-23",
        "submission_key": "form-1",
        "purpose": "Back pain since Diwali",
        "tell": "1",
    } | changes


def visits() -> list[Appointment]:
    return list(db.session.scalars(select(Appointment)))


def test_without_scripts_booking_leads_to_the_visit(clinic: Clinic, desk: FlaskClient) -> None:
    answer = desk.post("/appointments/new", data=filled(clinic))
    (visit,) = visits()
    assert answer.status_code == 303
    assert answer.location == f"/appointments/{visit.reference}"
    page = desk.get(answer.location)
    assert "Meenakshi Iyer" in page.text
    assert "Back pain since Diwali" in page.text


def test_with_scripts_the_panel_closes_and_the_calendar_hears_of_it(
    clinic: Clinic, desk: FlaskClient
) -> None:
    answer = desk.post("/appointments/new", data=filled(clinic), headers=HTMX)
    assert answer.status_code == 200
    assert {"sutra:close", "sutra:schedule"} <= set(re.findall(r"sutra:\w+", answer.headers["HX-Trigger"]))


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "fragment"])
def test_a_taken_slot_keeps_the_form_and_offers_three_others(
    clinic: Clinic, desk: FlaskClient, headers: dict[str, str]
) -> None:
    book(clinic.desk, clinic.booking(clinic.at(10), patient_id=clinic.other.id))
    db.session.commit()
    answer = desk.post("/appointments/new", data=filled(clinic), headers=headers)
    assert answer.status_code == 409
    assert "This time was just taken." in answer.text
    assert "Back pain since Diwali" in answer.text
    assert f'name="patient" value="{clinic.patient.id}"' in answer.text
    callout = answer.text.split("callout-danger", 1)[1].split("book-days", 1)[0]
    assert callout.count('name="slot"') == 3
    assert len(visits()) == 1


def test_the_button_says_what_it_will_do(clinic: Clinic, desk: FlaskClient) -> None:
    answer = desk.post("/appointments/new", data=filled(clinic, action="look"), headers=HTMX)
    assert "Book Mon 10:00" in answer.text
    assert visits() == []


def test_the_enter_key_never_books(clinic: Clinic, desk: FlaskClient) -> None:
    form = desk.get("/appointments/new").text
    first = re.search(r'<button[^>]*type="submit"[^>]*>', form.split('id="book-form"', 1)[1])
    assert first is not None
    assert 'value="look"' in first.group()


def test_what_is_missing_is_said_beside_it(clinic: Clinic, desk: FlaskClient) -> None:
    answer = desk.post("/appointments/new", data={"action": "book", "submission_key": "x"})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert "Choose the patient." in answer.text


def test_a_new_patient_is_added_on_the_way(clinic: Clinic, desk: FlaskClient) -> None:
    data = filled(clinic, action="register", patient="", new_name="Nandini Rao", new_mobile="98450 11999")
    answer = desk.post("/appointments/new", data=data)
    patient = db.session.scalars(select(Patient).where(Patient.name == "Nandini Rao")).one()
    assert f'name="patient" value="{patient.id}"' in answer.text
    refused = desk.post("/appointments/new", data=data | {"submission_key": "y", "new_mobile": "12"})
    assert refused.status_code == 422
    assert "Nandini Rao" in refused.text


def test_patients_are_found_while_typing(clinic: Clinic, desk: FlaskClient) -> None:
    assert "Meenakshi Iyer" in desk.post("/appointments/new/patients", data={"term": "meen"}).text
    assert "Nobody found" in desk.post("/appointments/new/patients", data={"term": "zzz"}).text


def test_outside_hours_a_reason_is_asked_for_and_then_taken(clinic: Clinic, desk: FlaskClient) -> None:
    late = slot_value(clinic.vaidya.id, clinic.at(20))
    answer = desk.post("/appointments/new", data=filled(clinic, slot=late))
    assert answer.status_code == 422
    assert 'name="override_reason"' in answer.text
    assert "does not work at that time" in answer.text
    answer = desk.post("/appointments/new", data=filled(clinic, slot=late, override_reason="Fever"))
    assert answer.status_code == 303


def test_any_day_and_time_can_be_typed(clinic: Clinic, desk: FlaskClient) -> None:
    typed = {
        "slot": "any",
        "any_day": "2026-11-24",
        "any_time": "11:40",
        "practitioner": str(clinic.vaidya.id),
    }
    assert desk.post("/appointments/new", data=filled(clinic, **typed)).status_code == 303
    assert visits()[0].starts == clinic.at(11, 40, days=1)


def test_a_walk_in_has_arrived(
    clinic: Clinic, sign_in: Callable[..., FlaskClient], morning: time_machine.Coordinates
) -> None:
    morning.move_to(clinic.at(10, 7))
    desk = sign_in(clinic.receptionist)
    data = filled(clinic, walk_in="1", practitioner=str(clinic.vaidya.id), slot="")
    assert desk.post("/appointments/new", data=data).status_code == 303
    (visit,) = visits()
    assert (visit.status, visit.created_via, visit.starts) == ("arrived", "walk_in", clinic.at(10, 5))


def test_a_practitioner_takes_in_a_walk_in_for_a_colleague(
    clinic: Clinic, sign_in: Callable[..., FlaskClient], morning: time_machine.Coordinates
) -> None:
    morning.move_to(clinic.at(10, 7))
    user = grant(UserFactory(), Role.PRACTITIONER, facility=clinic.facility)
    clinic.colleague.user = user
    data = filled(clinic, walk_in="1", practitioner=str(clinic.vaidya.id), slot="")
    assert sign_in(user).post("/appointments/new", data=data).status_code == 303
    (visit,) = visits()
    assert (visit.status, visit.practitioner_id) == ("arrived", clinic.vaidya.id)


def test_a_walk_in_to_somebody_busy_gets_a_token_and_the_next_free_time(
    clinic: Clinic, sign_in: Callable[..., FlaskClient], morning: time_machine.Coordinates
) -> None:
    morning.move_to(clinic.at(10, 7))
    appointment(PatientFactory(), clinic.vaidya, clinic.at(10, 0), service=clinic.service)
    db.session.commit()
    desk = sign_in(clinic.receptionist)
    data = filled(clinic, walk_in="1", practitioner=str(clinic.vaidya.id), slot="")
    shown = desk.post("/appointments/new", data=data | {"action": "look"}).get_data(as_text=True)
    assert f"{clinic.vaidya.name}<small>in 23 min, at 10:30" in shown
    assert f"{clinic.colleague.name}<small>free now" in shown
    assert shown.index(clinic.colleague.name) < shown.index(clinic.vaidya.name)
    assert desk.post("/appointments/new", data=data).status_code == 303
    (taken,) = [visit for visit in visits() if visit.patient_id == int(data["patient"])]
    assert (taken.status, taken.starts, taken.token) == ("arrived", clinic.at(10, 30), 1)
    assert "Token 1" in desk.get("/today").get_data(as_text=True)
    assert "Token 1" in desk.get(f"/appointments/{taken.reference}").get_data(as_text=True)


@pytest.mark.parametrize(
    "changes",
    [
        {"slot": "1@99999999999999999999"},
        {"slot": "\x00@\ud800"},
        {"patient": "9" * 40, "service": "-1", "slot": "@"},
        {"from_day": "0000-99-99", "any_day": "x", "any_time": "99:99", "slot": "any"},
        {"from_day": "9999-12-31", "purpose": "\x00" + "x" * 100_000},
        {"submission_key": "k" * 10_000, "practitioner": "𝟛"},
    ],
    ids=range(6),
)
def test_nonsense_is_answered_not_an_accident(
    clinic: Clinic, desk: FlaskClient, changes: dict[str, str]
) -> None:
    data = {key: value.encode("utf-8", "surrogatepass") for key, value in filled(clinic, **changes).items()}
    assert desk.post("/appointments/new", data=data).status_code < 500


def test_moving_shows_the_minute_to_undo(clinic: Clinic, desk: FlaskClient) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    page = desk.get(f"/appointments/{visit.reference}/move")
    assert "Move visit" in page.text
    data = {"action": "move", "slot": slot_value(clinic.vaidya.id, clinic.at(15)), "tell": "1"}
    answer = desk.post(f"/appointments/{visit.reference}/move", data=data, headers=HTMX)
    assert answer.status_code == 200
    assert f"/appointments/{visit.reference}/undo" in answer.text
    assert 'data-countdown="60"' in answer.text
    desk.post(f"/appointments/{visit.reference}/undo", headers=HTMX)
    db.session.refresh(visit)
    assert visit.starts == clinic.at(10)
    assert db.session.scalars(select(Hold)).all() == []


def test_moving_to_a_taken_time_offers_others(clinic: Clinic, desk: FlaskClient) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    book(clinic.desk, clinic.booking(clinic.at(15), patient_id=clinic.other.id))
    db.session.commit()
    data = {"action": "move", "slot": slot_value(clinic.vaidya.id, clinic.at(15)), "reason": "Bus strike"}
    answer = desk.post(f"/appointments/{visit.reference}/move", data=data)
    assert answer.status_code == 409
    assert "Bus strike" in answer.text


def test_the_visits_page_offers_the_steps_it_can_take(clinic: Clinic, desk: FlaskClient) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    address = f"/appointments/{visit.reference}"
    assert f"{address}/arrive" in desk.get(address).text
    assert f"{address}/complete" not in desk.get(address).text
    assert desk.post(f"{address}/arrive", data={"version": visit.version}).status_code == 303
    assert desk.post(f"{address}/arrive", data={"version": 1}).status_code == 409
    assert desk.post(f"{address}/explode").status_code == 404
    refused = desk.post(f"{address}/take-back", data={"reason": ""})
    assert (refused.status_code, "Say why" in refused.text) == (422, True)


@pytest.mark.parametrize("address", ["", "/move"])
def test_outsiders_do_not_learn_that_a_visit_exists(
    clinic: Clinic, sign_in: Callable[..., FlaskClient], client: FlaskClient, address: str
) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    url = f"/appointments/{visit.reference}{address}"
    elsewhere = FacilityFactory()
    assert client.get(url).status_code == 303
    stranger = sign_in(grant(UserFactory(), Role.RECEPTIONIST, facility=elsewhere))
    assert stranger.get(url).status_code == 404
    therapist = sign_in(grant(UserFactory(), Role.THERAPIST, facility=clinic.facility))
    assert therapist.get(url).status_code == 404
    admin = sign_in(grant(UserFactory(), Role.ADMIN))
    assert admin.get(url).status_code == 403
    assert sign_in(clinic.receptionist).get(url).status_code == 200


def test_an_outsider_moves_nothing_by_posting(clinic: Clinic, sign_in: Callable[..., FlaskClient]) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    stranger = sign_in(grant(UserFactory(), Role.RECEPTIONIST, facility=FacilityFactory()))
    for step in ("arrive", "cancel", "undo"):
        assert stranger.post(f"/appointments/{visit.reference}/{step}").status_code == 404
    data = {"action": "move", "slot": slot_value(clinic.vaidya.id, clinic.at(15))}
    assert stranger.post(f"/appointments/{visit.reference}/move", data=data).status_code == 404
    db.session.refresh(visit)
    assert (visit.status, visit.starts) == ("confirmed", clinic.at(10))
    assert household_login(clinic.patient)
