"""Another mobile number: a code to the old one and to the new one, or nothing changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from clinic.accounts.models import LoginSession, SessionKind, User
from clinic.accounts.service import households
from clinic.core.db import db
from clinic.notifications.models import Message
from clinic.portal.views import number
from tests.factories import UserFactory, grant, household_login
from tests.portal.conftest import Clinic
from tests.portal.proving import a_minute_passes, prove, wrong

NEW = "+919812300008"


@pytest.fixture(autouse=True)
def one_number(clinic: Clinic, session: Session) -> None:
    clinic.mother.mobile = clinic.son.mobile = clinic.login.mobile
    session.commit()


def mobile_of(session: Session, clinic: Clinic) -> str | None:
    session.expire_all()
    return session.get_one(User, clinic.login.id).mobile


def test_both_codes_change_the_number_end_other_sessions_and_tell_both(
    clinic: Clinic, home: FlaskClient, sign_in: Callable[..., FlaskClient], session: Session
) -> None:
    elsewhere = sign_in(clinic.login, SessionKind.PATIENT)
    assert home.post("/portal/mobile", data={"mobile": "98123 00008"}).location == "/portal/prove/mobile-old"
    assert prove(home, "mobile-old").location == "/portal/prove/mobile-new"
    assert mobile_of(session, clinic) == "+919845011723", "not before the new one is proved"
    assert prove(home, "mobile-new").location == "/portal/details"

    assert mobile_of(session, clinic) == NEW
    assert {clinic.mother.mobile, clinic.son.mobile} == {NEW}
    assert elsewhere.get("/portal").status_code == 303
    assert home.get("/portal/details").status_code == 200
    told = session.scalars(select(Message.address).where(Message.kind == "mobile_changed")).all()
    assert set(told) == {"+919845011723", NEW}


def test_without_the_old_numbers_code_nothing_changes(
    clinic: Clinic, home: FlaskClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody at an open session, with a number of their own; and what they could do without the check."""
    home.post("/portal/mobile", data={"mobile": NEW})
    prove(home, "mobile-old")
    a_minute_passes()
    home.post("/portal/mobile", data={"mobile": "+919812300009"})  # the old code was for another number
    refused = prove(home, "mobile-new")
    assert refused.status_code == 422
    assert mobile_of(session, clinic) == "+919845011723"

    monkeypatch.setattr(number, "need_proof", lambda *_any: None)
    assert prove(home, "mobile-new").status_code == 303
    assert mobile_of(session, clinic) == NEW


def test_wrong_codes_change_nothing_and_run_out(clinic: Clinic, home: FlaskClient, session: Session) -> None:
    home.post("/portal/mobile", data={"mobile": NEW})
    from tests.portal.proving import digits_for

    right = digits_for("mobile_old")
    answers = [prove(home, "mobile-old", digits=wrong(right)) for _ in range(5)]
    assert {answer.status_code for answer in answers} == {422}
    assert prove(home, "mobile-old", digits=right).status_code == 422
    assert mobile_of(session, clinic) == "+919845011723"


def test_a_number_with_visits_of_its_own_is_not_joined(
    clinic: Clinic, home: FlaskClient, outside: FlaskClient, session: Session
) -> None:
    home.post("/portal/mobile", data={"mobile": clinic.outsider.mobile})
    prove(home, "mobile-old")
    answer = prove(home, "mobile-new")
    assert answer.status_code == 409
    assert "visits of its own" in answer.text
    assert mobile_of(session, clinic) == "+919845011723"
    assert clinic.stranger.name not in home.get("/portal/family").text


def test_an_empty_sign_in_of_the_new_number_gives_way(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    empty = household_login(mobile=NEW)
    session.commit()
    home.post("/portal/mobile", data={"mobile": NEW})
    prove(home, "mobile-old")
    assert prove(home, "mobile-new").status_code == 303
    assert mobile_of(session, clinic) == NEW
    assert session.get_one(User, empty.id).mobile == "+919845011723"


def test_a_number_of_the_staff_is_refused(clinic: Clinic, home: FlaskClient, session: Session) -> None:
    grant(UserFactory(mobile=NEW), "receptionist")
    session.commit()
    home.post("/portal/mobile", data={"mobile": NEW})
    prove(home, "mobile-old")
    assert prove(home, "mobile-new").status_code == 409
    assert mobile_of(session, clinic) == "+919845011723"


@pytest.mark.parametrize("typed", ["", "12", "+447911123456", "98450 11723", "\x00", "9" * 100_000])
def test_what_cannot_be_a_new_number_is_refused_beside_the_field(
    clinic: Clinic, home: FlaskClient, typed: str
) -> None:
    answer = home.post("/portal/mobile", data={"mobile": typed})
    assert answer.status_code == 422
    assert 'id="mobile-error"' in answer.text


def test_another_households_code_page_is_not_ours(
    clinic: Clinic, home: FlaskClient, outside: FlaskClient, session: Session
) -> None:
    home.post("/portal/mobile", data={"mobile": NEW})
    with home.session_transaction() as mine:
        stolen = dict(mine["proving"])
        browser = mine["browser"]
    with outside.session_transaction() as theirs:
        theirs["proving"], theirs["browser"] = stolen, browser
    assert outside.get("/portal/prove/mobile-old").location == "/portal/mobile"
    assert session.scalars(select(LoginSession).where(LoginSession.user_id == clinic.login.id)).first()


def test_a_number_somebody_signs_in_with_in_the_same_moment_is_refused_in_words(
    clinic: Clinic, home: FlaskClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They had it after it was looked for, and before it was written down."""
    home.post("/portal/mobile", data={"mobile": NEW})
    prove(home, "mobile-old")
    real = households.end_sessions

    def meanwhile(user_id: int, reason: str, **named: int | None) -> int:
        if user_id != clinic.login.id:
            db.session.execute(update(User).where(User.id == user_id).values(mobile=NEW))
        return real(user_id, reason, **named)

    household_login(mobile=NEW)
    session.commit()
    monkeypatch.setattr(households, "end_sessions", meanwhile)
    answer = prove(home, "mobile-new")
    assert answer.status_code == 409
    assert "This number cannot be used here." in answer.text
    assert mobile_of(session, clinic) == "+919845011723"
