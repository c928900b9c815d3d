"""The pages of a series, as the front desk uses them and as outsiders do not."""

from __future__ import annotations

import re
from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from clinic.core.access import Role
from clinic.core.db import db
from clinic.scheduling.models import Appointment, Series
from clinic.scheduling.queries.series import get_series
from clinic.scheduling.service import book
from clinic.scheduling.service.resize import resize
from tests.factories import FacilityFactory, UserFactory, grant
from tests.scheduling.conftest import Clinic


def rule(clinic: Clinic, **changes: object) -> dict[str, object]:
    """Tuesdays and Fridays at ten, four times, with the vaidya."""
    return {
        "patient": clinic.patient.id,
        "service": clinic.service.id,
        "practitioner": clinic.vaidya.id,
        "first": "2026-11-24",
        "time": "10:00",
        "every": "week",
        "interval": "1",
        "weekday": ["1", "4"],
        "ends": "count",
        "count": "4",
        "tell": "1",
        "submission_key": "form",
    } | changes


def booked(clinic: Clinic, desk: FlaskClient) -> int:
    answer = desk.post("/series/new", data=rule(clinic, action="book"))
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return int(re.search(r"/series/(\d+)", answer.location)[1])  # type: ignore[index]


def versions(clinic: Clinic, series_id: int) -> dict[str, object]:
    visits = get_series(clinic.desk, series_id).visits
    return {f"v-{visit.reference}": visit.version for visit in visits}


def count(*conditions: object) -> int:
    return db.session.scalar(select(func.count(Appointment.id)).where(*conditions)) or 0  # type: ignore[arg-type]


def text(answer: TestResponse) -> str:
    return answer.get_data(as_text=True)


def test_the_booking_form_leads_to_the_plan(clinic: Clinic, desk: FlaskClient) -> None:
    chosen = int(clinic.at(11, days=2).timestamp()) // 60
    answer = desk.post(
        "/series/new",
        data={
            "patient": clinic.patient.id,
            "service": clinic.service.id,
            "slot": f"{clinic.vaidya.id}@{chosen}",
            "from_day": "2026-11-23",
            "submission_key": "other",
        },
    )
    assert answer.status_code == 200
    assert 'value="11:00"' in text(answer)
    assert 'name="first" min="2026-11-23" value="2026-11-25"' in text(answer)
    assert "Book 8 visits" in text(answer)


def test_the_place_that_the_booking_form_keeps_is_not_in_the_way_of_the_plan(
    clinic: Clinic, desk: FlaskClient
) -> None:
    chosen = int(clinic.at(11, days=2).timestamp()) // 60
    form = {
        "patient": clinic.patient.id,
        "service": clinic.service.id,
        "slot": f"{clinic.vaidya.id}@{chosen}",
        "from_day": "2026-11-23",
        "submission_key": "form",
    }
    kept = desk.post("/appointments/new", data=form)
    assert "Kept for you" in text(kept)
    assert 'form="repeat-form"' in text(kept)
    (repeat,) = re.findall(r'<form id="repeat-form".*?</form>', text(kept), re.DOTALL)
    sent = dict(re.findall(r'name="([a-z_]+)" value="([^"]*)"', repeat))
    assert "is booked at that time" not in text(desk.post("/series/new", data=sent))


def test_the_plan_names_a_clash_and_offers_other_times(clinic: Clinic, desk: FlaskClient) -> None:
    book(clinic.desk, clinic.booking(clinic.at(10, days=4), patient_id=clinic.other.id))
    db.session.commit()
    html = text(desk.post("/series/new", data=rule(clinic), headers={"HX-Request": "true"}))
    assert "Dr Vaidehi Kulkarni is booked at that time." in html
    assert "1 of them is not free" in html
    assert "<html" not in html


def test_nothing_is_booked_while_a_clash_is_open(clinic: Clinic, desk: FlaskClient) -> None:
    book(clinic.desk, clinic.booking(clinic.at(10, days=4), patient_id=clinic.other.id))
    db.session.commit()
    answer = desk.post("/series/new", data=rule(clinic, action="book"))
    assert answer.status_code == 422
    assert "Some visits have no time yet." in text(answer)
    assert count() == 1


def test_a_clash_is_settled_by_another_time_or_left_out(clinic: Clinic, desk: FlaskClient) -> None:
    book(clinic.desk, clinic.booking(clinic.at(10, days=4), patient_id=clinic.other.id))
    db.session.commit()
    minute = int(clinic.at(11, days=4).timestamp()) // 60
    instead = {"at-2026-11-27": f"{clinic.vaidya.id}@{minute}", "out": "2026-12-01"}
    answer = desk.post("/series/new", data=rule(clinic, action="book", **instead))
    assert answer.status_code == 303
    starts = db.session.scalars(
        select(func.lower(Appointment.during))
        .where(Appointment.series_id.is_not(None))
        .order_by(func.lower(Appointment.during))
    ).all()
    assert starts == [clinic.at(10, days=1), clinic.at(11, days=4), clinic.at(10, days=11)]


def test_the_form_sent_twice_is_one_series(clinic: Clinic, desk: FlaskClient) -> None:
    assert booked(clinic, desk) == booked(clinic, desk)
    assert db.session.scalar(select(func.count(Series.id))) == 1


