"""Where online visits meet: whom the link is shown to, and when; what may be typed as one."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from clinic.accounts.models import SessionKind, User
from clinic.core.access import SYSTEM, Role
from clinic.core.db import db, unit_of_work
from clinic.core.errors import Invalid
from clinic.core.links import host_of, read_https
from clinic.facilities.meeting_patterns import fill, read_pattern
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.scheduling import service
from clinic.scheduling.models import Appointment, AppointmentEvent
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    UserFactory,
    appointment,
    grant,
    household_login,
    practitioner_at,
)
from tests.scheduling.conftest import MORNING

STARTS = MORNING + timedelta(hours=2)
"""10:30 in Kolkata; the visit lasts half an hour."""
TYPED = "https://video.example.com/j/123?pwd=Ab.c"


@pytest.fixture(autouse=True)
def monday_morning(app: Flask) -> object:
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def facility(app: Flask) -> Facility:
    return FacilityFactory(meeting_pattern="https://meet.example.org/{room}")


@pytest.fixture
def rao(facility: Facility) -> User:
    return grant(UserFactory(), Role.PRACTITIONER, facility=facility)


@pytest.fixture
def vaidya(facility: Facility, rao: User) -> Practitioner:
    return practitioner_at(facility, rao, name="Dr Rao")


@pytest.fixture
def patient(facility: Facility) -> Patient:
    return PatientFactory(name="Asha Menon", facility_id=facility.id)


@pytest.fixture
def visit(patient: Patient, vaidya: Practitioner) -> Appointment:
    row = appointment(patient, vaidya, STARTS, mode="online")
    db.session.commit()
    return row


@pytest.fixture
def at(monday_morning: object, sign_in: Callable[..., FlaskClient]) -> Callable[..., str]:
    """``at(minutes, user, path)`` is the page so many minutes after the visit's start."""

    def page(minutes: int, user: User, path: str, kind: SessionKind = SessionKind.STAFF) -> str:
        monday_morning.move_to(STARTS + timedelta(minutes=minutes))  # type: ignore[attr-defined]
        answer = sign_in(user, kind).get(path)
        assert answer.status_code == 200
        return answer.text

    return page


@pytest.fixture
def receptionist(facility: Facility) -> User:
    return grant(UserFactory(), Role.RECEPTIONIST, facility=facility)


def room_of(visit: Appointment) -> str:
    assert visit.meeting_key is not None
    return f"https://meet.example.org/{visit.meeting_key.hex}"


def test_each_visit_has_a_room_of_its_own_that_nobody_can_guess(
    patient: Patient, vaidya: Practitioner
) -> None:
    rows = [appointment(patient, vaidya, STARTS + timedelta(hours=n), mode="online") for n in range(3)]
    keys = {row.meeting_key for row in rows}
    assert len(keys) == 3
    assert all(key is not None and key.version == 4 for key in keys)


@pytest.mark.parametrize(
    ("minutes", "shown"), [(-16, False), (-15, True), (0, True), (29, True), (59, True), (60, False)]
)
def test_the_practitioner_sees_the_link_in_its_time(
    visit: Appointment, rao: User, at: Callable[..., str], minutes: int, shown: bool
) -> None:
    page = at(minutes, rao, f"/appointments/{visit.reference}")
    assert (room_of(visit) in page) == shown
    if shown:
        assert f'href="{room_of(visit)}" target="_blank" rel="noopener noreferrer"' in page
        assert "Opens meet.example.org in a new window." in page
    elif minutes < 0:
        assert "The link appears here at Mon 23 Nov, 10:15." in page


@pytest.mark.parametrize(
    ("minutes", "shown"), [(-16, False), (-15, True), (0, True), (59, True), (60, False)]
)
@pytest.mark.parametrize("tail", ["/portal/visits/{}", "/portal"])  # home shows a visit until it ends
def test_the_patients_side_sees_the_link_in_its_time(
    visit: Appointment,
    patient: Patient,
    at: Callable[..., str],
    minutes: int,
    shown: bool,
    tail: str,
) -> None:
    page = at(minutes, household_login(patient), tail.format(visit.reference), SessionKind.PATIENT)
    shown = shown and not (minutes == 59 and tail == "/portal")
    assert (room_of(visit) in page) == shown
    assert visit.meeting_key is not None
    assert (visit.meeting_key.hex in page) == shown
    if minutes < 0 and not shown:
        assert "The link appears here at 10:15 am." in page
    if shown:
        assert 'rel="noopener noreferrer"' in page


