from __future__ import annotations

import re

from flask import Flask

from clinic.accounts.models import RoleGrant, User
from clinic.accounts.service import ensure_patient_login
from clinic.audit.models import AuditEvent
from clinic.core.access import SYSTEM
from clinic.core.db import db, unit_of_work
from tests.accounts.browser import Browser
from tests.accounts.conftest import PASSWORD, MakePerson, new_mobile


def office(app: Flask, person: MakePerson) -> Browser:
    browser = Browser(app)
    browser.sign_in(person("admin").email, PASSWORD)
    return browser


def roles_of(app: Flask, user_id: int) -> set[str]:
    with app.app_context():
        return {grant.role for grant in db.session.query(RoleGrant).filter_by(user_id=user_id)}


def test_list_shows_staff_and_no_patients(app: Flask, person: MakePerson) -> None:
    rina, patient, admin = person("receptionist"), person("patient"), office(app, person)
    text = ""
    for number in range(1, 30):
        text += admin.get(f"/people?page={number}").get_data(as_text=True)
    assert rina.email in text
    assert patient.email not in text
    assert admin.get(f"/people/{patient.id}").status_code == 404


def test_silly_page_numbers_are_answered(app: Flask, person: MakePerson) -> None:
    admin = office(app, person)
    for page in ("-1", "abc", "1e9", "9" * 30, "٣"):
        assert admin.get(f"/people?page={page}").status_code == 200
    assert admin.get(f"/people/{2**63}").status_code == 404
    assert admin.get(f"/people/{2**63 - 1}").status_code == 404


def test_roles_are_changed_and_written_down(app: Flask, person: MakePerson) -> None:
    rina, admin = person("receptionist"), office(app, person)
    admin.post(f"/people/{rina.id}", {"grants": ["therapist", "facility_admin"], "was": ["receptionist"]})
    assert roles_of(app, rina.id) == {"therapist", "facility_admin"}
    with app.app_context():
        event = db.session.query(AuditEvent).filter_by(action="roles.changed", subject_id=rina.id).one()
        assert event.detail == {"before": ["receptionist"], "after": ["facility_admin", "therapist"]}


def test_form_grants_no_patient_role_and_no_unknown_one(app: Flask, person: MakePerson) -> None:
    rina, admin = person("receptionist"), office(app, person)
    for role in ("patient", "owner"):
        answer = admin.post(f"/people/{rina.id}", {"grants": [role], "was": ["receptionist"]})
        assert answer.status_code == 422
    assert roles_of(app, rina.id) == {"receptionist"}


def test_changing_staff_roles_leaves_the_patient_role(app: Flask, person: MakePerson) -> None:
    both, admin = person("receptionist", "patient"), office(app, person)
    admin.post(f"/people/{both.id}", {"grants": ["therapist"], "was": ["receptionist"]})
    assert roles_of(app, both.id) == {"therapist", "patient"}


def test_nobody_stops_their_own_account(app: Flask, person: MakePerson) -> None:
    admin = person("admin")
    browser = Browser(app)
    browser.sign_in(admin.email, PASSWORD)
    assert browser.post(f"/people/{admin.id}/deactivate").status_code == 403
    assert browser.is_signed_in()


def test_last_administrator_keeps_the_role(app: Flask, person: MakePerson) -> None:
    with app.app_context():
        others = [
            grant.user_id
            for grant in db.session.query(RoleGrant).filter_by(role="admin").distinct(RoleGrant.user_id)
        ]
        with unit_of_work():
            db.session.query(User).filter(User.id.in_(others)).update({"active": False})
    last = person("admin")
    browser = Browser(app)
    browser.sign_in(last.email, PASSWORD)
    answer = browser.post(f"/people/{last.id}", {"grants": ["receptionist"], "was": ["admin"]})
    assert answer.status_code == 409
    assert "last administrator" in answer.get_data(as_text=True)
    assert roles_of(app, last.id) == {"admin"}
    person("admin", has_password=False)
    answer = browser.post(f"/people/{last.id}", {"grants": ["receptionist"], "was": ["admin"]})
    assert answer.status_code == 409, "somebody who was only invited cannot run the clinic yet"
    person("admin")
    answer = browser.post(f"/people/{last.id}", {"grants": ["receptionist"], "was": ["admin"]})
    assert answer.status_code == 303


def test_e_mail_that_is_taken_is_said_at_the_field_with_the_rest_kept(app: Flask, person: MakePerson) -> None:
    rina, admin = person("receptionist"), office(app, person)
    form = {"name": "Nila Rao", "email": rina.email.upper(), "grants": ["receptionist"]}
    answer = admin.post("/people/invite", form)
    assert answer.status_code == 409
    text = answer.get_data(as_text=True)
    assert "can sign in already" in text
    assert "Nila Rao" in text


def test_browser_asks_for_no_single_role(app: Flask, person: MakePerson) -> None:
    text = office(app, person).get("/people/invite").get_data(as_text=True)
    boxes = re.findall(r'<input[^>]*name="grants"[^>]*value="[a-z_]*"[^>]*>', text)
    assert len(boxes) == 5
    assert not [box for box in boxes if "required" in box]


def test_invitation_needs_a_role_and_a_real_e_mail(app: Flask, person: MakePerson) -> None:
    admin = office(app, person)
    for change in (
        {"grants": []},
        {"email": "nila"},
        {"name": "  "},
        {"grants": ["receptionist:99999"]},
        {"grants": ["patient"]},
    ):
        form = {
            "name": "Nila Rao",
            "email": "new@sutra.test",
            "grants": ["receptionist"],
            **change,
        }
        assert admin.post("/people/invite", form).status_code == 422


def test_extra_fields_change_nothing(app: Flask, person: MakePerson) -> None:
    rina, admin = person("receptionist"), office(app, person)
    form = {
        "grants": ["therapist"],
        "was": ["receptionist"],
        "active": "0",
        "is_admin": "1",
        "email": "other@sutra.test",
        "password_hash": "x",
    }
    assert admin.post(f"/people/{rina.id}", form).status_code == 303
    with app.app_context():
        user = db.session.get(User, rina.id)
        assert user is not None
        assert (user.email, user.active) == (rina.email, True)
    assert roles_of(app, rina.id) == {"therapist"}


def test_household_login_is_made_once_for_a_mobile(app: Flask) -> None:
    mobile = new_mobile()
    with app.app_context():
        with unit_of_work():
            first = ensure_patient_login(SYSTEM, mobile=mobile, name="Meera Iyer")
            first_id = first.id
        with unit_of_work():
            again = ensure_patient_login(SYSTEM, mobile=mobile, name="Ravi Iyer")
        assert (again.id, again.name) == (first_id, "Meera Iyer")
        assert db.session.query(RoleGrant).filter_by(user_id=first_id).count() == 1


def test_people_is_marked_on_its_own_pages_and_not_on_ones_own_account(
    app: Flask, person: MakePerson
) -> None:
    rina, admin = person("receptionist"), office(app, person)

    def marked(path: str) -> bool:
        page = admin.get(path).get_data(as_text=True)
        return bool(re.search(r'href="/people"\s+aria-current="page"', page))

    assert all(marked(path) for path in ("/people", "/people/invite", f"/people/{rina.id}"))
    assert not any(marked(path) for path in ("/account", "/account/second-step", "/account/email"))