def test_a_series_shows_its_rule_and_how_far_it_is(clinic: Clinic, desk: FlaskClient) -> None:
    html = text(desk.get(f"/series/{booked(clinic, desk)}"))
    assert "Every week on Tuesday and Friday, 4 times" in html
    assert "0 of 4 done" in html


def test_a_rule_that_makes_no_sense_keeps_what_was_typed(clinic: Clinic, desk: FlaskClient) -> None:
    answer = desk.post("/series/new", data=rule(clinic, action="book", count="99", purpose="Knee"))
    assert answer.status_code == 422
    assert "A series has 1 to 60 visits." in text(answer)
    assert 'value="Knee"' in text(answer)
    assert 'value="99"' in text(answer)


def test_this_and_following_are_cancelled_and_undone(clinic: Clinic, desk: FlaskClient) -> None:
    series_id = booked(clinic, desk)
    third = get_series(clinic.desk, series_id).visits[2].reference
    data = versions(clinic, series_id) | {"visit": third, "scope": "following", "code": "unwell", "tell": "1"}
    assert desk.post(f"/series/{series_id}/cancel", data=data).status_code == 303
    assert count(Appointment.status == "cancelled") == 2
    assert "The last change can be undone for" in text(desk.get(f"/series/{series_id}"))
    assert desk.post(f"/series/{series_id}/undo").status_code == 303
    assert count(Appointment.status == "confirmed") == 4


def test_a_reason_is_due_to_cancel(clinic: Clinic, desk: FlaskClient) -> None:
    series_id = booked(clinic, desk)
    answer = desk.post(f"/series/{series_id}/cancel", data=versions(clinic, series_id) | {"scope": "all"})
    assert answer.status_code == 422
    assert "Choose why." in text(answer)


def test_all_move_to_another_day_and_hour(clinic: Clinic, desk: FlaskClient) -> None:
    series_id = booked(clinic, desk)
    data = versions(clinic, series_id) | {"scope": "all", "days": "1", "time": "15:30", "tell": "1"}
    plan = text(desk.post(f"/series/{series_id}/move", data=data))
    assert "Move 4 visits" in plan
    assert "Wed 25 Nov, 15:30" in plan
    assert desk.post(f"/series/{series_id}/move", data=data | {"action": "move"}).status_code == 303
    assert get_series(clinic.desk, series_id).visits[0].starts == clinic.at(15, 30, days=2)


def test_a_move_that_clashes_is_named_and_can_stay(clinic: Clinic, desk: FlaskClient) -> None:
    series_id = booked(clinic, desk)
    visits = get_series(clinic.desk, series_id).visits
    book(clinic.desk, clinic.booking(clinic.at(15, days=4), patient_id=clinic.other.id))
    db.session.commit()
    data = versions(clinic, series_id) | {"scope": "all", "days": "0", "time": "15:00", "action": "move"}
    refused = desk.post(f"/series/{series_id}/move", data=data)
    assert refused.status_code == 422
    assert "Dr Vaidehi Kulkarni is booked at that time." in text(refused)
    data[f"at-{visits[1].reference}"] = "out"
    assert desk.post(f"/series/{series_id}/move", data=data).status_code == 303
    starts = [visit.starts for visit in get_series(clinic.desk, series_id).visits]
    assert starts[:2] == [clinic.at(15, days=1), clinic.at(10, days=4)]


def test_a_visit_made_longer_needs_its_own_length_where_it_moves(clinic: Clinic, desk: FlaskClient) -> None:
    series_id = booked(clinic, desk)
    longer = get_series(clinic.desk, series_id).visits[1]
    resize(clinic.desk, longer, 60)
    book(clinic.desk, clinic.booking(clinic.at(15, 30, days=4), patient_id=clinic.other.id))
    db.session.commit()
    data = versions(clinic, series_id) | {"scope": "all", "days": "0", "time": "15:00", "action": "move"}
    refused = desk.post(f"/series/{series_id}/move", data=data)
    assert refused.status_code == 422
    assert "Dr Vaidehi Kulkarni is booked at that time." in text(refused)


def test_a_visit_of_a_series_leads_to_it(clinic: Clinic, desk: FlaskClient) -> None:
    series_id = booked(clinic, desk)
    visit = get_series(clinic.desk, series_id).visits[1]
    assert f"/series/{series_id}?visit={visit.reference}" in text(
        desk.get(f"/appointments/{visit.reference}")
    )


def test_few_statements_make_the_pages(
    clinic: Clinic, desk: FlaskClient, count_statements: Callable[[], list[str]]
) -> None:
    series_id = booked(clinic, desk)
    desk.get(f"/series/{series_id}")
    count_statements()
    desk.get(f"/series/{series_id}")
    page = count_statements()
    assert len(page) <= 8, page


def test_outsiders_see_no_series(
    clinic: Clinic, desk: FlaskClient, sign_in: Callable[..., FlaskClient]
) -> None:
    series_id = booked(clinic, desk)
    elsewhere = sign_in(grant(UserFactory(), Role.RECEPTIONIST, facility=FacilityFactory()))
    assert elsewhere.get(f"/series/{series_id}").status_code == 404
    for step in ("cancel", "move"):
        answer = elsewhere.post(f"/series/{series_id}/{step}", data={"scope": "all", "code": "unwell"})
        assert answer.status_code == 404
    assert elsewhere.post(f"/series/{series_id}/undo").status_code == 404
    assert count(Appointment.status == "confirmed") == 4
