from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from clinic.core import clock
from clinic.core.access import Role
from clinic.core.db import db, unit_of_work
from clinic.core.errors import Forbidden
from clinic.exports.policy import Listing
from clinic.imports import service
from clinic.imports.models import ImportState
from clinic.scheduling.models import Service
from clinic.scheduling.service import arrange
from clinic.scheduling.service.arrange import ServiceDetails
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    ServiceFactory,
    UserFactory,
    actor_of,
    appointment,
    grant,
    practitioner_at,
    room,
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

HEADINGS = ("Treatment", "Duration", "Price")
ABHYANGA = ("Abhyanga", "1 hr", "Rs. 1,25,000.50/-")
CONSULTATION = ("Consultation", "30 min", "₹600")


def all_services() -> list[Service]:
    db.session.expire_all()
    return list(db.session.scalars(select(Service).order_by(Service.id)))


def named(name: str) -> Service:
    return next(one for one in all_services() if one.name == name)


def test_a_price_list_becomes_services_with_codes_of_their_names(clinic: Clinic, table: Table) -> None:
    done = clinic.bring_in(
        table(HEADINGS, ABHYANGA, CONSULTATION, ("शिरोधारा", "45", "free"), ("Follow up", "", "")),
        kind="services",
    )
    assert done.state == ImportState.DONE
    assert [(one.code, one.minutes, one.fee) for one in all_services()] == [
        ("abhyanga", 60, Decimal("125000.50")),
        ("consultation", 30, Decimal("600.00")),
        ("sirodhara", 45, Decimal(0)),
        ("follow-up", 30, Decimal(0)),
    ]
    assert "30 minutes" in noted(clinic, done.id, 5)
    assert "no fee" in noted(clinic, done.id, 5)
    assert noted(clinic, done.id, 2) == ""


def test_every_column_of_a_service_comes_in(clinic: Clinic, table: Table) -> None:
    room(clinic.facility, kind="dhara")
    db.session.commit()
    clinic.bring_in(
        table(
            (
                "कोड",
                "सेवा",
                "हिंदी नाम",
                "अवधि",
                "शुल्क",
                "रंग",
                "कक्ष",
                "Note template",
                "ऑनलाइन",
                "पुष्टि",
                "Active",
            ),
            (
                "SD",
                "Shirodhara",
                "शिरोधारा",
                "45 मिनट",
                "₹2,500",
                "7",
                "Dhara",
                "panchakarma_session",
                "नहीं",
                "हाँ",
                "no",
            ),
        ),
        kind="services",
    )
    one = named("Shirodhara")
    assert (one.code, one.name_hi, one.minutes, one.fee, one.hue) == ("SD", "शिरोधारा", 45, 2500, 7)
    assert (one.room_kind, one.note_template) == ("dhara", "panchakarma_session")
    assert (one.online_booking, one.needs_confirmation, one.active) == (False, True, False)


def test_the_same_file_again_adds_nothing(clinic: Clinic, table: Table) -> None:
    content = table(HEADINGS, ABHYANGA, CONSULTATION)
    clinic.bring_in(content, kind="services")
    second = clinic.preview(content, kind="services")
    assert outcomes(clinic, second.id) == ["present", "present"]
    clinic.commit(second.id)
    other = clinic.preview(table(("Name", "Minutes"), ("ABHYANGA.", "60")), kind="services")
    assert outcomes(clinic, other.id) == ["present"]
    assert len(all_services()) == 2


