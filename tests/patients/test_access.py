"""Who may see and change a patient, each time with somebody who may not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from clinic.accounts.models import SessionKind
from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.core.errors import Forbidden, NotFound
from clinic.core.paging import PageRequest
from clinic.facilities.models import Facility
from clinic.patients import policy
from clinic.patients.details import PatientDetails
from clinic.patients.models import Patient
from clinic.patients.queries import get_patient, patients_of_login, search_patients
from clinic.patients.service import begin_care, mark_deceased, send_intake_link, update
from tests.factories import FacilityFactory, UserFactory, actor_of, grant, household_login, practitioner_at

PAGES = ("", "/edit", "/intake", "/details", "/messages")


@pytest.fixture
def elsewhere(facility: Facility) -> Facility:
    return FacilityFactory(name="Elsewhere", short_name="Else")


@pytest.mark.parametrize("page", PAGES)
def test_receptionist_elsewhere_gets_what_an_unknown_id_gets(
    elsewhere: Facility, registered: Callable[..., Patient], sign_in: Callable[..., FlaskClient], page: str
) -> None:
    patient = registered()
    outsider = sign_in(grant(UserFactory(), Role.RECEPTIONIST, facility=elsewhere))
    theirs, none = (outsider.get(f"/patients/{number}{page}") for number in (patient.id, patient.id + 999))
    assert theirs.status_code == none.status_code == 404
    assert "Meenakshi" not in theirs.text


def test_receptionist_elsewhere_finds_nobody(elsewhere: Facility, registered: Callable[..., Patient]) -> None:
    registered()
    outsider = actor_of(UserFactory(), Role.RECEPTIONIST, facility=elsewhere)
    assert search_patients(outsider, "meenakshi", PageRequest()).items == []
    assert search_patients(outsider, "11723", PageRequest()).items == []


@pytest.mark.parametrize("page", PAGES)
def test_administrator_and_patients_have_no_patient_pages(
    registered: Callable[..., Patient], sign_in: Callable[..., FlaskClient], page: str
) -> None:
    patient = registered()
    admin = sign_in(grant(UserFactory(), Role.ADMIN))
    own = sign_in(household_login(patient, mobile="+919999900000"), SessionKind.PATIENT)
    for client in (admin, own):
        assert client.get(f"/patients/{patient.id}{page}").status_code == 403


def test_nobody_signed_in_is_sent_to_sign_in(client: FlaskClient, registered: Callable[..., Patient]) -> None:
    patient = registered()
    answer = client.get(f"/patients/{patient.id}")
    assert answer.status_code == 303
    assert "/sign-in" in answer.location
    assert client.post(f"/patients/{patient.id}/intake-link").status_code == 401


def test_somebody_not_signed_in_sees_nobody(registered: Callable[..., Patient]) -> None:
    patient = registered()
    assert policy.can_view(Actor(user_id=None, name=""), patient) is False


def test_practitioner_sees_the_whole_facility_where_it_says_so(
    facility: Facility, registered: Callable[..., Patient]
) -> None:
    patient = registered()
    practitioner = actor_of(UserFactory(), Role.PRACTITIONER, facility=facility)
    assert get_patient(practitioner, patient.id) is patient
    facility.whole_facility_in_care = False
    db.session.flush()
    with pytest.raises(NotFound):
        get_patient(practitioner, patient.id)


@pytest.mark.parametrize("role", [Role.PRACTITIONER, Role.THERAPIST])
def test_patients_in_care_are_seen_and_no_others(
    facility: Facility, registered: Callable[..., Patient], role: Role
) -> None:
    facility.whole_facility_in_care = False
    user = UserFactory()
    practitioner = practitioner_at(facility, user)
    actor = actor_of(user, role, facility=facility)
    mine, other = registered("Mine Iyer"), registered("Other Iyer")
    begin_care(patient_id=mine.id, practitioner_id=practitioner.id, source="booking")
    assert [row.name for row in search_patients(actor, "iyer", PageRequest()).items] == ["Mine Iyer"]
    with pytest.raises(NotFound):
        get_patient(actor, other.id)


def test_household_sees_its_own_and_no_other(registered: Callable[..., Patient]) -> None:
    mother, child, stranger = (
        registered("Meena Iyer"),
        registered("Ravi Iyer"),
        registered("Other", "9731099999"),
    )
    login = household_login(mother, child, mobile="+919999900000")
    actor = actor_of(login, Role.PATIENT)
    assert patients_of_login(login.id) == [mother, child]
    assert policy.can_edit(actor, child)
    with pytest.raises(NotFound):
        get_patient(actor, stranger.id)


def test_household_cannot_move_its_record_to_another_mobile(registered: Callable[..., Patient]) -> None:
    patient = registered()
    actor = actor_of(household_login(patient, mobile="+919999900000"), Role.PATIENT)
    details = PatientDetails(name=patient.name, mobile="97310 99999")
    with pytest.raises(Forbidden):
        update(actor, patient.id, details, expected_version=patient.version)


def test_somebody_who_died_cannot_be_booked_or_written_to(
    desk: Actor, registered: Callable[..., Patient]
) -> None:
    patient = registered()
    assert policy.can_book_for(desk, patient)
    mark_deceased(desk, patient.id)
    assert not policy.can_book_for(desk, patient)
    with pytest.raises(Exception, match="has died"):
        send_intake_link(desk, patient.id)


def test_notes_tab_is_for_clinical_roles(
    at_desk: FlaskClient,
    facility: Facility,
    registered: Callable[..., Patient],
    sign_in: Callable[..., FlaskClient],
) -> None:
    patient = registered()
    assert at_desk.get(f"/patients/{patient.id}/notes").status_code == 403
    assert f"/patients/{patient.id}/notes" not in at_desk.get(f"/patients/{patient.id}").text
    user = UserFactory()
    practitioner_at(facility, user)
    vaidya = sign_in(grant(user, Role.PRACTITIONER, facility=facility))
    assert vaidya.get(f"/patients/{patient.id}/notes").status_code == 200


def test_ids_out_of_range_are_unknown_pages(at_desk: FlaskClient) -> None:
    for number in ("0", "9223372036854775807", "9223372036854775808", "-1", "abc", "9" * 60):
        assert at_desk.get(f"/patients/{number}").status_code == 404
