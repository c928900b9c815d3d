"""Who cares for a patient: assigned, ended, taken back, and over by itself after a while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from clinic.audit.models import AuditEvent
from clinic.core import clock
from clinic.core.access import Role
from clinic.core.db import db
from clinic.facilities.models import Facility
from clinic.patients.models import CareRelationship, Patient
from clinic.practitioners.models import Practitioner
from clinic.scheduling.service.stale_care import end_stale_care
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    UserFactory,
    appointment,
    grant,
    practitioner_at,
)

SignIn = Callable[..., FlaskClient]


@dataclass(frozen=True, kw_only=True)
class Ward:
    """A clinic where practitioners see only whom they care for, and a patient in one's care by a booking."""

    patient: Patient
    vaidya: Practitioner
    colleague: Practitioner
    as_vaidya: FlaskClient
    as_colleague: FlaskClient
    as_manager: FlaskClient
    address: str

    def care(self) -> list[CareRelationship]:
        """All rows of the patient as they stand, the first first."""
        db.session.expire_all()
        rows = select(CareRelationship).where(CareRelationship.patient_id == self.patient.id)
        return list(db.session.scalars(rows.order_by(CareRelationship.id)))


@pytest.fixture
def ward(session: Session, facility: Facility, sign_in: SignIn) -> Ward:
    facility.whole_facility_in_care = False
    users = [UserFactory(name=name) for name in ("Vaidehi", "Arjun")]
    vaidya, colleague = (
        practitioner_at(facility, grant(user, Role.PRACTITIONER, facility=facility), name=f"Dr {user.name}")
        for user in users
    )
    manager = grant(UserFactory(name="Manager"), Role.FACILITY_ADMIN, facility=facility)
    patient = PatientFactory(facility_id=facility.id)
    session.add(CareRelationship(patient_id=patient.id, practitioner_id=vaidya.id, source="booking"))
    session.commit()
    return Ward(
        patient=patient,
        vaidya=vaidya,
        colleague=colleague,
        as_vaidya=sign_in(users[0]),
        as_colleague=sign_in(users[1]),
        as_manager=sign_in(manager),
        address=f"/patients/{patient.id}/care",
    )


def actions() -> list[str]:
    wanted = select(AuditEvent.action).where(AuditEvent.action.like("care.%")).order_by(AuditEvent.id)
    return list(db.session.scalars(wanted))


def test_assigning_opens_the_record_to_a_colleague_and_ending_closes_it(ward: Ward) -> None:
    record = f"/patients/{ward.patient.id}"
    assert ward.as_colleague.get(record).status_code == 404
    answer = ward.as_vaidya.post(ward.address, data={"practitioner": ward.colleague.id})
    assert answer.status_code == 303
    assert ward.as_colleague.get(record).status_code == 200
    page = ward.as_vaidya.get(ward.address).text
    assert "assigned by Vaidehi" in page
    assert "by a booking" in page
    row = ward.care()[-1]
    ward.as_manager.post(f"{ward.address}/{row.id}/end")
    assert ward.as_colleague.get(record).status_code == 404
    assert "ended by Manager" in ward.as_manager.get(ward.address).text
    assert actions() == ["care.assigned", "care.ended"]


def test_the_same_practitioner_twice_is_a_conflict_beside_the_field(ward: Ward) -> None:
    answer = ward.as_manager.post(ward.address, data={"practitioner": ward.vaidya.id})
    assert answer.status_code == 409
    assert "Dr Vaidehi cares for the patient already." in answer.text
    assert len(ward.care()) == 1
    assert actions() == []


@pytest.mark.parametrize("chosen", ["", "x", "0", str(2**62), "-1"])
def test_whoever_is_no_practitioner_of_the_clinic_cannot_be_chosen(ward: Ward, chosen: str) -> None:
    answer = ward.as_manager.post(ward.address, data={"practitioner": chosen})
    assert answer.status_code == 422
    assert "Choose a practitioner of this clinic." in answer.text


def test_practitioners_of_another_clinic_cannot_be_put_in_care(ward: Ward) -> None:
    stranger = practitioner_at(FacilityFactory())
    db.session.commit()
    assert ward.as_manager.post(ward.address, data={"practitioner": stranger.id}).status_code == 422


