"""Booking and moving from a phone."""

from __future__ import annotations

import re
from datetime import timedelta

import psycopg2.errors
import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from clinic.core import clock
from clinic.scheduling import service as scheduling
from clinic.scheduling.models import Appointment
from tests.factories import ServiceFactory, practitioner_at
from tests.portal.conftest import Clinic, words


def book(client: FlaskClient, clinic: Clinic, **fields: object) -> object:
    data = {"slot": clinic.slot(clinic.at(2)), "patient": clinic.mother.id, "submission_key": "k", **fields}
    return client.post(f"/portal/book/{clinic.service.id}", data=data)


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Appointment)) or 0


def test_five_taps_from_home_to_a_booked_visit(clinic: Clinic, home: FlaskClient, session: Session) -> None:
    page = home.get("/portal").text
    assert 'href="/portal/book"' in page
    page = home.get("/portal/book").text
    time_page = re.search(r'href="(/portal/book/\d+)"', page)
    assert time_page
    page = home.get(time_page[1]).text
    day = re.findall(r'href="(/portal/book/\d+\?day=[\d-]+)"', page)[1]
    page = home.get(day.replace("&amp;", "&")).text
    slot = re.search(r'name="slot"\s+value="([\d-]+)"', page)
    key = re.search(r'name="submission_key"[^>]*value="(\w+)"', page)
    assert slot
    assert key
    answer = home.post(time_page[1], data={"slot": slot[1], "submission_key": key[1]})

    visit = session.scalars(select(Appointment)).one()
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/portal/visits/{visit.reference}/booked"
    assert (visit.patient_id, visit.created_via, visit.status) == (clinic.mother.id, "portal", "confirmed")
    done = words(home.get(answer.headers["Location"]).text)
    assert "Your visit is booked" in done
    assert visit.reference in done