@pytest.mark.parametrize("minutes", [-60, -15, 0, 30])
def test_the_front_desk_knows_that_there_is_a_link_and_never_sees_it(
    visit: Appointment, receptionist: User, at: Callable[..., str], minutes: int
) -> None:
    visit.meeting_url = TYPED
    db.session.commit()
    page = at(minutes, receptionist, f"/appointments/{visit.reference}")
    assert "It meets at video.example.com." in page
    assert "pwd=Ab.c" not in page
    assert ">Join the visit<" not in page


def test_another_practitioner_sees_no_link(
    facility: Facility, visit: Appointment, patient: Patient, at: Callable[..., str]
) -> None:
    other = grant(UserFactory(), Role.PRACTITIONER, facility=facility)
    practitioner_at(facility, other)
    page = at(0, other, f"/appointments/{visit.reference}")
    assert room_of(visit) not in page


def test_a_stranger_does_not_find_the_visit(visit: Appointment, sign_in: Callable[..., FlaskClient]) -> None:
    stranger = sign_in(household_login(PatientFactory(), mobile="+919845099999"), SessionKind.PATIENT)
    for tail in ("", "/booked", "/visit.ics"):
        assert stranger.get(f"/portal/visits/{visit.reference}{tail}").status_code == 404


def test_a_visit_at_the_clinic_shows_nothing_of_it(
    patient: Patient, vaidya: Practitioner, rao: User, at: Callable[..., str]
) -> None:
    row = appointment(patient, vaidya, STARTS)
    db.session.commit()
    login = household_login(patient)
    for page in (
        at(0, rao, f"/appointments/{row.reference}"),
        at(0, login, f"/portal/visits/{row.reference}", SessionKind.PATIENT),
    ):
        assert 'id="meeting"' not in page
        assert "meet.example.org" not in page
        assert ">Join the visit<" not in page


@pytest.mark.parametrize("status", ["pending", "cancelled", "rejected", "completed", "no_show"])
def test_only_a_visit_that_takes_place_has_a_link(
    patient: Patient, vaidya: Practitioner, rao: User, at: Callable[..., str], status: str
) -> None:
    row = appointment(patient, vaidya, STARTS, mode="online", status=status)
    db.session.commit()
    login = household_login(patient)
    for page in (
        at(0, rao, f"/appointments/{row.reference}"),
        at(0, login, f"/portal/visits/{row.reference}", SessionKind.PATIENT),
    ):
        assert room_of(row) not in page


def test_a_move_keeps_the_link(visit: Appointment, rao: User, at: Callable[..., str]) -> None:
    before = room_of(visit)
    with unit_of_work():
        visit.during = Range(visit.starts + timedelta(hours=3), visit.ends + timedelta(hours=3), bounds="[)")
    assert before in at(175, rao, f"/appointments/{visit.reference}")


def test_a_cancelled_visit_gives_its_link_away_no_more(
    visit: Appointment, patient: Patient, at: Callable[..., str]
) -> None:
    with unit_of_work():
        service.cancel(SYSTEM, visit)
    page = at(0, household_login(patient), f"/portal/visits/{visit.reference}", SessionKind.PATIENT)
    assert room_of(visit) not in page


def test_without_a_pattern_and_a_link_it_says_so(
    facility: Facility, visit: Appointment, rao: User, patient: Patient, at: Callable[..., str]
) -> None:
    facility.meeting_pattern = None
    db.session.commit()
    assert "Nobody has said yet where it meets." in at(0, rao, f"/appointments/{visit.reference}")
    page = at(0, household_login(patient), f"/portal/visits/{visit.reference}", SessionKind.PATIENT)
    assert "The clinic will put the link here in time." in page


# A link that staff type


def typed_in(client: FlaskClient, visit: Appointment, link: str, **headers: str) -> object:
    return client.post(
        f"/appointments/{visit.reference}/meeting", data={"meeting_url": link}, headers=headers
    )


