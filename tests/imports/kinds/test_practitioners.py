from __future__ import annotations

from collections.abc import Callable
from datetime import date, time

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from clinic.core import clock
from clinic.core.access import SYSTEM, Role
from clinic.core.db import db, unit_of_work
from clinic.core.errors import Forbidden
from clinic.exports.policy import Listing
from clinic.imports import service
from clinic.imports.models import ImportState
from clinic.practitioners.models import Affiliation, Practitioner
from clinic.practitioners.queries import bookable_practitioners
from clinic.practitioners.service import PractitionerDetails, create, set_active, verify
from clinic.practitioners.service import update as change
from clinic.scheduling.models import Resource, WorkingHours
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    UserFactory,
    actor_of,
    appointment,
    grant,
    practitioner_at,
)
from tests.imports.conftest import Clinic
from tests.imports.kinds.steps import (
    Table,
    again,
    cells,
    decide,
    exported,
    gone_afterwards,
    noted,
    outcomes,
    said,
    take_back,
)

HEADINGS = ("Doctor Name", "Department", "Degree", "Exp", "Licence No", "Mobile", "Email")
NAIR = (
    "Dr. Meera Nair",
    "Kayachikitsa",
    "BAMS, MD",
    "12+ yrs",
    "KA-48211",
    "98450 00003",
    "meera@example.com",
)
JOSHI = ("डॉ. अनिल जोशी", "पंचकर्म", "BAMS", "5 वर्ष", "MH-20417", "", "")


def everybody() -> list[Practitioner]:
    db.session.expire_all()
    return list(db.session.scalars(select(Practitioner).order_by(Practitioner.id)))


def named(name: str) -> Practitioner:
    return next(one for one in everybody() if one.name == name)


def test_a_list_of_doctors_comes_in_unverified_and_with_a_place_in_the_calendar(
    clinic: Clinic, table: Table
) -> None:
    done = clinic.bring_in(table(HEADINGS, NAIR, JOSHI), kind="practitioners")
    assert done.state == ImportState.DONE
    nair = named("Dr. Meera Nair")
    assert (nair.specialization, nair.qualification, nair.experience_years) == (
        "Kayachikitsa",
        "BAMS, MD",
        12,
    )
    assert (nair.licence_number, nair.phone, nair.email) == ("KA-48211", "98450 00003", "meera@example.com")
    assert (nair.verified_at, nair.default_minutes, nair.active) == (None, 30, True)
    assert bookable_practitioners(clinic.facility.id) == []
    places = db.session.scalars(select(Resource.practitioner_id)).all()
    assert sorted(places) == [one.id for one in everybody()]
    assert named("डॉ. अनिल जोशी").experience_years == 5


def test_hindi_headings_are_understood(clinic: Clinic, table: Table) -> None:
    import_id = clinic.receive(
        table(("डॉक्टर का नाम", "योग्यता", "पंजीकरण संख्या", "अनुभव"), ("वैद्य रमा", "BAMS", "I-1", "3")),
        kind="practitioners",
    )
    assert clinic.row(import_id).mapping == [
        "name",
        "qualification",
        "registration_number",
        "experience_years",
    ]


def test_the_same_file_again_adds_nobody(clinic: Clinic, table: Table) -> None:
    content = table(HEADINGS, NAIR, JOSHI)
    clinic.bring_in(content, kind="practitioners")
    second = clinic.preview(content, kind="practitioners")
    assert outcomes(clinic, second.id) == ["present", "present"]
    clinic.commit(second.id)
    assert len(everybody()) == 2


def test_a_licence_a_registration_or_a_telephone_beside_the_name_tell_who_is_here(
    clinic: Clinic, table: Table
) -> None:
    for details in (
        PractitionerDetails(name="Meera Nair", licence_number="KA 48211"),
        PractitionerDetails(name="Vaidya Anil Joshi", registration_number="i/20417"),
        PractitionerDetails(name="Dr Sunita Rao", phone="+91 98450 00009"),
        PractitionerDetails(name="Dr Ravi Kulkarni"),
    ):
        create(SYSTEM, details)
    db.session.commit()
    seen = clinic.preview(
        table(
            ("Name", "Licence number", "Registration number", "Telephone"),
            ("Dr Meera Nair", "ka48211", "", ""),
            ("Anil Joshi", "", "I/20417", ""),
            ("Sunita Rao", "", "", "09845000009"),
            ("Dr. Ravi Kulkarni", "", "", "98450 00007"),
            ("Dr Somebody Else", "KA48211", "", ""),
            ("Dr Nobody Known", "", "I/20417", ""),
        ),
        kind="practitioners",
    )
    assert outcomes(clinic, seen.id) == ["present", "present", "present", "duplicate", "duplicate", "new"]
    assert "another name" in " ".join((clinic.line(seen.id, 6).match or {})["reasons"])


