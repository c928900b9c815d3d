"""A link that opens one visit without signing in, until its day is over, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden, NotFound
from clinic.notifications import sending
from clinic.notifications.models import ConsoleMessage, Message
from clinic.patients.queries import get_patient
from clinic.scheduling import queries
from clinic.scheduling.models import Appointment, AppointmentEvent, AppointmentLink
from clinic.scheduling.service import arrive, book, cancel, move, start
from clinic.scheduling.service.visit_links import actor_for, forget_old_links, say_coming, visit_of
from clinic.scheduling.views.reading import slot_value
from clinic.scheduling.visit_tokens import new_token
from tests.scheduling.conftest import Clinic


@pytest.fixture
def visit(clinic: Clinic) -> Appointment:
    clinic.patient.mobile, clinic.patient.name = "+919845012345", "Smt Meenakshi Iyer"
    clinic.facility.phone = "+918041230000"
    clinic.service.before_you_come = "Eat nothing for two hours."
    row = book(clinic.desk, clinic.booking(clinic.at(15)))
    db.session.commit()
    return row


@pytest.fixture
def token(visit: Appointment) -> str:
    made = new_token(visit)
    assert made is not None
    db.session.commit()
    return made


def bare(answer: TestResponse) -> str:
    """A page without what differs from one request to the next."""
    text = answer.get_data(as_text=True).replace(answer.headers.get("X-Request-ID", "-"), "R")
    return re.sub(r'(data-csrf|value|hx-headers)=("[^"]*"|\'[^\']*\')', "", text)


def events(visit: Appointment) -> list[str]:
    return [event.kind for event in queries.history(visit)]


def test_a_message_carries_a_link_that_is_kept_nowhere_else(
    clinic: Clinic, visit: Appointment, client: FlaskClient
) -> None:
    message = db.session.scalars(select(Message).where(Message.kind == "appointment_booked")).first()
    assert message is not None
    assert message.secret is None
    sending.send(message.id)
    text = db.session.scalars(select(ConsoleMessage.body)).one()
    token = re.search(r"http://localhost/v/([\w-]{22})\b", text)
    assert token is not None
    link = db.session.scalars(select(AppointmentLink)).one()
    assert (link.appointment_id, token[1] in link.token_hash) == (visit.id, False)
    assert client.get(f"/v/{token[1]}").status_code == 200


def test_looking_shows_the_visit_and_hardly_who_it_is_for(
    clinic: Clinic, visit: Appointment, token: str, client: FlaskClient
) -> None:
    answer = client.get(f"/v/{token}")
    page = answer.text
    for said in ("Meenakshi", "Monday 23 November", "3:00 pm", "Dr Vaidehi Kulkarni", visit.reference):
        assert said in page
    assert "Eat nothing for two hours." in page
    assert 'href="tel:+918041230000"' in page
    for unsaid in ("Iyer", "Smt", "98450", str(clinic.patient.mrn)):
        assert unsaid not in page
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "noindex" in answer.headers["X-Robots-Tag"]


@pytest.mark.parametrize("tail", ["", "/cancel", "/move"])
def test_reading_changes_nothing(
    clinic: Clinic, visit: Appointment, token: str, client: FlaskClient, tail: str
) -> None:
    before = (visit.status, visit.version, visit.starts, events(visit))
    for _time in range(2):
        assert client.get(f"/v/{token}{tail}").status_code == 200
        assert client.head(f"/v/{token}{tail}").status_code == 200
    db.session.refresh(visit)
    assert (visit.status, visit.version, visit.starts, events(visit)) == before
    assert client.get(f"/v/{token}/coming").status_code == 405


def test_whoever_holds_the_link_cancels_with_a_reason(
    clinic: Clinic, visit: Appointment, token: str, client: FlaskClient
) -> None:
    assert "Yes, cancel this visit" in client.get(f"/v/{token}/cancel").text
    data = {"code": "unwell", "reason": "fever", "version": visit.version}
    assert client.post(f"/v/{token}/cancel", data=data).headers["Location"] == f"/v/{token}"
    db.session.refresh(visit)
    assert (visit.status, visit.ended_code, visit.ended_why) == ("cancelled", "unwell", "fever")
    assert (visit.ended_by_kind, visit.ended_by) == ("patient", None)
    assert queries.history(visit)[-1].actor_name == "By link"
    page = client.get(f"/v/{token}").text
    assert "This visit is cancelled." in page
    assert f"/v/{token}/move" not in page


def test_the_history_says_by_link(
    clinic: Clinic, visit: Appointment, token: str, client: FlaskClient, desk: FlaskClient
) -> None:
    client.post(f"/v/{token}/cancel", data={"version": visit.version})
    assert "by link" in desk.get(f"/appointments/{visit.reference}").text


def test_i_will_come_is_noted_once_and_stands_on_the_board(
    clinic: Clinic, visit: Appointment, token: str, client: FlaskClient, desk: FlaskClient
) -> None:
    assert "Will come" not in desk.get("/today").text
    for _time in range(2):
        assert client.post(f"/v/{token}/coming").status_code == 303
    assert events(visit).count("patient_coming") == 1
    assert "You said that you will come." in client.get(f"/v/{token}").text
    assert "Will come" in desk.get("/today").text
    move(clinic.desk, visit, clinic.at(16))
    db.session.commit()
    assert "I will come" in client.get(f"/v/{token}").text
    assert "Will come" not in desk.get("/today").text


def test_whoever_holds_the_link_moves_to_the_same_practitioner_or_another(
    clinic: Clinic, visit: Appointment, token: str, client: FlaskClient
) -> None:
    page = client.get(f"/v/{token}/move").text
    own, others = page.split("With somebody else")
    tomorrow = slot_value(clinic.vaidya.id, clinic.at(10, days=1))
    theirs = slot_value(clinic.colleague.id, clinic.at(11, days=1))
    assert (tomorrow in own, theirs in others, theirs in own) == (True, True, False)
    answer = client.post(f"/v/{token}/move", data={"slot": tomorrow, "version": visit.version})
    assert answer.headers["Location"] == f"/v/{token}"
    db.session.refresh(visit)
    assert visit.starts == clinic.at(10, days=1)
    assert "Tuesday 24 November" in client.get(f"/v/{token}").text
    client.post(f"/v/{token}/move", data={"slot": theirs, "version": visit.version})
    db.session.refresh(visit)
    assert (visit.practitioner_id, visit.starts) == (clinic.colleague.id, clinic.at(11, days=1))


def test_who_is_too_late_for_a_time_is_offered_others(
    clinic: Clinic, visit: Appointment, token: str, client: FlaskClient
) -> None:
    book(clinic.desk, clinic.booking(clinic.at(10, days=1), patient_id=clinic.other.id))
    db.session.commit()
    taken = slot_value(clinic.vaidya.id, clinic.at(10, days=1))
    answer = client.post(f"/v/{token}/move", data={"slot": taken, "version": visit.version})
    assert answer.status_code == 409
    assert "Free close to it" in answer.text
    assert client.post(f"/v/{token}/move", data={"slot": "x"}).status_code == 422
    db.session.refresh(visit)
    assert visit.starts == clinic.at(15)


def test_a_form_of_before_a_move_changes_nothing(
    clinic: Clinic, visit: Appointment, token: str, client: FlaskClient
) -> None:
    seen = visit.version
    move(clinic.desk, visit, clinic.at(16))
    db.session.commit()
    client.post(f"/v/{token}/cancel", data={"version": seen})
    db.session.refresh(visit)
    assert visit.status == "confirmed"
    assert "Somebody changed this visit meanwhile." in client.get(f"/v/{token}").text


def test_after_the_deadline_the_page_gives_the_number_to_call(
    clinic: Clinic, visit: Appointment, token: str, client: FlaskClient, morning: time_machine.Coordinates
) -> None:
    clinic.service.change_minutes = 240
    db.session.commit()
    assert f"/v/{token}/move" in client.get(f"/v/{token}").text
    morning.move_to(clinic.at(11))
    page = client.get(f"/v/{token}").text
    assert "too late to change" in page
    assert page.count('href="tel:+918041230000"') == 2
    assert f"/v/{token}/move" not in page
    client.post(f"/v/{token}/cancel", data={"version": visit.version})
    slot = slot_value(clinic.vaidya.id, clinic.at(10, days=1))
    client.post(f"/v/{token}/move", data={"slot": slot, "version": visit.version})
    db.session.refresh(visit)
    assert (visit.status, visit.starts) == ("confirmed", clinic.at(15))
    assert "I will come" in page


def test_a_service_booked_by_telephone_only_is_moved_by_telephone(
    clinic: Clinic, visit: Appointment, token: str, client: FlaskClient
) -> None:
    clinic.service.online_booking = False
    db.session.commit()
    page = client.get(f"/v/{token}").text
    assert "To move this visit, please call the clinic." in page
    assert client.get(f"/v/{token}/move").status_code == 303


def test_once_it_has_begun_the_page_only_says_so(
    clinic: Clinic, visit: Appointment, token: str, client: FlaskClient, morning: time_machine.Coordinates
) -> None:
    arrive(clinic.desk, visit)
    db.session.commit()
    assert "You are at the clinic." in client.get(f"/v/{token}").text
    morning.move_to(clinic.at(15, 5))
    start(clinic.desk, visit)
    db.session.commit()
    for tail, data in (("/coming", {}), ("/cancel", {}), ("/move", {"slot": "1@1"})):
        client.post(f"/v/{token}{tail}", data=data | {"version": visit.version})
    db.session.refresh(visit)
    assert visit.status == "in_progress"
    assert "patient_coming" not in events(visit)


def test_every_link_that_opens_nothing_gets_the_same_page(
    clinic: Clinic, visit: Appointment, token: str, client: FlaskClient, morning: time_machine.Coordinates
) -> None:
    morning.move_to(clinic.at(0, 1, days=1))
    unknown = [client.get(path) for path in ("/v/" + "A" * 22, "/v/x", "/v/%00", "/v/" + "z" * 500)]
    posted = [client.post(f"/v/{'A' * 22}{tail}") for tail in ("/coming", "/cancel", "/move")]
    over = client.get(f"/v/{token}")
    assert {answer.status_code for answer in (*unknown, *posted, over)} == {404}
    assert len({bare(answer) for answer in (*unknown, *posted, over)}) == 1
    assert over.headers["Referrer-Policy"] == "no-referrer"


def test_the_page_speaks_the_patients_language(
    clinic: Clinic, visit: Appointment, token: str, client: FlaskClient
) -> None:
    clinic.patient.locale = "hi"
    db.session.commit()
    page = client.get(f"/v/{token}").text
    assert '<html lang="hi">' in page
    assert "सोमवार 23 नवंबर" in page


def test_a_link_acts_for_its_own_visit_alone(clinic: Clinic, visit: Appointment) -> None:
    actor = actor_for(visit, origin="", request_id="")
    own = book(clinic.desk, clinic.booking(clinic.at(10)))
    theirs = book(clinic.desk, clinic.booking(clinic.at(12), patient_id=clinic.other.id))
    for other in (own, theirs):
        with pytest.raises(Forbidden):
            cancel(actor, other)
        with pytest.raises(Forbidden):
            move(actor, other, clinic.at(16))
        with pytest.raises(NotFound):
            queries.get_appointment(actor, other.reference)
        with pytest.raises(Conflict):
            say_coming(actor, other)
    with pytest.raises(Forbidden):
        arrive(actor, visit)
    with pytest.raises(NotFound):
        get_patient(actor, clinic.other.id)


def test_a_link_books_for_nobody_else(clinic: Clinic, visit: Appointment) -> None:
    with pytest.raises((Forbidden, NotFound)):
        book(
            actor_for(visit, origin="", request_id=""),
            clinic.booking(clinic.at(10), patient_id=clinic.other.id),
        )


def test_somebody_who_asks_too_often_is_turned_away(
    clinic: Clinic, token: str, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clinic.scheduling.views.by_link.PER_HOUR", "2 per hour")
    assert [client.get(f"/v/{token}").status_code for _time in range(3)] == [200, 200, 429]


def test_forms_need_their_token_although_there_is_no_referrer(
    app: Flask, clinic: Clinic, visit: Appointment, token: str
) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    browser = app.test_client()
    page = browser.get(f"/v/{token}", base_url="https://localhost").text
    known = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert known is not None
    address = f"/v/{token}/coming"
    assert browser.post(address, base_url="https://localhost").status_code == 400
    data = {"csrf_token": known[1]}
    assert browser.post(address, data=data, base_url="https://localhost").status_code == 303


def test_links_of_visits_long_over_are_forgotten(
    clinic: Clinic, visit: Appointment, token: str, morning: time_machine.Coordinates
) -> None:
    def links() -> int:
        return db.session.scalar(select(func.count()).select_from(AppointmentLink)) or 0

    assert (forget_old_links(), links()) == (0, 1)
    morning.shift(timedelta(days=3))
    assert (forget_old_links(), links()) == (1, 0)
    assert visit_of(token) is None


def test_no_link_is_made_for_what_is_over_or_off(
    clinic: Clinic, visit: Appointment, morning: time_machine.Coordinates
) -> None:
    cancel(clinic.desk, visit, "ill")
    assert new_token(visit) is None
    later = book(clinic.desk, clinic.booking(clinic.at(16)))
    morning.move_to(clinic.at(16))
    assert new_token(later) is None
    assert db.session.scalars(select(AppointmentEvent.id)).all()


def test_a_page_of_a_link_takes_few_statements(
    clinic: Clinic, token: str, client: FlaskClient, count_statements: Callable[[], list[str]]
) -> None:
    count_statements()
    for tail in ("", "/cancel", "/move"):
        client.get(f"/v/{token}{tail}")
        page = [one for one in count_statements() if "audit_events" not in one]
        assert len(page) <= 6, page