def test_staff_type_a_link_and_take_it_away_again(
    visit: Appointment,
    receptionist: User,
    rao: User,
    session: Session,
    sign_in: Callable[..., FlaskClient],
    at: Callable[..., str],
) -> None:
    desk = sign_in(receptionist)
    answer = typed_in(desk, visit, f"  {TYPED} ", **{"HX-Request": "true"})
    assert answer.status_code == 200  # type: ignore[attr-defined]
    assert answer.text.count('id="meeting"') == 1  # type: ignore[attr-defined]
    assert "It meets at video.example.com." in answer.text  # type: ignore[attr-defined]
    assert TYPED not in answer.text  # type: ignore[attr-defined]
    assert TYPED in at(0, rao, f"/appointments/{visit.reference}")
    assert "Link to the meeting changed" in at(0, rao, f"/appointments/{visit.reference}")
    assert typed_in(sign_in(receptionist), visit, "").status_code == 303  # type: ignore[attr-defined]
    session.refresh(visit)
    assert visit.meeting_url is None
    kinds = [row.kind for row in session.query(AppointmentEvent).filter_by(appointment_id=visit.id)]
    assert kinds == ["meeting_changed"] * 2
    assert visit.version == 1


@pytest.mark.parametrize(
    "link",
    [
        "http://video.example.com/x",
        "javascript:alert(1)",
        "https:video.example.com",
        "//video.example.com",
        "https://",
        "https://localhost/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://user:password@video.example.com/x",
        "https://video.example.com@evil.example/x",
        "https://vidеo.example.com/x",  # a Cyrillic letter
        "https://video.example.com/a b",
        'https://video.example.com/"onclick=',
        "https://video.example.com\\@evil.example",
        "https://video.example.com:99999/x",
        "https://video.example.com:/x",
        "https://video..example.com/x",
        "https://" + "a" * 500 + ".example.com",
        "HTTPS//x",
        "\x00",
    ],
)
def test_what_is_no_safe_link_is_refused_and_kept_in_the_field(
    visit: Appointment, receptionist: User, session: Session, sign_in: Callable[..., FlaskClient], link: str
) -> None:
    answer = typed_in(sign_in(receptionist), visit, link, **{"HX-Request": "true"})
    if link == "\x00":  # nothing is left of it
        assert answer.status_code == 200  # type: ignore[attr-defined]
    else:
        assert answer.status_code == 422  # type: ignore[attr-defined]
        assert 'aria-invalid="true"' in answer.text  # type: ignore[attr-defined]
    session.refresh(visit)
    assert visit.meeting_url is None


@given(st.text(max_size=60))
def test_whatever_is_taken_leads_to_the_host_that_is_shown(text: str) -> None:
    for link in (text, f"https://{text}", f"https://meet.example.org{text}"):
        try:
            taken = read_https(link)
        except Invalid:
            continue
        assert re.fullmatch(r"https://[a-z0-9.-]+(:\d+)?([/?#][!-~]*)?", taken, re.I)
        assert taken.removeprefix("https://").lower().startswith(host_of(taken))
        assert host_of(taken)


def test_only_the_front_desk_and_the_visits_practitioner_change_it(
    facility: Facility,
    visit: Appointment,
    rao: User,
    patient: Patient,
    session: Session,
    sign_in: Callable[..., FlaskClient],
) -> None:
    other = grant(UserFactory(), Role.PRACTITIONER, facility=facility)
    elsewhere = grant(UserFactory(), Role.RECEPTIONIST, facility=FacilityFactory())
    assert typed_in(sign_in(elsewhere), visit, TYPED).status_code == 404  # type: ignore[attr-defined]
    typed_in(sign_in(other), visit, TYPED)
    household = sign_in(household_login(patient), SessionKind.PATIENT)
    assert typed_in(household, visit, TYPED).status_code == 403  # type: ignore[attr-defined]
    session.refresh(visit)
    assert visit.meeting_url is None
    typed_in(sign_in(rao), visit, TYPED)
    session.refresh(visit)
    assert visit.meeting_url == TYPED


