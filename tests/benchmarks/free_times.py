"""Where something is free: fifty practitioners over sixty days, in a house that is two thirds full."""

from __future__ import annotations

import statistics
import sys
import time as clockwork
from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

from sqlalchemy import text

from clinic.core import clock
from clinic.core.access import SYSTEM, Role
from clinic.core.db import db

PEOPLE, DAYS, ROOMS = 50, 60, 20
ROUNDS = 5


def print_free_times(app: Any, base: float) -> None:
    """Measure the search for free times beside an empty page that takes ``base`` ms."""
    from clinic.facilities.models import Facility
    from clinic.scheduling.models import Service
    from clinic.scheduling.queries.availability import first_free, free_slots

    with app.app_context():
        facility_id, service_id, token = _load()
        facility = db.session.get_one(Facility, facility_id)
        service = db.session.get_one(Service, service_id)
        today = clock.today(facility.zone)
        claims = db.session.scalar(text("SELECT count(*) FROM allocations"))
        sys.stdout.write(
            f"free times: {PEOPLE} practitioners, {ROOMS} rooms, {claims} claims in the tables\n"
        )
        for name, work in (
            ("free times of 5 days", lambda: free_slots(facility, service, today, today + timedelta(4))),
            ("free times of 60 days", lambda: free_slots(facility, service, today, today + timedelta(DAYS))),
            (
                "first free of each, 60 days",
                lambda: first_free(facility, service, today, today + timedelta(DAYS)),
            ),
        ):
            cpu, wall, found = _measure(work)
            sys.stdout.write(f"{name:28} {cpu:7.2f} ms CPU, {wall:7.2f} ms with Postgres, {found} found\n")
        db.session.remove()
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"], cookie["_fresh"] = token, True
    cpu, wall, size = _measure(lambda: client.get(f"/first-free?service={service_id}").data)
    sys.stdout.write(
        f"{'first free, the page':28} {cpu:7.2f} ms {cpu / base:6.1f} x hello, {wall:7.2f} ms with Postgres,"
        f" {size / 1000:.1f} KB\n"
    )


def _measure(work: Callable[[], Any]) -> tuple[float, float, int]:
    """Median milliseconds of CPU and of the clock for one call, and how much it gave."""
    given = work()
    cpu, wall = [], []
    for _round in range(ROUNDS):
        began, began_cpu = clockwork.perf_counter(), clockwork.process_time()
        work()
        wall.append((clockwork.perf_counter() - began) * 1000)
        cpu.append((clockwork.process_time() - began_cpu) * 1000)
    return statistics.median(cpu), statistics.median(wall), len(given)


def _load() -> tuple[int, int, str]:
    """A facility whose people have twenty half hours a day taken; ids of facility and service, a session."""
    from clinic.accounts.models import SessionKind
    from clinic.accounts.service.open_sessions import start_session
    from clinic.scheduling.models import WorkingHours
    from clinic.scheduling.service import arrange
    from tests.factories import FacilityFactory, PractitionerFactory, ServiceFactory, UserFactory, grant

    facility = FacilityFactory(name="Busy house", zone="Asia/Kolkata")
    service = ServiceFactory(facility_id=facility.id, minutes=30, room_kind="busy")
    people = []
    for number in range(PEOPLE):
        practitioner = PractitionerFactory(name=f"Dr Busy {number}")
        resource = arrange.add_practitioner(practitioner, facility.id)
        db.session.add_all(
            WorkingHours(
                resource_id=resource.id,
                weekday=weekday,
                starts=time(8),
                ends=time(19),
                valid_from=date(2020, 1, 1),
            )
            for weekday in range(7)
        )
        people.append(practitioner.id)
    for number in range(ROOMS):
        arrange.add_room(SYSTEM, facility, name=f"Busy {number}", room_kind="busy")
    receptionist = grant(UserFactory(), Role.RECEPTIONIST, facility=facility)
    token, _row = start_session(receptionist, SessionKind.STAFF, origin="127.0.0.1", agent="bench")
    db.session.flush()
    db.session.execute(
        text(
            "WITH held AS (INSERT INTO holds (kind, purpose, expires_at, created_at)"
            " VALUES ('undo', 'bench', now() + interval '1 year', now()) RETURNING id)"
            " INSERT INTO allocations (facility_id, unit_id, hold_id, during, active)"
            " SELECT :facility, u.id, held.id, tstzrange(start, start + interval '30 minutes'), true"
            " FROM held, resources r JOIN resource_units u ON u.resource_id = r.id,"
            " generate_series(0, :days - 1) day, generate_series(0, 21) place,"
            " LATERAL (SELECT (CAST(:day AS date) + day::int + time '02:30' + place * interval '30 minutes')"
            "  AT TIME ZONE 'UTC' AS start) at"
            " WHERE r.facility_id = :facility AND (r.id * 7 + day * 13 + place * 5) % 3 < 2"
        ),
        {"facility": facility.id, "days": DAYS, "day": clock.today(facility.zone)},
    )
    db.session.commit()
    db.session.execute(text("ANALYZE"))
    db.session.commit()
    return facility.id, service.id, token
