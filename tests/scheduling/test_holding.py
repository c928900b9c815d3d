"""A place chosen in a form is kept for seven and a half minutes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import func, select

from clinic.core import clock
from clinic.core.access import Role
from clinic.core.db import db
from clinic.scheduling import queries
from clinic.scheduling.models import Allocation, Appointment, Hold
from clinic.scheduling.service import SlotTaken, book, holding
from tests.factories import UserFactory, actor_of, grant
from tests.scheduling.conftest import DAY, Clinic


def place(clinic: Clinic, hour: int = 10) -> holding.Place:
    return holding.Place(
        facility=clinic.facility,
        service=clinic.service,
        practitioner_id=clinic.vaidya.id,
        starts=clinic.at(hour),
    )


def holds() -> int:
    return db.session.scalar(select(func.count()).select_from(Hold)) or 0


def chosen(clinic: Clinic, hour: int = 10, **changes: str) -> dict[str, str]:
    return {
        "action": "look",
        "patient": str(clinic.patient.id),
        "service": str(clinic.service.id),
        "slot": f"{clinic.vaidya.id}@{int(clinic.at(hour).timestamp()) // 60}",
        "from_day": "2026-11-23",
        "submission_key": "one",
        **changes,
    }


def test_what_somebody_is_filling_in_is_nobody_elses(clinic: Clinic) -> None:
    holding.keep_for_form(clinic.desk, place(clinic), "one")
    with pytest.raises(SlotTaken):
        book(clinic.desk, clinic.booking(clinic.at(10), patient_id=clinic.other.id))
    assert clinic.at(10) not in {
        slot.starts
        for slot in queries.free_slots(clinic.facility, clinic.service, DAY, DAY, [clinic.vaidya.id])
    }


def test_the_form_itself_books_what_it_kept(clinic: Clinic) -> None:
    holding.keep_for_form(clinic.desk, place(clinic), "one")
    purpose = holding.form_purpose(clinic.desk, "one")
    visit = book(clinic.desk, clinic.booking(clinic.at(10), hold=purpose))
    assert visit.starts == clinic.at(10)
    assert holds() == 0
    claimed = db.session.scalars(select(Allocation).where(Allocation.active)).all()
    assert {claim.appointment_id for claim in claimed} == {visit.id}


def test_after_seven_and_a_half_minutes_it_is_free_again(
    clinic: Clinic, morning: time_machine.Coordinates
) -> None:
    kept = holding.keep_for_form(clinic.desk, place(clinic), "one")
    assert kept is not None
    assert kept.expires_at - clock.now() == timedelta(minutes=7, seconds=30)
    morning.shift(timedelta(minutes=7, seconds=31))
    assert clinic.at(10) in {
        slot.starts
        for slot in queries.free_slots(clinic.facility, clinic.service, DAY, DAY, [clinic.vaidya.id])
    }


def test_a_form_keeps_one_place_and_nobody_more_than_three(clinic: Clinic) -> None:
    holding.keep_for_form(clinic.desk, place(clinic, 10), "one")
    holding.keep_for_form(clinic.desk, place(clinic, 11), "one")
    assert holds() == 1
    for number, hour in enumerate((9, 14, 15)):
        holding.keep_for_form(clinic.desk, place(clinic, hour), f"other {number}")
    assert holds() == holding.MOST_FORMS


def test_somebody_elses_form_cannot_take_it_over(clinic: Clinic) -> None:
    holding.keep_for_form(clinic.desk, place(clinic), "one")
    user = grant(UserFactory(), Role.RECEPTIONIST, facility=clinic.facility)
    colleague = actor_of(user, Role.RECEPTIONIST, facility=clinic.facility)
    with pytest.raises(SlotTaken):
        book(colleague, clinic.booking(clinic.at(10), hold=holding.form_purpose(colleague, "one")))


def test_choosing_a_time_keeps_it_and_choosing_again_does_not_prolong(
    clinic: Clinic, desk: FlaskClient, morning: time_machine.Coordinates
) -> None:
    shown = desk.post("/appointments/new", data=chosen(clinic)).get_data(as_text=True)
    assert "Kept for you until 08:37" in shown
    held = f"{clinic.service.id}/{chosen(clinic)['slot']}/"
    assert f'name="held" value="{held}"' in shown
    morning.shift(timedelta(minutes=3))
    again = desk.post("/appointments/new", data=chosen(clinic, held=held, purpose="x"))
    assert "Kept for you until 08:37" in again.get_data(as_text=True)


def test_a_time_that_went_meanwhile_is_said_at_once_with_others(clinic: Clinic, desk: FlaskClient) -> None:
    book(clinic.desk, clinic.booking(clinic.at(10), patient_id=clinic.other.id))
    db.session.commit()
    answer = desk.post("/appointments/new", data=chosen(clinic))
    assert answer.status_code == 409
    assert "just taken" in answer.get_data(as_text=True)
    assert "same practitioner" in answer.get_data(as_text=True)


def test_booking_from_the_form_leaves_nothing_kept(clinic: Clinic, desk: FlaskClient) -> None:
    desk.post("/appointments/new", data=chosen(clinic))
    held = f"{clinic.service.id}/{chosen(clinic)['slot']}/"
    answer = desk.post("/appointments/new", data=chosen(clinic, action="book", held=held))
    assert answer.status_code == 303
    assert holds() == 0
    assert db.session.scalar(select(func.count()).select_from(Appointment)) == 1


def test_closing_the_panel_gives_the_place_back_and_only_ones_own(
    clinic: Clinic, desk: FlaskClient, sign_in: Callable[..., FlaskClient]
) -> None:
    desk.post("/appointments/new", data=chosen(clinic))
    other = grant(UserFactory(), Role.RECEPTIONIST, facility=clinic.facility)
    db.session.commit()
    assert sign_in(other).post("/appointments/new/let-go", data={"submission_key": "one"}).status_code == 204
    assert holds() == 1
    assert (
        sign_in(clinic.receptionist)
        .post("/appointments/new/let-go", data={"submission_key": "one"})
        .status_code
        == 204
    )
    assert holds() == 0
