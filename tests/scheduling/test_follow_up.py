"""What is to follow a visit, and the list of patients to call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
import time_machine
from flask import g
from flask.testing import FlaskClient

from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.scheduling import queries
from clinic.scheduling.models import Appointment, FollowUp
from clinic.scheduling.queries.follow_ups import SHOWN, Which, follow_ups, read_key
from clinic.scheduling.service import book, cancel, complete, start
from clinic.scheduling.service.follow_up import read_choice, set_follow_up, settle_follow_up
from tests.factories import FacilityFactory, PatientFactory, UserFactory, actor_of, appointment, grant
from tests.scheduling.conftest import DAY, Clinic


@pytest.fixture
def visit(clinic: Clinic) -> Appointment:
    row = book(clinic.desk, clinic.booking(clinic.at(10)))
    start(clinic.desk, row)
    complete(clinic.desk, row)
    db.session.commit()
    return row


def due(clinic: Clinic, which: Which = Which.ALL, actor: Actor | None = None) -> list[str]:
    rows, _more = follow_ups(actor or clinic.desk, clinic.facility, which)
    return [row.patient for row in rows]


@pytest.mark.parametrize(
    ("choice", "day", "meant"),
    [
        ("none", "", (FollowUp.NONE, None)),
        ("1w", "", (FollowUp.ON, DAY + timedelta(days=7))),
        ("2w", "", (FollowUp.ON, DAY + timedelta(days=14))),
        ("4w", "", (FollowUp.ON, DAY + timedelta(days=28))),
        ("6w", "2026-11-30", (FollowUp.ON, DAY + timedelta(days=42))),
        ("on", "2026-12-07", (FollowUp.ON, date(2026, 12, 7))),
        ("as_needed", "", (FollowUp.AS_NEEDED, None)),
        ("", "2026-12-07", None),
        ("8w", "", None),
    ],
)
def test_what_a_form_says_of_a_follow_up(choice: str, day: str, meant: object) -> None:
    assert read_choice(choice, day, DAY) == meant


@pytest.mark.parametrize("day", ["", "soon", "2026-11-23", "2026-11-22", "2029-01-01"])
def test_a_day_that_is_none_or_not_after_the_visit_is_refused(day: str) -> None:
    with pytest.raises(Invalid):
        read_choice("on", day, DAY)


def test_a_follow_up_is_said_when_the_visit_is_done(
    clinic: Clinic, desk: FlaskClient, visit: Appointment
) -> None:
    later = book(clinic.desk, clinic.booking(clinic.at(12), patient_id=clinic.other.id))
    start(clinic.desk, later)
    db.session.commit()
    data = {"version": later.version, "follow_up": "2w"}
    assert desk.post(f"/appointments/{later.reference}/complete", data=data).status_code == 303
    db.session.refresh(later)
    assert (later.status, later.follow_up_on) == ("completed", DAY + timedelta(days=14))
    page = desk.get(f"/appointments/{later.reference}").text
    assert "7 Dec 2026" in page
    assert "Book follow-up" in page


def test_a_wrong_day_leaves_the_visit_as_it_was(clinic: Clinic, desk: FlaskClient) -> None:
    later = book(clinic.desk, clinic.booking(clinic.at(12), patient_id=clinic.other.id))
    start(clinic.desk, later)
    db.session.commit()
    data = {"version": later.version, "follow_up": "on", "follow_up_on": "2020-01-01"}
    answer = desk.post(f"/appointments/{later.reference}/complete", data=data)
    assert answer.status_code == 422
    assert "A follow-up comes after the visit" in answer.text
    db.session.refresh(later)
    assert later.status == "in_progress"


def test_it_is_said_afterwards_and_changed(clinic: Clinic, desk: FlaskClient, visit: Appointment) -> None:
    address = f"/appointments/{visit.reference}/follow-up"
    for choice, words in (("as_needed", "as needed"), ("none", "not needed"), ("1w", "30 Nov 2026")):
        db.session.refresh(visit)
        answer = desk.post(
            address, data={"version": visit.version, "follow_up": choice}, headers={"HX-Request": "true"}
        )
        assert answer.status_code == 200
        assert words in answer.text
    assert [event.kind for event in queries.history(visit)].count("follow_up") == 3


def test_whose_it_is_to_say(clinic: Clinic, visit: Appointment) -> None:
    own = grant(UserFactory(), Role.PRACTITIONER, facility=clinic.facility)
    clinic.vaidya.user_id = own.id
    db.session.flush()
    set_follow_up(actor_of(own, Role.PRACTITIONER, facility=clinic.facility), visit, FollowUp.NONE)
    colleague = grant(UserFactory(), Role.PRACTITIONER, facility=clinic.facility)
    elsewhere = actor_of(UserFactory(), Role.RECEPTIONIST, facility=FacilityFactory())
    for actor in (actor_of(colleague, Role.PRACTITIONER, facility=clinic.facility), elsewhere):
        with pytest.raises(Forbidden):
            set_follow_up(actor, visit, FollowUp.AS_NEEDED)
        with pytest.raises(Forbidden):
            settle_follow_up(actor, visit, "mine")
    assert visit.follow_up == "none"


def test_only_what_took_place_is_followed_up(clinic: Clinic) -> None:
    ahead = book(clinic.desk, clinic.booking(clinic.at(12)))
    with pytest.raises(Conflict):
        set_follow_up(clinic.desk, ahead, FollowUp.AS_NEEDED)


def test_the_list_has_who_is_due_and_has_nothing_booked(
    clinic: Clinic, visit: Appointment, morning: time_machine.Coordinates
) -> None:
    set_follow_up(clinic.desk, visit, FollowUp.ON, DAY + timedelta(days=7))
    assert (due(clinic), due(clinic, Which.WEEK), due(clinic, Which.OVERDUE)) == (["Meenakshi Iyer"], [], [])
    morning.move_to(clinic.at(9, days=6))
    assert due(clinic, Which.WEEK) == []
    morning.move_to(clinic.at(9, days=7))
    assert (due(clinic, Which.WEEK), due(clinic, Which.OVERDUE)) == (["Meenakshi Iyer"], [])
    morning.move_to(clinic.at(9, days=8))
    assert (due(clinic, Which.WEEK), due(clinic, Which.OVERDUE)) == (["Meenakshi Iyer"], ["Meenakshi Iyer"])


def test_a_later_visit_settles_it_and_a_cancelled_one_does_not(clinic: Clinic, visit: Appointment) -> None:
    set_follow_up(clinic.desk, visit, FollowUp.ON, DAY + timedelta(days=7))
    next_visit = book(clinic.desk, clinic.booking(clinic.at(10, days=7)))
    assert due(clinic) == []
    cancel(clinic.desk, next_visit, "ill")
    assert due(clinic) == ["Meenakshi Iyer"]
    book(clinic.desk, clinic.booking(clinic.at(11, days=7), practitioner_id=clinic.colleague.id))
    assert due(clinic) == []


def test_by_hand_it_is_settled_with_a_reason(clinic: Clinic, desk: FlaskClient, visit: Appointment) -> None:
    set_follow_up(clinic.desk, visit, FollowUp.ON, DAY + timedelta(days=7))
    db.session.commit()
    with pytest.raises(Invalid):
        settle_follow_up(clinic.desk, visit, " ")
    page = desk.get("/follow-ups?show=all").text
    assert "Meenakshi Iyer" in page
    data = {"version": visit.version, "reason": "Moved to Pune", "after": "/follow-ups?show=all"}
    answer = desk.post(f"/appointments/{visit.reference}/follow-up/settle", data=data)
    assert answer.headers["Location"] == "/follow-ups?show=all"
    page = desk.get("/follow-ups?show=all").text
    assert "Nobody to call" in page
    assert "Moved to Pune" in desk.get(f"/appointments/{visit.reference}").text
    with pytest.raises(Conflict):
        settle_follow_up(clinic.desk, visit, "again")
    set_follow_up(clinic.desk, visit, FollowUp.ON, DAY + timedelta(days=8))
    assert due(clinic) == ["Meenakshi Iyer"]


def test_booking_it_opens_the_form_filled_in(clinic: Clinic, desk: FlaskClient, visit: Appointment) -> None:
    set_follow_up(clinic.desk, visit, FollowUp.ON, DAY + timedelta(days=7))
    db.session.commit()
    page = desk.get("/follow-ups?show=all").text
    for part in (
        f"patient={clinic.patient.id}",
        f"service={clinic.service.id}",
        f"practitioner={clinic.vaidya.id}",
        "day=2026-11-30",
    ):
        assert part in page


def test_the_list_is_paged_by_key(clinic: Clinic, desk: FlaskClient) -> None:
    for number in range(SHOWN + 3):
        appointment(
            PatientFactory(name=f"Patient {number:02d}", facility_id=clinic.facility.id),
            clinic.vaidya,
            clinic.at(0, days=-40) + timedelta(hours=number),
            service=clinic.service,
            status="completed",
            follow_up="on",
            follow_up_on=DAY + timedelta(days=number // 2),
        )
    db.session.commit()
    rows, more = follow_ups(clinic.desk, clinic.facility, Which.ALL)
    assert (len(rows), more) == (SHOWN, True)
    rest, more = follow_ups(clinic.desk, clinic.facility, Which.ALL, after=read_key(rows[-1].key))
    assert ([row.patient for row in rest], more) == ([f"Patient {SHOWN + n:02d}" for n in range(3)], False)
    page = desk.get("/follow-ups?show=all").text
    assert f"after={rows[-1].key}" in page
    for wrong in ("x", "2026-11-30", "2026-11-30.x", "2026-13-01.1", "." * 40, "2026-11-30." + "9" * 40):
        assert read_key(wrong) is None
        assert desk.get(f"/follow-ups?show=nonsense&after={wrong}").status_code == 200


def test_the_list_is_of_ones_own_clinic_and_patients(
    clinic: Clinic,
    sign_in: Callable[..., FlaskClient],
    client: FlaskClient,
    visit: Appointment,
) -> None:
    set_follow_up(clinic.desk, visit, FollowUp.ON, DAY + timedelta(days=7))
    clinic.facility.whole_facility_in_care = False
    db.session.commit()
    assert client.get("/follow-ups").status_code == 303
    elsewhere = sign_in(grant(UserFactory(), Role.RECEPTIONIST, facility=FacilityFactory()))
    assert "Meenakshi Iyer" not in elsewhere.get("/follow-ups?show=all").text
    data = {"version": visit.version, "reason": "mine", "follow_up": "none"}
    for tail in ("follow-up", "follow-up/settle"):
        assert elsewhere.post(f"/appointments/{visit.reference}/{tail}", data=data).status_code == 404
    g.pop("facility", None)
    therapist = grant(UserFactory(), Role.THERAPIST, facility=clinic.facility)
    assert due(clinic, actor=actor_of(therapist, Role.THERAPIST, facility=clinic.facility)) == []
    own = grant(UserFactory(), Role.PRACTITIONER, facility=clinic.facility)
    clinic.vaidya.user_id = own.id
    db.session.flush()
    assert due(clinic, actor=actor_of(own, Role.PRACTITIONER, facility=clinic.facility)) == ["Meenakshi Iyer"]


def test_the_list_takes_few_statements(
    clinic: Clinic, desk: FlaskClient, visit: Appointment, count_statements: Callable[[], list[str]]
) -> None:
    set_follow_up(clinic.desk, visit, FollowUp.ON, DAY + timedelta(days=7))
    db.session.commit()
    count_statements()
    desk.get("/follow-ups?show=all")
    page = [one for one in count_statements() if "audit_events" not in one and "login_sessions" not in one]
    assert len(page) <= 6, page
