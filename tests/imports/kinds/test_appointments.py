from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from clinic.core import clock
from clinic.core.access import SYSTEM, Role
from clinic.core.db import db, unit_of_work
from clinic.core.errors import Forbidden
from clinic.exports.policy import Listing
from clinic.exports.queries.lists import Wanted
from clinic.imports import service
from clinic.imports.models import ImportRow, ImportState
from clinic.notifications.models import Message
from clinic.patients.models import Patient
from clinic.practitioners.models import Practitioner
from clinic.practitioners.service import verify
from clinic.scheduling.models import Allocation, Appointment, Resource, WorkingHours
from clinic.scheduling.models import Service as Offered
from clinic.scheduling.service import Booking, arrive, book, cancel, confirm, move
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    ServiceFactory,
    UserFactory,
    actor_of,
    grant,
    practitioner_at,
    room,
)
from tests.imports.conftest import Clinic
from tests.imports.kinds.diary import HEADINGS, MOBILE, Diary, visits
from tests.imports.kinds.steps import (
    again,
    cells,
    exported,
    gone_afterwards,
    noted,
    outcomes,
    take_back,
)


def test_a_diary_is_booked_and_nobody_is_told(diary: Diary) -> None:
    done = diary.bring_in(diary.line("10:30"), diary.line("4 pm", "Raju Pillai", doctor="डॉ अनिल जोशी"))
    assert diary.outcomes(done) == ["new", "new"]
    first, second = visits()
    assert (first.patient_id, first.practitioner_id, first.starts) == (
        diary.lakshmi, diary.nair, diary.at(10, 30),
    )  # fmt: skip
    assert (second.patient_id, second.practitioner_id, second.starts) == (
        diary.raju, diary.joshi, diary.at(16),
    )  # fmt: skip
    assert {(visit.status, visit.created_via, visit.override_reason) for visit in visits()} == {
        ("confirmed", "import", None)
    }
    kinds = set(db.session.scalars(select(Message.kind)))
    assert kinds == {"reminder_24h", "reminder_2h", "reminder_30m"}


def test_the_preview_books_nothing(diary: Diary) -> None:
    seen = diary.preview(diary.line("10:30"))
    assert diary.outcomes(seen) == ["new"]
    assert visits() == []
    assert db.session.scalars(select(Message)).all() == []
    assert db.session.scalars(select(Allocation)).all() == []
    assert diary.book(10, 30).status == "confirmed"


def test_date_and_time_may_stand_in_one_column_and_a_slot_has_an_end(diary: Diary) -> None:
    day = f"{diary.day:%Y-%m-%d}"
    whole = ("Date and time", "Number", "Doctor", "Service code")
    diary.bring_in((f"{day} 09:00", "su-501", "Nair", "CONSULT"), headings=whole)
    both = ("Date", "UHID", "Doctor", "Treatment")
    diary.bring_in((f"{day} 11:00", "opd/7", "Dr Nair", "परामर्श"), headings=both)
    diary.bring_in(diary.line("12:00 - 12:30"))
    assert [visit.starts for visit in visits()] == [diary.at(9), diary.at(11), diary.at(12)]
    assert [visit.patient_id for visit in visits()] == [diary.lakshmi, diary.amina, diary.lakshmi]


@pytest.mark.parametrize(
    ("patient", "mobile", "words"),
    [
        ("Ramesh Yadav", MOBILE, "No patient with this mobile is called Ramesh Yadav."),
        ("Pillai", MOBILE, "This may be Lakshmi Pillai (SU-501) or Raju Pillai (SU-502)."),
        ("", MOBILE, "Several patients share it. Say who."),
        ("Lakshmi Pillai", "98450 77777", "No patient here has this mobile."),
        ("Ramesh Yadav", "", "No patient here is called Ramesh Yadav."),
        ("", "", "Say who it is: a number, a mobile or a name."),
    ],
)
def test_a_patient_who_is_not_clear_is_not_booked(
    diary: Diary, patient: str, mobile: str, words: str
) -> None:
    seen = diary.preview(diary.line("10:00", patient, mobile=mobile))
    assert diary.refused(seen) == words