def test_another_price_is_shown_and_taken_only_when_somebody_says_so(clinic: Clinic, table: Table) -> None:
    ServiceFactory(facility_id=clinic.facility.id, code="abhyanga", name="Abhyanga", minutes=60, fee=1500)
    db.session.commit()
    content = table(
        ("Code", "Name", "Minutes", "Price", "Name in Hindi"), ("Abhyanga", "Abhyanga", "45", "1800", "अभ्यंग")
    )
    seen = clinic.preview(content, kind="services")
    match = clinic.line(seen.id, 2).match or {}
    assert (match["fills"], match["differs"]) == ({"name_hi": "अभ्यंग"}, {"minutes": 45, "fee": "1800.00"})
    clinic.commit(seen.id)
    assert (named("Abhyanga").minutes, named("Abhyanga").fee, named("Abhyanga").name_hi) == (60, 1500, "अभ्यंग")
    dearer = clinic.preview(table(("Name", "Price"), ("abhyanga", "1800")), kind="services")
    decide(clinic, dearer.id, 2, "replace")
    clinic.commit(dearer.id)
    assert (named("Abhyanga").minutes, named("Abhyanga").fee) == (60, 1800)


def test_the_services_of_another_clinic_are_not_meant(clinic: Clinic, table: Table) -> None:
    elsewhere = FacilityFactory()
    ServiceFactory(facility_id=elsewhere.id, code="abhyanga", name="Abhyanga", fee=1)
    db.session.commit()
    done = clinic.bring_in(table(HEADINGS, ABHYANGA), kind="services")
    assert outcomes(clinic, done.id) == ["new"]
    assert [one.code for one in all_services()] == ["abhyanga", "abhyanga"]


def test_codes_made_of_names_avoid_those_in_use_and_in_the_file(clinic: Clinic, table: Table) -> None:
    ServiceFactory(facility_id=clinic.facility.id, code="abhyanga", name="Oil massage")
    db.session.commit()
    clinic.bring_in(
        table(
            ("Code", "Name"), ("", "Abhyanga"), ("abhyanga-2", "Foot massage"), ("", "!!!"), ("", "अभ्यङ्ग !")
        ),
        kind="services",
    )
    codes = [one.code for one in all_services()]
    assert codes[:3] == ["abhyanga", "abhyanga-3", "abhyanga-2"]
    assert codes[3] == "service"
    assert len(set(codes)) == 5


def test_two_lines_alike_in_one_file_are_told_apart_or_refused(clinic: Clinic, table: Table) -> None:
    done = clinic.bring_in(
        table(
            ("Code", "Name", "Minutes"),
            ("", "Abhyanga", "45"),
            ("", "Abhyanga", "45"),
            ("", "abhyanga", "60"),
            ("N1", "Nasya", "30"),
            ("n1", "Nasyam", "40"),
            ("N2", "Nasya", "60"),
        ),
        kind="services",
    )
    assert outcomes(clinic, done.id) == ["new", "present", "refused", "new", "refused", "new"]
    assert said(clinic, done.id, 4) == "Line 2 has this name already. Say what is different."
    assert said(clinic, done.id, 6) == "Line 5 has this code already."
    assert [one.code for one in all_services()] == ["abhyanga", "N1", "N2"]


def test_a_line_told_apart_by_hand_comes_in(clinic: Clinic, table: Table) -> None:
    seen = clinic.preview(table(HEADINGS, ABHYANGA, ("Abhyanga", "45", "900")), kind="services")
    with unit_of_work():
        service.mend(
            clinic.manager, clinic.row(seen.id), clinic.line(seen.id, 3), {"name": "Abhyanga, short"}
        )
    clinic.commit(seen.id)
    assert [one.code for one in all_services()] == ["abhyanga", "abhyanga-short"]


def test_what_is_wrong_is_said_beside_its_cell(clinic: Clinic, table: Table) -> None:
    seen = clinic.preview(
        table(
            ("Name", "Minutes", "Fee", "Colour", "Booked online", "Room kind"),
            ("", "30", "100", "1", "yes", ""),
            ("Nasya", "3", "-5", "9", "perhaps", "cellar"),
            ("Basti", "800", "99999999", "", "", "cellar"),
        ),
        kind="services",
    )
    assert [[fault["field"] for fault in clinic.line(seen.id, number).faults] for number in (2, 3, 4)] == [
        ["name"], ["minutes", "fee", "hue", "online_booking"], ["minutes", "fee"],
    ]  # fmt: skip