@pytest.mark.parametrize(("mode", "status"), [("in_person", "confirmed"), ("online", "cancelled")])
def test_no_link_for_what_does_not_meet_online(
    patient: Patient,
    vaidya: Practitioner,
    receptionist: User,
    session: Session,
    sign_in: Callable[..., FlaskClient],
    mode: str,
    status: str,
) -> None:
    row = appointment(patient, vaidya, STARTS, mode=mode, status=status)
    db.session.commit()
    answer = typed_in(sign_in(receptionist), row, TYPED, **{"HX-Request": "true"})
    assert answer.status_code == 409  # type: ignore[attr-defined]
    session.refresh(row)
    assert row.meeting_url is None


# The clinic's pattern


@pytest.mark.parametrize(
    "pattern",
    [
        "https://meet.example.org/{room}",
        "https://meet.example.org/clinic-{room}#config.prejoin=true",
        "https://meet.example.org:8443/x?room={room}",
    ],
)
def test_patterns_that_are_taken(pattern: str) -> None:
    assert read_pattern(f" {pattern} ") == pattern
    key = UUID(int=255)
    assert fill(pattern, key) == pattern.replace("{room}", "0" * 30 + "ff")


@pytest.mark.parametrize(
    "pattern",
    [
        "https://meet.example.org/",
        "https://meet.example.org/{room}/{room}",
        "http://meet.example.org/{room}",
        "https://{room}.example.org/",
        "https://meet.example.org{room}/",
        "https://meet.{room}/x",
        "https://meet.example.org:{room}/",
        "https://u:p@meet.example.org/{room}",
        "javascript://x/{room}",
        "https://meet.example.org/{room}" + "x" * 480,
        "{room}",
    ],
)
def test_patterns_that_are_refused(pattern: str) -> None:
    with pytest.raises(Invalid):
        read_pattern(pattern)


def test_the_manager_enters_the_pattern_on_the_clinics_page(
    facility: Facility, session: Session, sign_in: Callable[..., FlaskClient]
) -> None:
    manager = sign_in(grant(UserFactory(), Role.FACILITY_ADMIN, facility=facility))
    page = f"/clinics/{facility.id}"
    form = {
        "name": "Clinic",
        "short_name": "C",
        "zone": "Asia/Kolkata",
        "opens": "08:00",
        "closes": "19:00",
        "booking_days": "60",
        "hears_moved": "y",
    }
    refused = manager.post(page, data={**form, "meeting_pattern": "https://meet.example.org/"})
    assert refused.status_code == 422
    assert "Write {room} once" in refused.text
    assert (
        manager.post(page, data={**form, "meeting_pattern": "https://v.example.org/{room}"}).status_code
        == 303
    )
    session.refresh(facility)
    assert facility.meeting_pattern == "https://v.example.org/{room}"
    heard = [
        name for name in ("waiting", "booked", "moved", "cancelled") if getattr(facility, f"hears_{name}")
    ]
    assert heard == ["moved"]
    assert manager.post(page, data={**form, "meeting_pattern": ""}).status_code == 303
    session.refresh(facility)
    assert facility.meeting_pattern is None


# What the portal says of it


def test_the_visit_is_downloaded_for_a_calendar_by_its_household_alone(
    visit: Appointment, patient: Patient, sign_in: Callable[..., FlaskClient], client: FlaskClient
) -> None:
    phone = sign_in(household_login(patient), SessionKind.PATIENT)
    path = f"/portal/visits/{visit.reference}/visit.ics"
    for page in (f"/portal/visits/{visit.reference}", f"/portal/visits/{visit.reference}/booked"):
        assert f'href="{path}"' in phone.get(page).text
    answer = phone.get(path)
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="visit.ics"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert f"UID:{visit.reference}@localhost" in answer.text
    assert visit.meeting_key is not None
    assert visit.meeting_key.hex not in answer.text
    assert client.get(path).status_code == 303


def test_pages_carry_the_time_for_readers_far_away(
    visit: Appointment, patient: Patient, sign_in: Callable[..., FlaskClient]
) -> None:
    phone = sign_in(household_login(patient), SessionKind.PATIENT)
    page = phone.get(f"/portal/visits/{visit.reference}").text
    assert f'<time datetime="{visit.starts.isoformat()}">10:30 am</time>' in page
    assert 'data-text="10:30 am India time; {there} where you are"' in page
    assert 'hidden data-clinic-zone="Asia/Kolkata"' in page