def test_two_patients_of_one_name_need_more_than_the_name(diary: Diary) -> None:
    PatientFactory(name="Amina Khan", facility_id=diary.clinic.facility.id)
    db.session.commit()
    seen = diary.preview(
        diary.line("10:00", "Amina Khan", mobile=""), diary.line("11:00", "Mrs Lakshmi Pillai", mobile="")
    )
    assert diary.refused(seen) == "2 patients here are called Amina Khan. Add a mobile or a number."
    assert diary.outcomes(seen)[1] == "new"


def test_a_number_of_somebody_with_another_name_is_not_trusted(diary: Diary) -> None:
    headings = (*HEADINGS, "Patient number")
    seen = diary.preview(
        (*diary.line("10:00", "Amina Khan"), "SU-501"),
        (*diary.line("11:00", mobile=""), "SU-999"),
        (*diary.line("12:00"), "SU-999"),
        headings=headings,
    )
    assert diary.refused(seen, 2) == "No patient with this number is called Amina Khan."
    assert diary.refused(seen, 3) == "Nobody here has the number SU-999."
    assert diary.outcomes(seen)[2] == "new"


def test_patients_of_another_clinic_are_nobody_here(diary: Diary) -> None:
    PatientFactory(name="Somebody Elsewhere", mobile="+919845055555", facility_id=FacilityFactory().id)
    db.session.commit()
    seen = diary.preview(diary.line("10:00", "Somebody Elsewhere", mobile="98450 55555"))
    assert diary.refused(seen) == "No patient here has this mobile."


def test_whom_what_and_when_are_refused_in_words(diary: Diary) -> None:
    practitioner_at(diary.clinic.facility, name="Dr New Comer", verified_at=None)
    practitioner_at(diary.clinic.facility, name="Dr Meena Nair")
    ServiceFactory(facility_id=diary.clinic.facility.id, name="Nasya", code="old", active=False)
    room(diary.clinic.facility, name="Room 1")
    db.session.commit()
    headings = (*HEADINGS, "Room", "Mode")
    seen = diary.preview(
        (*diary.line("09:00", doctor="Dr Who"), "", ""),
        (*diary.line("09:00", doctor="New Comer"), "", ""),
        (*diary.line("09:00", doctor="Dr Nair"), "", ""),
        (*diary.line("09:00", doctor=""), "", ""),
        (*diary.line("09:00", service="Leeches"), "", ""),
        (*diary.line("09:00", service=""), "", ""),
        (*diary.line("09:00", service="Nasya"), "", ""),
        (*diary.line("09:00"), "Cellar", ""),
        (*diary.line("09:00"), "", "by dove"),
        (*diary.line(""), "", ""),
        (*diary.line("09:00", day="31/02/2027"), "", ""),
        headings=headings,
    )
    words = [diary.refused(seen, number) for number in range(2, 13)]
    assert words == [
        "No practitioner here is called Dr Who.",
        "Dr New Comer cannot be booked until verified and active.",
        "This may be Dr. Meera Nair or Dr Meena Nair.",
        "Say with whom.",
        "There is no service called Leeches.",
        "Say which service, for example Consultation.",
        "This service is no longer offered.",
        "There is no room called Cellar.",
        "Write in person or online.",
        "Write the day and the time: 14/11/2026 10:30.",
        "There is no such day in the calendar.",
    ]
    with unit_of_work():
        service.leave_out(diary.clinic.manager, diary.clinic.row(seen), "room", leave=True)
    service.carry_on(seen)
    assert diary.outcomes(seen)[7] == "new"


def test_the_past_and_what_was_called_off_stay_out(diary: Diary) -> None:
    headings = (*HEADINGS, "Status")
    seen = diary.preview(
        (*diary.line("10:00", day="14/11/2019"), ""),
        (*diary.line("10:00"), "Cancelled"),
        (*diary.line("10:00"), "no-show"),
        (*diary.line("10:00"), "Scheduled"),
        (*diary.line("11:00"), "pending"),
        (*diary.line("12:00"), "in the stars"),
        headings=headings,
    )
    assert diary.refused(seen, 2) == "This time has passed."
    assert diary.refused(seen, 3) == "This visit was cancelled."
    assert diary.refused(seen, 4) == "This visit has taken place, or should have."
    assert diary.refused(seen, 7) == "Write scheduled, confirmed, pending or cancelled."
    with unit_of_work():
        service.leave_out(diary.clinic.manager, diary.clinic.row(seen), "status", leave=True)
    service.carry_on(seen)
    assert diary.outcomes(seen) == ["refused", "refused", "refused", "new", "new", "new"]
    diary.clinic.commit(seen)
    assert [visit.status for visit in visits()] == ["confirmed", "pending", "confirmed"]


