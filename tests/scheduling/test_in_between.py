"""Overbooking by right and with a reason, and the numbers of those who walk in."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from clinic.core.access import Role
from clinic.core.db import db
from clinic.core.errors import Forbidden
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import Appointment, Resource, ResourceUnit
from clinic.scheduling.service import OutsideRules, SlotTaken, book, move
from clinic.scheduling.service.moves import reassign
from tests.factories import PatientFactory, UserFactory, actor_of, grant, household_login
from tests.scheduling.conftest import Clinic


def extra_unit(practitioner: Practitioner) -> ResourceUnit:
    resource = db.session.scalars(select(Resource).where(Resource.practitioner_id == practitioner.id)).one()
    unit = ResourceUnit(resource_id=resource.id, number=100, overbook=True)
    db.session.add(unit)
    db.session.flush()
    return unit


def in_between(clinic: Clinic, **changes: object):  # type: ignore[no-untyped-def]
    values = {"patient_id": clinic.other.id, "overbook": True, "override_reason": "Sharp pain"}
    return clinic.booking(clinic.at(10), **(values | changes))


def test_a_taken_time_takes_one_more_with_a_reason(clinic: Clinic) -> None:
    extra_unit(clinic.vaidya)
    book(clinic.desk, clinic.booking(clinic.at(10)))
    visit = book(clinic.desk, in_between(clinic))
    assert (visit.overbooked, visit.override_reason) == (True, "Sharp pain")
    with pytest.raises(SlotTaken):
        book(clinic.desk, in_between(clinic, patient_id=PatientFactory(facility_id=clinic.facility.id).id))


def test_without_a_reason_nobody_is_put_in_between(clinic: Clinic) -> None:
    extra_unit(clinic.vaidya)
    with pytest.raises(OutsideRules, match="Say why"):
        book(clinic.desk, in_between(clinic, override_reason="  "))


def test_who_takes_nobody_in_between_is_not_overbooked(clinic: Clinic) -> None:
    with pytest.raises(OutsideRules, match="takes nobody in between"):
        book(clinic.desk, in_between(clinic))


def test_patients_and_therapists_may_not_overbook(clinic: Clinic) -> None:
    extra_unit(clinic.vaidya)
    patient = actor_of(household_login(clinic.other), Role.PATIENT)
    with pytest.raises(Forbidden):
        book(patient, in_between(clinic))
    user = grant(UserFactory(), Role.THERAPIST, facility=clinic.facility)
    with pytest.raises(Forbidden):
        book(actor_of(user, Role.THERAPIST, facility=clinic.facility), in_between(clinic))


def test_the_room_is_never_overbooked(clinic: Clinic) -> None:
    extra_unit(clinic.vaidya)
    clinic.rooms[1].active = False
    book(clinic.desk, clinic.booking(clinic.at(10)))
    with pytest.raises(SlotTaken, match="No room"):
        book(clinic.desk, in_between(clinic))


def test_only_a_practitioner_can_have_a_place_for_overbooking(clinic: Clinic) -> None:
    db.session.add(ResourceUnit(resource_id=clinic.rooms[0].id, number=100, overbook=True))
    with pytest.raises(DatabaseError, match="only a practitioner can be overbooked"):
        db.session.flush()


def test_extra_places_are_never_offered(clinic: Clinic) -> None:
    extra_unit(clinic.vaidya)
    book(clinic.desk, clinic.booking(clinic.at(10)))
    with pytest.raises(SlotTaken) as refused:
        book(clinic.desk, clinic.booking(clinic.at(10), patient_id=clinic.other.id))
    assert (clinic.vaidya.id, clinic.at(10)) not in {
        (slot.practitioner_id, slot.starts) for slot in refused.value.alternatives
    }


def test_a_visit_moved_to_a_free_time_is_no_longer_in_between(clinic: Clinic) -> None:
    extra_unit(clinic.vaidya)
    book(clinic.desk, clinic.booking(clinic.at(10)))
    visit = book(clinic.desk, in_between(clinic))
    move(clinic.desk, visit, clinic.at(11))
    assert not visit.overbooked


def test_a_visit_in_between_gets_another_room_and_stays_in_between(clinic: Clinic) -> None:
    extra_unit(clinic.vaidya)
    book(clinic.desk, clinic.booking(clinic.at(10)))
    visit = book(clinic.desk, in_between(clinic))
    reassign(clinic.desk, visit, reason="The room is being painted")
    assert (visit.overbooked, visit.override_reason) == (True, "Sharp pain")


def test_the_form_offers_a_place_in_between_where_there_is_one(clinic: Clinic, desk: FlaskClient) -> None:
    book(clinic.desk, clinic.booking(clinic.at(10)))
    db.session.commit()
    minute = int(clinic.at(10).timestamp()) // 60
    data = {
        "action": "book",
        "patient": str(clinic.other.id),
        "service": str(clinic.service.id),
        "slot": f"{clinic.vaidya.id}@{minute}",
        "from_day": "2026-11-23",
        "submission_key": "one",
    }
    assert "Book in between" not in desk.post("/appointments/new", data=data).get_data(as_text=True)
    extra_unit(clinic.vaidya)
    db.session.commit()
    refused = desk.post("/appointments/new", data=data)
    assert refused.status_code == 409
    (taken,) = re.findall(r'name="taken_slot" value="([^"]+)"', refused.get_data(as_text=True))
    again = data | {"action": "overbook", "taken_slot": taken, "overbook_reason": ""}
    said = desk.post("/appointments/new", data=again)
    assert said.status_code == 422
    assert "Say why" in said.get_data(as_text=True)
    assert desk.post("/appointments/new", data=again | {"overbook_reason": "Fever"}).status_code == 303
    assert db.session.scalars(select(Appointment).where(Appointment.overbooked)).one().starts == clinic.at(10)


def test_tokens_count_up_and_begin_anew_each_day(
    clinic: Clinic, sign_in: Callable[..., FlaskClient], morning: time_machine.Coordinates
) -> None:
    tokens = []
    for hour, days in ((10, 0), (11, 0), (10, 1)):
        morning.move_to(clinic.at(hour, days=days))
        patient = PatientFactory(facility_id=clinic.facility.id)
        visit = book(
            clinic.desk, clinic.booking(clinic.at(hour, days=days), patient_id=patient.id, via="walk_in")
        )
        tokens.append(visit.token)
    assert tokens == [1, 2, 1]


def test_a_token_is_given_once_a_day(clinic: Clinic) -> None:
    for patient in (clinic.patient, clinic.other):
        person = clinic.vaidya if patient is clinic.patient else clinic.colleague
        book(
            clinic.desk,
            clinic.booking(clinic.at(10), patient_id=patient.id, practitioner_id=person.id, via="walk_in"),
        )
    with pytest.raises(DatabaseError, match="uq_appointments_token"):
        db.session.execute(text("UPDATE appointments SET token = 1"))
