"""A patient's chosen time is kept while they fill in the rest, and by video where it is given so."""

from __future__ import annotations

from datetime import datetime

from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from clinic.core.db import db
from clinic.scheduling.models import Appointment, Hold
from clinic.scheduling.queries import free_slots
from tests.portal.conftest import Clinic


def slot(clinic: Clinic, starts: datetime) -> str:
    return f"{int(starts.timestamp()) // 60}-{clinic.practitioner.id}"


def form(clinic: Clinic, starts: datetime, **more: str) -> dict[str, str]:
    return {
        "patient": str(clinic.mother.id),
        "slot": slot(clinic, starts),
        "submission_key": "one",
        **more,
    }


def holds(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Hold)) or 0


def test_the_chosen_time_is_kept_and_then_booked(clinic: Clinic, home: FlaskClient, session: Session) -> None:
    starts = clinic.at(2)
    answer = home.post(f"/portal/book/{clinic.service.id}/keep", data=form(clinic, starts))
    assert answer.status_code == 200
    assert answer.get_json()["says"].startswith("Kept for you until")
    day = starts.date()
    assert starts not in {one.starts for one in free_slots(clinic.facility, clinic.service, day, day)}
    booked = home.post(f"/portal/book/{clinic.service.id}", data=form(clinic, starts))
    assert booked.status_code == 303
    assert holds(session) == 0


def test_a_time_that_has_gone_is_said_at_once(clinic: Clinic, home: FlaskClient) -> None:
    clinic.visit(clinic.at(2), clinic.stranger)
    answer = home.post(f"/portal/book/{clinic.service.id}/keep", data=form(clinic, clinic.at(2)))
    assert answer.status_code == 409
    assert answer.get_json()["says"] == "This time was just taken."


def test_nothing_out_of_bounds_is_kept(clinic: Clinic, home: FlaskClient, session: Session) -> None:
    url = f"/portal/book/{clinic.service.id}/keep"
    for data in (
        form(clinic, clinic.at(-2)),
        form(clinic, clinic.at(700)),
        form(clinic, clinic.at(2)) | {"slot": "x"},
        form(clinic, clinic.at(2)) | {"submission_key": ""},
    ):
        assert home.post(url, data=data).status_code == 422
    assert home.post(url, data=form(clinic, clinic.at(2), patient=str(clinic.stranger.id))).status_code == 404
    assert home.post("/portal/book/999999/keep", data=form(clinic, clinic.at(2))).status_code == 404
    assert holds(session) == 0


def test_a_service_given_by_video_only_is_booked_so(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    clinic.service.in_person = False
    db.session.commit()
    assert "At the clinic" not in home.get(f"/portal/book/{clinic.service.id}").text
    assert home.post(f"/portal/book/{clinic.service.id}", data=form(clinic, clinic.at(2))).status_code == 303
    assert session.scalars(select(Appointment)).one().mode == "online"


def test_where_both_are_given_the_patient_chooses(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    url = f"/portal/book/{clinic.service.id}"
    assert "By video" in home.get(url).text
    assert home.post(f"{url}?mode=online", data=form(clinic, clinic.at(2))).status_code == 303
    assert session.scalars(select(Appointment)).one().mode == "online"


def test_what_is_not_offered_is_not_kept(clinic: Clinic, home: FlaskClient, session: Session) -> None:
    url = f"/portal/book/{clinic.service.id}/keep"
    assert home.post(url, data=form(clinic, clinic.at(2, 10, 7))).status_code == 409
    assert holds(session) == 0


def test_asking_again_keeps_it_no_longer(clinic: Clinic, home: FlaskClient, session: Session) -> None:
    url = f"/portal/book/{clinic.service.id}/keep"
    home.post(url, data=form(clinic, clinic.at(2)))
    until = session.scalar(select(Hold.expires_at))
    home.post(url, data=form(clinic, clinic.at(2)))
    assert session.scalar(select(Hold.expires_at)) == until
