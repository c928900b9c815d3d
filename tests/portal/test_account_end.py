"""Taking everything along, and deleting the account: what goes, what stays, how one returns."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from clinic.accounts.models import AccountClosing, LoginSession, User
from clinic.accounts.service import households
from clinic.audit.models import AuditEvent
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.errors import Invalid
from clinic.patients.models import Guardianship, Patient, PatientPhoto
from clinic.patients.photos import Photo
from clinic.patients.service.profile import set_photo
from clinic.portal import closing
from clinic.portal.views import record
from tests.factories import UserFactory, grant, household_login
from tests.portal.conftest import Clinic, words
from tests.portal.proving import prove

VISITOR = Actor(user_id=None, name="")


def long_ago(session: Session, user: User) -> None:
    """The sign-in was an hour ago."""
    for row in session.scalars(select(LoginSession).where(LoginSession.user_id == user.id)):
        row.created_at = clock.now() - timedelta(hours=1)
    session.commit()


def test_a_recent_sign_in_downloads_everything_with_the_photo(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    actor = Actor(user_id=clinic.login.id, name="")
    set_photo(actor, clinic.mother, Photo(b"\xff\xd8\xffjpeg", 10, 10))
    session.commit()
    answer = home.get(f"/portal/family/{clinic.mother.id}/record.zip")
    with ZipFile(BytesIO(answer.data)) as bundle:
        assert sorted(bundle.namelist()) == ["photo.jpg", "record.html", "record.json"]
        held = json.loads(bundle.read("record.json"))
    assert held["patient"]["name"] == clinic.mother.name
    assert "notes" in held
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "patient.taken_out")).one()
    assert (event.actor_id, event.patient_id) == (clinic.login.id, clinic.mother.id)


def test_an_older_sign_in_gives_a_code_first(
    clinic: Clinic, home: FlaskClient, outside: FlaskClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago(session, clinic.login)
    page, zipped = (
        f"/portal/family/{clinic.mother.id}/record",
        f"/portal/family/{clinic.mother.id}/record.zip",
    )
    assert home.get(zipped).location == page
    assert "We send a code" in home.get(page).text
    assert home.post(page).location == "/portal/prove/confirm"
    assert prove(home, "confirm").location == page
    assert home.get(zipped).status_code == 200
    for path in (page, zipped):
        assert outside.get(path).status_code == 404

    session.query(LoginSession)  # the same phone in a new session has proved nothing
    with home.session_transaction() as cookie:
        cookie.pop("proving")
    assert home.get(zipped).location == page
    monkeypatch.setattr(record, "recently_signed_in", lambda: True)
    assert home.get(zipped).status_code == 200, "without the check it goes out"


def delete(home: FlaskClient, **form: str) -> None:
    assert home.post("/portal/account/delete", data=form).location == "/portal/prove/close"
    assert prove(home, "close").location == "/portal/sign-in"


def test_the_page_says_what_goes_and_what_stays(clinic: Clinic, home: FlaskClient, session: Session) -> None:
    clinic.visit(datetime(2025, 3, 4, 5, tzinfo=UTC), status="completed")
    household_login(clinic.son, mobile="+919812300010")
    session.commit()
    page = words(home.get("/portal/account/delete").text)
    assert "at least 3 years from the last visit" in page
    assert "Meenakshi Rao: at least until 4 Mar 2028" in page
    assert "Somebody else also looks after Raghavan Rao" in page


def test_deleting_signs_out_at_once_and_takes_a_week(
    clinic: Clinic, home: FlaskClient, sign_in: Callable[..., FlaskClient], session: Session
) -> None:
    set_photo(Actor(user_id=None, name=""), clinic.mother, Photo(b"\xff\xd8\xffjpeg", 10, 10))
    session.commit()
    delete(home)
    assert home.get("/portal").status_code == 303
    assert session.scalars(select(PatientPhoto.patient_id)).all() == []
    assert closing.carry_out() == 0, "not within the week"
    desk = sign_in(grant(UserFactory(), "receptionist", facility=clinic.facility))
    session.expire_all()
    assert "to be deleted" in desk.get(f"/patients/{clinic.mother.id}").text
    assert "asked to be deleted" in desk.get(f"/patients/{clinic.mother.id}/sign-ins").text


def test_signing_in_within_the_week_keeps_the_account(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    delete(home)
    found = households.sign_in_household(VISITOR, address=clinic.login.mobile or "", locale="en")
    assert found is not None
    assert (found.user.id, found.kept) == (clinic.login.id, True)
    session.commit()
    session.scalars(select(AccountClosing)).one().closes_at = clock.now() - timedelta(days=1)
    session.commit()
    assert closing.carry_out() == 0
    assert session.get_one(User, clinic.login.id).active


def test_after_the_week_the_sign_in_is_gone_and_the_record_stays(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    father = household_login(clinic.son, mobile="+919812300010")
    session.commit()
    delete(home)
    session.scalars(select(AccountClosing)).one().closes_at = clock.now() - timedelta(seconds=1)
    session.commit()
    mobile = clinic.login.mobile or ""
    with pytest.raises(Invalid):
        households.sign_in_household(VISITOR, address=mobile, locale="en")
    assert closing.carry_out() == 1
    session.expire_all()
    gone = session.get_one(User, clinic.login.id)
    assert (gone.active, gone.mobile, gone.email, gone.name) == (False, None, None, "")
    held = session.scalars(select(Guardianship.user_id).where(Guardianship.ended_at.is_(None)))
    assert set(held) == {father.id, clinic.outsider.id}
    assert session.get_one(Patient, clinic.mother.id).name == "Meenakshi Rao"
    anew = households.sign_in_household(VISITOR, address=mobile, locale="en")
    assert anew is not None
    assert anew.is_new
    assert closing.carry_out() == 0


def test_visits_to_come_are_cancelled_with_consent_or_stop_it(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    clinic.service.change_minutes = 0
    visit = clinic.visit(clinic.at(3))
    refused = home.post("/portal/account/delete")
    assert refused.status_code == 409
    assert 'id="cancel_visits-error"' in refused.text
    delete(home, cancel_visits="y")
    session.refresh(visit)
    assert visit.status == "cancelled"
    assert session.scalars(select(AccountClosing)).one().visits_cancelled == 1


def test_a_visit_too_late_to_cancel_stops_the_whole(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    clinic.visit(clinic.at(1))
    clinic.service.change_minutes = 43_000
    session.commit()
    home.post("/portal/account/delete", data={"cancel_visits": "y"})
    answer = prove(home, "close")
    assert answer.status_code == 409
    assert "cannot be cancelled here" in answer.text
    assert session.scalars(select(AccountClosing)).all() == []
    assert home.get("/portal").status_code == 200


def test_without_the_code_nothing_is_deleted(clinic: Clinic, home: FlaskClient, session: Session) -> None:
    home.post("/portal/account/delete")
    assert prove(home, "close", digits="000000").status_code == 422
    assert session.scalars(select(AccountClosing)).all() == []
    assert home.get("/portal").status_code == 200
