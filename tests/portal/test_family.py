"""Who looks after whom: chosen after signing in, asked by mobile, ended, and written down each time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from clinic.accounts.models import SessionKind, User
from clinic.core import clock
from clinic.notifications.models import Message
from clinic.patients.display import years_before
from clinic.patients.models import GuardianConsent, GuardianInvitation, Guardianship, Patient
from tests.factories import PatientFactory, UserFactory, grant, household_login
from tests.portal.conftest import Clinic, words
from tests.portal.proving import a_minute_passes, digits_for, prove

OWN = "+919812300007"


@pytest.fixture
def child(clinic: Clinic, session: Session) -> Patient:
    """The son, eight years old."""
    clinic.son.birth_date, clinic.son.birth_precision = years_before(clock.today("Asia/Kolkata"), 8), "day"
    session.commit()
    return clinic.son


@pytest.fixture
def father(clinic: Clinic, session: Session, sign_in: Callable[..., FlaskClient]) -> FlaskClient:
    """A phone of the other parent, with nobody in it yet."""
    user = household_login(mobile=OWN)
    session.commit()
    return sign_in(user, SessionKind.PATIENT)


def acting(session: Session, patient: Patient) -> list[str | None]:
    return list(
        session.scalars(
            select(User.mobile)
            .join(Guardianship, Guardianship.user_id == User.id)
            .where(Guardianship.patient_id == patient.id, Guardianship.ended_at.is_(None))
            .order_by(Guardianship.id)
        )
    )


def test_after_signing_in_a_family_is_asked_once_for_whom(clinic: Clinic, home: FlaskClient) -> None:
    with home.session_transaction() as cookie:
        cookie["portal_whose"] = True
    asked = home.get("/portal/book")
    assert asked.location == "/portal/choose?next=/portal/book"
    page = home.get(asked.location).text
    assert "Meenakshi Rao" in page
    assert "Raghavan Rao" in page
    chosen = home.post(f"/portal/family/{clinic.son.id}", data={"next": "/portal/book"})
    assert chosen.location == "/portal/book"
    assert home.get("/portal/book").status_code == 200
    assert 'aria-current="true"' in home.get("/portal").text.split("Raghavan")[0].rsplit("<button", 1)[1]


def test_who_is_alone_is_not_asked(clinic: Clinic, outside: FlaskClient) -> None:
    with outside.session_transaction() as cookie:
        cookie["portal_whose"] = True
    assert outside.get("/portal").status_code == 200


def test_the_chooser_sends_nobody_off_the_site(clinic: Clinic, home: FlaskClient) -> None:
    answer = home.post(f"/portal/family/{clinic.son.id}", data={"next": "https://evil.example/"})
    assert answer.location == "/portal"


def test_both_parents_with_own_mobiles_look_after_a_child(
    clinic: Clinic, child: Patient, home: FlaskClient, father: FlaskClient, session: Session
) -> None:
    assert home.post(f"/portal/family/{child.id}/invite", data={"mobile": "98123 00007"}).status_code == 303
    message = session.scalars(select(Message).where(Message.kind == "guardian_invitation")).one()
    assert (message.channel, message.address) == ("sms", OWN)
    row = session.scalars(select(GuardianInvitation)).one()
    assert f"look after {child.name}" in words(father.get("/portal/family").text)

    assert father.post(f"/portal/family/invitations/{row.id}", data={"answer": "yes"}).status_code == 303

    assert acting(session, child) == [clinic.login.mobile, OWN]
    consent = session.scalars(select(GuardianConsent).where(GuardianConsent.patient_id == child.id)).one()
    assert (consent.allowed, consent.given_as, consent.given_by) == (True, "guardian", clinic.login.id)
    assert child.name in father.get("/portal").text
    assert father.post(f"/portal/family/{clinic.mother.id}").status_code == 404, "only the child is shared"
    assert "ending in 0007" in words(home.get("/portal/family").text)


def test_an_invitation_is_answered_only_by_the_number_it_went_to(
    clinic: Clinic, child: Patient, home: FlaskClient, outside: FlaskClient, session: Session
) -> None:
    home.post(f"/portal/family/{child.id}/invite", data={"mobile": OWN})
    row = session.scalars(select(GuardianInvitation)).one()
    for client in (outside, home):
        assert client.post(f"/portal/family/invitations/{row.id}", data={"answer": "yes"}).status_code == 404
    assert outside.post(f"/portal/family/invitations/{row.id}/withdraw").status_code == 404
    assert acting(session, child) == [clinic.login.mobile]


def test_an_invitation_is_over_after_a_week_or_when_taken_back(
    clinic: Clinic, child: Patient, home: FlaskClient, father: FlaskClient, session: Session
) -> None:
    home.post(f"/portal/family/{child.id}/invite", data={"mobile": OWN})
    row = session.scalars(select(GuardianInvitation)).one()
    row.expires_at = clock.now() - timedelta(seconds=1)
    session.commit()
    assert father.post(f"/portal/family/invitations/{row.id}", data={"answer": "yes"}).status_code == 404
    assert home.post(f"/portal/family/{child.id}/invite", data={"mobile": OWN}).status_code == 303, "again"
    again = session.scalars(select(GuardianInvitation).where(GuardianInvitation.status == "open")).one()
    home.post(f"/portal/family/invitations/{again.id}/withdraw")
    assert father.post(f"/portal/family/invitations/{again.id}", data={"answer": "yes"}).status_code == 404


def test_adults_and_strangers_children_are_nobodys_to_share(
    clinic: Clinic, home: FlaskClient, outside: FlaskClient, child: Patient, session: Session
) -> None:
    assert home.post(
        f"/portal/family/{clinic.mother.id}/invite", data={"mobile": OWN}
    ).status_code == 404 or (session.scalars(select(GuardianInvitation)).all() == [])
    assert outside.post(f"/portal/family/{child.id}/invite", data={"mobile": OWN}).status_code == 404
    assert session.scalars(select(GuardianInvitation)).all() == []


@pytest.mark.parametrize(("typed", "status"), [("123", 422), ("+447911123456", 422), ("9845011723", 422)])
def test_whom_cannot_be_asked_is_said_beside_the_field(
    clinic: Clinic, child: Patient, home: FlaskClient, typed: str, status: int
) -> None:
    answer = home.post(f"/portal/family/{child.id}/invite", data={"mobile": typed})
    assert answer.status_code == status
    assert 'id="mobile-error"' in answer.text
    assert f'value="{typed}"' in answer.text


def test_three_are_asked_in_a_day_and_no_more(clinic: Clinic, child: Patient, home: FlaskClient) -> None:
    answers = [
        home.post(f"/portal/family/{child.id}/invite", data={"mobile": f"981230001{n}"}).status_code
        for n in range(4)
    ]
    assert answers == [303, 303, 303, 429]


def test_a_guardian_steps_back_only_where_another_stays(
    clinic: Clinic, child: Patient, home: FlaskClient, session: Session
) -> None:
    home.post(f"/portal/family/{child.id}/end")
    assert acting(session, child) == [clinic.login.mobile]
    other = household_login(child, mobile=OWN)
    session.commit()
    home.post(f"/portal/family/{child.id}/end")
    assert acting(session, child) == [other.mobile]
    assert home.post(f"/portal/family/{child.id}").status_code == 404


def test_an_adult_leaves_with_both_numbers_proved_and_nobody_sees_them_any_more(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    leave = f"/portal/family/{clinic.mother.id}/own-number"
    assert home.post(leave, data={"mobile": "9812300007"}).location == "/portal/prove/leave-old"
    assert prove(home, "leave-old").location == "/portal/prove/leave-new"
    assert acting(session, clinic.mother) == [clinic.login.mobile], "not before both are proved"
    assert prove(home, "leave-new").location == "/portal/family"

    session.refresh(clinic.mother)
    assert clinic.mother.mobile == OWN
    assert acting(session, clinic.mother) == [OWN]
    home.get("/portal/family")  # takes the notice
    assert clinic.mother.name not in home.get("/portal/family").text
    assert home.post(f"/portal/family/{clinic.mother.id}").status_code == 404
    consents = session.scalars(
        select(GuardianConsent)
        .where(GuardianConsent.patient_id == clinic.mother.id)
        .order_by(GuardianConsent.id)
    ).all()
    assert [(row.allowed, row.given_as) for row in consents] == [(True, "patient"), (False, "patient")]
    told = session.scalars(select(Message.address).where(Message.kind == "household_left")).all()
    assert set(told) == {"+919845011723", OWN}


def test_the_new_number_alone_moves_nobody(clinic: Clinic, home: FlaskClient, session: Session) -> None:
    home.post(f"/portal/family/{clinic.mother.id}/own-number", data={"mobile": OWN})
    prove(home, "leave-old")
    a_minute_passes()
    home.post(
        f"/portal/family/{clinic.son.id}/own-number", data={"mobile": OWN}
    )  # another person's first step
    answer = prove(home, "leave-new")
    assert answer.status_code == 422
    assert "Begin again" in answer.text
    assert acting(session, clinic.mother) == [clinic.login.mobile]


def test_a_child_does_not_leave_and_a_stranger_takes_nobody(
    clinic: Clinic, child: Patient, home: FlaskClient, outside: FlaskClient
) -> None:
    assert home.post(f"/portal/family/{child.id}/own-number", data={"mobile": OWN}).status_code == 404
    assert (
        outside.post(f"/portal/family/{clinic.mother.id}/own-number", data={"mobile": OWN}).status_code == 404
    )


def test_nobody_pulls_a_known_adult_into_a_household_by_naming_them(
    clinic: Clinic, home: FlaskClient, session: Session
) -> None:
    form = {"name": clinic.stranger.name, "submission_key": "k", "mobile": clinic.stranger.mobile}
    home.post("/portal/family/new", data=form)
    assert acting(session, clinic.stranger) == [clinic.outsider.mobile]
    assert home.post(f"/portal/family/{clinic.stranger.id}").status_code == 404


def test_who_turned_18_is_asked_to_have_their_own(
    clinic: Clinic, child: Patient, home: FlaskClient, session: Session
) -> None:
    assert "is 18 now" not in home.get("/portal/family").text
    child.birth_date = years_before(clock.today("Asia/Kolkata"), 18) + timedelta(days=-10)
    row = session.scalars(select(Guardianship).where(Guardianship.patient_id == child.id)).one()
    row.created_at = clock.now() - timedelta(days=400)
    session.commit()
    assert "Raghavan is 18 now." in words(home.get("/portal/family").text)


def test_consents_are_only_ever_added(
    clinic: Clinic, child: Patient, home: FlaskClient, session: Session
) -> None:
    session.add(
        GuardianConsent(patient_id=child.id, user_id=clinic.login.id, allowed=True, given_as="clinic")
    )
    session.commit()
    row = session.scalars(select(GuardianConsent)).one()
    row.allowed = False
    with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
        session.flush()


def test_the_clinic_adds_and_ends_guardians_and_strangers_do_not(
    clinic: Clinic, child: Patient, sign_in: Callable[..., FlaskClient], session: Session
) -> None:
    desk = sign_in(grant(UserFactory(), "receptionist", facility=clinic.facility))
    elsewhere = PatientFactory(facility_id=clinic.facility.id)
    session.commit()
    page = f"/patients/{child.id}/sign-ins"
    assert "98450 11723" in desk.get(page).text
    assert desk.post(page, data={"mobile": OWN, "kind": "guardian"}).status_code == 303
    assert acting(session, child) == [clinic.login.mobile, OWN]
    assert desk.post(f"{page}/{clinic.login.id}/end").status_code == 303
    assert acting(session, child) == [OWN]
    assert desk.post(f"/patients/{elsewhere.id}/sign-ins/{clinic.login.id}/end").status_code == 404
    assert desk.post(page, data={"mobile": "12", "kind": "guardian"}).status_code == 422
    manager = sign_in(grant(UserFactory(), "admin"))
    assert manager.get(page).status_code in (403, 404)


def test_the_clinic_gives_a_lost_household_another_number(
    clinic: Clinic, child: Patient, home: FlaskClient, sign_in: Callable[..., FlaskClient], session: Session
) -> None:
    clinic.mother.mobile = clinic.son.mobile = clinic.login.mobile
    session.commit()
    desk = sign_in(grant(UserFactory(), "receptionist", facility=clinic.facility))
    path = f"/patients/{clinic.mother.id}/sign-ins/{clinic.login.id}/number"
    taken = desk.post(path, data={"number": clinic.outsider.mobile})
    assert taken.status_code == 409
    assert desk.post(path, data={"number": OWN}).status_code == 303
    for row in (clinic.login, clinic.mother, clinic.son):
        session.refresh(row)
    assert {clinic.login.mobile, clinic.mother.mobile, clinic.son.mobile} == {OWN}
    assert home.get("/portal").status_code == 303, "signed out"
    told = session.scalars(select(Message.address).where(Message.kind == "mobile_changed")).all()
    assert set(told) == {"+919845011723", OWN}


def test_staff_changing_one_mobile_keeps_a_named_guardian(
    clinic: Clinic, child: Patient, sign_in: Callable[..., FlaskClient], session: Session
) -> None:
    child.mobile = clinic.login.mobile
    father = household_login(mobile=OWN)
    session.add(Guardianship(user_id=father.id, patient_id=child.id, relationship_kind="guardian"))
    session.commit()
    from clinic.core.access import SYSTEM
    from clinic.patients.details import COLUMNS, PatientDetails
    from clinic.patients.service import update

    kept = {name: getattr(child, name) for name in COLUMNS if getattr(child, name) is not None}
    update(SYSTEM, child.id, PatientDetails(**{**kept, "mobile": "+919812300099"}), expected_version=None)
    session.commit()
    assert acting(session, child) == [OWN, "+919812300099"]


def test_the_digits_are_those_of_the_step(clinic: Clinic, home: FlaskClient) -> None:
    home.post(f"/portal/family/{clinic.mother.id}/own-number", data={"mobile": OWN})
    assert len(digits_for("leave_old")) == 6
    assert home.get("/portal/prove/leave-new").location == "/portal/family", "nothing was sent there yet"
