"""``make bench``: the calendar and booking, beside an empty page and the bare SQL, and finding patients.

CPU time of this process only, so that the figures are the application's; the ratios travel from machine to
machine,
the milliseconds do not. ``--patients`` and ``--visits`` say how large the clinic is. ``--only calendar`` or
``--only search`` leaves the other out.
"""

from __future__ import annotations

import argparse
import gzip
import os
import statistics
import sys
import time as clockwork
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any

import psycopg2
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, text
from sqlalchemy.engine import make_url

from clinic.app import create_app
from clinic.config import read_settings, sqlalchemy_url
from clinic.core import clock
from clinic.core.access import SYSTEM, Role
from clinic.core.db import db
from clinic.local.testing import start_test_services
from tests.benchmarks.calendar import print_large
from tests.benchmarks.free_times import print_free_times
from tests.benchmarks.imports import print_imports
from tests.benchmarks.search import print_search

DATABASE = "sutra_bench"
ROUNDS = 5
PEOPLE = 10


@dataclass
class Scene:
    """A clinic of some size, and a receptionist's browser in it."""

    app: Flask
    client: FlaskClient
    token: str
    facility_id: int
    service_id: int
    practitioner_ids: list[int]
    patient_ids: list[int]
    day: date


Sent = tuple[str, Any]
"""A statement and its values, as they went to Postgres."""


