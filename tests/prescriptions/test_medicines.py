"""The clinic's list of medicines: searched, added to, changed, retired; what is signed keeps its words."""

from __future__ import annotations

from flask.testing import FlaskClient
from sqlalchemy import select

from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.core.db import db
from clinic.prescriptions.models import Medicine
from clinic.prescriptions.suggesting import suggestions
from tests.factories import UserFactory, grant
from tests.prescriptions.conftest import Scene, SignIn, lines_of

WHERE = "/settings/medicines"
OWN = {
    "kind": "ayurvedic",
    "name": "Nishakatakadi kashaya",
    "other_names": "निशाकतकादि",
    "kalpana": "kashaya",
    "dose": "15 ml",
    "dosing": "1-0-1 before food",
    "duration": "2 weeks",
    "anupana": "warm water",
    "ingredients": "haridra, kataka",
}


def named(name: str) -> Medicine:
    return db.session.scalars(
        select(Medicine).where(Medicine.name == name), execution_options={"populate_existing": True}
    ).one()


def test_a_medicine_that_was_added_is_suggested_with_its_usual_dosing(
    scene: Scene, author: FlaskClient
) -> None:
    assert author.post(f"{WHERE}/new", data=OWN).status_code == 303
    kept = named("Nishakatakadi kashaya")
    assert kept.usual["dosing"] == "1-0-1"
    assert kept.usual["sevana_kala"] == "pragbhakta"
    for typed in ("nishakat", "निशाक"):
        found = suggestions(scene.actor, typed)
        assert [(one.line.name, one.line.anupana) for one in found] == [(kept.name, "warm water")]
    assert kept.name in author.get(f"{WHERE}?q=kashaya nisha").text
    assert kept.name not in author.get(f"{WHERE}?q=triphala").text


def test_what_cannot_be_read_is_said_beside_its_field_and_kept(scene: Scene, author: FlaskClient) -> None:
    page = author.post(f"{WHERE}/new", data={**OWN, "name": " ", "dosing": "now and then", "dose": "some"})
    assert page.status_code == 422
    for said in ('id="name-error"', 'id="dosing-error"', 'id="dose-error"', "now and then", "haridra"):
        assert said in page.text
    assert author.post(f"{WHERE}/new", data=OWN).status_code == 303
    twice = author.post(f"{WHERE}/new", data=OWN)
    assert twice.status_code == 409
    assert 'id="name-error"' in twice.text


def test_changing_and_retiring_a_medicine_leaves_what_is_signed(scene: Scene, author: FlaskClient) -> None:
    author.post(f"{WHERE}/new", data=OWN)
    kept = named("Nishakatakadi kashaya")
    signed = scene.signed({key: text for key, text in OWN.items() if key != "other_names"})
    before = (signed.printed, [(row.name, row.dose_amount, row.anupana) for row in lines_of(signed)])
    where = f"{WHERE}/{kept.id}"
    seen = kept.changed_at.isoformat() if kept.changed_at else ""
    changed = {**OWN, "seen": seen, "name": "Kataka kashaya", "dose": "30 ml", "anupana": "honey"}
    assert author.post(where, data=changed).status_code == 303
    assert author.post(where, data=changed).status_code == 409
    assert named("Kataka kashaya").usual["dose"] == "30 ml"
    author.post(f"{where}/retire")
    assert suggestions(scene.actor, "kataka") == []
    assert (
        "Kataka" not in author.get(f"{WHERE}?q=kataka", headers={"HX-Request": "true"}).text.split("Add ")[0]
    )
    assert "Kataka kashaya" in author.get(f"{WHERE}?show=retired").text
    author.post(f"{where}/restore")
    assert len(suggestions(scene.actor, "kataka")) == 1
    after = scene.fresh(signed.id)
    assert before == (after.printed, [(row.name, row.dose_amount, row.anupana) for row in lines_of(after)])
    acted = db.session.scalars(select(AuditEvent.action).where(AuditEvent.subject_type == "medicine")).all()
    assert sorted(acted) == sorted(
        ["medicine.saved", "medicine.saved", "medicine.retired", "medicine.brought_back"]
    )


def test_the_list_goes_on_by_pages_and_within_its_statements(scene: Scene, author: FlaskClient) -> None:
    first, second = author.get(WHERE).text, author.get(f"{WHERE}?page=2").text
    assert "Page 1 of 3" in first
    assert "Avipattikara churna" in first
    assert "Avipattikara churna" not in second


def test_reception_and_therapists_change_no_medicine(scene: Scene, sign_in: SignIn) -> None:
    medicine = db.session.scalars(select(Medicine).limit(1)).one().id
    for role in (Role.RECEPTIONIST, Role.THERAPIST):
        outsider = sign_in(grant(UserFactory(), role, facility=scene.facility))
        assert outsider.get(WHERE).status_code == 403
        assert outsider.post(f"{WHERE}/new", data=OWN).status_code == 403
        assert outsider.post(f"{WHERE}/{medicine}/retire").status_code == 403
    admin = sign_in(grant(UserFactory(), Role.ADMIN, facility=scene.facility))
    assert admin.get(f"{WHERE}/{medicine}").status_code == 200
