"""Changing a series: this and following or all, together, and undone together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from clinic.core import clock
from clinic.core.access import Role
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden
from clinic.notifications.models import Message
from clinic.scheduling.errors import ChangedMeanwhile
from clinic.scheduling.models import Allocation, Appointment, AppointmentEvent, EndReason, Hold
from clinic.scheduling.queries.series import SeriesShown, get_series
from clinic.scheduling.service import book, start
from clinic.scheduling.service.series import (
    NewPlace,
    NewSeries,
    OneTaken,
    Rule,
    SeriesPlace,
    book_series,
    cancel_visits,
    move_visits,
    undo,
    undo_left,
)
from tests.factories import UserFactory, actor_of
from tests.scheduling.conftest import DAY, Clinic

DAILY = Rule(weekdays=(1, 2, 3), count=3)
"""Tuesday, Wednesday and Thursday at ten."""


@pytest.fixture
def series_id(clinic: Clinic) -> int:
    places = [
        SeriesPlace(
            key=day.isoformat(),
            practitioner_id=clinic.vaidya.id,
            starts=clock.at(day, time(10), clinic.facility.zone),
        )
        for day in DAILY.dates(DAY)
    ]
    made = book_series(
        clinic.desk,
        NewSeries(
            facility_id=clinic.facility.id,
            service_id=clinic.service.id,
            patient_id=clinic.patient.id,
            rule=DAILY,
            places=places,
            submission_key="form",
        ),
    )
    return made.id


def shown(clinic: Clinic, series_id: int) -> SeriesShown:
    return get_series(clinic.desk, series_id)


def versions(visits: Sequence[Appointment]) -> dict[int, int]:
    return {visit.id: visit.version for visit in visits}


def shifted(visits: Sequence[Appointment], by: timedelta) -> list[NewPlace]:
    return [
        NewPlace(
            visit=visit,
            practitioner_id=visit.practitioner_id,
            starts=visit.starts + by,
            version=visit.version,
        )
        for visit in visits
    ]


def starts_of(found: SeriesShown) -> list[datetime]:
    return [visit.starts for visit in found.visits]


def claims_stand(found: SeriesShown) -> bool:
    """Each visit claims one practitioner and one room, at its own time and at no other."""
    for visit in found.visits:
        rows = db.session.scalars(
            select(Allocation.during).where(Allocation.appointment_id == visit.id, Allocation.active)
        ).all()
        if len(rows) != 2 or any(row != visit.during for row in rows):
            return False
    return True


def test_this_and_following_are_cancelled_and_told_once(clinic: Clinic, series_id: int) -> None:
    found = shown(clinic, series_id)
    cancel_visits(clinic.desk, found, versions(found.visits[1:]), code=EndReason.PATIENT_ASKED)
    assert [visit.status for visit in found.visits] == ["confirmed", "cancelled", "cancelled"]
    kinds = list(
        db.session.scalars(
            select(Message.kind).where(Message.recipient_type == "patient", Message.status == "queued")
        )
    )
    assert kinds.count("series_cancelled") == 1
    assert "appointment_cancelled" not in kinds


def test_a_cancelled_series_is_undone_as_a_whole(clinic: Clinic, series_id: int) -> None:
    found = shown(clinic, series_id)
    cancel_visits(clinic.desk, found, versions(found.visits), code=EndReason.UNWELL)
    assert 0 < undo_left(clinic.desk, found) <= 60
    assert undo(clinic.desk, shown(clinic, series_id)) == 3
    found = shown(clinic, series_id)
    assert [visit.status for visit in found.visits] == ["confirmed"] * 3
    assert claims_stand(found)
    told = db.session.scalars(select(Message.status).where(Message.kind == "series_cancelled")).all()
    assert set(told) == {"cancelled"}
    assert undo_left(clinic.desk, found) == 0


def test_visits_take_places_that_others_of_the_series_leave(clinic: Clinic, series_id: int) -> None:
    found = shown(clinic, series_id)
    before = starts_of(found)
    move_visits(clinic.desk, found, shifted(found.visits, timedelta(days=1)))
    found = shown(clinic, series_id)
    assert starts_of(found) == [moment + timedelta(days=1) for moment in before]
    assert claims_stand(found)
    held = db.session.scalars(select(Allocation.during).where(Allocation.hold_id.is_not(None))).all()
    assert {during.lower for during in held} == {before[0]}
    kinds = list(
        db.session.scalars(
            select(Message.kind).where(Message.recipient_type == "patient", Message.status == "queued")
        )
    )
    assert kinds.count("series_moved") == 1
    assert "appointment_moved" not in kinds
    events = db.session.scalars(select(AppointmentEvent.kind)).all()
    assert events.count("moved") == 3


@pytest.mark.parametrize(
    "by", [timedelta(days=1), timedelta(days=-1), timedelta(minutes=15), timedelta(days=2)]
)
def test_a_moved_series_is_undone_as_a_whole(
    clinic: Clinic, series_id: int, by: timedelta, morning: time_machine.Coordinates
) -> None:
    found = shown(clinic, series_id)
    before = starts_of(found)
    places = [place for place in shifted(found.visits, by) if place.starts > clock.now()]
    move_visits(clinic.desk, found, places)
    assert undo(clinic.desk, shown(clinic, series_id)) == len(places)
    found = shown(clinic, series_id)
    assert starts_of(found) == before
    assert claims_stand(found)
    assert db.session.scalar(select(func.count(Hold.id))) == 0


def test_after_a_minute_nothing_is_undone(
    clinic: Clinic, series_id: int, morning: time_machine.Coordinates
) -> None:
    found = shown(clinic, series_id)
    move_visits(clinic.desk, found, shifted(found.visits, timedelta(days=1)))
    morning.shift(61)
    with pytest.raises(Conflict):
        undo(clinic.desk, shown(clinic, series_id))


def test_one_place_that_is_taken_moves_nothing_and_is_named(clinic: Clinic, series_id: int) -> None:
    found = shown(clinic, series_id)
    before = starts_of(found)
    book(clinic.desk, clinic.booking(before[1] + timedelta(hours=1), patient_id=clinic.other.id))
    with pytest.raises(OneTaken) as taken, db.session.begin_nested():
        move_visits(clinic.desk, found, shifted(found.visits, timedelta(hours=1)))
    assert taken.value.key == found.visits[1].reference
    db.session.expire_all()
    assert starts_of(shown(clinic, series_id)) == before


def test_the_same_move_sent_twice_moves_once(clinic: Clinic, series_id: int) -> None:
    found = shown(clinic, series_id)
    places = shifted(found.visits, timedelta(hours=1))
    move_visits(clinic.desk, found, places)
    with pytest.raises(ChangedMeanwhile):
        move_visits(clinic.desk, shown(clinic, series_id), places)


def test_a_visit_that_has_begun_is_left_alone(
    clinic: Clinic, series_id: int, morning: time_machine.Coordinates
) -> None:
    found = shown(clinic, series_id)
    morning.move_to(found.visits[0].starts + timedelta(minutes=1))
    start(clinic.desk, found.visits[0])
    assert [visit.id for visit in found.ahead] == [visit.id for visit in found.visits[1:]]
    with pytest.raises(ChangedMeanwhile), db.session.begin_nested():
        cancel_visits(clinic.desk, found, versions(found.visits), code=EndReason.OTHER, reason="No")


def test_another_practitioner_may_take_the_rest(clinic: Clinic, series_id: int) -> None:
    found = shown(clinic, series_id)
    places = [
        NewPlace(visit=visit, practitioner_id=clinic.colleague.id, starts=visit.starts, version=visit.version)
        for visit in found.visits[1:]
    ]
    move_visits(clinic.desk, found, places)
    assert [visit.practitioner_id for visit in shown(clinic, series_id).visits] == [
        clinic.vaidya.id,
        clinic.colleague.id,
        clinic.colleague.id,
    ]
    undo(clinic.desk, shown(clinic, series_id))
    found = shown(clinic, series_id)
    assert {visit.practitioner_id for visit in found.visits} == {clinic.vaidya.id}
    assert claims_stand(found)


def test_a_colleague_changes_nobody_elses_series(clinic: Clinic, series_id: int) -> None:
    found = shown(clinic, series_id)
    stranger = actor_of(UserFactory(), Role.PRACTITIONER, facility=clinic.facility)
    with pytest.raises(Forbidden):
        cancel_visits(stranger, found, versions(found.visits), code=EndReason.OTHER, reason="No")
    with pytest.raises(Forbidden):
        move_visits(stranger, found, shifted(found.visits, timedelta(hours=1)))
