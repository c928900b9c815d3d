"""The minute in which an end can be undone, before anybody is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select

from clinic.core.access import Role
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden
from clinic.notifications.models import Message
from clinic.scheduling import queries
from clinic.scheduling.models import Allocation, Appointment, Hold
from clinic.scheduling.service import (
    SlotTaken,
    book,
    cancel,
    mark_no_show,
    move,
    reject,
    reject_overdue,
    undo_end,
    undo_until,
)
from tests.factories import UserFactory, actor_of, grant, household_login
from tests.scheduling.conftest import Clinic

Step = Callable[..., None]
ENDS = [cancel, reject, mark_no_show]


def visit_for(clinic: Clinic, step: Step) -> Appointment:
    """A visit that this step can end, with a buffer on either side."""
    clinic.service.buffer_before, clinic.service.buffer_after = 5, 10
    return book(clinic.desk, clinic.booking(clinic.at(10), waits=step is reject))


def places(visit: Appointment) -> set[tuple[int, str]]:
    rows = db.session.execute(
        select(Allocation.unit_id, Allocation.during).where(
            Allocation.appointment_id == visit.id, Allocation.active
        )
    )
    return {(unit_id, str(during)) for unit_id, during in rows}


def held() -> set[tuple[int, str]]:
    rows = db.session.execute(
        select(Allocation.unit_id, Allocation.during).where(Allocation.hold_id.is_not(None))
    )
    return {(unit_id, str(during)) for unit_id, during in rows}


def waiting(visit: Appointment) -> set[tuple[str, str]]:
    """What of it is to be told, and when."""
    rows = db.session.execute(
        select(Message.kind, Message.dedupe_key).where(
            Message.subject_type == "appointment",
            Message.subject_id == visit.id,
            Message.status == "queued",
        )
    )
    return {(kind, key) for kind, key in rows}


@pytest.mark.parametrize("step", ENDS, ids=lambda step: step.__name__)
def test_for_a_minute_the_place_of_an_ended_visit_is_kept(
    clinic: Clinic, morning: time_machine.Coordinates, step: Step
) -> None:
    visit = visit_for(clinic, step)
    before = places(visit)
    if step is mark_no_show:
        morning.move_to(clinic.at(10, 5))
    step(clinic.desk, visit, "because")
    assert (places(visit), held()) == (set(), before)
    with pytest.raises(SlotTaken):
        book(
            clinic.desk,
            clinic.booking(clinic.at(10), patient_id=clinic.other.id, override_reason="as it is"),
        )


@pytest.mark.parametrize("step", ENDS, ids=lambda step: step.__name__)
def test_an_undo_restores_exactly_what_was(
    clinic: Clinic, morning: time_machine.Coordinates, step: Step
) -> None:
    visit = visit_for(clinic, step)
    if step is mark_no_show:
        morning.move_to(clinic.at(10, 5))
    before, status, told = places(visit), visit.status, waiting(visit)
    step(clinic.desk, visit, "because")
    morning.shift(timedelta(seconds=59))
    undo_end(clinic.desk, visit)
    assert (visit.status, places(visit)) == (status, before)
    if step is not mark_no_show:  # what was to be said of a visit is too late once it has begun
        assert waiting(visit) == told
    assert (visit.ended_at, visit.ended_why, visit.ended_by, visit.ended_by_kind) == (None,) * 4
    assert (held(), db.session.scalars(select(Hold)).all()) == (set(), [])
    assert queries.history(visit)[-1].kind == "undone"


@pytest.mark.parametrize("step", ENDS, ids=lambda step: step.__name__)
def test_after_the_minute_an_undo_is_refused_in_words(
    clinic: Clinic, morning: time_machine.Coordinates, step: Step
) -> None:
    visit = visit_for(clinic, step)
    if step is mark_no_show:
        morning.move_to(clinic.at(10, 5))
    step(clinic.desk, visit, "because")
    morning.shift(timedelta(seconds=60))
    status = visit.status
    assert undo_until(visit) is None
    with pytest.raises(Conflict, match="too late to undo"):
        undo_end(clinic.desk, visit)
    assert visit.status == status


@pytest.mark.parametrize(
    ("step", "kind"), [(cancel, "appointment_cancelled"), (reject, "appointment_rejected")]
)
def test_nobody_is_told_before_the_minute_is_over(
    clinic: Clinic, morning: time_machine.Coordinates, step: Step, kind: str
) -> None:
    visit = visit_for(clinic, step)
    step(clinic.desk, visit, "because")
    ended = visit.ended_at
    assert ended is not None
    rows = db.session.scalars(select(Message).where(Message.kind == kind)).all()
    assert rows
    assert all(row.next_try_at >= ended + timedelta(seconds=60) for row in rows)
    undo_end(clinic.desk, visit)
    assert set(db.session.scalars(select(Message.status).where(Message.kind == kind))) == {"cancelled"}


def test_what_the_patient_and_the_clock_end_stands_at_once(
    clinic: Clinic, morning: time_machine.Coordinates
) -> None:
    theirs = book(clinic.desk, clinic.booking(clinic.at(10)))
    cancel(actor_of(household_login(clinic.patient), Role.PATIENT), theirs)
    assert (undo_until(theirs), held()) == (None, set())
    book(clinic.desk, clinic.booking(clinic.at(10), patient_id=clinic.other.id))
    overdue = book(clinic.desk, clinic.booking(clinic.at(9), waits=True))
    morning.move_to(clinic.at(9))
    reject_overdue()
    db.session.refresh(overdue)
    assert (overdue.status, undo_until(overdue)) == ("rejected", None)


def test_an_undo_is_for_whoever_did_it(clinic: Clinic) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    cancel(clinic.desk, visit, "ill")
    colleague = grant(UserFactory(), Role.RECEPTIONIST, facility=clinic.facility)
    with pytest.raises(Forbidden, match="Somebody else did this"):
        undo_end(actor_of(colleague, Role.RECEPTIONIST, facility=clinic.facility), visit)
    with pytest.raises(Forbidden):
        undo_end(actor_of(household_login(clinic.patient), Role.PATIENT), visit)
    assert visit.status == "cancelled"


def test_an_undo_finds_out_that_the_patient_has_another_visit_now(clinic: Clinic) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    cancel(clinic.desk, visit, "wrong person")
    book(clinic.desk, clinic.booking(clinic.at(10), practitioner_id=clinic.colleague.id))
    with pytest.raises(SlotTaken, match="already has a visit"):
        undo_end(clinic.desk, visit)
    db.session.refresh(visit)
    assert visit.status == "cancelled"


def test_an_undo_after_a_move_restores_the_place_it_was_moved_to(clinic: Clinic) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    move(clinic.desk, visit, clinic.at(15))
    before = places(visit)
    cancel(clinic.desk, visit, "ill")
    undo_end(clinic.desk, visit)
    assert places(visit) == before


def test_a_second_end_can_be_undone_like_the_first(clinic: Clinic, morning: time_machine.Coordinates) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    for _time in range(2):
        cancel(clinic.desk, visit, "ill")
        morning.shift(timedelta(seconds=30))
        undo_end(clinic.desk, visit)
    assert visit.status == "confirmed"
    cancel(clinic.desk, visit, "ill")
    with pytest.raises(Conflict):
        undo_end(clinic.desk, book(clinic.desk, clinic.booking(clinic.at(12))))


HTMX = {"HX-Request": "true"}


def test_staff_say_why_or_are_asked(clinic: Clinic, desk: FlaskClient) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    db.session.commit()
    address = f"/appointments/{visit.reference}/cancel"
    for data, words in (
        ({}, "Choose why."),
        ({"code": "nonsense"}, "Choose why."),
        ({"code": "other", "reason": " "}, "Write down why."),
    ):
        answer = desk.post(address, data=data | {"version": visit.version}, headers=HTMX)
        assert answer.status_code == 422
        assert words in answer.text
    db.session.refresh(visit)
    assert visit.status == "confirmed"
    data = {"version": visit.version, "code": "practitioner_away", "reason": "in court"}
    page = desk.post(address, data=data, headers=HTMX).text
    assert "Practitioner away: in court, by the clinic" in page
    assert page.count("Practitioner away: in court") == 2


def test_the_notice_after_a_cancellation_undoes_it(clinic: Clinic, desk: FlaskClient) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    db.session.commit()
    data = {"version": visit.version, "code": "unwell"}
    page = desk.post(f"/appointments/{visit.reference}/cancel", data=data, headers=HTMX).text
    assert "data-undo-toast" in page
    assert 'data-countdown="60"' in page
    answer = desk.post(f"/appointments/{visit.reference}/undo-end", headers=HTMX)
    assert (answer.status_code, answer.text) == (200, "")
    assert "sutra:visit" in answer.headers["HX-Trigger"]
    db.session.refresh(visit)
    assert visit.status == "confirmed"


def test_without_scripts_the_visits_page_has_the_button(
    clinic: Clinic,
    desk: FlaskClient,
    sign_in: Callable[..., FlaskClient],
    morning: time_machine.Coordinates,
) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    db.session.commit()
    data = {"version": visit.version, "code": "unwell"}
    assert desk.post(f"/appointments/{visit.reference}/cancel", data=data).status_code == 303
    morning.shift(timedelta(seconds=20))
    address = f"/appointments/{visit.reference}/undo-end"
    page = desk.get(f"/appointments/{visit.reference}").text
    assert f'action="{address}"' in page
    assert 'data-countdown="40"' in page
    colleague = sign_in(grant(UserFactory(), Role.RECEPTIONIST, facility=clinic.facility))
    assert address not in colleague.get(f"/appointments/{visit.reference}").text
    assert desk.post(address).status_code == 303
    page = desk.get(f"/appointments/{visit.reference}").text
    assert "Undone. The visit is as it was." in page
    assert "Undone within the minute" in page
    morning.shift(timedelta(seconds=60))
    assert desk.post(address).status_code == 303
    assert "too late to undo" in desk.get(f"/appointments/{visit.reference}").text


def test_the_page_of_a_visit_takes_few_statements(
    clinic: Clinic, desk: FlaskClient, count_statements: Callable[[], list[str]]
) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    cancel(clinic.desk, visit, "ill")
    db.session.commit()
    count_statements()
    desk.get(f"/appointments/{visit.reference}")
    page = [one for one in count_statements() if "audit_events" not in one and "login_sessions" not in one]
    assert len(page) <= 6, page
