"""The list of visits: its filters, its order, its pages, and who finds what by them."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.core.db import db
from clinic.scheduling.models import Appointment
from clinic.scheduling.queries import listing
from clinic.scheduling.service import book, cancel
from tests.factories import FacilityFactory, PatientFactory, ServiceFactory, UserFactory, grant
from tests.scheduling.conftest import Clinic

LIST = "/calendar?view=list&day=2026-11-23"


def names(page: str) -> list[str]:
    """The patients of a list, in its order."""
    return re.findall(r'class="row-name"[^>]*>([^<]+)<', page)


@pytest.fixture
def visits(clinic: Clinic) -> dict[str, Appointment]:
    """Three visits: one confirmed, one by video with a colleague the next day, one called off."""
    clinic.service.online = True
    made = {
        "iyer": book(clinic.desk, clinic.booking(clinic.at(10), purpose="Knee pain, 50% better")),
        "deshmukh": book(
            clinic.desk,
            clinic.booking(
                clinic.at(11, days=1),
                patient_id=clinic.other.id,
                practitioner_id=clinic.colleague.id,
                mode="online",
                purpose="Sleep",
            ),
        ),
    }
    third = PatientFactory(name="Zubin_Mehta", mobile="+919876501234", facility_id=clinic.facility.id)
    made["mehta"] = book(clinic.desk, clinic.booking(clinic.at(12), patient_id=third.id))
    cancel(clinic.desk, made["mehta"], "ill")
    db.session.flush()
    return made


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Meenakshi Iyer", "Zubin_Mehta"]),
        ("&from=2026-11-23&to=2026-11-24", ["Meenakshi Iyer", "Zubin_Mehta", "Kavita Deshmukh"]),
        ("&from=&to=", ["Meenakshi Iyer", "Zubin_Mehta", "Kavita Deshmukh"]),
        ("&from=2026-11-24&to=2026-11-23&sort=-time", ["Kavita Deshmukh", "Zubin_Mehta", "Meenakshi Iyer"]),
        ("&status=cancelled", ["Zubin_Mehta"]),
        ("&status=cancelled&status=confirmed", ["Meenakshi Iyer", "Zubin_Mehta"]),
        ("&patient=IYER", ["Meenakshi Iyer"]),
        ("&patient=n_m", ["Zubin_Mehta"]),
        ("&patient=%25", []),
        ("&patient=_", ["Zubin_Mehta"]),
        ("&patient=50123", ["Zubin_Mehta"]),
        ("&reason=50%25", ["Meenakshi Iyer"]),
        ("&reason=5_%25", []),
        ("&from=&to=&mode=online", ["Kavita Deshmukh"]),
        ("&from=&to=&sort=patient", ["Kavita Deshmukh", "Meenakshi Iyer", "Zubin_Mehta"]),
        ("&from=&to=&sort=-patient", ["Zubin_Mehta", "Meenakshi Iyer", "Kavita Deshmukh"]),
        ("&from=&to=&sort=status", ["Zubin_Mehta", "Meenakshi Iyer", "Kavita Deshmukh"]),
        ("&from=&to=&sort=practitioner", ["Kavita Deshmukh", "Meenakshi Iyer", "Zubin_Mehta"]),
    ],
)
def test_the_list_is_what_its_address_says(
    clinic: Clinic, visits: dict[str, Appointment], desk: FlaskClient, query: str, found: list[str]
) -> None:
    assert names(desk.get(LIST + query).text) == found


def test_practitioner_and_service_narrow_the_list(
    clinic: Clinic, visits: dict[str, Appointment], desk: FlaskClient
) -> None:
    everything = f"{LIST}&from=&to="
    assert names(desk.get(f"{everything}&practitioner={clinic.colleague.id}").text) == ["Kavita Deshmukh"]
    other = ServiceFactory(facility_id=clinic.facility.id, room_kind="consulting", minutes=30)
    assert names(desk.get(f"{everything}&service={other.id}").text) == []
    assert len(names(desk.get(f"{everything}&service={clinic.service.id}").text)) == 3


@pytest.mark.parametrize(
    "query",
    [
        "&from=abc&to=9999-99-99",
        "&status=nonsense",
        "&sort=roof",
        "&practitioner=99999999999999999999",
        "&past=0",
        "&past=123456789",
        "&before=x",
        "&mode=by-pigeon",
        "&facility=99999",
        "&patient=%00%0a",
        "&from=2026-11-30",
    ],
)
def test_an_address_that_makes_no_sense_is_still_a_page(
    clinic: Clinic, desk: FlaskClient, query: str
) -> None:
    assert desk.get(LIST + query).status_code == 200


def test_a_filter_in_force_is_shown_and_taken_off_by_itself(
    clinic: Clinic, visits: dict[str, Appointment], desk: FlaskClient
) -> None:
    page = desk.get(f"{LIST}&patient=iyer&status=confirmed").text
    chips = re.findall(r'class="list-chip" href="([^"]+)"><span>([^<]+)<', page)
    assert [text for _url, text in chips] == ["Confirmed", "Patient: iyer"]
    without_status = unquote(chips[0][0]).replace("&amp;", "&")
    assert "status" not in without_status
    assert "patient=" in without_status
    assert "iyer" not in without_status
    assert "Meenakshi Iyer" in desk.get(without_status).text
    assert desk.get(without_status).text.count("Patient: iyer") == 1


def test_what_is_looked_for_stands_in_no_address(
    clinic: Clinic, visits: dict[str, Appointment], desk: FlaskClient
) -> None:
    typed = {"day": "2026-11-23", "from": "", "to": "", "patient": "iyer", "reason": "knee", "sort": "-time"}
    answer = desk.post("/calendar/list", data=typed)
    assert answer.status_code == 303
    assert "iyer" not in answer.location
    assert "knee" not in answer.location
    shown = desk.get(answer.location).text
    assert "Patient: iyer" in shown
    assert "Reason: knee" in shown
    addresses = " ".join(re.findall(r'(?:href|action|hx-get)="([^"]+)"', shown))
    assert "iyer" not in addresses


def test_an_empty_list_says_what_to_do(clinic: Clinic, desk: FlaskClient) -> None:
    assert "Book a visit" in desk.get(LIST).text
    page = desk.get(f"{LIST}&patient=nobody").text
    assert "No visit is like that" in page
    assert "Remove all filters" in page


@pytest.mark.parametrize("sort", ["time", "-time", "patient", "-patient", "practitioner", "-status"])
def test_pages_by_key_show_every_visit_once_there_and_back(
    clinic: Clinic, desk: FlaskClient, monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    for number in range(7):
        patient = PatientFactory(name=f"Patient {number % 3}", facility_id=clinic.facility.id)
        book(
            clinic.desk,
            clinic.booking(clinic.at(9 + number // 2, 30 * (number % 2)), patient_id=patient.id),
        )
    monkeypatch.setattr(listing.page, "__kwdefaults__", {**listing.page.__kwdefaults__, "size": 3})
    seen, pages, page = [], [], desk.get(f"{LIST}&sort={sort}").text
    while True:
        pages.append(re.findall(r"/appointments/(\w+)/move", page))
        seen += pages[-1]
        further = re.search(r'rel="next" href="([^"]+past=[^"]+)"', page)
        if further is None:
            break
        page = desk.get(further[1].replace("&amp;", "&")).text
    assert len(seen) == len(set(seen)) == 7
    assert [len(one) for one in pages] == [3, 3, 1]
    back = re.search(r'rel="prev" href="([^"]+before=[^"]+)"', page)
    assert back is not None
    again = desk.get(back[1].replace("&amp;", "&")).text
    assert re.findall(r"/appointments/(\w+)/move", again) == pages[1]


def test_counting_stops_at_a_thousand(
    clinic: Clinic, visits: dict[str, Appointment], desk: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "2 visits" in desk.get(LIST).text
    monkeypatch.setattr(listing, "COUNTED", 1)
    assert "More than 1 visits" in desk.get(LIST).text


def test_a_page_of_the_list_takes_six_statements_and_its_refresh_three(
    clinic: Clinic,
    visits: dict[str, Appointment],
    desk: FlaskClient,
    count_statements: Callable[[], list[str]],
) -> None:
    def data() -> list[str]:
        aside = ("audit_events", "login_sessions")
        return [one for one in count_statements() if not any(word in one for word in aside)]

    address = f"{LIST}&from=&to=&patient=e&sort=patient&practitioner={clinic.vaidya.id}"
    desk.get(address)
    data()
    desk.get(address)
    assert len(data()) <= 6
    timer = {"Sutra-Refresh": "timer", "HX-Request": "true", "HX-Target": "list-results"}
    rows = desk.get(address, headers=timer)
    assert "<form" not in rows.text
    assert len(data()) <= 3


def test_a_colleagues_patients_cannot_be_found_out_by_trying_names(
    clinic: Clinic, visits: dict[str, Appointment], sign_in: Callable[..., FlaskClient]
) -> None:
    user = grant(UserFactory(), Role.PRACTITIONER, facility=clinic.facility)
    clinic.colleague.user_id = user.id
    clinic.facility.whole_facility_in_care = False
    db.session.flush()
    client = sign_in(user)
    everything = f"{LIST}&from=&to="
    assert names(client.get(everything).text) == ["Kavita Deshmukh"]
    assert client.get(everything).text.count("Booked") == 2
    for query in ("&patient=iyer", "&reason=knee", "&sort=patient&patient=meena"):
        page = client.get(everything + query).text
        assert "No visit is like that" in page
    assert names(client.get(f"{everything}&patient=desh").text) == ["Kavita Deshmukh"]


def test_another_facilitys_visits_are_listed_for_who_works_there_alone(
    clinic: Clinic, visits: dict[str, Appointment], sign_in: Callable[..., FlaskClient]
) -> None:
    elsewhere = FacilityFactory(name="Jayanagar")
    user = grant(UserFactory(), Role.RECEPTIONIST, facility=elsewhere)
    assert names(sign_in(user).get(f"{LIST}&facility={clinic.facility.id}").text) == []


def test_a_visit_of_another_facility_is_no_place_to_go_on_from(
    clinic: Clinic, visits: dict[str, Appointment], sign_in: Callable[..., FlaskClient]
) -> None:
    elsewhere = FacilityFactory()
    outsider = sign_in(grant(UserFactory(), Role.RECEPTIONIST, facility=elsewhere))
    foreign = visits["mehta"]
    at_home = PatientFactory(name="Asha Bose", facility_id=elsewhere.id)
    visits["iyer"].facility_id, visits["iyer"].patient_id = elsewhere.id, at_home.id
    db.session.commit()
    for order in ("time", "-time", "patient", "-patient"):
        answers = [
            names(outsider.get(f"{LIST}&from=&to=&sort={order}&past={visit_id}").text)
            for visit_id in (foreign.id, 123456789)
        ]
        assert answers == [[], []]


def test_who_works_at_two_clinics_chooses_between_them(
    clinic: Clinic, visits: dict[str, Appointment], sign_in: Callable[..., FlaskClient]
) -> None:
    elsewhere = FacilityFactory(name="Jayanagar")
    user = grant(UserFactory(), Role.RECEPTIONIST, facility=elsewhere)
    client = sign_in(grant(user, Role.RECEPTIONIST, facility=clinic.facility))
    assert names(client.get(LIST).text) == ["Meenakshi Iyer", "Zubin_Mehta"]
    page = client.get(f"{LIST}&facility={elsewhere.id}").text
    assert names(page) == []
    assert re.search(rf'<option value="{elsewhere.id}" selected>Jayanagar', page)


def test_what_is_listed_is_taken_out_by_who_may(
    clinic: Clinic,
    visits: dict[str, Appointment],
    desk: FlaskClient,
    sign_in: Callable[..., FlaskClient],
) -> None:
    address = f"{LIST}&from=&to=&patient=iyer"
    assert "exports/appointments.csv" not in desk.get(address).text
    manager = sign_in(grant(UserFactory(), Role.FACILITY_ADMIN, facility=clinic.facility))
    link = re.search(r'href="(/exports/appointments\.csv[^"]*)"', manager.get(address).text)
    assert link is not None
    file = manager.get(link[1].replace("&amp;", "&"))
    assert "Meenakshi Iyer" in file.text
    assert "Kavita Deshmukh" not in file.text
    told = db.session.scalars(
        select(AuditEvent).where(AuditEvent.action == "list.taken_out").order_by(AuditEvent.id.desc())
    ).first()
    assert told is not None
    assert told.detail["filter"]["patient"] is True
    assert told.detail["count"] == 1
    assert desk.get(link[1].replace("&amp;", "&")).status_code == 403


def test_the_sheet_of_a_day_is_printed_and_written_down(
    clinic: Clinic, visits: dict[str, Appointment], desk: FlaskClient
) -> None:
    page = desk.get("/calendar/print?day=2026-11-23&by=outage").text
    assert "Meenakshi Iyer" in page
    assert "Zubin_Mehta" not in page
    assert "10:00 – 10:30" in page
    each = desk.get("/calendar/print?day=2026-11-24").text
    assert "<caption>Dr Arjun Nair</caption>" in each
    assert "Dr Vaidehi Kulkarni</caption>" not in each
    told = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "calendar.printed")).all()
    assert [one.detail["by"] for one in told] == ["outage", "practitioner"]
    assert desk.get("/calendar/print?day=never&by=roof").status_code == 200


def test_a_sheet_hides_what_the_calendar_hides(
    clinic: Clinic, visits: dict[str, Appointment], sign_in: Callable[..., FlaskClient]
) -> None:
    user = grant(UserFactory(), Role.PRACTITIONER, facility=clinic.facility)
    clinic.facility.whole_facility_in_care = False
    db.session.flush()
    page = sign_in(user).get("/calendar/print?day=2026-11-23&by=all").text
    assert "Meenakshi Iyer" not in page
    assert "Booked" in page


def test_a_stranger_prints_their_own_clinic(
    clinic: Clinic, visits: dict[str, Appointment], sign_in: Callable[..., FlaskClient]
) -> None:
    stranger = sign_in(grant(UserFactory(), Role.RECEPTIONIST, facility=FacilityFactory()))
    assert "Meenakshi Iyer" not in stranger.get("/calendar/print?day=2026-11-23&by=all").text
