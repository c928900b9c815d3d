"""Visits: listed, looked at, cancelled; and nobody else's."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from clinic.audit.models import AuditEvent
from tests.portal.conftest import Clinic, words

PAGES = ("", "/booked", "/cancel", "/move")


def test_visits_are_listed_the_latest_first_and_paged(clinic: Clinic, home: FlaskClient) -> None:
    rows = [clinic.visit(clinic.at(-day, 9)) for day in range(1, 13)]
    coming = clinic.visit(clinic.at(1))

    first, second = home.get("/portal/visits").text, home.get("/portal/visits?page=2").text

    order = [first.find(row.reference) for row in [coming, *rows[:9]]]
    assert order == sorted(order)
    assert -1 not in order
    assert rows[9].reference not in first
    assert all(row.reference in second for row in rows[9:])


@pytest.mark.parametrize("page", ["-1", "0", "1000000000", "abc", "", "%00"])
def test_any_page_number_gets_an_answer(clinic: Clinic, home: FlaskClient, page: str) -> None:
    assert home.get(f"/portal/visits?page={page}").status_code == 200


def test_a_visit_is_cancelled_before_it_begins_with_the_reason(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    visit = clinic.visit(clinic.at(2))
    asked = home.get(f"/portal/visits/{visit.reference}/cancel")
    assert "Cancel this visit?" in asked.text
    session.refresh(visit)
    assert visit.status == "confirmed"

    data = {"code": "no_transport", "reason": "Travelling"}
    answer = home.post(f"/portal/visits/{visit.reference}/cancel", data=data)

    assert answer.status_code == 303
    session.refresh(visit)
    assert (visit.status, visit.ended_why, visit.ended_by) == ("cancelled", "Travelling", clinic.login.id)
    assert (visit.ended_code, visit.ended_by_kind) == ("no_transport", "patient")
    assert "Your visit is cancelled." in home.get("/portal").text


@pytest.mark.parametrize(
    ("days", "status"),
    [(-1, "confirmed"), (1, "arrived"), (-1, "completed"), (1, "cancelled"), (1, "rejected")],
)
def test_a_visit_that_has_begun_or_ended_cannot_be_changed(
    clinic: Clinic, home: FlaskClient, session: Session, days: int, status: str
) -> None:
    visit = clinic.visit(clinic.at(days), status=status)

    assert home.post(f"/portal/visits/{visit.reference}/cancel").status_code == 409
    assert home.post(f"/portal/visits/{visit.reference}/coming").status_code == 409
    moved = home.post(f"/portal/visits/{visit.reference}/move", data={"slot": clinic.slot(clinic.at(3))})
    assert moved.headers["Location"] == f"/portal/visits/{visit.reference}"
    session.refresh(visit)
    assert visit.status == status
    assert visit.starts == clinic.at(days)
    page = home.get(f"/portal/visits/{visit.reference}").text
    assert "/cancel" not in page
    assert "/move" not in page


@pytest.mark.parametrize("tail", PAGES)
def test_a_strangers_visit_is_like_one_that_does_not_exist(
    clinic: Clinic, home: FlaskClient, outside: FlaskClient, tail: str
) -> None:
    visit = clinic.visit(clinic.at(2))
    assert home.get(f"/portal/visits/{visit.reference}{tail}").status_code == 200

    theirs, nobodys = (
        outside.get(f"/portal/visits/{reference}{tail}") for reference in (visit.reference, "ZZZZZZZZZZ")
    )

    assert (theirs.status_code, nobodys.status_code) == (404, 404)
    assert words(theirs.text).replace(theirs.headers["X-Request-ID"], "") == words(nobodys.text).replace(
        nobodys.headers["X-Request-ID"], ""
    )


@pytest.mark.parametrize("tail", ["/cancel", "/coming", "/move"])
def test_a_stranger_changes_nothing(
    clinic: Clinic, outside: FlaskClient, session: Session, tail: str
) -> None:
    visit = clinic.visit(clinic.at(2))

    answer = outside.post(f"/portal/visits/{visit.reference}{tail}", data={"slot": clinic.slot(clinic.at(3))})

    assert answer.status_code == 404
    session.refresh(visit)
    assert (visit.status, visit.starts, visit.version) == ("confirmed", clinic.at(2), 1)


def test_a_page_of_another_members_visit_shows_whose_it_is(clinic: Clinic, home: FlaskClient) -> None:
    visit = clinic.visit(clinic.at(2), clinic.son)

    assert "Raghavan Rao" in words(home.get(f"/portal/visits/{visit.reference}").text)


def test_looking_at_a_visit_and_at_the_list_leaves_audit_rows(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    visit = clinic.visit(clinic.at(2))

    home.get(f"/portal/visits/{visit.reference}")
    home.get("/portal/visits")

    seen = {row.action: row for row in session.scalars(select(AuditEvent))}
    assert seen["appointment.viewed"].subject_id == visit.id
    assert seen["appointment.listed"].detail["ids"] == [visit.id]
