from __future__ import annotations

from datetime import time

import pytest
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from clinic.core.db import db, unit_of_work
from clinic.imports import service
from clinic.imports.models import ImportState
from clinic.scheduling.models import Resource, TimeOff, WorkingHours
from tests.factories import (
    ServiceFactory,
    room,
)
from tests.imports.kinds.diary import HEADINGS, Diary, doubly_booked, visits


def test_visits_that_are_in_the_way_are_named(diary: Diary) -> None:
    diary.book(10)
    diary.book(12, patient_id=diary.lakshmi, practitioner_id=diary.joshi)
    seen = diary.preview(
        diary.line("10:15"),
        diary.line("12:00"),
        diary.line("09:30"),
        diary.line("10:30"),
    )
    assert diary.refused(seen, 2) == "Dr. Meera Nair is booked 10:00–10:30 already."
    assert diary.refused(seen, 3) == "Lakshmi Pillai is with डॉ. अनिल जोशी 12:00–12:30 already."
    assert diary.outcomes(seen) == ["refused", "refused", "new", "new"]


def test_working_hours_and_time_off_are_never_passed_over(diary: Diary) -> None:
    place = db.session.scalars(select(Resource).where(Resource.practitioner_id == diary.nair)).one()
    for hours in db.session.scalars(select(WorkingHours).where(WorkingHours.resource_id == place.id)):
        hours.starts, hours.ends = time(9), time(13)
    away = db.session.scalars(select(Resource).where(Resource.practitioner_id == diary.joshi)).one()
    db.session.add(TimeOff(resource_id=away.id, reason="Conference", during=Range(diary.at(0), diary.at(23))))
    db.session.commit()
    seen = diary.preview(
        diary.line("08:45"), diary.line("11:00", doctor="डॉ. अनिल जोशी"), diary.line("12:30")
    )
    assert diary.refused(seen, 2) == "Dr. Meera Nair does not work at that time."
    assert diary.refused(seen, 3) == "डॉ. अनिल जोशी is away at that time."
    done = diary.clinic.commit(seen)
    assert diary.outcomes(done.id) == ["refused", "refused", "new"]
    assert [visit.starts for visit in visits()] == [diary.at(12, 30)]


def test_two_lines_of_one_file_never_take_the_same_time(diary: Diary) -> None:
    seen = diary.preview(
        diary.line("10:00"),
        diary.line("10:15", "Raju Pillai"),
        diary.line("10:15", doctor="डॉ. अनिल जोशी"),
        diary.line("10:00"),
        diary.line("10:30", "Raju Pillai"),
    )
    assert diary.outcomes(seen) == ["new", "refused", "refused", "present", "new"]
    assert diary.refused(seen, 3) == "Line 2 has this time."
    assert diary.refused(seen, 4) == "Line 2 has this patient at that time."
    done = diary.clinic.commit(seen)
    assert len(visits()) == 2
    assert diary.clinic.line(done.id, 5).record_id == diary.clinic.line(done.id, 2).record_id


def test_lines_of_another_batch_are_seen_too(diary: Diary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clinic.imports.service.checking.BATCH", 1)
    monkeypatch.setattr("clinic.imports.service.bringing_in.BATCH", 1)
    done = diary.bring_in(diary.line("10:00"), diary.line("10:15", "Raju Pillai"), diary.line("10:00"))
    assert diary.outcomes(done) == ["new", "refused", "present"]
    assert diary.refused(done, 3) == "Line 2 has this time."
    assert len(visits()) == 1


def test_a_mended_line_gives_way_or_stands_in_the_way(diary: Diary) -> None:
    seen = diary.preview(diary.line("10:00"), diary.line("10:30", "Raju Pillai"))
    with unit_of_work():
        service.mend(
            diary.clinic.manager, diary.clinic.row(seen), diary.clinic.line(seen, 2), {"time": "10:30"}
        )
    assert diary.outcomes(seen) == ["new", "refused"]
    assert diary.refused(seen, 3) == "Line 2 has this time."
    with unit_of_work():
        service.mend(
            diary.clinic.manager, diary.clinic.row(seen), diary.clinic.line(seen, 3), {"time": "11:00"}
        )
    assert diary.outcomes(seen) == ["new", "new"]


def test_rooms_asked_for_are_kept_and_their_clashes_named(diary: Diary) -> None:
    first = room(diary.clinic.facility, name="Room 1")
    db.session.commit()
    diary.book(12, room_id=first.id, practitioner_id=diary.joshi)
    headings = (*HEADINGS, "Room")
    seen = diary.preview(
        (*diary.line("10:00"), "room 1"),
        (*diary.line("10:00", "Raju Pillai", doctor="डॉ. अनिल जोशी"), "Room 1"),
        (*diary.line("12:00"), "Room 1"),
        headings=headings,
    )
    assert diary.refused(seen, 3) == "Line 2 has this room at that time."
    assert diary.refused(seen, 4) == "Room 1 is taken at that time."
    diary.clinic.commit(seen)
    assert len(visits()) == 2


def test_when_the_only_room_is_asked_for_twice_the_later_line_stays_out(diary: Diary) -> None:
    room(diary.clinic.facility, kind="dhara", name="Dhara room")
    ServiceFactory(facility_id=diary.clinic.facility.id, name="Shirodhara", code="sd", room_kind="dhara")
    db.session.commit()
    done = diary.bring_in(
        diary.line("10:00", service="Shirodhara"),
        diary.line("10:00", "Raju Pillai", service="Shirodhara", doctor="डॉ. अनिल जोशी"),
    )
    assert diary.outcomes(done) == ["new", "refused"]
    assert diary.refused(done, 3) == "No room for this service is free at that time."
    assert (len(visits()), doubly_booked()) == (1, 0)


def test_a_time_taken_between_preview_and_commit_refuses_that_line_alone(diary: Diary) -> None:
    seen = diary.preview(diary.line("10:00"), diary.line("11:00", "Raju Pillai"), diary.line("10:00"))
    assert diary.outcomes(seen) == ["new", "new", "present"]
    diary.book(10, 15)
    done = diary.clinic.commit(seen)
    assert done.state == ImportState.DONE
    assert diary.outcomes(seen) == ["refused", "new", "refused"]
    assert diary.refused(seen, 2) == "Dr. Meera Nair is booked 10:15–10:45 already."
    assert diary.refused(seen, 4) == "The line it belongs to was not brought in."
    assert [(visit.patient_id, visit.starts) for visit in visits()] == [
        (diary.amina, diary.at(10, 15)), (diary.raju, diary.at(11)),
    ]  # fmt: skip
    assert doubly_booked() == 0


def test_the_same_diary_again_adds_nothing(diary: Diary) -> None:
    lines = (diary.line("10:00"), diary.line("11:00", "Raju Pillai"))
    diary.bring_in(*lines)
    second = diary.preview(*lines)
    assert diary.outcomes(second) == ["present", "present"]
    diary.clinic.commit(second)
    other = diary.preview(diary.line("10.00 am", "LAKSHMI PILLAI", doctor="Nair"))
    assert diary.outcomes(other) == ["present"]
    assert len(visits()) == 2
