"""Changing how long a visit lasts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from clinic.core.access import Role
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.scheduling.errors import ChangedMeanwhile, OutsideRules, PatientBusy, SlotTaken
from clinic.scheduling.models import Allocation, AppointmentEvent, TimeOff
from clinic.scheduling.service import arrive, book, cancel, move, undo_end
from clinic.scheduling.service.resize import resize, undo_resize
from clinic.scheduling.views.reading import slot_value
from clinic.scheduling.visit_tokens import new_token
from tests.factories import FacilityFactory, UserFactory, actor_of, grant
from tests.scheduling.conftest import Clinic


def claimed(visit_id: int) -> set[tuple[object, object]]:
    """The bounds of everything a visit claims."""
    rows = db.session.scalars(
        select(Allocation.during).where(Allocation.appointment_id == visit_id, Allocation.active)
    )
    return {(during.lower, during.upper) for during in rows}


def test_a_longer_visit_claims_people_and_room_for_longer_with_its_buffers(clinic: Clinic) -> None:
    clinic.service.buffer_before, clinic.service.buffer_after = 5, 10
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    resize(clinic.desk, visit, 45)
    assert visit.ends == clinic.at(10, 45)
    assert claimed(visit.id) == {(clinic.at(9, 55), clinic.at(10, 55))}
    event = db.session.scalars(select(AppointmentEvent).order_by(AppointmentEvent.id.desc())).first()
    assert event is not None
    assert event.kind == "resized"
    assert event.from_during is not None
    assert event.from_during.upper == clinic.at(10, 30)


@pytest.mark.parametrize("minutes", [0, 3, 31, 725, -5])
def test_a_length_that_cannot_be_is_refused(clinic: Clinic, minutes: int) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    with pytest.raises(Invalid):
        resize(clinic.desk, visit, minutes)


def test_a_visit_cannot_reach_into_the_next_and_the_sentence_says_until_when(clinic: Clinic) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    book(clinic.desk, clinic.booking(clinic.at(11), patient_id=clinic.other.id))
    with pytest.raises(SlotTaken, match="until 11:00 only"):
        resize(clinic.desk, visit, 65)
    assert visit.ends == clinic.at(10, 30)
    assert claimed(visit.id) == {(clinic.at(10), clinic.at(10, 30))}


def test_a_visit_online_is_made_longer_where_there_is_no_other_way_to_attend(clinic: Clinic) -> None:
    clinic.service.in_person, clinic.service.room_kind = False, None
    visit = book(clinic.desk, clinic.booking(clinic.at(10), mode="online"))
    assert resize(clinic.desk, visit, 45).ends == clinic.at(10, 45)


def test_who_moves_a_longer_visit_is_offered_times_that_are_long_enough(
    clinic: Clinic, desk: FlaskClient
) -> None:
    visit = resize(clinic.desk, book(clinic.desk, clinic.booking(clinic.at(10))), 60)
    book(clinic.desk, clinic.booking(clinic.at(10, days=1), patient_id=clinic.other.id))
    link = new_token(visit)
    db.session.commit()
    short, long = (slot_value(clinic.vaidya.id, clinic.at(9, minute, days=1)) for minute in (30, 0))
    for address in (
        f"/appointments/{visit.reference}/move?day=2026-11-24&practitioner={clinic.vaidya.id}",
        f"/v/{link}/move?day=2026-11-24",
    ):
        page = desk.get(address).text
        assert short not in page
        assert long in page
    with pytest.raises(SlotTaken) as refused:
        move(clinic.desk, visit, clinic.at(9, 30, days=1))
    assert {slot.ends - slot.starts for slot in refused.value.alternatives} == {timedelta(hours=1)}


def test_the_patients_own_next_visit_is_in_the_way_too(clinic: Clinic) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    book(clinic.desk, clinic.booking(clinic.at(11), practitioner_id=clinic.colleague.id))
    with pytest.raises(PatientBusy):
        resize(clinic.desk, visit, 65)


def test_past_the_end_of_work_a_reason_is_needed(clinic: Clinic) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(16, 30)))
    with pytest.raises(OutsideRules):
        resize(clinic.desk, visit, 60)
    resize(clinic.desk, visit, 60, override_reason="Long history")
    assert visit.ends == clinic.at(17, 30)


def test_within_the_minute_a_shorter_visit_gets_its_time_back(
    clinic: Clinic, morning: time_machine.Coordinates
) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    resize(clinic.desk, visit, 15)
    with pytest.raises(SlotTaken):
        book(clinic.desk, clinic.booking(clinic.at(10, 15), patient_id=clinic.other.id))
    undo_resize(clinic.desk, visit)
    assert visit.ends == clinic.at(10, 30)
    assert claimed(visit.id) == {(clinic.at(10), clinic.at(10, 30))}
    resize(clinic.desk, visit, 15)
    morning.shift(timedelta(seconds=61))
    with pytest.raises(Conflict):
        undo_resize(clinic.desk, visit)


def test_a_longer_visit_can_be_undone_but_not_twice(clinic: Clinic) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    resize(clinic.desk, visit, 50)
    undo_resize(clinic.desk, visit)
    assert visit.ends == clinic.at(10, 30)
    with pytest.raises(Conflict):
        undo_resize(clinic.desk, visit)


def test_a_shortened_visit_can_take_its_own_time_again_and_comes_back_as_it_was(clinic: Clinic) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    resize(clinic.desk, visit, 15)
    move(clinic.desk, visit, clinic.at(10, 15))
    assert visit.starts == clinic.at(10, 15)
    cancel(clinic.desk, visit, "ill")
    undo_end(clinic.desk, visit)
    assert claimed(visit.id) == {(visit.starts, visit.ends)}


def test_a_visit_is_not_made_longer_than_its_room_is_there(clinic: Clinic) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    db.session.add_all(
        TimeOff(resource_id=room.id, during=Range(clinic.at(10, 30), clinic.at(12)), reason="Paint")
        for room in clinic.rooms
    )
    db.session.flush()
    with pytest.raises(SlotTaken, match="is away"):
        resize(clinic.desk, visit, 60)
    assert claimed(visit.id) == {(clinic.at(10), clinic.at(10, 30))}


def test_who_saw_an_older_state_is_told_so(clinic: Clinic) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    resize(clinic.desk, visit, 35, expected_version=visit.version)
    with pytest.raises(ChangedMeanwhile):
        resize(clinic.desk, visit, 40, expected_version=visit.version - 1)


@pytest.mark.parametrize("step", ["arrive", "cancel"])
def test_only_a_visit_that_can_be_moved_changes_its_length(clinic: Clinic, step: str) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    if step == "arrive":
        arrive(clinic.desk, visit)
    else:
        cancel(clinic.desk, visit, "ill")
    with pytest.raises(ChangedMeanwhile):
        resize(clinic.desk, visit, 45)


def test_a_colleague_may_not(clinic: Clinic) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    user = grant(UserFactory(), Role.PRACTITIONER, facility=clinic.facility)
    with pytest.raises(Forbidden):
        resize(actor_of(user, Role.PRACTITIONER, facility=clinic.facility), visit, 45)


def test_the_page_changes_it_offers_an_undo_and_answers_a_conflict_with_a_sentence(
    clinic: Clinic, desk: FlaskClient
) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    book(clinic.desk, clinic.booking(clinic.at(11), patient_id=clinic.other.id))
    address = f"/appointments/{visit.reference}/length"
    assert "Minutes" in desk.get(address).text
    htmx = {"HX-Request": "true"}
    done = desk.post(address, data={"minutes": "45", "version": visit.version}, headers=htmx)
    assert done.status_code == 200
    assert done.headers["HX-Retarget"] == "#toast-polite"
    assert f"{address}/undo" in done.text
    refused = desk.post(address, data={"minutes": "90"}, headers=htmx)
    assert refused.status_code == 409
    assert "There is time until 11:00 only." in refused.text
    undone = desk.post(f"{address}/undo", headers=htmx)
    assert "As long as before." in undone.headers["HX-Trigger"]
    db.session.expire_all()
    assert visit.ends == clinic.at(10, 30)


def test_a_stranger_finds_no_such_visit(clinic: Clinic, sign_in: Callable[..., FlaskClient]) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    stranger = sign_in(grant(UserFactory(), Role.RECEPTIONIST, facility=FacilityFactory()))
    address = f"/appointments/{visit.reference}/length"
    assert stranger.get(address).status_code == 404
    assert stranger.post(address, data={"minutes": "45"}).status_code == 404
    assert stranger.post(f"{address}/undo").status_code == 404
