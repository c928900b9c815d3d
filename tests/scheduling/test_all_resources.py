"""A visit that needs a lead, a room, therapists and equipment gets them all, or says what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import combinations

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from clinic.core import clock
from clinic.core.access import SYSTEM
from clinic.core.db import db
from clinic.practitioners.models import Practitioner
from clinic.scheduling import queries
from clinic.scheduling.models import (
    Allocation,
    Hold,
    Resource,
    ResourceUnit,
    Service,
    TimeOff,
    WorkingHours,
)
from clinic.scheduling.service import (
    OutsideRules,
    SlotTaken,
    book,
    cancel,
    claims,
    move,
    take_back,
    undo_move,
)
from clinic.scheduling.service.lifecycle import undo_purpose
from tests.factories import FacilityFactory, PatientFactory, PractitionerFactory, ServiceFactory
from tests.scheduling.conftest import DAY, Clinic

FIVE = timedelta(minutes=5)


def thing(facility_id: int, kind: str, name: str, *, units: int = 1, **values: object) -> Resource:
    """A resource with its units, put straight into the tables."""
    resource = Resource(facility_id=facility_id, kind=kind, name=name, **values)
    db.session.add(resource)
    db.session.flush()
    db.session.add_all(ResourceUnit(resource_id=resource.id, number=n) for n in range(units))
    db.session.flush()
    return resource


def hours(resource: Resource, starts: time = time(9), ends: time = time(17)) -> None:
    db.session.add_all(
        WorkingHours(
            resource_id=resource.id, weekday=day, starts=starts, ends=ends, valid_from=date(2020, 1, 1)
        )
        for day in range(7)
    )
    db.session.flush()


def therapist(facility_id: int, name: str, sex: str | None = None) -> Practitioner:
    person = PractitionerFactory(name=name, sex=sex)
    hours(thing(facility_id, "therapist", name, practitioner_id=person.id))
    return person


@dataclass
class Spa:
    """A therapy by one therapist with another beside, in a dhara room, with a steam box."""

    service: Service
    therapists: list[Practitioner]
    room: Resource
    box: Resource


@pytest.fixture
def spa(clinic: Clinic) -> Spa:
    here = clinic.facility.id
    return Spa(
        service=ServiceFactory(
            facility_id=here, minutes=60, room_kind="dhara", therapists=1, equipment=["steam box"]
        ),
        therapists=[therapist(here, name) for name in ("Sunita", "Lata", "Ramesh")],
        room=thing(here, "room", "Dhara 1", units=2, room_kind="dhara"),
        box=thing(here, "equipment", "Box", units=2, equipment_kind="steam box"),
    )


def resources_of(visit_id: int) -> list[str]:
    rows = db.session.scalars(
        select(Resource.name)
        .join(ResourceUnit, ResourceUnit.resource_id == Resource.id)
        .join(Allocation, Allocation.unit_id == ResourceUnit.id)
        .where(Allocation.appointment_id == visit_id, Allocation.active)
    )
    return sorted(rows)


def booking(clinic: Clinic, spa: Spa, starts: datetime, lead: int = 0, **changes: object):  # type: ignore[no-untyped-def]
    return clinic.booking(
        starts, service_id=spa.service.id, practitioner_id=spa.therapists[lead].id, **changes
    )


def test_a_visit_claims_everything_it_needs(clinic: Clinic, spa: Spa) -> None:
    visit = book(clinic.desk, booking(clinic, spa, clinic.at(10)))
    assert resources_of(visit.id) == ["Box", "Dhara 1", "Lata", "Sunita"]


def test_too_few_therapists_are_named_as_what_is_missing(clinic: Clinic, spa: Spa) -> None:
    book(clinic.desk, booking(clinic, spa, clinic.at(10)))
    with pytest.raises(SlotTaken, match="Not enough therapists") as refused:
        book(clinic.desk, booking(clinic, spa, clinic.at(10), 2, patient_id=clinic.other.id))
    first = refused.value.alternatives[0]
    assert book(
        clinic.desk,
        clinic.booking(
            first.starts,
            service_id=spa.service.id,
            practitioner_id=first.practitioner_id,
            patient_id=clinic.other.id,
        ),
    )


@pytest.mark.parametrize(
    ("gone", "missing"), [("room", "No room"), ("box", "steam box is in use")], ids=["room", "equipment"]
)
def test_what_is_away_is_named_as_missing(clinic: Clinic, spa: Spa, gone: str, missing: str) -> None:
    away = Range(clinic.at(9), clinic.at(12))
    db.session.add(TimeOff(resource_id=getattr(spa, gone).id, during=away, reason="Repair"))
    db.session.flush()
    with pytest.raises(SlotTaken, match=missing):
        book(clinic.desk, booking(clinic, spa, clinic.at(10)))
    assert queries.free_slots(clinic.facility, spa.service, DAY, DAY)[0].starts == clinic.at(12)


def test_a_move_takes_other_therapists_along_and_undo_brings_the_first_back(clinic: Clinic, spa: Spa) -> None:
    visit = book(clinic.desk, booking(clinic, spa, clinic.at(10)))
    move(clinic.desk, visit, clinic.at(14), spa.therapists[1].id)
    assert resources_of(visit.id) == ["Box", "Dhara 1", "Lata", "Sunita"]
    undo_move(clinic.desk, visit)
    assert (visit.starts, visit.practitioner_id) == (clinic.at(10), spa.therapists[0].id)
    assert resources_of(visit.id) == ["Box", "Dhara 1", "Lata", "Sunita"]


def test_what_was_cancelled_comes_back_with_all_it_had(clinic: Clinic, spa: Spa) -> None:
    visit = book(clinic.desk, booking(clinic, spa, clinic.at(10)))
    cancel(clinic.desk, visit, "ill")
    claims.end_hold(undo_purpose(visit))
    assert resources_of(visit.id) == []
    take_back(clinic.desk, visit, "by mistake")
    assert resources_of(visit.id) == ["Box", "Dhara 1", "Lata", "Sunita"]


def test_a_service_for_the_same_sex_is_given_by_nobody_else(clinic: Clinic, spa: Spa) -> None:
    spa.service.same_sex, spa.service.therapists = True, 0
    for person, sex in zip(spa.therapists, ("female", "male", None), strict=True):
        person.sex = sex
    clinic.patient.sex = "female"
    db.session.flush()
    slots = queries.free_slots(clinic.facility, spa.service, DAY, DAY, patient_id=clinic.patient.id)
    names = {slot.practitioner_name for slot in slots}
    assert {"Sunita", "Ramesh"} <= names
    assert "Lata" not in names
    with pytest.raises(OutsideRules, match="patient's sex"):
        book(clinic.desk, booking(clinic, spa, clinic.at(10), 1))


def test_online_nothing_but_the_practitioner_is_taken(clinic: Clinic, spa: Spa) -> None:
    spa.service.therapists = 0
    db.session.flush()
    visit = book(clinic.desk, booking(clinic, spa, clinic.at(10), mode="online"))
    assert resources_of(visit.id) == ["Sunita"]


@pytest.mark.parametrize(("setting", "mode"), [("online", "online"), ("in_person", "in_person")])
def test_a_service_is_attended_only_as_it_is_offered(clinic: Clinic, setting: str, mode: str) -> None:
    setattr(clinic.service, setting, False)
    db.session.flush()
    with pytest.raises(OutsideRules, match="online"):
        book(clinic.desk, clinic.booking(clinic.at(10), mode=mode))


def the_clinic(clinic: Clinic) -> Resource:
    return thing(clinic.facility.id, "facility", "The clinic", units=0)


def test_nothing_is_booked_while_the_clinic_is_closed_unless_with_a_reason(clinic: Clinic) -> None:
    day = Range(*clock.day_bounds(DAY, clinic.facility.zone))
    db.session.add(TimeOff(resource_id=the_clinic(clinic).id, during=day, reason="Diwali"))
    db.session.flush()
    assert queries.free_slots(clinic.facility, clinic.service, DAY, DAY) == []
    with pytest.raises(OutsideRules, match="closed then: Diwali"):
        book(clinic.desk, clinic.booking(clinic.at(10)))
    assert book(clinic.desk, clinic.booking(clinic.at(10), override_reason="emergency")).override_reason


def test_opening_hours_bound_everybodys_hours(clinic: Clinic) -> None:
    hours(the_clinic(clinic), time(10), time(12))
    starts = [slot.starts for slot in queries.free_slots(clinic.facility, clinic.service, DAY, DAY)]
    assert (min(starts), max(starts)) == (clinic.at(10), clinic.at(11, 30))
    with pytest.raises(OutsideRules, match="not open"):
        book(clinic.desk, clinic.booking(clinic.at(9)))


def test_a_room_with_hours_of_its_own_is_there_only_then(clinic: Clinic, spa: Spa) -> None:
    hours(spa.room, time(15), time(17))
    assert queries.free_slots(clinic.facility, spa.service, DAY, DAY)[0].starts == clinic.at(15)
    with pytest.raises(SlotTaken, match="No room"):
        book(clinic.desk, booking(clinic, spa, clinic.at(10)))


def test_an_extra_day_can_be_booked_once(clinic: Clinic) -> None:
    resource = db.session.scalars(select(Resource).where(Resource.practitioner_id == clinic.vaidya.id)).one()
    db.session.add(
        WorkingHours(
            resource_id=resource.id,
            weekday=DAY.weekday(),
            starts=time(18),
            ends=time(20),
            valid_from=DAY,
            valid_until=DAY + timedelta(days=1),
            once=True,
        )
    )
    db.session.flush()
    assert book(clinic.desk, clinic.booking(clinic.at(18)))
    with pytest.raises(OutsideRules, match="does not work"):
        book(clinic.desk, clinic.booking(clinic.at(18, days=7)))


cells = st.integers(0, 23)
claim = st.tuples(st.integers(0, 8), cells, st.integers(1, 8))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    taken=st.lists(claim, max_size=9),
    offs=st.lists(claim, max_size=3),
    therapists=st.integers(0, 2),
    pieces=st.integers(0, 2),
    buffers=st.tuples(st.sampled_from([0, 10]), st.sampled_from([0, 15])),
    zone=st.sampled_from(["Asia/Kolkata", "Europe/London"]),
)
def test_all_resources_together_are_free_exactly_where_one_by_one_they_are(
    clinic: Clinic,
    taken: list[tuple[int, int, int]],
    offs: list[tuple[int, int, int]],
    therapists: int,
    pieces: int,
    buffers: tuple[int, int],
    zone: str,
) -> None:
    before, after = (timedelta(minutes=minutes) for minutes in buffers)
    nested = db.session.begin_nested()
    try:
        facility = FacilityFactory(zone=zone)
        service = ServiceFactory(
            facility_id=facility.id,
            minutes=15,
            room_kind="dhara",
            therapists=therapists,
            equipment=["stand"] * pieces,
            buffer_before=buffers[0],
            buffer_after=buffers[1],
        )
        for name in "ABC":
            therapist(facility.id, name)
        places = [
            *db.session.scalars(
                select(Resource).where(Resource.facility_id == facility.id).order_by(Resource.id)
            ),
            thing(facility.id, "room", "R", units=2, room_kind="dhara"),
            thing(facility.id, "equipment", "S", units=2, equipment_kind="stand"),
        ]
        units = list(
            db.session.scalars(
                select(ResourceUnit)
                .where(ResourceUnit.resource_id.in_([place.id for place in places]))
                .order_by(ResourceUnit.id)
            )
        )
        day = date(2027, 3, 28)
        nine = clock.at(day, time(9), zone)
        busy: dict[int, list[tuple[datetime, datetime]]] = {unit.id: [] for unit in units}
        hold = Hold(purpose="test", expires_at=clock.now() + timedelta(days=800))
        db.session.add(hold)
        db.session.flush()
        for which, at, lasts in taken:
            unit = units[which % len(units)]
            span = (nine + at * FIVE, nine + (at + lasts) * FIVE)
            if any(span[0] < ends and starts < span[1] for starts, ends in busy[unit.id]):
                continue
            busy[unit.id].append(span)
            db.session.add(
                Allocation(facility_id=facility.id, unit_id=unit.id, hold_id=hold.id, during=Range(*span))
            )
        for which, at, lasts in offs:
            place = places[which % len(places)]
            span = (nine + at * FIVE, nine + (at + lasts) * FIVE)
            db.session.add(TimeOff(resource_id=place.id, during=Range(*span), reason="off"))
            for unit in units:
                if unit.resource_id == place.id:
                    busy[unit.id].append(span)
        db.session.flush()

        def free(resource: Resource, starts: datetime) -> list[int]:
            first, last = starts - before, starts + timedelta(minutes=15) + after
            return [
                unit.id
                for unit in units
                if unit.resource_id == resource.id
                and not any(first < over and begins < last for begins, over in busy[unit.id])
            ]

        def fits(lead: Resource, starts: datetime) -> bool:
            if not free(lead, starts) or not free(places[3], starts):
                return False
            others = [one for one in places[:3] if one is not lead and free(one, starts)]
            beside = any(True for _some in combinations(others, therapists))
            return beside and len(free(places[4], starts)) >= pieces

        found = {
            (slot.practitioner_id, slot.starts)
            for slot in queries.free_slots(facility, service, day, day, step=FIVE)
            if slot.starts < nine + 30 * FIVE
        }
        expected = {
            (lead.practitioner_id, nine + at * FIVE)
            for lead in places[:3]
            for at in range(30)
            if fits(lead, nine + at * FIVE)
        }
        assert found == expected
        patient = PatientFactory(facility_id=facility.id)
        for person, starts in sorted(expected)[:2]:
            visit = book(
                SYSTEM,
                clinic.booking(
                    starts,
                    facility_id=facility.id,
                    service_id=service.id,
                    practitioner_id=person,
                    patient_id=patient.id,
                ),
            )
            assert len(resources_of(visit.id)) == 2 + therapists + pieces
            cancel(SYSTEM, visit, "again")
            claims.end_hold(undo_purpose(visit))
    finally:
        nested.rollback()


def test_the_visits_page_says_who_and_what_is_beside(clinic: Clinic, spa: Spa, desk: FlaskClient) -> None:
    visit = book(clinic.desk, booking(clinic, spa, clinic.at(10)))
    db.session.commit()
    shown = desk.get(f"/appointments/{visit.reference}").get_data(as_text=True)
    assert "Lata, Box" in shown or "Box, Lata" in shown
    assert "Dhara 1" in shown
