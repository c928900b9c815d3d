"""Group sessions: planning them, who sits in them, their size, calling them off, and seats for patients."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from clinic.accounts.models import SessionKind
from clinic.audit.models import AuditEvent
from clinic.core import clock
from clinic.core.access import Role
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.notifications.models import Message
from clinic.scheduling.errors import SlotTaken
from clinic.scheduling.models import Appointment, GroupSeat, GroupSession, Service
from clinic.scheduling.queries.sessions import free_seats, visits_of
from clinic.scheduling.service import arrange, book, cancel, move, settled, take_back, undo_end
from clinic.scheduling.service.arrange import Closure
from clinic.scheduling.service.moves import reassign
from clinic.scheduling.service.resize import resize
from clinic.scheduling.service.sessions import call_off, plan_sessions, set_capacity, survey_sessions
from clinic.scheduling.visit_tokens import new_token
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    ServiceFactory,
    UserFactory,
    actor_of,
    grant,
    household_login,
)
from tests.scheduling.conftest import DAY, Clinic


@pytest.fixture
def yoga(clinic: Clinic) -> Service:
    return ServiceFactory(
        facility_id=clinic.facility.id,
        name="Yoga in a group",
        minutes=60,
        capacity=3,
        room_kind="consulting",
        online=False,
    )


@pytest.fixture
def session(clinic: Clinic, yoga: Service) -> GroupSession:
    return plan_sessions(clinic.desk, clinic.facility, yoga, clinic.vaidya.id, [clinic.at(9, days=1)])[0]


def join(clinic: Clinic, session: GroupSession) -> Appointment:
    return book(
        clinic.desk,
        clinic.booking(
            session.starts,
            service_id=session.service_id,
            patient_id=PatientFactory(facility_id=clinic.facility.id).id,
        ),
    )


def test_sessions_are_planned_with_clashes_named(clinic: Clinic, yoga: Service) -> None:
    boss = actor_of(UserFactory(), Role.FACILITY_ADMIN, facility=clinic.facility)
    closed = date(2026, 11, 25)
    arrange.add_closures(boss, clinic.facility, [Closure(first=closed, last=closed, reason="Diwali")])
    book(clinic.desk, clinic.booking(clinic.at(9, days=3)))
    plan_sessions(clinic.desk, clinic.facility, yoga, clinic.vaidya.id, [clinic.at(9, days=4)])
    days = [DAY + timedelta(days=n) for n in range(1, 6)]
    found = survey_sessions(clinic.facility, yoga, clinic.vaidya.id, days, time(9))
    assert [one.why for one in found] == [
        "",
        "The clinic is closed then: Diwali.",
        "Dr Vaidehi Kulkarni is booked at that time.",
        "There is a session at that time already.",
        "",
    ]
    early = survey_sessions(clinic.facility, yoga, clinic.vaidya.id, days[:1], time(7))
    assert early[0].why == "Dr Vaidehi Kulkarni does not work at that time."


def test_all_sessions_are_planned_or_none(clinic: Clinic, yoga: Service) -> None:
    book(clinic.desk, clinic.booking(clinic.at(9, days=3)))
    with pytest.raises(SlotTaken), db.session.begin_nested():
        plan_sessions(
            clinic.desk,
            clinic.facility,
            yoga,
            clinic.vaidya.id,
            [clinic.at(9, days=1), clinic.at(9, days=3)],
        )
    assert db.session.scalar(select(func.count(GroupSession.id))) == 0


def test_more_seats_and_fewer_but_not_below_who_sits(clinic: Clinic, session: GroupSession) -> None:
    visits = [join(clinic, session) for _seat in range(3)]
    with pytest.raises(SlotTaken):
        join(clinic, session)
    set_capacity(clinic.desk, session, 5)
    join(clinic, session)
    with pytest.raises(Conflict):
        set_capacity(clinic.desk, session, 3)
    cancel(clinic.desk, visits[0], "No", undo=False)
    cancel(clinic.desk, visits[1], "No", undo=False)
    set_capacity(clinic.desk, session, 2)
    assert free_seats(session.id) == []
    assert db.session.scalar(select(func.count()).where(GroupSeat.session_id == session.id)) == 2
    for wrong in (0, 201):
        with pytest.raises(Invalid):
            set_capacity(clinic.desk, session, wrong)


def test_a_seat_that_went_to_another_is_not_given_back(clinic: Clinic, session: GroupSession) -> None:
    set_capacity(clinic.desk, session, 1)
    visit = join(clinic, session)
    cancel(clinic.desk, visit, "No")
    db.session.commit()
    join(clinic, session)
    db.session.commit()
    with pytest.raises(SlotTaken):
        settled(lambda: undo_end(clinic.desk, visit))


def test_whoever_joins_stays_as_long_as_the_session_lasts(
    clinic: Clinic, session: GroupSession, yoga: Service
) -> None:
    yoga.minutes = 30
    db.session.flush()
    assert join(clinic, session).during == session.during


def test_a_visit_in_a_group_has_the_length_and_the_place_of_its_session(
    clinic: Clinic, session: GroupSession
) -> None:
    visit = join(clinic, session)
    with pytest.raises(Conflict, match="as long as its session"):
        resize(clinic.desk, visit, 90)
    with pytest.raises(Conflict, match="page of its session"):
        reassign(clinic.desk, visit)


def test_who_comes_back_takes_another_seat_where_theirs_is_gone(
    clinic: Clinic, session: GroupSession
) -> None:
    visit = join(clinic, session)
    cancel(clinic.desk, visit, "No")
    other = join(clinic, session)
    assert (visit.seat, other.seat) == (0, 0)
    undo_end(clinic.desk, visit)
    assert [one.id for one in visits_of(session.id)] == [other.id, visit.id]


def test_nobody_comes_back_into_a_session_that_was_called_off(clinic: Clinic, session: GroupSession) -> None:
    visit = join(clinic, session)
    db.session.commit()
    settled(lambda: call_off(clinic.desk, session, "The teacher is ill"))
    with pytest.raises(SlotTaken, match="called off"):
        settled(lambda: undo_end(clinic.desk, visit))
    with pytest.raises(SlotTaken, match="called off"):
        settled(lambda: take_back(clinic.desk, visit, "A mistake"))
    db.session.refresh(visit)
    assert visit.status == "cancelled"


def test_only_other_sessions_are_offered_to_who_moves(
    clinic: Clinic, session: GroupSession, desk: FlaskClient
) -> None:
    visit = join(clinic, session)
    link = new_token(visit)
    db.session.commit()
    free = f"{clinic.vaidya.id}@{int(clinic.at(9, days=2).timestamp()) // 60}"
    day = "day=2026-11-25"
    assert free not in desk.get(f"/appointments/{visit.reference}/move?{day}").text
    assert free not in desk.get(f"/v/{link}/move?{day}").text
    with pytest.raises(SlotTaken) as refused:
        move(clinic.desk, visit, clinic.at(9, days=2))
    assert refused.value.alternatives == []
    plan_sessions(clinic.desk, clinic.facility, session.service, clinic.vaidya.id, [clinic.at(9, days=2)])
    db.session.commit()
    assert free in desk.get(f"/appointments/{visit.reference}/move?{day}").text
    assert free in desk.get(f"/v/{link}/move?{day}").text


def test_all_are_told_when_a_session_is_called_off(clinic: Clinic, session: GroupSession) -> None:
    visits = [join(clinic, session) for _seat in range(2)]
    assert call_off(clinic.desk, session, "The teacher is ill") == 2
    assert {visit.status for visit in visits} == {"cancelled"}
    told = db.session.scalars(select(Message.subject_id).where(Message.kind == "appointment_cancelled")).all()
    assert set(told) == {visit.id for visit in visits}


def test_whoever_holds_a_session_may_call_it_off_and_a_colleague_may_not(
    clinic: Clinic, session: GroupSession
) -> None:
    owner, other = UserFactory(), UserFactory()
    clinic.vaidya.user_id = owner.id
    db.session.flush()
    colleague = actor_of(other, Role.PRACTITIONER, facility=clinic.facility)
    with pytest.raises(Forbidden):
        call_off(colleague, session, "No")
    with pytest.raises(Forbidden):
        set_capacity(colleague, session, 5)
    join(clinic, session)
    assert call_off(actor_of(owner, Role.PRACTITIONER, facility=clinic.facility), session, "Ill") == 1


def test_the_week_shows_the_sessions_and_their_seats(
    clinic: Clinic, session: GroupSession, desk: FlaskClient
) -> None:
    join(clinic, session)
    db.session.commit()
    html = desk.get("/sessions?day=2026-11-24").get_data(as_text=True)
    assert "Yoga in a group" in html
    assert "1 of 3" in html
    assert "Yoga in a group</a>" not in desk.get("/sessions?day=2026-12-01").get_data(as_text=True)


def test_a_set_of_sessions_is_planned_on_the_page(clinic: Clinic, yoga: Service, desk: FlaskClient) -> None:
    book(clinic.desk, clinic.booking(clinic.at(9, days=3)))
    db.session.commit()
    data: dict[str, object] = {
        "service": yoga.id,
        "practitioner": clinic.vaidya.id,
        "first": "2026-11-24",
        "time": "09:00",
        "weekday": ["0", "1", "2", "3", "4"],
        "weeks": "1",
    }
    html = desk.post("/sessions/new", data=data, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "Dr Vaidehi Kulkarni is booked at that time." in html
    assert "Plan 4 sessions" in html
    assert desk.post("/sessions/new", data=data | {"action": "plan"}).status_code == 303
    assert db.session.scalar(select(func.count(GroupSession.id))) == 4


def test_somebody_is_moved_to_another_session_and_taken_out(
    clinic: Clinic, session: GroupSession, desk: FlaskClient
) -> None:
    later = plan_sessions(
        clinic.desk, clinic.facility, session.service, clinic.vaidya.id, [clinic.at(9, days=2)]
    )[0]
    visit = join(clinic, session)
    db.session.commit()
    where = f"{clinic.vaidya.id}@{int(later.starts.timestamp()) // 60}"
    form = {"visit": visit.reference, "slot": where, "version": visit.version}
    assert desk.post(f"/sessions/{session.id}/move", data=form).status_code == 303
    assert [one.id for one in visits_of(later.id)] == [visit.id]
    assert desk.post(f"/sessions/{session.id}/take-out", data=form | {"code": "unwell"}).status_code == 404
    db.session.refresh(visit)
    out = {"visit": visit.reference, "version": visit.version, "code": "unwell"}
    assert desk.post(f"/sessions/{later.id}/take-out", data=out).status_code == 303
    assert visits_of(later.id) == []


def test_the_page_changes_size_and_calls_off(
    clinic: Clinic, session: GroupSession, desk: FlaskClient
) -> None:
    db.session.commit()
    url = f"/sessions/{session.id}"
    assert desk.post(f"{url}/capacity", data={"capacity": "6"}).status_code == 303
    assert desk.post(f"{url}/capacity", data={"capacity": "none"}).status_code == 422
    assert "0 of 6" in desk.get(url).get_data(as_text=True)
    assert desk.post(f"{url}/call-off", data={"reason": ""}).status_code == 422
    assert desk.post(f"{url}/call-off", data={"reason": "Ill"}).status_code == 303
    assert "This session was called off." in desk.get(url).get_data(as_text=True)


def test_the_list_is_printed(clinic: Clinic, session: GroupSession, desk: FlaskClient) -> None:
    visit = join(clinic, session)
    db.session.commit()
    assert visit.patient.name in desk.get(f"/sessions/{session.id}/print").get_data(as_text=True)
    written = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "session.printed")).one()
    assert written.detail["patients"] == [visit.patient_id]


def test_outsiders_see_no_session(
    clinic: Clinic, session: GroupSession, sign_in: Callable[..., FlaskClient]
) -> None:
    db.session.commit()
    elsewhere = sign_in(grant(UserFactory(), Role.RECEPTIONIST, facility=FacilityFactory()))
    url = f"/sessions/{session.id}"
    assert elsewhere.get(url).status_code == 404
    assert elsewhere.get(f"{url}/print").status_code == 404
    for step in ("capacity", "call-off", "take-out", "move"):
        assert elsewhere.post(f"{url}/{step}", data={"capacity": "5", "reason": "No"}).status_code == 404


def test_patients_take_seats_of_planned_sessions_alone(
    clinic: Clinic, session: GroupSession, sign_in: Callable[..., FlaskClient]
) -> None:
    join(clinic, session)
    db.session.commit()
    portal = sign_in(household_login(clinic.patient), SessionKind.PATIENT)
    html = portal.get(f"/portal/book/{session.service_id}").get_data(as_text=True)
    assert "2 places left" in html
    assert html.count('name="slot"') == 1
    minute = int(session.starts.timestamp()) // 60
    answer = portal.post(
        f"/portal/book/{session.service_id}",
        data={"patient": clinic.patient.id, "slot": f"{minute}-{clinic.vaidya.id}", "submission_key": "x"},
    )
    assert answer.status_code == 303, answer.get_data(as_text=True)
    assert [visit.seat for visit in visits_of(session.id)] == [0, 1]


def test_a_full_session_answers_with_the_others(
    clinic: Clinic, session: GroupSession, sign_in: Callable[..., FlaskClient]
) -> None:
    other = plan_sessions(
        clinic.desk, clinic.facility, session.service, clinic.vaidya.id, [clinic.at(9, days=3)]
    )[0]
    for _seat in range(3):
        join(clinic, session)
    db.session.commit()
    portal = sign_in(household_login(clinic.patient), SessionKind.PATIENT)
    minute = int(session.starts.timestamp()) // 60
    answer = portal.post(
        f"/portal/book/{session.service_id}",
        data={"patient": clinic.patient.id, "slot": f"{minute}-{clinic.vaidya.id}", "submission_key": "x"},
    )
    html = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "This session is full." in html
    assert f'value="{int(other.starts.timestamp()) // 60}-{clinic.vaidya.id}"' in html
    closed = clock.at(DAY + timedelta(days=2), time(9), clinic.facility.zone)
    assert f'value="{int(closed.timestamp()) // 60}-' not in html