def test_ending_can_be_taken_back_while_it_is_fresh(ward: Ward) -> None:
    row = ward.care()[0]
    ward.as_manager.post(f"{ward.address}/{row.id}/end")
    page = ward.as_manager.get(ward.address).text
    assert f"{ward.address}/{row.id}/undo" in page
    assert ward.as_manager.post(f"{ward.address}/{row.id}/undo").status_code == 303
    again = ward.care()[0]
    assert (again.ended_at, again.ended_by, again.source) == (None, None, "booking")
    ward.as_manager.post(f"{ward.address}/{row.id}/end")
    long_ago = clock.now() - timedelta(hours=1)
    db.session.execute(update(CareRelationship).values(ended_at=long_ago))
    db.session.commit()
    page = ward.as_manager.post(f"{ward.address}/{row.id}/undo", follow_redirects=True).text
    assert "too long ago" in page
    assert ward.care()[0].ended_at is not None
    assert actions() == ["care.ended", "care.resumed", "care.ended"]


def test_whoever_ends_their_own_care_is_led_away_from_what_they_no_longer_see(ward: Ward) -> None:
    answer = ward.as_vaidya.post(f"{ward.address}/{ward.care()[0].id}/end")
    assert answer.location == "/patients"
    assert ward.as_vaidya.get(ward.address).status_code == 404


def test_front_desk_reads_the_care_team_and_changes_nothing(ward: Ward, at_desk: FlaskClient) -> None:
    page = at_desk.get(ward.address).text
    assert "Dr Vaidehi" in page
    assert "Assign" not in page
    assert "/end" not in page
    assert at_desk.post(ward.address, data={"practitioner": ward.colleague.id}).status_code == 403
    assert at_desk.post(f"{ward.address}/{ward.care()[0].id}/end").status_code == 403


def test_an_outsider_meets_no_care_team_and_no_rows(ward: Ward, sign_in: SignIn) -> None:
    elsewhere = FacilityFactory()
    outsider = sign_in(grant(UserFactory(), Role.FACILITY_ADMIN, facility=elsewhere))
    db.session.commit()
    row = ward.care()[0]
    for client in (outsider, ward.as_colleague):
        assert client.get(ward.address).status_code == 404
        assert client.post(ward.address, data={"practitioner": ward.colleague.id}).status_code == 404
        for step in ("end", "undo"):
            assert client.post(f"{ward.address}/{row.id}/{step}").status_code == 404
    theirs = PatientFactory(facility_id=ward.patient.facility_id)
    db.session.commit()
    assert ward.as_manager.post(f"/patients/{theirs.id}/care/{row.id}/end").status_code == 404
    assert ward.care()[0].ended_at is None


def test_care_by_booking_ends_by_itself_and_other_care_does_not(ward: Ward, facility: Facility) -> None:
    facility.care_months = 6
    long_ago, lately = clock.now() - timedelta(days=400), clock.now() - timedelta(days=100)
    db.session.execute(update(CareRelationship).values(created_at=long_ago))
    people = [PatientFactory(facility_id=facility.id) for _ in range(4)]
    seen, coming, assigned, fresh = people
    for one in people:
        since = lately if one is fresh else long_ago
        source = "assignment" if one is assigned else "booking"
        db.session.add(
            CareRelationship(
                patient_id=one.id, practitioner_id=ward.vaidya.id, source=source, created_at=since
            )
        )
    appointment(seen, ward.vaidya, lately, status="completed")
    appointment(coming, ward.vaidya, clock.now() + timedelta(days=20))
    appointment(ward.patient, ward.vaidya, lately + timedelta(hours=3), status="cancelled")
    appointment(ward.patient, ward.colleague, lately + timedelta(hours=5), status="completed")
    db.session.commit()
    assert end_stale_care() == 1
    assert end_stale_care() == 0
    assert ward.care()[0].ended_at is not None
    ended = select(CareRelationship.patient_id).where(CareRelationship.ended_at.is_not(None))
    assert list(db.session.scalars(ended)) == [ward.patient.id]
    assert "ended by itself" in ward.as_manager.get(ward.address).text
    assert actions() == ["care.ended"]