def main() -> None:
    """Load the clinic, measure, print."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--patients", type=int, default=1_000)
    parser.add_argument("--visits", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=20)
    parser.add_argument("--only", choices=("calendar", "search", "imports"))
    wanted = parser.parse_args()
    services = start_test_services()
    os.environ["TEST_DATABASE_URL"], os.environ["TEST_REDIS_URL"] = services.database_url, services.redis_url
    try:
        if wanted.only in (None, "calendar"):
            scene = _scene(wanted.patients, wanted.visits)
            _print(scene, wanted.requests, wanted.patients, wanted.visits)
        if wanted.only in (None, "search"):
            print_search()
        if wanted.only in (None, "imports"):
            print_imports()
    finally:
        services.stop()


def _scene(patients: int, visits: int) -> Scene:
    from flask_migrate import upgrade

    from tests.conftest import environment, run_sql

    run_sql(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    run_sql(f"CREATE DATABASE {DATABASE}")
    app = create_app(read_settings(environment(DATABASE, 9)))
    with app.app_context():
        upgrade()
        return _load(app, patients, visits)


def _load(app: Flask, patients: int, visits: int) -> Scene:
    from clinic.accounts.models import SessionKind
    from clinic.accounts.service.open_sessions import start_session
    from clinic.scheduling.models import WorkingHours
    from clinic.scheduling.service import arrange
    from tests.factories import FacilityFactory, PractitionerFactory, ServiceFactory, UserFactory, grant

    facility = FacilityFactory(zone="Asia/Kolkata")
    service = ServiceFactory(facility_id=facility.id, minutes=30, room_kind="consulting")
    people = []
    for number in range(PEOPLE):
        practitioner = PractitionerFactory(name=f"Dr Practitioner {number}")
        resource = arrange.add_practitioner(practitioner, facility.id)
        db.session.add_all(
            WorkingHours(
                resource_id=resource.id,
                weekday=day,
                starts=time(8),
                ends=time(19),
                valid_from=date(2020, 1, 1),
            )
            for day in range(7)
        )
        arrange.add_room(SYSTEM, facility, name=f"Room {number}", room_kind="consulting")
        people.append(practitioner.id)
    receptionist = grant(UserFactory(name="Asha Raghunath"), Role.RECEPTIONIST, facility=facility)
    token, _row = start_session(receptionist, SessionKind.STAFF, origin="127.0.0.1", agent="bench")
    db.session.commit()
    day = clock.today(facility.zone) + timedelta(days=3)
    _fill(facility.id, service.id, people, patients, visits, day)
    ids = list(db.session.scalars(text("SELECT id FROM patients ORDER BY id")))
    scene = Scene(app, app.test_client(), token, facility.id, service.id, people, ids, day)
    db.session.remove()
    with scene.client.session_transaction() as cookie:
        cookie["_user_id"], cookie["_fresh"] = token, True
    return scene


def _fill(
    facility_id: int, service_id: int, people: list[int], patients: int, visits: int, day: date
) -> None:
    """Patients, sixty visits on the day, the other visits on the days before it, ten to twenty each an
    hour.
    """
    values = {"facility": facility_id, "service": service_id, "people": people, "n": patients}
    db.session.execute(
        text(
            "INSERT INTO patients (group_id, created_at, mrn, facility_id, name, search_name, sex, mobile,"
            " locale, country, allergy_status, deceased, version)"
            " SELECT 1, now(), 'B-' || n, :facility, 'Lakshmi Subramaniam ' || n,"
            " 'lakshmi subramaniam ' || n, 'female', '+9198' || lpad(n::text, 8, '0'), 'en', 'IN',"
            " 'not_asked', false, 1"
            " FROM generate_series(1, :n) n"
        ),
        values,
    )
    places = (
        "SELECT n, (:people)[1 + n % 10] AS person, {start} AS start FROM generate_series(0, :count - 1) n"
    )
    today = "(CAST(:day AS date) + time '02:30' + (n / 10) * interval '40 minutes') AT TIME ZONE 'UTC'"
    past = (
        "(CAST(:day AS date) - 10 - (n / 200)::int + time '02:30'"
        " + ((n % 200) / 10) * interval '30 minutes') AT TIME ZONE 'UTC'"
    )
    for start, number, offset, prefix, status in (
        (today, 60, 0, "D", "confirmed"),
        (past, max(0, visits - 60), 60, "P", "completed"),
    ):
        db.session.execute(
            text(
                f"WITH places AS ({places.format(start=start)}), made AS ("
                "INSERT INTO appointments (group_id, created_at, reference, facility_id, patient_id,"
                " practitioner_id, service_id, during, status, mode, created_via, version)"
                " SELECT 1, now(), :prefix || lpad(n::text, 9, '0'), :facility,"
                " (SELECT min(id) FROM patients) + (n + :offset) % :n, person, :service,"
                " tstzrange(start, start + interval '30 minutes'), :status, 'in_person', 'desk', 1"
                " FROM places ON CONFLICT DO NOTHING RETURNING id, practitioner_id, during)"
                " INSERT INTO allocations (facility_id, unit_id, appointment_id, during, active)"
                " SELECT :facility, u.id, made.id, made.during, true FROM made"
                " JOIN resources r ON r.practitioner_id = made.practitioner_id"
                " JOIN resource_units u ON u.resource_id = r.id ON CONFLICT DO NOTHING"
            ),
            values | {"count": number, "offset": offset, "prefix": prefix, "day": day, "status": status},
        )
    db.session.commit()
    db.session.execute(text("ANALYZE"))
    db.session.commit()


def cpu_of(work: Callable[[], Any], requests: int) -> float:
    """Median of some rounds, milliseconds of this process's CPU for one call."""
    work()
    rounds = []
    for _round in range(ROUNDS):
        began = clockwork.process_time()
        for _request in range(requests):
            work()
        rounds.append((clockwork.process_time() - began) / requests * 1000)
    return statistics.median(rounds)


def _hello() -> FlaskClient:
    app = Flask("hello")
    app.add_url_rule("/", view_func=lambda: "hello")
    return app.test_client()


