"""Patients wait for a time by themselves: join, see, change, leave, take what is offered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient

from clinic.core import clock
from clinic.core.access import SYSTEM
from clinic.core.db import db, unit_of_work
from clinic.scheduling.models import Appointment, WaitlistEntry, WaitlistOffer
from clinic.scheduling.service import waitlist
from tests.portal.conftest import Clinic


@pytest.fixture(autouse=True)
def morning() -> Iterator[None]:
    """Half past eight in Bengaluru: people may be told something."""
    with time_machine.travel("2026-11-23T03:00:00+00:00", tick=False):
        yield


def form(clinic: Clinic, **changes: object) -> dict[str, object]:
    day = clock.today(clinic.facility.zone) + timedelta(days=2)
    return {
        "from_day": day.isoformat(),
        "until_day": day.isoformat(),
        "weekdays": [str(n) for n in range(7)],
        "mode": "in_person",
        "reach": "sms",
        "urgent": "y",
    } | changes


def join(clinic: Clinic, home: FlaskClient, **changes: object) -> WaitlistEntry:
    answer = home.post(f"/portal/waitlist/new?service={clinic.service.id}", data=form(clinic, **changes))
    assert answer.status_code == 303
    return db.session.query(WaitlistEntry).one()


def test_no_time_that_suits_leads_to_the_list(clinic: Clinic, home: FlaskClient) -> None:
    assert "No time that suits?" in home.get(f"/portal/book/{clinic.service.id}").text
    assert "When would suit you?" in home.get(f"/portal/waitlist/new?service={clinic.service.id}").text
    entry = join(clinic, home)
    assert (entry.patient_id, entry.created_via, entry.urgent) == (clinic.mother.id, "portal", False)
    assert "Shirodhara" in home.get("/portal/waitlist").text
    assert "You are on the list for a time" in home.get("/portal/visits").text
    again = home.get(f"/portal/waitlist/new?service={clinic.service.id}")
    assert again.status_code == 303


def test_a_later_visit_is_kept_until_an_earlier_time_is_taken(clinic: Clinic, home: FlaskClient) -> None:
    kept = clinic.visit(clinic.at(20))
    page = home.get(f"/portal/visits/{kept.reference}/move").text
    assert f"visit={kept.reference}" in page
    page = home.get(f"/portal/waitlist/new?service={clinic.service.id}&visit={kept.reference}").text
    assert f'selected value="{kept.id}"' in page
    entry = join(clinic, home, appointment_id=str(kept.id))
    assert waitlist.look() == 1
    page = home.get("/portal/waitlist").text
    assert "Take this time" in page
    assert "moves there when you take it" in page
    (offer,) = db.session.query(WaitlistOffer).all()
    answer = home.post(
        f"/portal/waitlist/{entry.id}/answer", data={"answer": "accept", "offer": str(offer.id)}
    )
    assert answer.location == f"/portal/visits/{kept.reference}/booked"
    (visit,) = db.session.query(Appointment).all()
    assert visit.starts == offer.starts
    assert home.get(answer.location).status_code == 200


def test_declining_and_leaving(clinic: Clinic, home: FlaskClient) -> None:
    entry = join(clinic, home)
    waitlist.look()
    (offer,) = db.session.query(WaitlistOffer).all()
    home.post(f"/portal/waitlist/{entry.id}/answer", data={"answer": "decline", "offer": str(offer.id)})
    db.session.refresh(entry)
    assert entry.status == "waiting"
    home.post(f"/portal/waitlist/{entry.id}/withdraw")
    db.session.refresh(entry)
    assert entry.status == "withdrawn"
    assert "You wait for nothing" in home.get("/portal/waitlist").text


def test_what_is_wanted_is_changed(clinic: Clinic, home: FlaskClient) -> None:
    entry = join(clinic, home)
    address = f"/portal/waitlist/{entry.id}"
    assert home.get(address).status_code == 200
    refused = home.post(address, data=form(clinic, version="1", weekdays=[]))
    assert refused.status_code == 422
    assert home.post(address, data=form(clinic, version="1", parts=["evening"])).status_code == 303
    db.session.refresh(entry)
    assert (entry.parts, entry.urgent) == (["evening"], False)


def test_a_stranger_finds_nothing(clinic: Clinic, outside: FlaskClient) -> None:
    day = clock.today(clinic.facility.zone) + timedelta(days=2)
    with unit_of_work():
        entry = waitlist.join(
            SYSTEM,
            waitlist.Wanted(from_day=day, until_day=day),
            facility=clinic.facility,
            service_id=clinic.service.id,
            patient_id=clinic.mother.id,
        )
    waitlist.look()
    (offer,) = db.session.query(WaitlistOffer).all()
    assert "Shirodhara" not in outside.get("/portal/waitlist").text
    assert outside.get(f"/portal/waitlist/{entry.id}").status_code == 404
    for path, data in (
        ("", form(clinic)),
        ("/withdraw", {}),
        ("/answer", {"answer": "accept", "offer": str(offer.id)}),
    ):
        assert outside.post(f"/portal/waitlist/{entry.id}{path}", data=data).status_code == 404
    address = f"/portal/waitlist/new?service={clinic.service.id}&patient={clinic.mother.id}"
    assert outside.post(address, data=form(clinic)).status_code == 404
    db.session.refresh(entry)
    assert entry.status == "offered"


def test_somebody_elses_visit_is_not_given_up(clinic: Clinic, home: FlaskClient) -> None:
    theirs = clinic.visit(clinic.at(20), clinic.stranger)
    answer = home.post(
        f"/portal/waitlist/new?service={clinic.service.id}",
        data=form(clinic, appointment_id=str(theirs.id)),
    )
    assert answer.status_code == 422


def test_a_service_that_is_not_booked_online_has_no_list_here(clinic: Clinic, home: FlaskClient) -> None:
    clinic.service.online_booking = False
    db.session.commit()
    assert home.get(f"/portal/waitlist/new?service={clinic.service.id}").status_code == 404