def test_the_length_is_the_services_and_a_different_one_is_pointed_out(diary: Diary) -> None:
    headings = (*HEADINGS, "Duration")
    done = diary.bring_in((*diary.line("10:00"), "45"), (*diary.line("11:00"), "30 min"), headings=headings)
    assert noted(diary.clinic, done, 2) == "Consultation takes 30 minutes; the file says 45."
    assert noted(diary.clinic, done, 3) == ""
    assert [visit.ends - visit.starts for visit in visits()] == [timedelta(minutes=30)] * 2


def test_a_visit_called_off_here_does_not_come_back_with_the_same_file(diary: Diary) -> None:
    diary.bring_in(diary.line("10:00"))
    with unit_of_work():
        cancel(diary.clinic.manager, visits()[0], tell=False)
    second = diary.bring_in(diary.line("10:00"))
    assert diary.outcomes(second) == ["present"]
    assert [visit.status for visit in visits()] == ["cancelled"]


def test_an_import_taken_back_calls_the_visits_off_in_silence(diary: Diary) -> None:
    kept = diary.book(10).id
    done = diary.bring_in(diary.line("10:00", "Amina Khan", mobile=""), diary.line("11:00"))
    assert diary.outcomes(done) == ["present", "new"]
    touched, row = take_back(diary.clinic, done)
    assert (touched, row.state) == ([], ImportState.UNDONE)
    was, gone = visits()
    assert (was.id, was.status) == (kept, "confirmed")
    assert (gone.status, gone.ended_why) == ("cancelled", "Import taken back")
    states = db.session.execute(
        select(Message.kind, Message.status).where(Message.subject_id == gone.id)
    ).all()
    assert {kind for kind, _status in states} == {"reminder_24h", "reminder_2h", "reminder_30m"}
    assert {status for _kind, status in states} == {"cancelled"}
    second = diary.bring_in(diary.line("11:00"))
    assert diary.outcomes(second) == ["new"]


def _moved(diary: Diary, visit: Appointment) -> None:
    move(diary.clinic.manager, visit, diary.at(15))


def _arrived(diary: Diary, visit: Appointment) -> None:
    arrive(diary.clinic.manager, visit)


def _cancelled(diary: Diary, visit: Appointment) -> None:
    cancel(diary.clinic.manager, visit)


@pytest.mark.parametrize("happened", [_moved, _arrived, _cancelled])
def test_a_visit_worked_on_stays_and_is_named(
    diary: Diary, happened: Callable[[Diary, Appointment], None]
) -> None:
    done = diary.bring_in(diary.line("10:00"), diary.line("11:00", "Raju Pillai"))
    first = visits()[0]
    reference = first.reference
    with unit_of_work():
        happened(diary, first)
    touched, row = take_back(diary.clinic, done)
    assert row.state == ImportState.DONE
    assert [one.name.split(",")[0] for one in touched] == ["Lakshmi Pillai"]
    assert touched[0].url == ("scheduling.show", {"reference": reference})
    assert "Import taken back" not in [visit.ended_why for visit in visits()]


def test_a_visit_confirmed_since_stays(diary: Diary) -> None:
    done = diary.bring_in((*diary.line("10:00"), "pending"), headings=(*HEADINGS, "Status"))
    with unit_of_work():
        confirm(diary.clinic.manager, visits()[0])
    touched, _row = take_back(diary.clinic, done)
    assert len(touched) == 1