def _print(scene: Scene, requests: int, patients: int, visits: int) -> None:
    hello = _hello()
    get = scene.client.get
    day = scene.day.isoformat()
    base = cpu_of(lambda: hello.get("/"), requests * 10)
    sys.stdout.write(
        f"{patients} patients, {visits} visits; an empty Flask page takes {base:.3f} ms of CPU\n"
    )
    for name, address in (
        ("calendar, day of 60 visits", f"/calendar?day={day}"),
        ("calendar, its own refresh", f"/calendar?day={day}"),
        ("calendar, week", f"/calendar?day={day}&view=week"),
        ("calendar, month", f"/calendar?day={day}&view=month"),
        ("calendar, list", f"/calendar?day={day}&view=list"),
        ("today", "/today"),
        ("booking form", "/appointments/new"),
    ):
        own = name.endswith("refresh")
        headers = {"HX-Request": "true", "Sutra-Refresh": "timer"} if own else {}
        took = cpu_of(lambda address=address, headers=headers: get(address, headers=headers), requests)
        page = get(address, headers=headers).data
        sent = _statements(scene, lambda address=address, headers=headers: get(address, headers=headers))
        sys.stdout.write(
            f"{name:28} {took:7.2f} ms {took / base:6.1f} x hello"
            f"  {len(sent):2} statements  {len(page) / 1000:5.1f} KB,"
            f" {len(gzip.compress(page)) / 1000:4.1f} KB sent;"
            f" the same SQL {_bare_sql(sent, requests):.2f} ms\n"
        )
    print_large(scene.app, scene.day, base, cpu_of=cpu_of, requests=requests)
    print_free_times(scene.app, base)
    _booking(scene, requests, base)


def _booking(scene: Scene, requests: int, base: float) -> None:
    from clinic.scheduling.views.reading import slot_value

    page = scene.client.get("/appointments/new").text
    token = page.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]
    tries = iter(range(10**9))

    def press() -> None:
        number = next(tries)
        place, person = divmod(number, PEOPLE)
        ahead, quarter = divmod(place, 20)
        starts = clock.at(scene.day + timedelta(days=5 + ahead), time(8), "Asia/Kolkata")
        data = {
            "csrf_token": token,
            "action": "book",
            "patient": str(scene.patient_ids[number % len(scene.patient_ids)]),
            "service": str(scene.service_id),
            "slot": slot_value(scene.practitioner_ids[person], starts + timedelta(minutes=30 * quarter)),
            "submission_key": f"bench-{number}",
            "tell": "1",
        }
        answer = scene.client.post("/appointments/new", data=data, headers={"Referer": "http://localhost/"})
        if answer.status_code != 303:
            raise SystemExit(f"A booking was answered {answer.status_code}: {answer.text[:2000]}")

    took = cpu_of(press, requests)
    sent = _statements(scene, press)
    writes = [one for one, _values in sent if one.lstrip().startswith(("INSERT", "UPDATE", "DELETE", "WITH"))]
    bare = _bare_sql(sent, requests)
    sys.stdout.write(
        f"{'booking, signed in, CSRF':28} {took:7.2f} ms {took / base:6.1f} x hello"
        f"  {len(sent):2} statements, {len(writes)} of them writes\n"
        f"{'the same SQL':28} {bare:7.2f} ms {bare / base:6.1f} x hello, by psycopg2 alone\n"
    )


def _bare_sql(sent: list[Sent], requests: int) -> float:
    """The same statements and values by psycopg2 alone, rolled back: what no application can save."""
    url = make_url(sqlalchemy_url(os.environ["TEST_DATABASE_URL"])).set(
        drivername="postgresql", database=DATABASE
    )
    connection = psycopg2.connect(url.render_as_string(hide_password=False))

    def trips() -> None:
        with connection.cursor() as cursor:
            for statement, values in sent:
                cursor.execute(statement, values)
                if cursor.description:
                    cursor.fetchall()
        connection.rollback()

    try:
        return cpu_of(trips, requests)
    finally:
        connection.close()


def _statements(scene: Scene, work: Callable[[], Any]) -> list[Sent]:
    seen: list[Sent] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        if "SAVEPOINT" not in statement:
            seen.append((statement, values))

    with scene.app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return seen


if __name__ == "__main__":
    main()
