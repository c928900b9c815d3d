"""Favourites, sets and rules: what prescriptions are written from and checked by."""

from __future__ import annotations

from flask.testing import FlaskClient
from sqlalchemy import select

from clinic.core.access import Role
from clinic.core.db import db
from clinic.prescriptions.models import Favourite, PrescriptionRule, PrescriptionSet
from tests.factories import UserFactory, grant, practitioner_at
from tests.prescriptions.conftest import TABLET, VATI, Scene, SignIn, lines_of


def test_a_starred_line_comes_first_with_its_own_dosing(scene: Scene, author: FlaskClient) -> None:
    draft = scene.draft({**VATI, "dosing": "2-0-2", "duration": "45 days"})
    where = f"/prescriptions/{draft.id}"
    line = lines_of(draft)[0].id
    author.post(where, data={"version": str(draft.version), "do": f"star:{line}"})
    found = author.get(f"{where}/medicines?new-name=vati").text
    assert found.index("Favourite") < found.index("Sanjivani")
    assert "45 days" in found
    author.post(where, data={"version": str(scene.fresh(draft.id).version), "do": f"star:{line}"})
    assert db.session.scalars(select(Favourite)).all() == []


def test_a_set_is_kept_and_put_into_another_prescription(scene: Scene, author: FlaskClient) -> None:
    first, second = scene.draft(VATI, TABLET), scene.draft(VATI)
    page = author.post(
        f"/prescriptions/{first.id}", data={"version": str(first.version), "do": "save-set", "set-name": " "}
    )
    assert page.status_code == 422
    assert "Give the set a name." in page.text
    author.post(
        f"/prescriptions/{first.id}",
        data={"version": str(first.version), "do": "save-set", "set-name": "Back pain"},
    )
    kept = db.session.scalars(select(PrescriptionSet)).one()
    author.post(
        f"/prescriptions/{second.id}",
        data={"version": str(second.version), "do": "set", "set-id": str(kept.id), "add-key": "s"},
    )
    names = [row.name for row in lines_of(second)]
    assert names == ["Chandraprabha vati", "Chandraprabha vati", "Telmisartan"]
    assert "Back pain" in author.get("/settings/prescription-sets").text


def test_a_colleague_uses_the_clinics_sets_and_removes_only_their_own(
    scene: Scene, author: FlaskClient, sign_in: SignIn
) -> None:
    user = grant(UserFactory(), Role.PRACTITIONER, facility=scene.facility)
    practitioner_at(scene.facility, user, name="Dr Nair")
    db.session.commit()
    colleague = sign_in(user)
    draft = scene.draft(VATI)
    author.post(
        f"/prescriptions/{draft.id}",
        data={"version": str(draft.version), "do": "save-set", "set-name": "Back pain"},
    )
    kept = db.session.scalars(select(PrescriptionSet)).one().id
    assert "Back pain" not in colleague.get("/settings/prescription-sets").text
    assert colleague.post(f"/settings/prescription-sets/{kept}/remove").status_code == 404
    author.post(f"/settings/prescription-sets/{kept}/share")
    assert "Back pain" in colleague.get("/settings/prescription-sets").text
    colleague.post(f"/settings/prescription-sets/{kept}/remove")
    assert db.session.get_one(PrescriptionSet, kept, populate_existing=True).removed_at is None
    author.post(f"/settings/prescription-sets/{kept}/remove")
    author.post(f"/settings/prescription-sets/{kept}/restore")
    assert "Back pain" in colleague.get("/settings/prescription-sets").text


def test_a_rule_is_changed_over_the_version_that_was_shown(scene: Scene, author: FlaskClient) -> None:
    rule = db.session.scalars(
        select(PrescriptionRule).where(PrescriptionRule.code == "mineral_childhood")
    ).one()
    where = f"/settings/prescription-rules/{rule.id}"
    assert author.get(where).status_code == 200
    typed = {
        "version": "1",
        "level": "block",
        "condition": "younger",
        "message": "No bhasma",
        "kalpanas": "bhasma",
        "active": "y",
    }
    refused = author.post(where, data={**typed, "years": "x"})
    assert refused.status_code == 422
    assert "Write the age in years." in refused.text
    assert author.post(where, data={**typed, "years": "16"}).status_code == 303
    assert author.post(where, data={**typed, "years": "18"}).status_code == 409
    changed = db.session.get_one(PrescriptionRule, rule.id, populate_existing=True)
    assert (changed.level, changed.years, changed.kalpanas) == ("block", 16, ["bhasma"])
    assert "No bhasma" in author.get("/settings/prescription-rules").text


def test_reception_changes_no_rule(scene: Scene, sign_in: SignIn) -> None:
    desk = grant(UserFactory(), Role.RECEPTIONIST, facility=scene.facility)
    db.session.commit()
    assert sign_in(desk).get("/settings/prescription-rules").status_code == 403
