from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from clinic.audit import service as audit
from clinic.audit.models import AuditEvent
from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.core.db import unit_of_work
from clinic.core.errors import Invalid
from tests.factories import FacilityFactory, UserFactory, grant


@pytest.fixture
def actor(session: Session) -> Actor:
    user = UserFactory()
    return Actor(
        user_id=user.id,
        name=user.name,
        roles=frozenset({Role.RECEPTIONIST}),
        session_id=41,
        origin="10.0.0.7",
        request_id="request-12345678",
    )


def test_row_says_who_what_whose_when_and_from_where(session: Session, actor: Actor) -> None:
    with unit_of_work():
        audit.record(
            actor,
            "patient.created",
            subject_type="patient",
            subject_id=9,
            patient_id=9,
            detail={"via": "desk"},
        )
    row = session.query(AuditEvent).filter_by(action="patient.created").one()
    assert (row.actor_id, row.actor_name, row.session_id) == (actor.user_id, actor.name, 41)
    assert (row.subject_type, row.subject_id, row.patient_id) == ("patient", 9, 9)
    assert (row.origin, row.request_id, row.outcome) == ("10.0.0.7", "request-12345678", "done")
    assert row.at is not None


def test_row_falls_with_the_change_it_tells_about(session: Session, actor: Actor) -> None:
    def change() -> None:
        with unit_of_work():
            audit.record(actor, "patient.created", subject_type="patient", subject_id=10)
            session.flush()
            raise Invalid("no")

    with pytest.raises(Invalid):
        change()
    assert session.query(AuditEvent).filter_by(subject_id=10).count() == 0


def test_reading_is_kept_at_once_and_what_was_loaded_stays_loaded(
    session: Session, actor: Actor, count_statements: pytest.FixtureRequest
) -> None:
    facility = FacilityFactory(name="Indiranagar")
    session.commit()
    assert facility.name == "Indiranagar"
    audit.read(actor, "patient.viewed", subject_type="patient", subject_id=11, patient_id=11)
    count_statements()  # type: ignore[operator]
    assert facility.name == "Indiranagar"
    assert count_statements() == [], "what the page shows is not fetched again"  # type: ignore[operator]
    session.rollback()
    assert session.query(AuditEvent).filter_by(subject_id=11).count() == 1


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_events SET actor_name = 'nobody'", "DELETE FROM audit_events", "TRUNCATE audit_events"],
)
def test_rows_can_neither_be_changed_nor_removed(session: Session, actor: Actor, statement: str) -> None:
    with unit_of_work():
        audit.record(actor, "patient.created", subject_type="patient", subject_id=12)
    with pytest.raises(DBAPIError), session.begin_nested():
        session.execute(text(statement))
    assert session.query(AuditEvent).filter_by(subject_id=12).count() == 1


def test_administrators_read_it_by_person_and_page(
    session: Session, actor: Actor, sign_in: Callable[..., FlaskClient]
) -> None:
    FacilityFactory()
    with unit_of_work():
        audit.record(actor, "patient.viewed", subject_type="patient", subject_id=4711)
    admin = sign_in(grant(UserFactory(), Role.ADMIN))
    assert ">4711<" in admin.get("/audit").get_data(as_text=True)
    assert ">4711<" in admin.get(f"/audit?by={actor.user_id}").get_data(as_text=True)
    assert ">4711<" not in admin.get("/audit?by=999999").get_data(as_text=True)
    for query in ("page=-1", "page=1e9", "by=x", "by=-1", "by=" + "9" * 40):
        assert admin.get(f"/audit?{query}").status_code == 200
    assert session.query(AuditEvent).filter_by(action="audit.listed").count() > 0
    desk = sign_in(grant(UserFactory(), Role.FACILITY_ADMIN))
    assert desk.get("/audit").status_code == 403


def test_the_first_administrator_reads_audit_people_and_account_before_there_is_a_clinic(
    actor: Actor, sign_in: Callable[..., FlaskClient]
) -> None:
    with unit_of_work():
        audit.record(actor, "patient.viewed", subject_type="patient", subject_id=4711)
    first = grant(UserFactory(last_sign_in_at=clock.now()), Role.ADMIN)
    sign_in(first)
    admin = sign_in(first)
    for path in ("/audit", "/people", f"/people/{first.id}", "/account"):
        assert admin.get(path).status_code == 200, path