def test_a_room_nobody_has_is_pointed_out(clinic: Clinic, table: Table) -> None:
    room(clinic.facility, kind="dhara")
    db.session.commit()
    seen = clinic.preview(
        table(("Name", "Room kind"), ("Nasya", "cellar"), ("Dhara", "DHARA")), kind="services"
    )
    assert "no such room" in noted(clinic, seen.id, 2)
    assert "no such room" not in noted(clinic, seen.id, 3)


def test_an_import_taken_back_restores_what_it_changed(clinic: Clinic, table: Table) -> None:
    ServiceFactory(facility_id=clinic.facility.id, code="abhyanga", name="Abhyanga", minutes=60, fee=1500)
    db.session.commit()
    seen = clinic.preview(
        table((*HEADINGS, "Active"), (*ABHYANGA, "no"), (*CONSULTATION, "")), kind="services"
    )
    decide(clinic, seen.id, 2, "replace")
    clinic.commit(seen.id)
    assert (named("Abhyanga").fee, named("Abhyanga").active) == (Decimal("125000.50"), False)
    touched, row = take_back(clinic, seen.id)
    assert (touched, row.state) == ([], ImportState.UNDONE)
    assert [(one.name, one.minutes, one.fee, one.active) for one in all_services()] == [
        ("Abhyanga", 60, 1500, True)
    ]


def test_a_service_booked_or_changed_since_stays_and_is_named(clinic: Clinic, table: Table) -> None:
    done = clinic.bring_in(table(HEADINGS, ABHYANGA, CONSULTATION), kind="services")
    patient, doctor = PatientFactory(facility_id=clinic.facility.id), practitioner_at(clinic.facility)
    appointment(patient, doctor, clock.now(), service=named("Abhyanga"))
    kept = named("Consultation")
    with unit_of_work():
        arrange.save_service(
            clinic.manager, clinic.facility,
            ServiceDetails(code=kept.code, name=kept.name, minutes=kept.minutes, fee=Decimal(650)), kept,
        )  # fmt: skip
    touched, row = take_back(clinic, done.id)
    assert [one.name for one in touched] == ["Abhyanga", "Consultation"]
    assert row.state == ImportState.DONE
    assert len(all_services()) == 2


def test_only_managers_bring_prices_in(
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
            kind="services",
            file_name="a.csv",
            pieces=[b"Name\nNasya\n"],
        )
    seen = clinic.preview(table(HEADINGS, ABHYANGA), kind="services")
    for person, status in ((desk, 404), (elsewhere, 404), (admin, 200)):
        assert sign_in(again(person)).get(f"/imports/{seen.id}").status_code == status


def test_a_preview_shows_what_would_change_in_words(
    clinic: Clinic, table: Table, sign_in: Callable[..., FlaskClient]
) -> None:
    manager = grant(UserFactory(), Role.FACILITY_ADMIN, facility=clinic.facility)
    ServiceFactory(facility_id=clinic.facility.id, code="abhyanga", name="Abhyanga", minutes=60, fee=1500)
    db.session.commit()
    seen = clinic.preview(table(HEADINGS, ABHYANGA, CONSULTATION), kind="services")
    text = sign_in(again(manager)).get(f"/imports/{seen.id}").text
    assert "stays; the file says “₹1,25,000.50”" in text
    assert "<span>30 minutes</span> <span>₹600</span>" in text