def test_who_waits_for_a_decision_comes_in_only_after_it(clinic: Clinic, table: Table) -> None:
    create(SYSTEM, PractitionerDetails(name="Dr Ravi Kulkarni", city="Pune"))
    db.session.commit()
    content = table(("Name", "City", "Degree"), ("Dr. Ravi Kulkarni", "Nashik", "BAMS"))
    seen = clinic.preview(content, kind="practitioners")
    decide(clinic, seen.id, 2, "fill")
    clinic.commit(seen.id)
    kept = named("Dr Ravi Kulkarni")
    assert (kept.city, kept.qualification) == ("Pune", "BAMS")
    second = clinic.preview(table(("Name", "City"), ("Dr. Ravi Kulkarni", "Nashik")), kind="practitioners")
    decide(clinic, second.id, 2, "replace")
    clinic.commit(second.id)
    assert named("Dr Ravi Kulkarni").city == "Nashik"
    third = clinic.preview(table(("Name", "State"), ("Dr Ravi Kulkarni", "Goa")), kind="practitioners")
    decide(clinic, third.id, 2, "add")
    clinic.commit(third.id)
    assert len(everybody()) == 2


def test_two_lines_about_one_person_make_one_record(clinic: Clinic, table: Table) -> None:
    done = clinic.bring_in(
        table(
            ("Name", "Licence number", "City"),
            ("Dr Meera Nair", "KA-1", ""),
            ("Meera Nair", "KA-1", "Mysuru"),
            ("Dr. Meera Nair", "", ""),
        ),
        kind="practitioners",
    )
    assert outcomes(clinic, done.id) == ["new", "present", "duplicate"]
    assert [(one.name, one.city) for one in everybody()] == [("Dr Meera Nair", "Mysuru")]


def test_what_is_wrong_is_said_beside_its_cell_and_can_be_left_out(clinic: Clinic, table: Table) -> None:
    headings = ("Name", "Experience", "Usual visit (minutes)", "Telephone", "E-mail")
    seen = clinic.preview(
        table(headings, ("", "2", "30", "", ""), ("Dr A B", "many", "2", "12", "nowhere")),
        kind="practitioners",
    )
    assert "no name" in said(clinic, seen.id, 2)
    assert [fault["field"] for fault in clinic.line(seen.id, 3).faults] == [
        "experience_years", "default_minutes", "phone", "email",
    ]  # fmt: skip
    for name in ("experience_years", "default_minutes", "phone", "email"):
        with unit_of_work():
            service.leave_out(clinic.manager, clinic.row(seen.id), name, leave=True)
        service.carry_on(seen.id)
    clinic.commit(seen.id)
    assert [(one.name, one.default_minutes, one.phone) for one in everybody()] == [("Dr A B", 30, None)]


def test_a_licence_taken_meanwhile_refuses_that_line_alone(clinic: Clinic, table: Table) -> None:
    seen = clinic.preview(table(HEADINGS, NAIR, JOSHI), kind="practitioners")
    create(SYSTEM, PractitionerDetails(name="Somebody else", licence_number="KA-48211"))
    db.session.commit()
    done = clinic.commit(seen.id)
    assert done.state == ImportState.DONE
    assert outcomes(clinic, done.id) == ["refused", "new"]
    assert "Another practitioner has this licence number." in said(clinic, done.id, 2)
    assert sorted(one.name for one in everybody()) == sorted(["Somebody else", "डॉ. अनिल जोशी"])


def test_nobody_is_verified_by_a_file_and_it_says_so(clinic: Clinic, table: Table) -> None:
    done = clinic.bring_in(
        table(("Name", "Verified", "In use"), ("Dr A Rao", "yes", "yes"), ("Dr B Rao", "no", "no")),
        kind="practitioners",
    )
    assert [(one.verified_at, one.active) for one in everybody()] == [(None, True), (None, False)]
    assert "unverified" in noted(clinic, done.id, 2)
    assert noted(clinic, done.id, 3) == ""


def test_an_import_taken_back_leaves_no_trace_of_its_people(clinic: Clinic, table: Table) -> None:
    create(SYSTEM, PractitionerDetails(name="Dr Ravi Kulkarni", phone="98450 00007"))
    db.session.commit()
    done = clinic.bring_in(
        table(HEADINGS, NAIR, ("Ravi Kulkarni", "Shalya", "", "", "", "98450 00007", "")),
        kind="practitioners",
    )
    assert named("Dr Ravi Kulkarni").specialization == "Shalya"
    touched, row = take_back(clinic, done.id)
    assert (touched, row.state) == ([], ImportState.UNDONE)
    assert [(one.name, one.specialization) for one in everybody()] == [("Dr Ravi Kulkarni", None)]
    assert db.session.scalars(select(Affiliation)).all() == []
    assert db.session.scalars(select(Resource)).all() == []
    second = clinic.bring_in(table(HEADINGS, NAIR), kind="practitioners")
    assert outcomes(clinic, second.id) == ["new"]


def _verified(clinic: Clinic, nair: Practitioner) -> None:
    verify(SYSTEM, nair)


