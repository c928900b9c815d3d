"""A large house's day: sixty practitioners and two thousand visits, in all the views of the calendar."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable
from datetime import date, time
from typing import Any

from sqlalchemy import text

from clinic.core.access import Role
from clinic.core.db import db

PEOPLE, VISITS, PATIENTS = 60, 2_000, 3_000
Measure = Callable[[Callable[[], Any], int], float]
"""``cpu_of``: milliseconds of one call, over so many."""


def load_large(day: date) -> str:
    """A facility with ``PEOPLE`` practitioners and ``VISITS`` visits on the day; a receptionist's session."""
    from clinic.accounts.models import SessionKind
    from clinic.accounts.service.open_sessions import start_session
    from clinic.scheduling.models import WorkingHours
    from clinic.scheduling.service import arrange
    from tests.factories import FacilityFactory, PractitionerFactory, ServiceFactory, UserFactory, grant

    facility = FacilityFactory(name="Large house", zone="Asia/Kolkata")
    services = [ServiceFactory(facility_id=facility.id, minutes=15, hue=hue) for hue in range(1, 9)]
    people = []
    for number in range(PEOPLE):
        practitioner = PractitionerFactory(name=f"Dr Practitioner {number}")
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
    receptionist = grant(UserFactory(name="Asha Raghunath"), Role.RECEPTIONIST, facility=facility)
    token, _row = start_session(receptionist, SessionKind.STAFF, origin="127.0.0.1", agent="bench")
    db.session.commit()
    _fill(facility.id, [service.id for service in services], people, day)
    return token


def _fill(facility_id: int, services: list[int], people: list[int], day: date) -> None:
    """A quarter of an hour for every visit, with five minutes after it."""
    values = {
        "facility": facility_id,
        "services": services,
        "people": people,
        "day": day,
        "visits": VISITS,
        "patients": PATIENTS,
    }
    db.session.execute(
        text(
            "INSERT INTO patients (group_id, created_at, mrn, facility_id, name, search_name, sex, mobile,"
            " locale, country, allergy_status, deceased, version)"
            " SELECT 1, now(), 'L-' || n, :facility, 'Lakshmi Subramaniam ' || n,"
            " 'lakshmi subramaniam ' || n, 'female', '+9197' || lpad(n::text, 8, '0'), 'en', 'IN',"
            " 'not_asked', false, 1 FROM generate_series(1, :patients) n"
        ),
        values,
    )
    db.session.execute(
        text(
            "WITH places AS (SELECT n, (:people)[1 + n % cardinality(CAST(:people AS int[]))] AS person,"
            " (:services)[1 + n % 8] AS service,"
            " (CAST(:day AS date) + time '02:30'"
            " + (n / cardinality(CAST(:people AS int[]))) * interval '20 minutes')"
            " AT TIME ZONE 'UTC' AS start"
            " FROM generate_series(0, :visits - 1) n), made AS ("
            "INSERT INTO appointments (group_id, created_at, reference, facility_id, patient_id,"
            " practitioner_id, service_id, during, status, mode, created_via, version)"
            " SELECT 1, now(), 'L' || lpad(n::text, 9, '0'), :facility,"
            " (SELECT min(id) FROM patients WHERE mrn LIKE 'L-%') + n, person, service,"
            " tstzrange(start, start + interval '15 minutes'), 'confirmed', 'in_person', 'desk', 1"
            " FROM places RETURNING id, practitioner_id, during)"
            " INSERT INTO allocations (facility_id, unit_id, appointment_id, during, active)"
            " SELECT :facility, u.id, made.id,"
            " tstzrange(lower(made.during), upper(made.during) + interval '5 minutes'), true FROM made"
            " JOIN resources r ON r.practitioner_id = made.practitioner_id"
            " JOIN resource_units u ON u.resource_id = r.id AND u.number = 0"
        ),
        values,
    )
    db.session.commit()
    db.session.execute(text("ANALYZE"))
    db.session.commit()


def print_large(app: Any, day: date, base: float, *, cpu_of: Measure, requests: int) -> None:
    """Measure the views of the large house beside an empty page that takes ``base`` ms."""
    with app.app_context():
        token = load_large(day)
        db.session.remove()
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"], cookie["_fresh"] = token, True
    sys.stdout.write(f"{PEOPLE} practitioners, {VISITS} visits on one day\n")
    timer = {"HX-Request": "true", "Sutra-Refresh": "timer"}
    for name, view, headers in (
        ("large day", "day", {}),
        ("large day, its own refresh", "day", timer),
        ("large day by room", "day&by=room", {}),
        ("large week of one", "week", {}),
        ("large month", "month", {}),
        ("large list", "list", {}),
    ):
        address = f"/calendar?day={day.isoformat()}&view={view}"

        def ask(address: str = address, headers: dict[str, str] = headers) -> Any:
            return client.get(address, headers=headers)

        page = ask().data
        took = cpu_of(ask, max(3, requests // 4))
        sys.stdout.write(
            f"{name:28} {took:7.2f} ms {took / base:6.1f} x hello  {len(page) / 1000:6.1f} KB,"
            f" {len(gzip.compress(page)) / 1000:5.1f} KB sent\n"
        )
