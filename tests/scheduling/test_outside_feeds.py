"""A practitioner's calendar outside: who may make its address, who may read it, and what it costs."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import redis
import structlog
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from icalendar import Calendar
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from clinic.accounts.models import User
from clinic.audit.models import AuditEvent
from clinic.core import clock, crypto
from clinic.core.access import SYSTEM, Role
from clinic.core.db import db, unit_of_work
from clinic.core.limits import limiter
from clinic.facilities.models import Facility
from clinic.practitioners.models import Practitioner
from clinic.scheduling import service
from clinic.scheduling.models import CalendarFeed, Resource, TimeOff
from clinic.scheduling.queries import feeds as queries
from clinic.scheduling.service import feeds
from tests.factories import FacilityFactory, PatientFactory, UserFactory, appointment, grant, practitioner_at
from tests.scheduling.conftest import MORNING

ADDRESS = re.compile(r"http://localhost(/calendars/[A-Za-z0-9_-]{43}\.ics)")


@pytest.fixture(autouse=True)
def monday_morning(app: Flask) -> object:
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def facility(app: Flask) -> Facility:
    return FacilityFactory(name="Indiranagar", city="Bengaluru")


@pytest.fixture
def rao(facility: Facility) -> User:
    return grant(UserFactory(name="Dr Rao"), Role.PRACTITIONER, facility=facility)


@pytest.fixture
def vaidya(facility: Facility, rao: User) -> Practitioner:
    return practitioner_at(facility, rao, name="Dr Rao")


@pytest.fixture
def me(vaidya: Practitioner, rao: User, sign_in: Callable[..., FlaskClient]) -> FlaskClient:
    return sign_in(rao)


@pytest.fixture
def path(vaidya: Practitioner) -> str:
    """An address that is live."""
    with unit_of_work():
        return f"/calendars/{feeds.make_feed(SYSTEM, vaidya)}.ics"


def summaries(answer: object) -> list[str]:
    return [str(entry["summary"]) for entry in Calendar.from_ical(answer.data).walk("VEVENT")]  # type: ignore[attr-defined]


def test_the_address_is_shown_once_and_kept_hashed(me: FlaskClient, client: FlaskClient) -> None:
    made = me.post("/my-calendar/address")
    assert made.status_code == 200
    assert made.headers["Cache-Control"] == "no-store"
    [path] = set(ADDRESS.findall(made.text))
    assert client.get(path).status_code == 200
    assert not ADDRESS.search(me.get("/my-calendar").text)
    row = db.session.scalars(select(CalendarFeed)).one()
    token = path.removeprefix("/calendars/").removesuffix(".ics")
    assert row.token_hash == crypto.token_hash(token)
    everything = str(db.session.execute(select(AuditEvent.action, AuditEvent.detail)).all())
    assert token not in everything
    assert "calendar_feed.made" in everything


def test_a_new_address_ends_the_old_one_and_a_revoked_one_opens_nothing(
    me: FlaskClient, client: FlaskClient
) -> None:
    old = ADDRESS.findall(me.post("/my-calendar/address").text)[0]
    me.post("/my-calendar/initials", data={"initials": "y"})
    new = ADDRESS.findall(me.post("/my-calendar/address").text)[0]
    assert (client.get(old).status_code, client.get(new).status_code) == (404, 200)
    feed = db.session.scalars(select(CalendarFeed).where(CalendarFeed.revoked_at.is_(None))).one()
    assert feed.initials
    assert me.post("/my-calendar/revoke").status_code == 303
    assert client.get(new).status_code == 404
    assert "There is none yet" in me.get("/my-calendar").text


def test_every_address_that_does_not_open_answers_alike(
    client: FlaskClient, vaidya: Practitioner, rao: User, path: str
) -> None:
    def bare(address: str) -> tuple[int, str]:
        answer = client.get(address)
        return answer.status_code, answer.text.replace(answer.headers["X-Request-ID"], "")

    never = bare(f"/calendars/{crypto.new_token()}.ics")
    assert never[0] == 404
    for silly in ("x", "x" * 5000, "%00" * 30, "आशा" * 10, "' OR 1=1 --" * 3):
        assert bare(f"/calendars/{silly}.ics") == never
    vaidya.active = False
    db.session.commit()
    assert bare(path) == never
    vaidya.active = True
    rao.active = False
    db.session.commit()
    assert bare(path) == never
    rao.active = True
    with unit_of_work():
        feeds.revoke_feed(SYSTEM, vaidya)
    assert bare(path) == never


def test_it_shows_the_practitioners_own_visits_in_the_window_and_no_name(
    client: FlaskClient, facility: Facility, vaidya: Practitioner, path: str
) -> None:
    asha = PatientFactory(name="Asha Menon", facility_id=facility.id)
    inside = [appointment(asha, vaidya, MORNING + timedelta(days=days)) for days in (-29, 1, 179)]
    for days in (-31, 181):
        appointment(asha, vaidya, MORNING + timedelta(days=days))
    appointment(asha, practitioner_at(facility), MORNING + timedelta(days=2))
    db.session.commit()
    answer = client.get(path)
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert summaries(answer) == [f"Consultation, {row.reference}" for row in inside]
    assert "Asha" not in answer.text
    assert "A. M." not in answer.text


def test_with_initials_when_they_were_chosen(
    client: FlaskClient, me: FlaskClient, facility: Facility, vaidya: Practitioner, path: str
) -> None:
    row = appointment(
        PatientFactory(name="Asha Menon", facility_id=facility.id), vaidya, MORNING + timedelta(days=1)
    )
    db.session.commit()
    me.post("/my-calendar/initials", data={"initials": "y"})
    assert summaries(client.get(path)) == [f"Consultation, A. M., {row.reference}"]
    me.post("/my-calendar/initials", data={})
    assert summaries(client.get(path)) == [f"Consultation, {row.reference}"]


def test_time_off_is_a_block_without_its_reason(client: FlaskClient, vaidya: Practitioner, path: str) -> None:
    resource = db.session.scalars(select(Resource).where(Resource.practitioner_id == vaidya.id)).one()
    day = MORNING + timedelta(days=2)
    db.session.add(
        TimeOff(resource_id=resource.id, during=Range(day, day + timedelta(hours=4)), reason="operation")
    )
    db.session.commit()
    answer = client.get(path)
    [block] = Calendar.from_ical(answer.data).walk("VEVENT")
    assert (block["summary"], block.decoded("dtstart")) == ("Away", day)
    assert "operation" not in answer.text


def test_a_change_comes_as_the_same_entry_with_a_higher_sequence(
    client: FlaskClient, facility: Facility, vaidya: Practitioner, path: str, monday_morning: object
) -> None:
    row = appointment(PatientFactory(facility_id=facility.id), vaidya, MORNING + timedelta(days=1))
    db.session.commit()
    [before] = Calendar.from_ical(client.get(path).data).walk("VEVENT")
    monday_morning.shift(timedelta(hours=2))  # type: ignore[attr-defined]
    with unit_of_work():
        service.cancel(SYSTEM, row)
    [after] = Calendar.from_ical(client.get(path).data).walk("VEVENT")
    assert after["uid"] == before["uid"]
    assert after["sequence"] > before["sequence"]
    assert (before["status"], after["status"]) == ("CONFIRMED", "CANCELLED")
    assert after.decoded("last-modified") == MORNING + timedelta(hours=2)


def test_what_has_not_changed_is_not_sent_again(
    client: FlaskClient, facility: Facility, vaidya: Practitioner, path: str, monday_morning: object
) -> None:
    row = appointment(PatientFactory(facility_id=facility.id), vaidya, MORNING + timedelta(days=1))
    db.session.commit()
    first = client.get(path)
    tag = first.headers["ETag"]
    monday_morning.shift(timedelta(minutes=20))  # type: ignore[attr-defined]
    again = client.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    with unit_of_work():
        service.cancel(SYSTEM, row)
    changed = client.get(path, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag


def test_the_tag_follows_names_that_the_visits_row_does_not_know(
    client: FlaskClient, facility: Facility, vaidya: Practitioner, path: str
) -> None:
    row = appointment(PatientFactory(facility_id=facility.id), vaidya, MORNING + timedelta(days=1))
    db.session.commit()
    tags = [client.get(path).headers["ETag"]]
    row.service.name = "Shirodhara"
    db.session.commit()
    tags.append(client.get(path).headers["ETag"])
    facility.name = "Jayanagar"
    db.session.commit()
    tags.append(client.get(path).headers["ETag"])
    assert len(set(tags)) == 3


def test_the_last_reading_is_kept_to_the_hour_and_nothing_else_is_written(
    client: FlaskClient,
    rao: User,
    sign_in: Callable[..., FlaskClient],
    path: str,
    monday_morning: object,
    count_statements: Callable[[], list[str]],
) -> None:
    assert "No calendar has asked yet" in sign_in(rao).get("/my-calendar").text

    def writes() -> list[str]:
        count_statements()
        assert client.get(path).status_code == 200
        return [text.split()[0] for text in count_statements() if not text.startswith("SELECT")]

    assert writes() == ["UPDATE"]
    monday_morning.shift(timedelta(minutes=59))  # type: ignore[attr-defined]
    assert writes() == []
    monday_morning.shift(timedelta(minutes=2))  # type: ignore[attr-defined]
    assert writes() == ["UPDATE"]
    page = sign_in(rao).get("/my-calendar").text
    assert "A calendar last asked about Mon 23 Nov, 09:31" in page


@pytest.mark.parametrize("count", [1, 30])
def test_reading_costs_the_same_however_many_visits(
    client: FlaskClient,
    facility: Facility,
    vaidya: Practitioner,
    path: str,
    count: int,
    count_statements: Callable[[], list[str]],
) -> None:
    for number in range(count):
        appointment(
            PatientFactory(facility_id=facility.id), vaidya, MORNING + timedelta(days=1, hours=number)
        )
    db.session.commit()
    db.session.expunge_all()
    client.get(path)
    count_statements()
    assert len(summaries(client.get(path))) == count
    assert len(count_statements()) == 3


def test_the_number_of_visits_is_bounded(
    client: FlaskClient,
    facility: Facility,
    vaidya: Practitioner,
    path: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queries, "MOST_VISITS", 2)
    rows = [
        appointment(PatientFactory(facility_id=facility.id), vaidya, MORNING + timedelta(days=days))
        for days in (1, 2, 3)
    ]
    db.session.commit()
    assert summaries(client.get(path)) == [f"Consultation, {row.reference}" for row in rows[:2]]


def test_too_many_readings_are_put_off_for_this_address_alone(
    client: FlaskClient, facility: Facility, path: str
) -> None:
    with unit_of_work():
        other = f"/calendars/{feeds.make_feed(SYSTEM, practitioner_at(facility))}.ics"
    assert [client.get(path).status_code for _time in range(60)] == [200] * 60
    refused = client.get(path)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "900")
    assert client.get(other).status_code == 200


def test_without_the_counting_server_calendars_are_read_all_the_same(
    client: FlaskClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_arguments: object, **_named: object) -> bool:
        raise redis.ConnectionError

    monkeypatch.setattr(type(limiter.limiter), "hit", away)
    assert client.get(path).status_code == 200


def test_the_token_is_in_no_log(client: FlaskClient, path: str) -> None:
    before = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG))
    try:
        with capture_logs() as lines:
            client.get(path)
            client.get(path.replace(".ics", "x.ics"))
    finally:
        structlog.configure(wrapper_class=before)
    assert [line["route"] for line in lines] == ["/calendars/<token>.ics"] * 2
    assert path.removeprefix("/calendars/").removesuffix(".ics") not in str(lines)


# Who may arrange it


def manager_of(facility: Facility | None, role: Role = Role.FACILITY_ADMIN) -> User:
    return grant(UserFactory(), role, facility=facility)


def test_administrators_and_managers_of_the_clinic_arrange_it_for_somebody(
    facility: Facility, vaidya: Practitioner, sign_in: Callable[..., FlaskClient], client: FlaskClient
) -> None:
    for person in (manager_of(facility), manager_of(None, Role.ADMIN)):
        browser = sign_in(person)
        page = f"/practitioners/{vaidya.id}/calendar"
        assert browser.get(page).status_code == 200
        assert page in browser.get(f"/practitioners/{vaidya.id}").text
        path = ADDRESS.findall(browser.post(f"{page}/address").text)[0]
        assert client.get(path).status_code == 200
        assert browser.post(f"{page}/notices", data={"hears_moved": "y"}).status_code == 303
        assert browser.post(f"{page}/revoke").status_code == 303
        assert client.get(path).status_code == 404


def test_a_manager_from_elsewhere_finds_nothing(
    facility: Facility,
    vaidya: Practitioner,
    sign_in: Callable[..., FlaskClient],
    path: str,
    client: FlaskClient,
) -> None:
    outsider = sign_in(manager_of(FacilityFactory()))
    for what in ("address", "revoke", "initials", "notices"):
        assert outsider.post(f"/practitioners/{vaidya.id}/calendar/{what}").status_code == 404
    assert outsider.get(f"/practitioners/{vaidya.id}/calendar").status_code == 404
    assert f"/practitioners/{vaidya.id}/calendar" not in outsider.get(f"/practitioners/{vaidya.id}").text
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("role", [Role.RECEPTIONIST, Role.PRACTITIONER])
def test_nobody_else_arranges_it(
    facility: Facility, vaidya: Practitioner, sign_in: Callable[..., FlaskClient], role: Role
) -> None:
    other = sign_in(grant(UserFactory(), role, facility=facility))
    assert other.post(f"/practitioners/{vaidya.id}/calendar/address").status_code == 403
    assert db.session.scalars(select(CalendarFeed)).all() == []


def test_a_sign_in_without_a_practitioner_is_told_so(
    facility: Facility, sign_in: Callable[..., FlaskClient]
) -> None:
    lonely = sign_in(grant(UserFactory(), Role.THERAPIST, facility=facility))
    assert "not joined to a practitioner" in lonely.get("/my-calendar").text
    assert lonely.post("/my-calendar/address").status_code == 404


def test_somebody_out_of_use_gets_no_address(me: FlaskClient, vaidya: Practitioner) -> None:
    vaidya.active = False
    db.session.commit()
    assert me.post("/my-calendar/address").status_code == 303
    assert "out of use" in me.get("/my-calendar").text
    assert db.session.scalars(select(CalendarFeed)).all() == []


def test_initials_without_an_address_are_refused(me: FlaskClient) -> None:
    me.post("/my-calendar/initials", data={"initials": "y"})
    assert "Make one first" in me.get("/my-calendar").text


def test_a_practitioner_chooses_what_they_are_told_of(
    me: FlaskClient, session: Session, vaidya: Practitioner
) -> None:
    def chosen() -> dict[str, bool]:
        session.refresh(vaidya)
        return {name: getattr(vaidya, name) for name in feeds.Notices.__dataclass_fields__}

    assert set(chosen().values()) == {True}
    me.post("/my-calendar/notices", data={"hears_cancelled": "y"})
    assert [name for name, wanted in chosen().items() if wanted] == ["hears_cancelled"]
    me.post("/my-calendar/notices", data={"hears_cancelled": "y"})
    noted = session.scalars(
        select(AuditEvent).where(AuditEvent.action == "practitioner.notices_chosen")
    ).all()
    assert len(noted) == 1


def test_the_page_is_in_the_menu_of_who_has_a_calendar(
    me: FlaskClient, facility: Facility, sign_in: Callable[..., FlaskClient]
) -> None:
    assert 'href="/my-calendar"' in me.get("/my-day").text
    desk = sign_in(grant(UserFactory(), Role.RECEPTIONIST, facility=facility))
    assert 'href="/my-calendar"' not in desk.get("/today").text


def test_the_window_is_on_the_clock(vaidya: Practitioner, path: str) -> None:
    token = path.removeprefix("/calendars/").removesuffix(".ics")
    found = queries.open_feed(token)
    assert found is not None
    assert found.practitioner.id == vaidya.id
    assert clock.now() == MORNING