def test_the_front_desk_brings_a_diary_in_and_others_do_not(
    diary: Diary, sign_in: Callable[..., FlaskClient]
) -> None:
    here = diary.clinic.facility
    desk = grant(UserFactory(), Role.RECEPTIONIST, facility=here)
    vaidya = grant(UserFactory(), Role.PRACTITIONER, facility=here)
    elsewhere = grant(UserFactory(), Role.FACILITY_ADMIN, facility=FacilityFactory())
    admin = grant(UserFactory(), Role.ADMIN)
    db.session.commit()
    with pytest.raises(Forbidden):
        service.receive(
            actor_of(vaidya, Role.PRACTITIONER, facility=here),
            here,
            kind="appointments",
            file_name="a.csv",
            pieces=[b"Date\n1\n"],
        )
    seen = diary.preview(diary.line("10:00"))
    for person, status in ((desk, 200), (vaidya, 403), (elsewhere, 404), (admin, 404)):
        assert sign_in(again(person)).get(f"/imports/{seen}").status_code == status
    text = sign_in(again(desk)).get(f"/imports/{seen}").text
    assert "Lakshmi Pillai, SU-501" in text


def test_exported_visits_come_back_into_an_empty_clinic_with_everything_before_them(clinic: Clinic) -> None:
    day = clock.today("Asia/Kolkata") + timedelta(days=7)

    def at(hour: int) -> datetime:
        return clock.at(day, time(hour), "Asia/Kolkata")

    with gone_afterwards(clinic):
        here = clinic.facility
        clinic.bring_in(
            "Name\tMobile\nLakshmi Pillai\t9845000001\nRaju Pillai\t9845000001\nरमेश यादव\t\n",
        )
        clinic.bring_in("Name\nDr Meera Nair\n", kind="practitioners")
        clinic.bring_in("Code\tName\tMinutes\nc\tConsultation\t30\nd\tNasya\t45\n", kind="services")
        here = clinic.facility
        nair = _ready(here.id)
        first, second, third = db.session.scalars(select(Patient).order_by(Patient.id))
        c, d = db.session.scalars(select(Offered).order_by(Offered.code))
        for patient, offered, hour, more in (
            (first, c, 9, {"purpose": 'Knee pain,\n"since June"'}),
            (second, d, 10, {"mode": "online"}),
            (third, c, 12, {"waits": True}),
        ):
            book(
                clinic.manager,
                Booking(
                    patient_id=patient.id, practitioner_id=nair.id, service_id=offered.id, starts=at(hour),
                    facility_id=here.id, tell=False, **more,
                ),
            )  # fmt: skip
        db.session.commit()
        lists = {
            listing: exported(
                listing, here.id, wanted=Wanted(from_day=day) if listing == "appointments" else None
            )
            for listing in Listing
        }
    assert db.session.scalars(select(Patient)).all() == []
    for listing in (Listing.PATIENTS, Listing.PRACTITIONERS, Listing.SERVICES):
        clinic.bring_in(lists[listing], kind=str(listing))
    _ready(clinic.facility.id)
    db.session.commit()
    done = clinic.bring_in(lists[Listing.APPOINTMENTS], kind="appointments")
    assert outcomes(clinic, done.id) == ["new", "new", "new"], [line.faults for line in clinic.lines(done.id)]
    after = exported(Listing.APPOINTMENTS, clinic.facility.id, wanted=Wanted(from_day=day))
    assert cells(after, "Reference") == cells(lists[Listing.APPOINTMENTS], "Reference")


def _ready(facility_id: int) -> Practitioner:
    """The practitioner verified and at work the whole day, every day."""
    practitioner = db.session.scalars(select(Practitioner)).one()
    verify(SYSTEM, practitioner)
    place = db.session.scalars(select(Resource).where(Resource.facility_id == facility_id)).one()
    db.session.add_all(
        WorkingHours(
            resource_id=place.id, weekday=day, starts=time(0), ends=time(23, 59), valid_from=date(2020, 1, 1)
        )
        for day in range(7)
    )
    db.session.flush()
    return practitioner


def test_no_line_of_a_preview_keeps_anything_waiting(diary: Diary) -> None:
    seen = diary.preview(diary.line("10:00"), diary.line("11:00"))
    values = db.session.scalars(select(ImportRow.values).where(ImportRow.import_id == seen)).all()
    assert [one["means"] for one in values] == [
        ["Lakshmi Pillai, SU-501", "Dr. Meera Nair", "Consultation"]
    ] * 2
    assert db.session.scalar(select(func.count()).select_from(Appointment)) == 0
