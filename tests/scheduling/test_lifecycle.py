"""The steps of a visit: which lead where, whose they are, and what they leave in its history."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.scheduling import queries
from clinic.scheduling.models import Allocation, Appointment, EndReason
from clinic.scheduling.service import (
    ChangedMeanwhile,
    SlotTaken,
    arrive,
    book,
    cancel,
    claims,
    complete,
    confirm,
    events,
    mark_no_show,
    reject,
    reject_overdue,
    start,
    take_back,
)
from clinic.scheduling.service.lifecycle import undo_purpose
from clinic.scheduling.transitions import STEPS
from tests.factories import FacilityFactory, UserFactory, actor_of, grant, household_login
from tests.scheduling.conftest import Clinic

Step = Callable[..., None]


@pytest.fixture
def visit(clinic: Clinic) -> Appointment:
    return book(clinic.desk, clinic.booking(clinic.at(10)))


@pytest.fixture
def pending(clinic: Clinic) -> Appointment:
    return book(clinic.desk, clinic.booking(clinic.at(10), waits=True))


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


PATHS: dict[str, tuple[Step, ...]] = {
    "pending": (),
    "confirmed": (confirm,),
    "arrived": (arrive,),
    "in_progress": (arrive, start),
    "completed": (arrive, start, complete),
    "cancelled": (cancel,),
    "rejected": (reject,),
    "no_show": (confirm, mark_no_show),
}
LEAVES: dict[Step, set[str]] = {
    confirm: {"pending"},
    reject: {"pending"},
    arrive: {"pending", "confirmed"},
    start: {"confirmed", "arrived"},
    complete: {"in_progress"},
    cancel: {"pending", "confirmed", "arrived", "in_progress"},
    mark_no_show: {"confirmed"},
}
WHO: dict[Step, set[str]] = {
    confirm: {"receptionist", "manager", "own practitioner"},
    reject: {"receptionist", "manager"},
    arrive: {"receptionist", "manager", "own practitioner"},
    start: {"receptionist", "manager", "own practitioner"},
    complete: {"receptionist", "manager", "own practitioner"},
    cancel: {"receptionist", "manager", "own practitioner", "patient"},
    mark_no_show: {"receptionist", "manager", "own practitioner"},
}
PEOPLE = (
    "receptionist",
    "manager",
    "own practitioner",
    "colleague",
    "patient",
    "another patient",
    "administrator",
    "receptionist elsewhere",
)


def person(clinic: Clinic, who: str) -> Actor:
    """Somebody of that kind."""
    match who:
        case "own practitioner":
            return practitioner_actor(clinic, clinic.vaidya)
        case "colleague":
            return practitioner_actor(clinic, clinic.colleague)
        case "patient":
            return actor_of(household_login(clinic.patient), Role.PATIENT)
        case "another patient":
            return actor_of(household_login(clinic.other, mobile="+919845000002"), Role.PATIENT)
        case "administrator":
            return actor_of(UserFactory(), Role.ADMIN)
        case "receptionist elsewhere":
            elsewhere = FacilityFactory()
            return actor_of(grant(UserFactory(), Role.RECEPTIONIST), Role.RECEPTIONIST, facility=elsewhere)
        case "manager":
            return actor_of(UserFactory(), Role.FACILITY_ADMIN, facility=clinic.facility)
    return clinic.desk


def bring_to(clinic: Clinic, visit: Appointment, status: str) -> None:
    """Take a visit that waits for a word to a state, step by step."""
    for step in PATHS[status]:
        step(clinic.desk, visit)
    assert visit.status == status


@pytest.mark.parametrize("status", PATHS)
@pytest.mark.parametrize("step", LEAVES, ids=lambda step: step.__name__)
def test_a_step_leaves_only_its_own_states(
    clinic: Clinic, pending: Appointment, morning: time_machine.Coordinates, step: Step, status: str
) -> None:
    morning.move_to(clinic.at(10, 5))
    bring_to(clinic, pending, status)
    arguments = ("because",) if step in (cancel, reject, mark_no_show) else ()
    if status in LEAVES[step]:
        step(clinic.desk, pending, *arguments)
        assert pending.status != status
    else:
        with pytest.raises(ChangedMeanwhile):
            step(clinic.desk, pending, *arguments)
        assert pending.status == status


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("step", WHO, ids=lambda step: step.__name__)
def test_a_step_is_for_its_own_people(
    clinic: Clinic, pending: Appointment, morning: time_machine.Coordinates, step: Step, who: str
) -> None:
    if who != "patient":
        morning.move_to(clinic.at(10, 5))
    bring_to(clinic, pending, next(iter(sorted(LEAVES[step] - {"in_progress"}, reverse=True)), "in_progress"))
    if who == "patient" and step is cancel:
        pending = book(clinic.desk, clinic.booking(clinic.at(12)))
    before = pending.status
    actor = person(clinic, who)
    if who in WHO[step]:
        step(actor, pending)
        assert pending.status != before
    else:
        with pytest.raises(Forbidden):
            step(actor, pending)
        assert pending.status == before


@pytest.mark.parametrize("status", ["arrived", "in_progress"])
def test_a_patient_calls_off_nothing_that_has_begun(
    clinic: Clinic, pending: Appointment, status: str
) -> None:
    bring_to(clinic, pending, status)
    with pytest.raises(ChangedMeanwhile):
        cancel(person(clinic, "patient"), pending, "please")


@pytest.mark.parametrize(
    "step", ["confirm", "reject", "arrive", "cancel", "no-show", "take-back", "undo-end"]
)
def test_nobody_of_another_clinic_learns_that_there_is_a_visit(
    clinic: Clinic, sign_in: Callable[..., FlaskClient], pending: Appointment, step: str
) -> None:
    elsewhere = sign_in(grant(UserFactory(), Role.RECEPTIONIST, facility=FacilityFactory()))
    data = {"reason": "mine", "code": "other"}
    theirs = elsewhere.post(f"/appointments/{pending.reference}/{step}", data=data)
    nothing = elsewhere.post(f"/appointments/ZZZZZZZZZZ/{step}", data=data)
    assert (theirs.status_code, nothing.status_code) == (404, 404)
    db.session.refresh(pending)
    assert pending.status == "pending"


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


def test_a_cancelled_visit_comes_back_only_if_its_place_is_free(
    clinic: Clinic, visit: Appointment, morning: time_machine.Coordinates
) -> None:
    cancel(clinic.desk, visit, "ill")
    take_back(clinic.desk, visit, "Is well")
    assert visit.status == "confirmed"
    with pytest.raises(SlotTaken):
        book(clinic.desk, clinic.booking(clinic.at(10), patient_id=clinic.other.id))
    cancel(clinic.desk, visit, "ill")
    morning.shift(timedelta(seconds=61))
    claims.end_hold(undo_purpose(visit))
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


def change_status(visit: Appointment, status: str) -> None:
    """What somebody would type at the database."""
    with db.session.begin_nested():
        db.session.execute(
            text("UPDATE appointments SET status = :status, ended_at = NULL WHERE id = :id"),
            {"status": status, "id": visit.id},
        )


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        ("completed", "confirmed"),
        ("completed", "in_progress"),
        ("cancelled", "confirmed"),
        ("rejected", "pending"),
        ("no_show", "confirmed"),
        ("arrived", "confirmed"),
        ("pending", "in_progress"),
        ("arrived", "completed"),
    ],
)
def test_the_database_itself_lets_no_status_go_where_no_step_leads(
    clinic: Clinic, pending: Appointment, morning: time_machine.Coordinates, status: str, wanted: str
) -> None:
    morning.move_to(clinic.at(10, 5))
    bring_to(clinic, pending, status)
    with pytest.raises(IntegrityError, match="is no step"):
        change_status(pending, wanted)
    db.session.refresh(pending)
    assert pending.status == status


def test_the_database_knows_the_same_steps_as_the_table(clinic: Clinic, session: Session) -> None:
    source = session.scalar(text("SELECT prosrc FROM pg_proc WHERE proname = 'appointments_next_status'"))
    known = set(re.findall(r"'(\w+)>(\w+)'", source))
    assert known == {(str(left), str(step.reaches)) for step in STEPS.values() for left in step.leaves}


def test_what_was_taken_back_on_paper_opens_the_way_only_once(clinic: Clinic, visit: Appointment) -> None:
    start(clinic.desk, visit)
    complete(clinic.desk, visit)
    take_back(clinic.desk, visit, "Wrong row")
    assert visit.status == "in_progress"
    complete(clinic.desk, visit)
    with pytest.raises(IntegrityError, match="is no step"):
        change_status(visit, "in_progress")


@pytest.mark.parametrize(
    ("days", "said", "passes"), [(0, "cancelled", True), (1, "cancelled", False), (0, "no_show", False)]
)
def test_the_database_goes_back_only_on_the_day_and_from_where_the_history_says(
    clinic: Clinic,
    visit: Appointment,
    morning: time_machine.Coordinates,
    days: int,
    said: str,
    passes: bool,
) -> None:
    cancel(clinic.desk, visit, "ill")
    morning.move_to(clinic.at(9, days=days))
    events.write(clinic.desk, visit, "taken_back", from_status=said, to_status="confirmed")
    db.session.flush()
    if passes:
        change_status(visit, "confirmed")
    else:
        with pytest.raises(IntegrityError, match="is no step"):
            change_status(visit, "confirmed")


def test_who_ended_a_visit_and_why_can_be_counted(
    clinic: Clinic, visit: Appointment, morning: time_machine.Coordinates
) -> None:
    cancel(clinic.desk, visit, "fever since Monday", code=EndReason.UNWELL)
    assert (visit.ended_code, visit.ended_why, visit.ended_by_kind) == (
        "unwell",
        "fever since Monday",
        "staff",
    )
    assert queries.history(visit)[-1].code == "unwell"
    own = book(clinic.desk, clinic.booking(clinic.at(11)))
    cancel(person(clinic, "own practitioner"), own, "In court")
    assert (own.ended_code, own.ended_by_kind) == ("other", "practitioner")
    theirs = book(clinic.desk, clinic.booking(clinic.at(12)))
    cancel(person(clinic, "patient"), theirs)
    assert (theirs.ended_code, theirs.ended_by_kind) == ("patient_asked", "patient")
    waiting = book(clinic.desk, clinic.booking(clinic.at(9), waits=True))
    morning.move_to(clinic.at(9))
    reject_overdue()
    db.session.refresh(waiting)
    assert (waiting.ended_by_kind, waiting.ended_by) == ("system", None)


def test_what_is_taken_back_forgets_why_it_ended(clinic: Clinic, visit: Appointment) -> None:
    cancel(clinic.desk, visit, "ill", code=EndReason.UNWELL)
    take_back(clinic.desk, visit, "Is well")
    assert (visit.ended_code, visit.ended_why, visit.ended_by_kind, visit.ended_by) == (None,) * 4
