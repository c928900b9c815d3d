"""A role holds at the facility it is for, and nowhere else."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from clinic.accounts.models import RoleGrant
from clinic.accounts.policy import reach_of
from clinic.core.access import CLINICAL, FRONT_DESK, Actor, Role
from clinic.core.db import db, unit_of_work
from clinic.facilities.models import Facility
from tests.accounts.browser import Browser
from tests.accounts.conftest import PASSWORD, MakePerson, Somebody
from tests.factories import FacilityFactory

A, B = 1, 2
MIXED = Actor(
    user_id=1,
    name="Asha",
    **reach_of([("receptionist", A), ("practitioner", B)]),
)


def test_a_receptionist_in_one_clinic_is_no_practitioner_there_for_being_one_elsewhere() -> None:
    assert MIXED.has(Role.PRACTITIONER, at=B)
    assert not MIXED.has(Role.PRACTITIONER, at=A)
    assert MIXED.has(*FRONT_DESK, at=A)
    assert not MIXED.has(*FRONT_DESK, at=B)
    assert (MIXED.reach(*CLINICAL), MIXED.reach(*FRONT_DESK)) == (frozenset({B}), frozenset({A}))
    assert MIXED.works_at(A)
    assert not MIXED.works_at(3)


def test_on_a_page_for_some_roles_one_is_no_more_than_those() -> None:
    clinical = MIXED.acting_as(CLINICAL)
    assert not clinical.has(*FRONT_DESK)
    assert clinical.facility_ids == frozenset({B})
    assert MIXED.acting_as(FRONT_DESK | CLINICAL) == MIXED


def test_a_role_everywhere_lends_its_reach_to_no_other() -> None:
    actor = Actor(user_id=1, name="Asha", **reach_of([("admin", None), ("receptionist", A)]))
    assert actor.has(Role.ADMIN, at=B)
    assert not actor.has(*FRONT_DESK, at=B)
    assert actor.acting_as(FRONT_DESK).facility_ids == frozenset({A})


@pytest.fixture
def places(app: Flask) -> tuple[int, int]:
    with app.app_context():
        with unit_of_work():
            made = [FacilityFactory().id for _ in range(2)]
        return made[0], made[1]


def office(app: Flask, who: Somebody) -> Browser:
    browser = Browser(app)
    browser.sign_in(who.email, PASSWORD)
    return browser


def held(app: Flask, user_id: int) -> set[tuple[str, int | None]]:
    with app.app_context():
        rows = db.session.query(RoleGrant).filter_by(user_id=user_id)
        return {(row.role, row.facility_id) for row in rows}


def boxes(text: str) -> set[str]:
    return set(re.findall(r'name="grants"[^>]*value="([^"]+)"', text))


def test_a_change_at_one_clinic_leaves_the_others_alone(
    app: Flask, person: MakePerson, places: tuple[int, int]
) -> None:
    here, there = places
    admin, rina = office(app, person("admin")), person("receptionist", facility_id=here)
    both = {"grants": [f"receptionist:{here}", f"therapist:{there}"], "was": [f"receptionist:{here}"]}
    admin.post(f"/people/{rina.id}", both)
    assert held(app, rina.id) == {("receptionist", here), ("therapist", there)}
    manager = office(app, person("facility_admin", facility_id=here))
    manager.post(f"/people/{rina.id}", {"grants": [f"practitioner:{here}"], "was": [f"receptionist:{here}"]})
    assert held(app, rina.id) == {("practitioner", here), ("therapist", there)}


def test_two_people_changing_roles_at_once_lose_nothing(
    app: Flask, person: MakePerson, places: tuple[int, int]
) -> None:
    here, there = places
    admin, rina = office(app, person("admin")), person("receptionist", facility_id=here)
    was = [f"receptionist:{here}"]
    admin.post(f"/people/{rina.id}", {"grants": [*was, f"therapist:{here}"], "was": was})
    admin.post(f"/people/{rina.id}", {"grants": [*was, f"therapist:{there}"], "was": was})
    assert held(app, rina.id) == {("receptionist", here), ("therapist", here), ("therapist", there)}


def test_a_manager_gives_roles_at_their_own_clinic_and_makes_no_administrator(
    app: Flask, person: MakePerson, places: tuple[int, int]
) -> None:
    here, there = places
    manager = office(app, person("facility_admin", facility_id=here))
    offered = boxes(manager.get("/people/invite").get_data(as_text=True))
    assert offered == {
        f"{role}:{here}" for role in ("facility_admin", "practitioner", "therapist", "receptionist")
    }
    for number, grant in enumerate(("admin", f"admin:{here}", "receptionist", f"receptionist:{there}")):
        form = {"name": "Nila Rao", "email": f"nila{number}-{here}@sutra.test", "grants": [grant]}
        assert manager.post("/people/invite", form).status_code == 422, grant
    form = {"name": "Nila Rao", "email": f"nila-{here}@sutra.test", "grants": [f"receptionist:{here}"]}
    answer = manager.post("/people/invite", form)
    assert answer.status_code == 303
    assert held(app, int(answer.location.rsplit("/", 1)[1])) == {("receptionist", here)}


def test_a_manager_reaches_nobody_of_another_clinic_and_no_administrator(
    app: Flask, person: MakePerson, places: tuple[int, int]
) -> None:
    here, there = places
    boss, manager = person("admin"), person("facility_admin", facility_id=here)
    mine, theirs = person("receptionist", facility_id=here), person("receptionist", facility_id=there)
    browser = office(app, manager)
    listed = browser.get("/people").get_data(as_text=True)
    assert [who.email in listed for who in (mine, theirs, boss)] == [True, False, False]
    for who in (theirs, boss):
        assert browser.get(f"/people/{who.id}").status_code == 404
        for what in ("deactivate", "activate", "invite-again", "end-sessions"):
            assert browser.post(f"/people/{who.id}/{what}").status_code == 404
    assert browser.get(f"/people/{mine.id}").status_code == 200
    own = {"grants": [f"practitioner:{here}"], "was": []}
    assert browser.post(f"/people/{manager.id}", own).status_code == 403, "not for themselves"


def test_who_works_elsewhere_too_is_stopped_by_an_administrator_only(
    app: Flask, person: MakePerson, places: tuple[int, int]
) -> None:
    here, there = places
    rina = person("receptionist", facility_id=here)
    admin, manager = office(app, person("admin")), office(app, person("facility_admin", facility_id=here))
    grants = [f"receptionist:{here}", f"receptionist:{there}"]
    admin.post(f"/people/{rina.id}", {"grants": grants, "was": grants[:1]})
    assert manager.post(f"/people/{rina.id}/deactivate").status_code == 403
    answer = manager.post(f"/people/{rina.id}", {"grants": [], "was": grants[:1]})
    assert answer.location == "/people", "no longer theirs to look after"
    assert held(app, rina.id) == {("receptionist", there)}
    assert admin.post(f"/people/{rina.id}/deactivate").status_code == 303


def test_pages_of_a_role_are_about_the_clinics_it_is_held_at(
    app: Flask, person: MakePerson, places: tuple[int, int]
) -> None:
    here, there = places
    rina = person("practitioner", facility_id=here)
    office(app, person("admin")).post(
        f"/people/{rina.id}",
        {"grants": [f"practitioner:{here}", f"receptionist:{there}"], "was": [f"practitioner:{here}"]},
    )
    with app.app_context():
        names = [db.session.get_one(Facility, place).name for place in places]
    browser = office(app, rina)
    for path, name in zip(("/my-day", "/today"), names, strict=True):
        assert f"· {name}</title>" in browser.get(path).get_data(as_text=True)
