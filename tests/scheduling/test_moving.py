"""Moving a visit, and undoing it within the minute."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from clinic.core.access import Role
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden
from clinic.scheduling import queries
from clinic.scheduling.models import Allocation, Appointment, ServicePractitioner
from clinic.scheduling.service import (
    ChangedMeanwhile,
    OutsideRules,
    PatientBusy,
    SlotTaken,
    book,
    cancel,
    move,
    start,
    undo_move,
)
from tests.factories import actor_of, household_login
from tests.scheduling.conftest import Clinic


@pytest.fixture
def visit(clinic: Clinic) -> Appointment:
    return book(clinic.desk, clinic.booking(clinic.at(10)))


def active(visit: Appointment) -> list[Allocation]:
    return list(
        db.session.scalars(select(Allocation).where(Allocation.appointment_id == visit.id, Allocation.active))
    )


def test_a_moved_visit_keeps_reference_and_length(clinic: Clinic, visit: Appointment) -> None:
    reference = visit.reference
    move(clinic.desk, visit, clinic.at(15), reason="Traffic")
    assert (visit.reference, visit.starts, visit.ends) == (reference, clinic.at(15), clinic.at(15, 30))
    assert {claim.during.lower for claim in active(visit)} == {clinic.at(15)}
    event = queries.history(visit)[-1]
    assert (event.kind, event.reason, event.from_during.lower) == ("moved", "Traffic", clinic.at(10))


def test_for_a_minute_the_old_place_stays_held(
    clinic: Clinic, visit: Appointment, morning: time_machine.Coordinates
) -> None:
    move(clinic.desk, visit, clinic.at(15))
    with pytest.raises(SlotTaken):
        book(clinic.desk, clinic.booking(clinic.at(10), patient_id=clinic.other.id))
    slots = queries.free_slots(
        clinic.facility, clinic.service, visit.starts.date(), visit.starts.date(), [clinic.vaidya.id]
    )
    assert clinic.at(10) not in {slot.starts for slot in slots}
    morning.shift(timedelta(seconds=61))
    slots = queries.free_slots(
        clinic.facility, clinic.service, visit.starts.date(), visit.starts.date(), [clinic.vaidya.id]
    )
    assert clinic.at(10) in {slot.starts for slot in slots}


def test_what_is_no_longer_offered_or_performed_can_still_be_moved(
    clinic: Clinic, visit: Appointment
) -> None:
    clinic.service.active = False
    db.session.add(ServicePractitioner(service_id=clinic.service.id, practitioner_id=clinic.colleague.id))
    db.session.flush()
    move(clinic.desk, visit, clinic.at(15))
    assert visit.starts == clinic.at(15)
    with pytest.raises(OutsideRules, match="no longer offered"):
        book(clinic.desk, clinic.booking(clinic.at(11), patient_id=clinic.other.id))


def test_a_quarter_of_an_hour_later_overlaps_only_itself(clinic: Clinic, visit: Appointment) -> None:
    move(clinic.desk, visit, clinic.at(10, 15))
    assert visit.starts == clinic.at(10, 15)
    undo_move(clinic.desk, visit)
    assert {(claim.during.lower, claim.during.upper) for claim in active(visit)} == {
        (clinic.at(10), clinic.at(10, 30))
    }


def test_to_another_practitioner_and_back(clinic: Clinic, visit: Appointment) -> None:
    move(clinic.desk, visit, clinic.at(10), clinic.colleague.id)
    assert visit.practitioner.name == "Dr Arjun Nair"
    undo_move(clinic.desk, visit)
    assert (visit.practitioner.name, visit.starts) == ("Dr Vaidehi Kulkarni", clinic.at(10))
    assert len(active(visit)) == 2


def test_after_the_minute_nothing_is_undone(
    clinic: Clinic, visit: Appointment, morning: time_machine.Coordinates
) -> None:
    move(clinic.desk, visit, clinic.at(15))
    morning.shift(timedelta(seconds=61))
    with pytest.raises(Conflict):
        undo_move(clinic.desk, visit)
    assert visit.starts == clinic.at(15)


def test_a_move_is_undone_once(clinic: Clinic, visit: Appointment) -> None:
    move(clinic.desk, visit, clinic.at(15))
    undo_move(clinic.desk, visit)
    with pytest.raises(Conflict):
        undo_move(clinic.desk, visit)


def test_a_taken_place_leaves_the_visit_where_it_was(clinic: Clinic, visit: Appointment) -> None:
    book(clinic.desk, clinic.booking(clinic.at(15), patient_id=clinic.other.id))
    with pytest.raises(SlotTaken) as taken:
        move(clinic.desk, visit, clinic.at(15))
    assert len(taken.value.alternatives) == 3
    db.session.refresh(visit)
    assert visit.starts == clinic.at(10)
    assert {claim.during.lower for claim in active(visit)} == {clinic.at(10)}


def test_a_patients_two_visits_do_not_meet(clinic: Clinic, visit: Appointment) -> None:
    book(clinic.desk, clinic.booking(clinic.at(15), practitioner_id=clinic.colleague.id))
    with pytest.raises(PatientBusy):
        move(clinic.desk, visit, clinic.at(15, 15))


def test_the_rules_hold_for_moving_too(clinic: Clinic, visit: Appointment) -> None:
    with pytest.raises(OutsideRules):
        move(clinic.desk, visit, clinic.at(20))
    move(clinic.desk, visit, clinic.at(20), override_reason="After the power cut")
    assert queries.history(visit)[-1].reason == "After the power cut"


def test_what_has_begun_or_ended_is_not_moved(clinic: Clinic, visit: Appointment) -> None:
    start(clinic.desk, visit)
    with pytest.raises(ChangedMeanwhile):
        move(clinic.desk, visit, clinic.at(15))
    cancel(clinic.desk, visit, "ill")
    with pytest.raises(ChangedMeanwhile):
        move(clinic.desk, visit, clinic.at(15))


def test_a_stranger_moves_nobodys_visit(clinic: Clinic, visit: Appointment) -> None:
    stranger = actor_of(household_login(clinic.other, mobile="+919845000002"), Role.PATIENT)
    with pytest.raises(Forbidden):
        move(stranger, visit, clinic.at(15))
    own = actor_of(household_login(clinic.patient), Role.PATIENT)
    assert move(own, visit, clinic.at(15)).starts == clinic.at(15)
