"""Attacks from within a household or beside it: on a child's other parent, by an invitation, by a file."""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from clinic.accounts.models import LoginSession, SessionKind, SignInEmail
from clinic.core import clock
from clinic.core.errors import Invalid
from clinic.patients.display import years_before
from clinic.patients.models import GuardianInvitation, Guardianship, Patient
from clinic.patients.photos import read_photo
from tests.factories import UserFactory, grant, household_login
from tests.portal.conftest import Clinic
from tests.portal.proving import a_minute_passes, prove

OWN = "+919812300007"
NEW = "+919812300008"


@pytest.fixture
def child(clinic: Clinic, session: Session) -> Patient:
    """The son, eight years old."""
    clinic.son.birth_date, clinic.son.birth_precision = years_before(clock.today("Asia/Kolkata"), 8), "day"
    clinic.mother.mobile = clinic.son.mobile = clinic.login.mobile
    session.commit()
    return clinic.son


@pytest.fixture
def father(
    clinic: Clinic, child: Patient, session: Session, sign_in: Callable[..., FlaskClient]
) -> FlaskClient:
    """The phone of the other parent, who was named as a guardian of the child."""
    user = household_login(mobile=OWN)
    session.add(Guardianship(user_id=user.id, patient_id=child.id, relationship_kind="guardian"))
    session.commit()
    return sign_in(user, SessionKind.PATIENT)


def acting(session: Session, patient: Patient) -> set[int]:
    session.expire_all()
    rows = session.scalars(
        select(Guardianship.user_id).where(
            Guardianship.patient_id == patient.id, Guardianship.ended_at.is_(None)
        )
    )
    return set(rows)


@pytest.mark.parametrize("born", ["1990", ""])
def test_one_parent_cannot_make_the_child_an_adult_behind_the_others_back(
    clinic: Clinic, child: Patient, home: FlaskClient, father: FlaskClient, session: Session, born: str
) -> None:
    """An adult's record can be taken to a number of its own, away from everybody else."""
    was, both = child.birth_date, acting(session, child)
    for parent in (home, father):
        parent.post(f"/portal/family/{child.id}")
        form = {"name": child.name, "version": str(child.version), "birth": born}
        refused = parent.post("/portal/details/edit", data=form)
        assert refused.status_code == 403
        assert "Ask the clinic to correct this." in refused.text
    assert acting(session, child) == both
    assert child.birth_date == was


def test_who_was_only_named_takes_nobody_away(
    clinic: Clinic, child: Patient, home: FlaskClient, father: FlaskClient, session: Session
) -> None:
    """Nor with codes that were asked for before it was seen who they are."""
    child.birth_date = years_before(clock.today("Asia/Kolkata"), 19)
    session.commit()
    both, leave = acting(session, child), f"/portal/family/{child.id}/own-number"
    assert leave not in father.get("/portal/family").text
    assert leave in home.get("/portal/family").text
    assert father.post(leave, data={"mobile": NEW}).status_code == 404
    assert home.post(leave, data={"mobile": NEW}).status_code == 303
    prove(home, "leave-old")
    session.execute(
        update(Guardianship)
        .where(Guardianship.user_id == clinic.login.id, Guardianship.patient_id == child.id)
        .values(relationship_kind="guardian")
    )
    session.commit()
    assert prove(home, "leave-new").status_code == 403
    assert acting(session, child) == both


@pytest.mark.parametrize("end", ["removed", "grown up"])
def test_an_invitation_is_worth_no_more_than_the_right_of_who_sent_it(
    clinic: Clinic,
    child: Patient,
    father: FlaskClient,
    home: FlaskClient,
    sign_in: Callable[..., FlaskClient],
    session: Session,
    end: str,
) -> None:
    """Whoever is about to be removed could otherwise bring themselves back under another number."""
    assert father.post(f"/portal/family/{child.id}/invite", data={"mobile": NEW}).status_code == 303
    row = session.scalars(select(GuardianInvitation)).one()
    if end == "removed":
        desk = sign_in(grant(UserFactory(), "receptionist", facility=clinic.facility))
        desk.post(f"/patients/{child.id}/sign-ins/{row.invited_by}/end")
    else:
        child.birth_date = years_before(clock.today("Asia/Kolkata"), 19)
        session.commit()
    before, later = acting(session, child), sign_in(household_login(mobile=NEW), SessionKind.PATIENT)
    assert later.post(f"/portal/family/invitations/{row.id}", data={"answer": "yes"}).status_code == 404
    assert acting(session, child) == before


def test_an_open_phone_gets_no_second_way_in(clinic: Clinic, home: FlaskClient, session: Session) -> None:
    """With a session of yesterday and a mailbox of one's own."""
    clinic.mother.email = "mallory@example.in"
    session.execute(update(LoginSession).values(created_at=clock.now() - timedelta(hours=20)))
    session.commit()
    path = f"/portal/family/{clinic.mother.id}/email"
    assert home.post(path).location == "/portal/prove/confirm"
    assert home.get("/portal/prove/email").location == "/portal/details", "no code went to that address"
    assert prove(home, "confirm").location == "/portal/details"
    a_minute_passes()
    assert home.post(path).location == "/portal/prove/email"
    assert prove(home, "email").status_code == 303
    assert session.scalars(select(SignInEmail.email)).all() == ["mallory@example.in"]


@pytest.mark.parametrize(("tag", "kind"), [(0x0100, 4), (0x0103, 3), (0x011A, 5), (0x9000, 7)])
def test_a_photo_with_forged_words_of_the_camera_is_read_or_refused(tag: int, kind: int) -> None:
    """A whole picture, beside which an entry is of another kind than its number says."""
    exif = Image.Exif()
    exif[0x0112], exif[tag] = 6, 1
    out = BytesIO()
    Image.new("RGB", (32, 24), "red").save(out, "JPEG", exif=exif)
    entry, refused = struct.pack(">HH", tag, kind), 0
    assert entry in out.getvalue()
    for other in range(20):
        try:
            read_photo(out.getvalue().replace(entry, struct.pack(">HH", tag, other)))
        except Invalid:
            refused += 1
    assert refused