def test_an_exported_price_list_comes_back_as_it_was(clinic: Clinic, session: Session) -> None:
    with gone_afterwards(clinic):
        place = clinic.facility
        room(place, kind="dhara")
        for details in (
            ServiceDetails(code="c", name="Consultation", minutes=30, fee=Decimal("600.50")),
            ServiceDetails(
                code="=SD 1", name="'Shirodhara, \"long\"", name_hi="शिरोधारा", minutes=720,
                fee=Decimal("9999999.99"), hue=8, room_kind="dhara", note_template="panchakarma_session",
                online_booking=False, needs_confirmation=True,
                before_you_come="Eat lightly.\n- no oil\n\nBring a towel",
                before_you_come_hi="हल्का भोजन करें", active=False,
                buffer_before=5, buffer_after=240, in_person=True, online=False, therapists=2, same_sex=True,
                equipment=("dhara stand", "Dhara Stand", "steam box"), capacity=12, notice_minutes=43_200,
                horizon_days=730, change_minutes=61,
            ),
            ServiceDetails(code="d", name="Consultation", minutes=15),
        ):  # fmt: skip
            arrange.save_service(clinic.manager, place, details)
        db.session.commit()
        before = exported(Listing.SERVICES, place.id)
    assert all_services() == []
    done = clinic.bring_in(before, kind="services")
    assert outcomes(clinic, done.id) == ["new", "new", "new"]
    assert cells(exported(Listing.SERVICES, clinic.facility.id)) == cells(before)
    assert outcomes(clinic, clinic.preview(before, kind="services").id) == ["present", "present", "present"]


def test_what_a_service_needs_comes_in_by_english_and_hindi_headings(clinic: Clinic, table: Table) -> None:
    arrange.add_equipment(clinic.manager, clinic.facility, name="Stand", equipment_kind="Dhara stand")
    db.session.commit()
    english = (
        "Service",
        "Therapists needed",
        "Same gender",
        "Equipment",
        "Buffer after",
        "Video",
        "Group size",
    )
    hindi = ("सेवा", "थेरेपिस्ट", "समान लिंग", "उपकरण", "बाद के मिनट", "वीडियो", "समूह का आकार")
    cells = ("2", "yes", "dhara stand + dhara stand", "15 min", "no", "")
    clinic.bring_in(table(english, ("Shirodhara", *cells)), kind="services")
    clinic.bring_in(table(hindi, ("Takradhara", *cells)), kind="services")
    for one in all_services():
        assert (one.therapists, one.same_sex, one.buffer_after, one.capacity) == (2, True, 15, 1)
        assert one.equipment == ["Dhara stand", "Dhara stand"], "as the clinic spells it"
        assert (one.in_person, one.online) == (True, False)


def test_numbers_out_of_bounds_are_refused_in_their_line(clinic: Clinic, table: Table) -> None:
    headings = ("Service", "Therapists", "Minutes after", "Days ahead", "In person", "By video")
    seen = clinic.preview(
        table(headings, ("Abhyanga", "9", "7", "0", "", ""), ("Nasya", "1", "10", "30", "no", "no")),
        kind="services",
    )
    faults = [said(clinic, seen.id, line) for line in (2, 3)]
    assert "from 0 to 6" in faults[0]
    assert "steps of five" in faults[0]
    assert "from 1 to 730" in faults[0]
    assert "Choose in person, online, or both." in faults[1]


def test_equipment_that_is_replaced_comes_back_with_the_import(clinic: Clinic, table: Table) -> None:
    arrange.save_service(
        clinic.manager,
        clinic.facility,
        ServiceDetails(code="a", name="Abhyanga", minutes=60, equipment=("steam box",), horizon_days=None),
    )
    db.session.commit()
    seen = clinic.preview(
        table(("Service", "Equipment", "Days ahead"), ("Abhyanga", "oil warmer", "20")), kind="services"
    )
    decide(clinic, seen.id, 2, "replace")
    clinic.commit(seen.id)
    assert (named("Abhyanga").equipment, named("Abhyanga").horizon_days) == (["oil warmer"], 20)
    take_back(clinic, seen.id)
    assert (named("Abhyanga").equipment, named("Abhyanga").horizon_days) == (["steam box"], None)