def _changed(clinic: Clinic, nair: Practitioner) -> None:
    change(SYSTEM, nair, PractitionerDetails(name=nair.name, city="Mysuru"))


def _out_of_use(clinic: Clinic, nair: Practitioner) -> None:
    set_active(SYSTEM, nair, False)


def _joined(clinic: Clinic, nair: Practitioner) -> None:
    nair.user_id = UserFactory().id


def _at_work(clinic: Clinic, nair: Practitioner) -> None:
    place = db.session.scalars(select(Resource).where(Resource.practitioner_id == nair.id)).one()
    db.session.add(
        WorkingHours(
            resource_id=place.id, weekday=0, starts=time(9), ends=time(13), valid_from=date(2026, 1, 1)
        )
    )


def _booked(clinic: Clinic, nair: Practitioner) -> None:
    appointment(PatientFactory(facility_id=clinic.facility.id), nair, clock.now())


def _elsewhere(clinic: Clinic, nair: Practitioner) -> None:
    db.session.add(Affiliation(practitioner_id=nair.id, facility_id=FacilityFactory().id))


@pytest.mark.parametrize(
    "happened", [_verified, _changed, _out_of_use, _joined, _at_work, _booked, _elsewhere]
)
def test_somebody_worked_with_stays_and_is_named(
    clinic: Clinic, table: Table, happened: Callable[[Clinic, Practitioner], None]
) -> None:
    done = clinic.bring_in(table(HEADINGS, NAIR, JOSHI), kind="practitioners")
    happened(clinic, named("Dr. Meera Nair"))
    db.session.commit()
    touched, row = take_back(clinic, done.id)
    assert [one.name for one in touched] == ["Dr. Meera Nair"]
    assert touched[0].url == ("practitioners.show", {"practitioner_id": named("Dr. Meera Nair").id})
    assert row.state == ImportState.DONE
    assert len(everybody()) == 2


def test_the_page_of_an_import_that_stays_leads_to_who_is_in_the_way(
    clinic: Clinic, table: Table, sign_in: Callable[..., FlaskClient]
) -> None:
    admin = grant(UserFactory(), Role.FACILITY_ADMIN, facility=clinic.facility)
    db.session.commit()
    done = clinic.bring_in(table(HEADINGS, NAIR), kind="practitioners")
    nair = named("Dr. Meera Nair")
    verify(SYSTEM, nair)
    db.session.commit()
    answer = sign_in(again(admin)).post(f"/imports/{done.id}/undo")
    assert answer.status_code == 409
    assert f'href="/practitioners/{nair.id}"' in answer.text


def test_only_managers_bring_practitioners_in(
    clinic: Clinic, table: Table, sign_in: Callable[..., FlaskClient]
) -> None:
    desk = grant(UserFactory(), Role.RECEPTIONIST, facility=clinic.facility)
    elsewhere = grant(UserFactory(), Role.FACILITY_ADMIN, facility=FacilityFactory())
    admin = grant(UserFactory(), Role.ADMIN)
    db.session.commit()
    with pytest.raises(Forbidden):
        service.receive(
            actor_of(desk, Role.RECEPTIONIST, facility=clinic.facility),
            clinic.facility,
            kind="practitioners",
            file_name="a.csv",
            pieces=[b"Name\nDr A B\n"],
        )
    seen = clinic.preview(table(HEADINGS, NAIR), kind="practitioners")
    assert sign_in(again(desk)).get(f"/imports/{seen.id}").status_code == 404
    assert sign_in(again(elsewhere)).get(f"/imports/{seen.id}").status_code == 404
    assert sign_in(again(admin)).get(f"/imports/{seen.id}").status_code == 200
    assert 'value="practitioners"' not in sign_in(again(desk)).get("/imports").text


def test_an_exported_list_comes_back_as_it_was(clinic: Clinic, session: Session) -> None:
    with gone_afterwards(clinic):
        practitioner_at(clinic.facility, name="Dr Meera Nair", sex="female", qualification="BAMS, MD (Ayu)")
        for details in (
            PractitionerDetails(
                name="'Dr. =Odd, \"Name\"", sex="other", specialization="कायचिकित्सा", experience_years=0,
                licence_number="00123", registration_number="+91/7", default_minutes=45,
                phone="080-2345 6789", email="a@example.com", line="12, First Cross\u200d", city="Kochi",
                state="Kerala", postal_code="682001", country="India",
            ),
            PractitionerDetails(name="वैद्य रमा", phone="+91 98450 00003"),
        ):  # fmt: skip
            create(SYSTEM, details)
        set_active(SYSTEM, named("वैद्य रमा"), False)
        db.session.commit()
        before = exported(Listing.PRACTITIONERS, clinic.facility.id)
    assert everybody() == []
    done = clinic.bring_in(before, kind="practitioners")
    assert outcomes(clinic, done.id) == ["new", "new", "new"]
    after = exported(Listing.PRACTITIONERS, clinic.facility.id)
    assert cells(after, "Verified") == cells(before, "Verified")
    assert {row["Verified"] for row in cells(after)} == {"no"}
