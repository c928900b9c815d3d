"""A record opened in an emergency: to one person, for one patient, for a while, and told to all concerned."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinic.accounts.models import RoleGrant
from clinic.audit.models import AuditEvent
from clinic.core import clock
from clinic.core.access import Role
from clinic.core.db import db
from clinic.notifications.models import Message
from clinic.patients.models import EmergencyAccess
from tests.emergency.conftest import REASON, Ward, asking, opened
from tests.factories import (
    PatientFactory,
    UserFactory,
    grant,
    practitioner_at,
)


@pytest.fixture
def move_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    real = clock.now

    def move(by: timedelta) -> None:
        moved: datetime = real() + by
        monkeypatch.setattr(clock, "now", lambda: moved)

    return move


SignIn = Callable[..., FlaskClient]


def pages(ward: Ward) -> list[str]:
    return [
        f"/emergency/{ward.patient.id}",
        f"/patients/{ward.patient.id}",
        f"/patients/{ward.patient.id}/notes",
        f"/notes/{ward.note.id}",
    ]


def test_a_practitioner_reads_what_was_out_of_sight_for_an_hour(
    ward: Ward, sign_in: SignIn, move_clock: Callable[[timedelta], None]
) -> None:
    client = sign_in(ward.vaidya)
    assert {client.get(path).status_code for path in pages(ward)} == {404}
    opened(client, ward.patient)
    assert {client.get(path).status_code for path in pages(ward)} == {200}
    text_ = client.get(f"/emergency/{ward.patient.id}").get_data(as_text=True)
    assert "Asha Menon" in text_
    assert "Diabetes" in text_
    assert "Suresh" in text_
    assert "tel:+919845011799" in text_
    assert "End now" in text_
    assert "60 minutes left" in client.get("/my-day").get_data(as_text=True), "on every page"
    move_clock(timedelta(minutes=25))
    assert client.get(f"/patients/{ward.patient.id}").status_code == 200
    move_clock(timedelta(minutes=50))
    assert client.get(f"/patients/{ward.patient.id}").status_code == 200
    move_clock(timedelta(minutes=61))
    assert {client.get(path).status_code for path in pages(ward)} == {404}
    assert "Emergency access</strong>" not in client.get("/my-day").get_data(as_text=True)


def test_it_opens_that_patient_to_that_person_and_nothing_else(ward: Ward, sign_in: SignIn) -> None:
    client = opened(sign_in(ward.vaidya), ward.patient)
    for path in (f"/emergency/{ward.other.id}", f"/patients/{ward.other.id}"):
        assert client.get(path).status_code == 404
    colleague = grant(UserFactory(), Role.PRACTITIONER, facility=ward.elsewhere)
    practitioner_at(ward.elsewhere, colleague)
    outsider = sign_in(colleague)
    assert {outsider.get(path).status_code for path in pages(ward)} == {404}
    assert outsider.post(f"/emergency/{ward.patient.id}/end").status_code == 404


def test_ending_it_closes_the_record_at_once_on_every_device(ward: Ward, sign_in: SignIn) -> None:
    desk, tablet = sign_in(ward.vaidya), sign_in(ward.vaidya)
    opened(desk, ward.patient)
    assert tablet.get(f"/patients/{ward.patient.id}").status_code == 200
    assert tablet.post(f"/emergency/{ward.patient.id}/end").status_code == 303
    for client in (desk, tablet):
        assert {client.get(path).status_code for path in pages(ward)} == {404}
    assert desk.post(f"/emergency/{ward.patient.id}/end").status_code == 404


def test_who_loses_the_role_loses_the_record(ward: Ward, sign_in: SignIn) -> None:
    client = opened(sign_in(ward.vaidya), ward.patient)
    db.session.query(RoleGrant).filter_by(user_id=ward.vaidya.id).update({"role": Role.RECEPTIONIST})
    db.session.commit()
    assert client.get(f"/emergency/{ward.patient.id}").status_code == 403
    assert client.get(f"/patients/{ward.patient.id}").status_code == 404


def test_a_practitioner_may_write_a_note_then_a_therapist_only_reads(ward: Ward, sign_in: SignIn) -> None:
    start = f"/appointments/{ward.visit.reference}/note"
    vaidya, therapist = sign_in(ward.vaidya), sign_in(ward.therapist)
    assert vaidya.post(start).status_code == 404
    opened(vaidya, ward.patient)
    opened(therapist, ward.patient)
    assert therapist.get(f"/notes/{ward.note.id}").status_code == 200
    assert therapist.post(start).status_code == 404
    assert vaidya.post(start).status_code == 303


def test_an_administrator_reads_one_page_and_takes_nothing_out(ward: Ward, sign_in: SignIn) -> None:
    client = sign_in(ward.admin)
    assert client.get(f"/patients/{ward.patient.id}/record").status_code == 404
    opened(client, ward.patient)
    text_ = client.get(f"/emergency/{ward.patient.id}").get_data(as_text=True)
    assert "Signed notes" in text_
    assert "emergency-note" in text_, "the signed note is there"
    assert client.get(f"/patients/{ward.patient.id}").status_code == 403
    for kind in ("", ".json", ".zip"):
        assert client.get(f"/patients/{ward.patient.id}/record{kind}").status_code == 403
    taken = db.session.query(AuditEvent).filter_by(action="patient.taken_out", actor_id=ward.admin.id)
    assert {row.outcome for row in taken} == {"refused"}


def test_everything_is_written_down_and_told(ward: Ward, sign_in: SignIn) -> None:
    client = opened(sign_in(ward.vaidya), ward.patient)
    client.get(f"/emergency/{ward.patient.id}")
    client.post(f"/emergency/{ward.patient.id}/end")
    [access] = db.session.query(EmergencyAccess).all()
    assert (access.user_id, access.role, access.reason) == (ward.vaidya.id, "practitioner", REASON)
    assert access.ends_at - access.started_at == timedelta(minutes=60)
    rows = db.session.query(AuditEvent).filter_by(patient_id=ward.patient.id, actor_id=ward.vaidya.id)
    assert [row.action for row in rows.order_by(AuditEvent.id)] == [
        "emergency.opened",
        "emergency.read",
        "emergency.ended",
    ]
    assert all(REASON not in str(row.detail) for row in rows)
    told = {(row.kind, row.channel, row.recipient_id) for row in db.session.query(Message)}
    assert told == {
        ("emergency_opened", "email", ward.admin.id),
        ("emergency_opened", "in_app", ward.admin.id),
        ("emergency_told", "in_app", ward.patient.id),
    }


def test_notices_say_who_and_of_whom_the_initials_and_no_reason(ward: Ward, sign_in: SignIn) -> None:
    from clinic.notifications.registry import kind_of

    opened(sign_in(ward.vaidya), ward.patient)
    for message in db.session.query(Message).all():
        kind = kind_of(message.kind)
        assert kind is not None
        content = kind.load([message])[message.id]
        assert (content.address == "admin@sutra.test") is (message.kind == "emergency_opened")
        assert "Asha" not in str(content.values)
        assert REASON not in str(content.values)


@pytest.mark.parametrize("number", ["SU-99999", "98450 00000", "Asha Menon", "Asha", "%", ""])
def test_a_number_that_fits_nobody_opens_nothing(ward: Ward, sign_in: SignIn, number: str) -> None:
    client = sign_in(ward.vaidya)
    answer = client.post("/emergency", data=asking(number))
    assert answer.status_code == 422
    shown = answer.get_data(as_text=True)
    assert REASON in shown, "what was typed stays"
    refused = db.session.query(AuditEvent).filter_by(action="emergency.refused", outcome="refused")
    assert refused.count() == (1 if number else 0)
    assert db.session.query(EmergencyAccess).count() == 0


def test_nobody_and_several_are_answered_alike(ward: Ward, sign_in: SignIn) -> None:
    """A family on one mobile is no hint that the mobile is known; with the name it is one patient."""
    brother = PatientFactory(name="Kiran Menon", mobile="+919845011723", facility_id=ward.patient.facility_id)
    db.session.commit()
    client = sign_in(ward.vaidya)

    def message(number: str, name: str = "") -> str:
        text_ = client.post("/emergency", data=asking(number, name=name)).get_data(as_text=True)
        return text_[text_.index('id="number-error"') :][:400].split("</span></span>")[0]

    assert message("98450 11723") == message("98450 11724") == message("98450 11723", name="Sunita")
    answer = client.post("/emergency", data=asking("98450 11723", name="kiran"))
    assert answer.headers["Location"] == f"/emergency/{brother.id}"


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ({"reason": "short"}, "at least 10 characters"),
        ({"reason": "          \n          "}, "characters"),
        ({"urgency": "whim"}, "Not a valid choice"),
        ({"confirmed": ""}, "Confirm that you need it now"),
    ],
)
def test_without_a_reason_and_a_confirmation_nothing_opens(
    ward: Ward, sign_in: SignIn, missing: dict[str, str], words: str
) -> None:
    answer = sign_in(ward.vaidya).post("/emergency", data={**asking(), **missing})
    assert answer.status_code == 422
    assert words in answer.get_data(as_text=True)
    assert db.session.query(EmergencyAccess).count() == 0


def test_a_patient_in_sight_needs_no_emergency(ward: Ward, sign_in: SignIn) -> None:
    mine = PatientFactory(mrn="SU-30009", facility_id=ward.elsewhere.id)
    db.session.commit()
    answer = sign_in(ward.vaidya).post("/emergency", data=asking("SU-30009"))
    assert answer.headers["Location"] == f"/patients/{mine.id}"
    assert db.session.query(EmergencyAccess).count() == 0


def test_five_a_day_and_ten_tries_an_hour_are_the_most(ward: Ward, sign_in: SignIn) -> None:
    client = sign_in(ward.vaidya)
    place = ward.patient.facility_id
    for number in range(5):
        opened(client, PatientFactory(mrn=f"SU-3100{number}", facility_id=place))
    assert client.post("/emergency", data=asking()).status_code == 429
    other = sign_in(ward.therapist)
    for _try in range(10):
        assert other.post("/emergency", data=asking("SU-88888")).status_code == 422
    assert other.post("/emergency", data=asking("SU-88888")).status_code == 429
    assert other.post("/emergency", data=asking()).status_code == 429, "also with a number that fits"


def test_opening_it_twice_is_one_access(ward: Ward, sign_in: SignIn) -> None:
    client = opened(opened(sign_in(ward.vaidya), ward.patient), ward.patient)
    assert client.get(f"/emergency/{ward.patient.id}").status_code == 200
    assert db.session.query(EmergencyAccess).count() == 1


@pytest.mark.parametrize("role", [Role.RECEPTIONIST, Role.FACILITY_ADMIN])
def test_the_front_desk_has_no_such_door(ward: Ward, sign_in: SignIn, role: Role) -> None:
    client = sign_in(grant(UserFactory(), role, facility=ward.elsewhere))
    assert client.get("/emergency").status_code == 403
    assert client.post("/emergency", data=asking()).status_code == 403
    assert "/emergency" not in client.get("/today").get_data(as_text=True)


def test_another_administrator_looks_it_over_once(ward: Ward, sign_in: SignIn) -> None:
    opened(sign_in(ward.vaidya), ward.patient)
    [access] = db.session.query(EmergencyAccess).all()
    client, path = sign_in(ward.admin), f"/audit/emergencies/{access.id}/review"
    listed = client.get("/audit/emergencies?show=open").get_data(as_text=True)
    assert "Dr Leela Rao opened Asha Menon" in listed
    assert REASON in listed
    assert client.post(path, data={"note": "Right; confirmed with Dr Nair."}).status_code == 303
    again = client.post(path, data={"note": "Once more"})
    assert again.status_code == 409
    assert "looked this over already" in again.get_data(as_text=True)
    assert "Nothing to look over" in client.get("/audit/emergencies?show=open").get_data(as_text=True)
    assert client.post("/audit/emergencies/4611686018427387904/review").status_code == 404


def test_nobody_looks_over_their_own_and_an_administrator_ends_any(ward: Ward, sign_in: SignIn) -> None:
    client = opened(sign_in(ward.admin), ward.patient)
    [access] = db.session.query(EmergencyAccess).all()
    assert client.post(f"/audit/emergencies/{access.id}/review", data={}).status_code == 403
    boss = sign_in(grant(UserFactory(), Role.ADMIN))
    assert boss.post(f"/audit/emergencies/{access.id}/end").status_code == 303
    assert client.get(f"/emergency/{ward.patient.id}").status_code == 404
    assert "over already" in boss.post(f"/audit/emergencies/{access.id}/end", follow_redirects=True).get_data(
        as_text=True
    )


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE emergency_accesses SET reason = 'something quite different'",
        "UPDATE emergency_accesses SET ends_at = ends_at + interval '1 day'",
        "UPDATE emergency_accesses SET user_id = user_id + 1",
        "DELETE FROM emergency_accesses",
        "TRUNCATE emergency_accesses",
    ],
)
def test_what_was_opened_why_and_for_how_long_is_kept(ward: Ward, sign_in: SignIn, change: str) -> None:
    opened(sign_in(ward.vaidya), ward.patient)
    with pytest.raises(DBAPIError), db.session.begin_nested():
        db.session.execute(text(change))
