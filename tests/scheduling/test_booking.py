"""What can be booked, by whom, and what a booking claims."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
import time_machine
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range

from clinic.accounts.models import SessionKind
from clinic.core import clock
from clinic.core.access import Role
from clinic.core.db import db
from clinic.core.errors import Forbidden, NotFound
from clinic.patients.models import CareRelationship
from clinic.scheduling import queries
from clinic.scheduling.models import Allocation, Appointment, Resource, ResourceUnit, TimeOff, WorkingHours
from clinic.scheduling.service import OutsideRules, PatientBusy, SlotTaken, book, cancel, claims
from clinic.scheduling.service.lifecycle import undo_purpose
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    PractitionerFactory,
    UserFactory,
    actor_of,
    grant,
    household_login,
)
from tests.scheduling.conftest import Clinic, place


def count(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_a_booking_claims_the_practitioner_and_a_free_room(clinic: Clinic) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    kinds = db.session.scalars(
        select(Resource.kind)
        .join(ResourceUnit, ResourceUnit.resource_id == Resource.id)
        .join(Allocation, Allocation.unit_id == ResourceUnit.id)
        .where(Allocation.appointment_id == visit.id, Allocation.active)
    )
    assert sorted(kinds) == ["practitioner", "room"]
    assert visit.status == "confirmed"
    assert visit.ends - visit.starts == timedelta(minutes=30)


def test_references_are_ten_letters_nobody_mistakes(clinic: Clinic) -> None:
    visits = [book(clinic.desk, clinic.booking(clinic.at(9) + timedelta(minutes=30 * n))) for n in range(4)]
    assert all(re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{10}", visit.reference) for visit in visits)
    assert len({visit.reference for visit in visits}) == 4


def test_a_taken_time_offers_three_near_ones(clinic: Clinic) -> None:
    book(clinic.desk, clinic.booking(clinic.at(10)))
    with pytest.raises(SlotTaken) as taken:
        book(clinic.desk, clinic.booking(clinic.at(10), patient_id=clinic.other.id))
    same, other, next_day = taken.value.alternatives
    assert (same.practitioner_id, same.starts) in {
        (clinic.vaidya.id, clinic.at(9, 30)),
        (clinic.vaidya.id, clinic.at(10, 30)),
    }
    assert (other.practitioner_id, other.starts) == (clinic.colleague.id, clinic.at(10))
    assert (next_day.practitioner_id, next_day.starts) == (clinic.vaidya.id, clinic.at(10, days=1))


def test_overlapping_is_taken_too_and_touching_is_not(clinic: Clinic) -> None:
    book(clinic.desk, clinic.booking(clinic.at(10)))
    with pytest.raises(SlotTaken):
        book(clinic.desk, clinic.booking(clinic.at(10, 25), patient_id=clinic.other.id))
    assert book(clinic.desk, clinic.booking(clinic.at(10, 30), patient_id=clinic.other.id))


def test_nothing_is_left_of_a_refused_booking(clinic: Clinic) -> None:
    book(clinic.desk, clinic.booking(clinic.at(10)))
    before = count(Allocation), count(Appointment)
    with pytest.raises(SlotTaken):
        book(clinic.desk, clinic.booking(clinic.at(10), patient_id=clinic.other.id))
    assert (count(Allocation), count(Appointment)) == before


def test_a_patient_is_in_one_place_at_a_time(clinic: Clinic) -> None:
    book(clinic.desk, clinic.booking(clinic.at(10)))
    with pytest.raises(PatientBusy) as busy:
        book(clinic.desk, clinic.booking(clinic.at(10, 15), practitioner_id=clinic.colleague.id))
    assert "already has a visit" in busy.value.message
    assert all(
        slot.starts >= clinic.at(10, 30) or slot.ends <= clinic.at(10) for slot in busy.value.alternatives
    )


def test_without_a_free_room_nothing_is_booked(clinic: Clinic) -> None:
    clinic.rooms[1].active = False
    book(clinic.desk, clinic.booking(clinic.at(10)))
    with pytest.raises(SlotTaken):
        book(
            clinic.desk,
            clinic.booking(clinic.at(10), patient_id=clinic.other.id, practitioner_id=clinic.colleague.id),
        )


def test_a_visit_by_video_needs_no_room(clinic: Clinic) -> None:
    for room in clinic.rooms:
        room.active = False
    assert book(clinic.desk, clinic.booking(clinic.at(10), mode="online")).mode == "online"


def test_the_same_form_sent_again_gives_the_same_visit(clinic: Clinic) -> None:
    booking = clinic.booking(clinic.at(10), submission_key="one-form")
    assert book(clinic.desk, booking).id == book(clinic.desk, booking).id
    assert count(Appointment) == 1


def test_a_cancelled_time_can_be_booked_again(clinic: Clinic) -> None:
    visit = book(clinic.desk, clinic.booking(clinic.at(10)))
    cancel(clinic.desk, visit, "ill")
    claims.end_hold(undo_purpose(visit))
    assert book(clinic.desk, clinic.booking(clinic.at(10), patient_id=clinic.other.id))


def test_booking_begins_care_once(clinic: Clinic) -> None:
    book(clinic.desk, clinic.booking(clinic.at(10)))
    book(clinic.desk, clinic.booking(clinic.at(11)))
    assert count(CareRelationship) == 1


@pytest.mark.parametrize(("hour", "minute"), [(8, 0), (12, 45), (13, 15), (16, 45), (20, 0)], ids=str)
def test_outside_working_hours_a_reason_is_needed_and_kept(clinic: Clinic, hour: int, minute: int) -> None:
    booking = clinic.booking(clinic.at(hour, minute))
    if hour == 8:
        booking = replace(booking, starts=clinic.at(8, 30))
    with pytest.raises(OutsideRules) as refused:
        book(clinic.desk, booking)
    assert refused.value.can_override
    visit = book(clinic.desk, replace(booking, override_reason="Emergency"))
    assert visit.override_reason == "Emergency"
    assert queries.history(visit)[0].reason == "Emergency"


def test_the_past_needs_a_reason(clinic: Clinic) -> None:
    booking = clinic.booking(clinic.at(10, days=-1))
    with pytest.raises(OutsideRules, match="passed"):
        book(clinic.desk, booking)
    assert book(clinic.desk, replace(booking, override_reason="Entered after the power cut"))


def test_an_empty_reason_is_none(clinic: Clinic) -> None:
    with pytest.raises(OutsideRules):
        book(clinic.desk, clinic.booking(clinic.at(20), override_reason="   "))


def test_time_off_is_not_booked(clinic: Clinic) -> None:
    resource = place(clinic.facility, clinic.vaidya)
    db.session.add(
        TimeOff(resource_id=resource.id, during=Range(clinic.at(10), clinic.at(11)), reason="Conference")
    )
    db.session.flush()
    with pytest.raises(OutsideRules, match="away"):
        book(clinic.desk, clinic.booking(clinic.at(9, 45)))


@pytest.mark.parametrize("problem", ["unverified", "inactive"])
def test_an_unverified_or_inactive_practitioner_is_never_booked(clinic: Clinic, problem: str) -> None:
    if problem == "unverified":
        clinic.vaidya.verified_at = None
    else:
        clinic.vaidya.active = False
    db.session.flush()
    with pytest.raises(OutsideRules) as refused:
        book(clinic.desk, clinic.booking(clinic.at(10), override_reason="All the same"))
    assert not refused.value.can_override


def test_who_has_died_is_never_booked(clinic: Clinic) -> None:
    clinic.patient.deceased = True
    db.session.flush()
    with pytest.raises(OutsideRules, match="died"):
        book(clinic.desk, clinic.booking(clinic.at(10), override_reason="All the same"))


def test_another_clinics_practitioner_is_not_there(clinic: Clinic) -> None:
    elsewhere = FacilityFactory()
    stranger = PractitionerFactory()
    place(elsewhere, stranger)
    with pytest.raises(NotFound):
        book(clinic.desk, clinic.booking(clinic.at(10), practitioner_id=stranger.id))


def test_a_stranger_books_for_nobody(clinic: Clinic) -> None:
    household = household_login(PatientFactory(facility_id=clinic.facility.id))
    stranger = actor_of(household, Role.PATIENT)
    with pytest.raises(Forbidden):
        book(stranger, clinic.booking(clinic.at(10)))
    elsewhere = FacilityFactory()
    receptionist = grant(UserFactory(), Role.RECEPTIONIST, facility=elsewhere)
    with pytest.raises(Forbidden):
        book(actor_of(receptionist, Role.RECEPTIONIST, facility=elsewhere), clinic.booking(clinic.at(10)))


@pytest.mark.parametrize(("needs_word", "status"), [(True, "pending"), (False, "confirmed")])
def test_a_patients_booking_waits_where_the_service_says_so(
    clinic: Clinic, needs_word: bool, status: str
) -> None:
    clinic.service.needs_confirmation = needs_word
    patient = actor_of(household_login(clinic.patient), Role.PATIENT)
    assert book(patient, clinic.booking(clinic.at(10), via="portal")).status == status


def test_a_patient_cannot_go_past_the_rules_with_a_reason(clinic: Clinic) -> None:
    patient = actor_of(household_login(clinic.patient), Role.PATIENT)
    with pytest.raises(OutsideRules) as refused:
        book(patient, clinic.booking(clinic.at(20), override_reason="Please"))
    assert not refused.value.can_override


def test_a_patient_books_only_what_is_offered_online_and_not_too_far_ahead(clinic: Clinic) -> None:
    patient = actor_of(household_login(clinic.patient), Role.PATIENT)
    with pytest.raises(OutsideRules, match="far ahead"):
        book(patient, clinic.booking(clinic.at(10, days=clinic.facility.booking_days + 1)))
    clinic.service.online_booking = False
    db.session.flush()
    with pytest.raises(OutsideRules, match="telephone"):
        book(patient, clinic.booking(clinic.at(10)))


def test_a_night_shift_takes_visits_across_midnight(clinic: Clinic) -> None:
    resource = place(clinic.facility, clinic.vaidya)
    db.session.add_all(
        WorkingHours(resource_id=resource.id, weekday=day, starts=a, ends=b, valid_from=date(2020, 1, 1))
        for day in range(7)
        for a, b in ((time(22), time(23, 59)), (time(0), time(4)))
    )
    db.session.flush()
    visit = book(clinic.desk, clinic.booking(clinic.at(23, 45)))
    zone = clock.zone(clinic.facility.zone)
    assert visit.ends.astimezone(zone).date() == visit.starts.astimezone(zone).date() + timedelta(days=1)


def test_hours_follow_the_wall_clock_when_the_clocks_change(
    clinic: Clinic, morning: time_machine.Coordinates
) -> None:
    clinic.facility.zone = "Europe/Berlin"
    db.session.flush()
    morning.move_to(datetime(2026, 10, 24, 12, 0, tzinfo=UTC))
    days = (date(2026, 10, 24), date(2026, 10, 25), date(2026, 10, 26))
    for day, utc_hour in zip(days, (7, 8, 8), strict=True):
        slots = queries.free_slots(clinic.facility, clinic.service, day, day, [clinic.vaidya.id])
        if day > days[0]:
            assert slots[0].starts == datetime(day.year, day.month, day.day, utc_hour, tzinfo=UTC)
    assert book(clinic.desk, clinic.booking(datetime(2026, 10, 25, 8, 0, tzinfo=UTC)))
    with pytest.raises(OutsideRules):
        book(clinic.desk, clinic.booking(datetime(2026, 10, 25, 7, 0, tzinfo=UTC)))


def test_a_booking_needs_few_writes(clinic: Clinic, count_statements: Callable[[], list[str]]) -> None:
    count_statements()
    book(clinic.desk, clinic.booking(clinic.at(10), tell=False))
    statements = count_statements()
    writes = [one for one in statements if one.lstrip().startswith(("INSERT", "UPDATE", "DELETE"))]
    without_audit = [one for one in writes if "audit_events" not in one]
    assert len(without_audit) <= 6, without_audit
    assert len(statements) - len(writes) <= 4, statements


def test_a_signed_in_patient_is_not_let_into_the_staffs_booking(
    clinic: Clinic, sign_in: Callable[..., object]
) -> None:
    client = sign_in(household_login(clinic.patient), SessionKind.PATIENT)
    assert client.get("/appointments/new").status_code == 403  # type: ignore[attr-defined]