def test_a_service_the_clinic_confirms_itself_is_booked_as_a_request(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    clinic.service.needs_confirmation = True
    assert "The clinic confirms it" in home.get("/portal/book").text

    answer = book(home, clinic)

    assert session.scalars(select(Appointment)).one().status == "pending"
    page = words(home.get(answer.headers["Location"]).text)
    assert "Your request is with the clinic" in page
    assert "Your visit is booked" not in page


def test_the_same_form_sent_again_makes_one_visit(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    first, second = book(home, clinic), book(home, clinic)

    assert first.headers["Location"] == second.headers["Location"]
    assert count(session) == 1


def test_a_taken_time_is_answered_409_with_others_and_everything_kept(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    clinic.visit(clinic.at(2), clinic.stranger)

    answer = book(home, clinic, purpose="Headaches since Monday", submission_key="mine")

    assert answer.status_code == 409
    assert "This time was just taken." in answer.text
    assert "Free close to it" in answer.text
    assert 'value="Headaches since Monday"' in answer.text
    assert 'value="mine"' in answer.text
    assert count(session) == 1
    other = re.search(r'name="slot"\s+value="([\d-]+)"', answer.text)
    assert other
    assert book(home, clinic, slot=other[1], submission_key="mine").status_code == 303


def test_the_form_books_for_the_member_it_was_opened_for_even_after_a_switch(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    home.post(f"/portal/family/{clinic.son.id}")

    book(home, clinic, patient=clinic.mother.id)

    assert session.scalars(select(Appointment)).one().patient_id == clinic.mother.id


def test_nobody_is_booked_for_through_extra_fields_or_a_strangers_id(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    assert book(home, clinic, patient=clinic.stranger.id).status_code == 404
    assert count(session) == 0

    book(
        home, clinic, patient_id=clinic.stranger.id, status="completed", override_reason="let me", via="desk"
    )

    visit = session.scalars(select(Appointment)).one()
    assert (visit.patient_id, visit.status) == (clinic.mother.id, "confirmed")
    assert (visit.override_reason, visit.created_via) == (None, "portal")


def test_a_booking_that_the_database_gave_up_for_another_is_made_at_the_second_try(
    clinic: Clinic, home: FlaskClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, tried = scheduling.book, []

    class Knot(psycopg2.errors.DeadlockDetected):
        pgcode = "40P01"

    def once_in_a_knot(*args: object) -> Appointment:
        tried.append(args)
        if len(tried) == 1:
            raise OperationalError("INSERT", {}, Knot())
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(scheduling, "book", once_in_a_knot)
    assert book(home, clinic).status_code == 303
    assert (len(tried), count(session)) == (2, 1)


@pytest.mark.parametrize("key", ["\x00", "a\x00b", "k" * 10_000])
def test_a_form_with_any_name_is_answered(
    clinic: Clinic, home: FlaskClient, session: Session, key: str
) -> None:
    assert book(home, clinic, submission_key=key).status_code == 303
    assert count(session) == 1


@pytest.mark.parametrize(
    "slot", ["", "x", "1-1", "99999999-1", "٣٣٣٣٣٣٣٣-1", "29000000-0", "a" * 1000, "\x00"]
)
def test_a_slot_that_is_none_is_refused_with_the_form(
    clinic: Clinic, home: FlaskClient, session: Session, slot: str
) -> None:
    answer = book(home, clinic, slot=slot)

    assert answer.status_code in (404, 422)
    assert count(session) == 0


def test_the_past_and_what_is_too_far_ahead_are_neither_offered_nor_booked(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    clinic.facility.booking_days = 10
    session.commit()
    last = clock.today(clinic.facility.zone) + timedelta(days=10)

    page = home.get(f"/portal/book/{clinic.service.id}?day=2199-01-01").text
    assert f"day={last.isoformat()}" in page
    assert f"day={(last + timedelta(days=1)).isoformat()}" not in page
    past = home.get(f"/portal/book/{clinic.service.id}?day=1999-01-01").text
    assert "day=1999" not in past

    for moment in (clinic.at(-1), clinic.at(12)):
        assert book(home, clinic, slot=clinic.slot(moment)).status_code == 422
    assert count(session) == 0


def test_times_that_are_taken_or_the_patients_own_are_not_offered(clinic: Clinic, home: FlaskClient) -> None:
    clinic.visit(clinic.at(2, 10), clinic.stranger)
    other = practitioner_at(clinic.facility)
    clinic.visit(clinic.at(2, 14), clinic.mother, other)
    day = clinic.at(2).astimezone(clock.zone(clinic.facility.zone)).date().isoformat()
    url = f"/portal/book/{clinic.service.id}?day={day}&with={clinic.practitioner.id}"

    page = home.get(url).text

    assert clinic.slot(clinic.at(2, 8)) in page
    assert clinic.slot(clinic.at(2, 10)) not in page
    assert clinic.slot(clinic.at(2, 14)) not in page


def test_with_one_practitioner_chosen_only_their_times_are_offered(clinic: Clinic, home: FlaskClient) -> None:
    other = practitioner_at(clinic.facility, name="Leela Thomas")

    page = home.get(f"/portal/book/{clinic.service.id}?with={other.id}").text

    found = re.findall(r'name="slot"\s+value="\d+-(\d+)"', page)
    assert set(found) == {str(other.id)}


def test_services_that_are_not_booked_online_are_not_there(clinic: Clinic, home: FlaskClient) -> None:
    hidden = ServiceFactory(name="Vamana", online_booking=False, facility_id=clinic.facility.id)

    assert "Vamana" not in home.get("/portal/book").text
    assert home.get(f"/portal/book/{hidden.id}").status_code == 404
    assert home.get(f"/portal/book/{9**18}").status_code == 404


def test_nothing_is_booked_for_the_dead(clinic: Clinic, home: FlaskClient, session: Session) -> None:
    clinic.mother.deceased = True
    session.commit()

    assert "Nothing can be booked" in home.get("/portal/book").text
    answer = book(home, clinic)
    assert answer.status_code == 409
    assert count(session) == 0


def test_a_move_gives_the_new_time_and_frees_the_old_one_together(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    visit = clinic.visit(clinic.at(2))
    assert "Now:" in home.get(f"/portal/visits/{visit.reference}/move").text

    answer = home.post(f"/portal/visits/{visit.reference}/move", data={"slot": clinic.slot(clinic.at(3, 16))})

    assert answer.status_code == 303
    session.refresh(visit)
    assert visit.starts == clinic.at(3, 16)
    assert count(session) == 1


def test_a_move_onto_a_taken_time_leaves_the_visit_where_it_was(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    visit = clinic.visit(clinic.at(2))
    clinic.visit(clinic.at(3, 16), clinic.stranger)

    answer = home.post(f"/portal/visits/{visit.reference}/move", data={"slot": clinic.slot(clinic.at(3, 16))})

    assert answer.status_code == 409
    assert "Free close to it" in answer.text
    session.refresh(visit)
    assert visit.starts == clinic.at(2)


@pytest.mark.parametrize("day", ["", "x", "2026-13-45", "0001-01-01", "9999-12-31", "%00", "١", "2026-W01"])
def test_silly_days_in_the_address_get_a_page(clinic: Clinic, home: FlaskClient, day: str) -> None:
    assert home.get(f"/portal/book/{clinic.service.id}?day={day}&with={day}").status_code == 200


def test_a_move_stays_with_the_same_practitioner_unless_anybody_will_do(
    clinic: Clinic, home: FlaskClient
) -> None:
    other = practitioner_at(clinic.facility, name="Leela Thomas")
    visit = clinic.visit(clinic.at(2), practitioner=other)
    found = re.compile(r'name="slot"\s+value="\d+-(\d+)"')

    usual = home.get(f"/portal/visits/{visit.reference}/move").text
    anybody = home.get(f"/portal/visits/{visit.reference}/move?with=anybody").text

    assert set(found.findall(usual)) == {str(other.id)}
    assert str(clinic.practitioner.id) in found.findall(anybody)
    assert "with=anybody" in usual


def test_a_patient_number_nobody_has_books_for_nobody(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    answers = [book(home, clinic, patient=typed) for typed in ("9" * 5000, "x", "0")]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert count(session) == 0
