"""The steps of a visit: which lead where, whose they are, and what they leave in its history."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import time_machine
from sqlalchemy import select

from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.scheduling import queries
from clinic.scheduling.models import Allocation, Appointment
from clinic.scheduling.service import (
    ChangedMeanwhile,
    SlotTaken,
    arrive,
    book,
    cancel,
    complete,
    confirm,
    mark_no_show,
    reject,
    reject_overdue,
    start,
    take_back,
)
from tests.factories import UserFactory, actor_of, grant, household_login
from tests.scheduling.conftest import Clinic

Step = Callable[..., None]


@pytest.fixture
def visit(clinic: Clinic) -> Appointment:
    return book(clinic.desk, clinic.booking(clinic.at(10)))


@pytest.fixture
def pending(clinic: Clinic, visit: Appointment) -> Appointment:
    visit.status, visit.confirmed_at = "pending", None
    db.session.flush()
    return visit


def practitioner_actor(clinic: Clinic, practitioner: object) -> Actor:
    user = grant(UserFactory(), Role.PRACTITIONER, facility=clinic.facility)
    practitioner.user_id = user.id  # type: ignore[attr-defined]
    db.session.flush()
    return actor_of(user, Role.PRACTITIONER, facility=clinic.facility)


def test_the_way_of_an_ordinary_visit(clinic: Clinic, pending: Appointment) -> None:
    for step, status in (
        (confirm, "confirmed"),
        (arrive, "arrived"),
        (start, "in_progress"),
        (complete, "completed"),
    ):
        step(clinic.desk, pending)
        assert pending.status == status
    kinds = [event.kind for event in queries.history(pending)]
    assert kinds == ["booked", "confirmed", "arrived", "started", "completed"]
    assert {event.actor_name for event in queries.history(pending)} == {"Asha"}


ALL = ("pending", "confirmed", "arrived", "in_progress", "completed", "cancelled", "rejected", "no_show")
LEAVES: dict[Step, set[str]] = {
    confirm: {"pending"},
    reject: {"pending"},
    arrive: {"pending", "confirmed"},
    start: {"confirmed", "arrived"},
    complete: {"in_progress"},
    cancel: {"pending", "confirmed", "arrived", "in_progress"},
    mark_no_show: {"confirmed"},
}


@pytest.mark.parametrize("status", ALL)
@pytest.mark.parametrize("step", LEAVES, ids=lambda step: step.__name__)
def test_a_step_leaves_only_its_own_states(
    clinic: Clinic, visit: Appointment, morning: time_machine.Coordinates, step: Step, status: str
) -> None:
    morning.move_to(clinic.at(10, 5))
    visit.status = status
    visit.ended_at = clinic.at(10) if status in ("cancelled", "rejected", "no_show") else None
    db.session.flush()
    arguments = ("because",) if step in (cancel, reject, mark_no_show) else ()
    if status in LEAVES[step]:
        step(clinic.desk, visit, *arguments)
        assert visit.status != status
    else:
        with pytest.raises(ChangedMeanwhile):
            step(clinic.desk, visit, *arguments)
        assert visit.status == status


def test_arriving_confirms_what_waited_for_a_word(clinic: Clinic, pending: Appointment) -> None:
    arrive(clinic.desk, pending)
    assert [event.kind for event in queries.history(pending)][1:] == ["confirmed", "arrived"]


def test_reception_starts_on_the_practitioners_behalf_and_it_is_recorded(
    clinic: Clinic, visit: Appointment
) -> None:
    start(clinic.desk, visit)
    assert "Dr Vaidehi Kulkarni" in (queries.history(visit)[-1].reason or "")


def test_the_practitioner_starts_in_their_own_name(clinic: Clinic, visit: Appointment) -> None:
    start(practitioner_actor(clinic, clinic.vaidya), visit)
    assert queries.history(visit)[-1].reason is None


@pytest.mark.parametrize("step", [confirm, start, cancel], ids=lambda step: step.__name__)
def test_a_colleague_takes_no_step_of_anothers_visit(
    clinic: Clinic, pending: Appointment, step: Step
) -> None:
    with pytest.raises(Forbidden):
        step(practitioner_actor(clinic, clinic.colleague), pending)


def test_only_the_desk_declines(clinic: Clinic, pending: Appointment) -> None:
    with pytest.raises(Forbidden):
        reject(practitioner_actor(clinic, clinic.vaidya), pending, "full")
    reject(clinic.desk, pending, "full")
    assert (pending.status, pending.ended_why) == ("rejected", "full")


def test_a_patient_cancels_their_own_visit_before_it_begins(
    clinic: Clinic, visit: Appointment, morning: time_machine.Coordinates
) -> None:
    patient = actor_of(household_login(clinic.patient), Role.PATIENT)
    morning.move_to(clinic.at(10))
    with pytest.raises(Invalid):
        cancel(patient, visit)
    morning.move_to(clinic.at(9, 59))
    cancel(patient, visit)
    assert visit.status == "cancelled"


def test_a_patient_takes_no_other_step_and_cancels_nobody_elses_visit(
    clinic: Clinic, visit: Appointment
) -> None:
    patient = actor_of(household_login(clinic.patient), Role.PATIENT)
    with pytest.raises(Forbidden):
        arrive(patient, visit)
    stranger = actor_of(household_login(clinic.other, mobile="+919845000002"), Role.PATIENT)
    with pytest.raises(Forbidden):
        cancel(stranger, visit)


def test_calling_off_what_has_begun_needs_a_reason(clinic: Clinic, visit: Appointment) -> None:
    start(clinic.desk, visit)
    with pytest.raises(Invalid):
        cancel(clinic.desk, visit, " ")
    cancel(clinic.desk, visit, "Fainted")
    assert visit.status == "cancelled"


def test_nobody_is_a_no_show_before_their_time(
    clinic: Clinic, visit: Appointment, morning: time_machine.Coordinates
) -> None:
    with pytest.raises(Invalid):
        mark_no_show(clinic.desk, visit)
    morning.move_to(clinic.at(10, 20))
    mark_no_show(clinic.desk, visit)
    assert visit.status == "no_show"


@pytest.mark.parametrize("step", [cancel, mark_no_show], ids=lambda step: step.__name__)
def test_an_ended_visit_claims_nothing(
    clinic: Clinic, visit: Appointment, morning: time_machine.Coordinates, step: Step
) -> None:
    morning.move_to(clinic.at(10, 5))
    step(clinic.desk, visit)
    active = select(Allocation.id).where(Allocation.appointment_id == visit.id, Allocation.active)
    assert db.session.scalars(active).all() == []


def test_the_last_step_is_taken_back_the_same_day_with_a_reason(clinic: Clinic, visit: Appointment) -> None:
    arrive(clinic.desk, visit)
    start(clinic.desk, visit)
    with pytest.raises(Invalid):
        take_back(clinic.desk, visit, "")
    take_back(clinic.desk, visit, "Wrong row")
    assert (visit.status, visit.started_at) == ("arrived", None)
    assert queries.history(visit)[-1].reason == "Wrong row"
    take_back(clinic.desk, visit, "Wrong row again")
    assert visit.status == "confirmed"


def test_another_day_is_too_late_to_take_back(
    clinic: Clinic, visit: Appointment, morning: time_machine.Coordinates
) -> None:
    cancel(clinic.desk, visit, "ill")
    morning.move_to(clinic.at(0, 5, days=1))
    with pytest.raises(Conflict):
        take_back(clinic.desk, visit, "Is well")


def test_a_cancelled_visit_comes_back_only_if_its_place_is_free(clinic: Clinic, visit: Appointment) -> None:
    cancel(clinic.desk, visit, "ill")
    take_back(clinic.desk, visit, "Is well")
    assert visit.status == "confirmed"
    with pytest.raises(SlotTaken):
        book(clinic.desk, clinic.booking(clinic.at(10), patient_id=clinic.other.id))
    cancel(clinic.desk, visit, "ill")
    book(clinic.desk, clinic.booking(clinic.at(10), patient_id=clinic.other.id))
    with pytest.raises(SlotTaken):
        take_back(clinic.desk, visit, "Is well")


def test_a_step_from_an_old_page_is_refused(clinic: Clinic, visit: Appointment) -> None:
    seen = visit.version
    arrive(clinic.desk, visit, expected_version=seen)
    with pytest.raises(ChangedMeanwhile):
        start(clinic.desk, visit, expected_version=seen)


def test_what_nobody_confirmed_is_declined_by_the_clock(
    clinic: Clinic, pending: Appointment, morning: time_machine.Coordinates
) -> None:
    assert reject_overdue() == 0
    morning.move_to(clinic.at(10))
    assert reject_overdue() == 1
    db.session.refresh(pending)
    assert pending.status == "rejected"
    assert queries.history(pending)[-1].actor_name == "Sutra"
    assert reject_overdue() == 0
