"""Several visits at the same hour, booked together from a phone."""

from __future__ import annotations

from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from clinic.notifications.models import Message
from clinic.scheduling.models import Appointment, Series
from tests.portal.conftest import Clinic, words


def asked(clinic: Clinic, **fields: object) -> dict[str, object]:
    plain: dict[str, object] = {
        "slot": clinic.slot(clinic.at(2)),
        "patient": clinic.mother.id,
        "repeat": "week",
        "count": "3",
        "submission_key": "row",
    }
    return plain | fields


def plan(client: FlaskClient, clinic: Clinic, **fields: object):  # type: ignore[no-untyped-def]
    return client.post(f"/portal/book/{clinic.service.id}/several", data=asked(clinic, **fields))


def booked(session: Session) -> list[Appointment]:
    query = select(Appointment).where(Appointment.series_id.is_not(None)).order_by(Appointment.id)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def test_the_plan_names_every_visit_and_books_nothing(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    page = plan(home, clinic)
    assert page.status_code == 200
    assert "3 visits can be booked" in words(page.text)
    assert booked(session) == []


def test_all_are_booked_together_and_told_once(clinic: Clinic, home: FlaskClient, session: Session) -> None:
    answer = plan(home, clinic, action="book")
    visits = booked(session)
    assert [visit.starts for visit in visits] == [clinic.at(day) for day in (2, 9, 16)]
    assert {visit.created_via for visit in visits} == {"portal"}
    told = session.scalars(select(Message.kind).where(Message.recipient_type == "patient")).all()
    assert "series_booked" in told
    assert "appointment_booked" not in told
    again = plan(home, clinic, action="book")
    assert again.headers["Location"] == answer.headers["Location"]
    assert len(booked(session)) == 3
    page = home.get(answer.headers["Location"])
    assert "0 of 3 done" in words(page.text)
    assert f"/portal/visits/{visits[2].reference}" in page.text
    assert answer.headers["Location"] in home.get(f"/portal/visits/{visits[0].reference}").text


def test_a_day_that_is_taken_is_named_and_another_time_or_none_chosen(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    clinic.visit(clinic.at(9), clinic.stranger)
    page = plan(home, clinic)
    assert "2 visits can be booked" in words(page.text)
    assert "Not free at that time." in words(page.text)
    day = clinic.at(9).astimezone().date().isoformat()
    plan(home, clinic, action="book", **{f"at-{day}": clinic.slot(clinic.at(9, 12))})
    assert [visit.starts for visit in booked(session)] == [clinic.at(2), clinic.at(9, 12), clinic.at(16)]


def test_a_day_left_out_is_not_booked(clinic: Clinic, home: FlaskClient, session: Session) -> None:
    clinic.visit(clinic.at(9), clinic.stranger)
    plan(home, clinic, action="book")
    assert [visit.starts for visit in booked(session)] == [clinic.at(2), clinic.at(16)]


def test_what_lies_too_far_ahead_is_left_to_the_clinic(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    clinic.service.horizon_days = 10
    session.commit()
    page = words(plan(home, clinic).text)
    assert "1 visit lies too far ahead" in page
    assert "2 visits can be booked" in page
    plan(home, clinic, action="book")
    assert len(booked(session)) == 2


def test_all_to_come_are_cancelled_together_but_not_those_it_is_too_late_for(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    clinic.service.change_minutes = 3 * 24 * 60
    session.commit()
    where = plan(home, clinic, action="book").headers["Location"]
    assert "Cancel the 2 visits to come" in words(home.get(where).text)
    home.post(f"{where}/cancel", data={"code": "unwell"})
    assert [visit.status for visit in booked(session)] == ["confirmed", "cancelled", "cancelled"]
    told = session.scalars(select(Message.kind).where(Message.kind == "series_cancelled")).all()
    assert told
    assert home.post(f"{where}/cancel", data={}).status_code == 409


def test_a_service_that_waits_for_the_clinics_word_is_booked_one_by_one(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    clinic.service.needs_confirmation = True
    session.commit()
    assert "/several" not in home.get(f"/portal/book/{clinic.service.id}").text
    assert plan(home, clinic).status_code == 404


def test_strangers_see_and_change_nothing(
    clinic: Clinic, home: FlaskClient, outside: FlaskClient, session: Session
) -> None:
    where = plan(home, clinic, action="book").headers["Location"]
    assert outside.get(where).status_code == 404
    assert outside.post(f"{where}/cancel", data={}).status_code == 404
    assert plan(outside, clinic, action="book", submission_key="theirs").status_code == 404
    assert {visit.status for visit in booked(session)} == {"confirmed"}
    assert len(session.scalars(select(Series)).all()) == 1


def test_silly_numbers_are_brought_within_bounds(clinic: Clinic, home: FlaskClient, session: Session) -> None:
    for odd in ({"count": "999999999999999999999"}, {"count": "-4"}, {"repeat": "year"}, {"count": ""}):
        assert plan(home, clinic, **odd).status_code == 200
    assert plan(home, clinic, slot="x").status_code == 303
    starts = clinic.at(2) + timedelta(minutes=7)
    assert plan(home, clinic, slot=clinic.slot(starts), action="book").status_code == 422
    assert booked(session) == []
