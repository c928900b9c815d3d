"""Templates a clinic makes itself: written, refused while not whole, published for good, used by notes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from clinic.core.access import Role
from clinic.core.db import db, unit_of_work
from clinic.core.errors import NotFound
from clinic.encounters import queries, service, template_queries
from clinic.encounters.layout_schema import layout_problems
from clinic.encounters.models import NoteTemplate
from clinic.encounters.service import template_making as making
from clinic.encounters.templates_data import SHIPPED
from tests.encounters.conftest import Scene, somebody
from tests.factories import FacilityFactory, actor_of

SignIn = Callable[..., FlaskClient]
WHOLE = {
    "name": "Knee",
    "sections": "1",
    "s0-title": "Findings",
    "s0-kind": "fields",
    "s0-fields": "3",
    "s0f0-label": "Gait",
    "s0f0-kind": "text",
    "s0f0-required": "1",
    "s0f0-default": "Walks freely.",
    "s0f1-label": "Side",
    "s0f1-kind": "choice",
    "s0f1-options": "Left | vama\nRight | dakshina",
    "s0f1-default": "Left",
    "s0f2-label": "Steps",
    "s0f2-kind": "number",
    "s0f2-unit": "m",
}


@pytest.fixture
def draft(scene: Scene) -> NoteTemplate:
    service.ensure_templates()
    with unit_of_work():
        made = making.begin_template(scene.actor, scene.facility.id, "Knee").id
    return template_queries.get_template(scene.actor, made)


def send(author: FlaskClient, template: NoteTemplate, **more: str) -> tuple[int, str]:
    data = {**WHOLE, "revision": str(template.revision), **more}
    answer = author.post(f"/settings/note-templates/{template.id}/edit", data=data)
    db.session.expire_all()
    return answer.status_code, answer.text


def test_what_is_shipped_is_whole() -> None:
    assert {template.code: layout_problems(template.layout) for template in SHIPPED} == {
        template.code: {} for template in SHIPPED
    }


def test_a_template_is_published_and_a_note_begins_with_its_defaults_as_nobodys_words(
    author: FlaskClient, scene: Scene, draft: NoteTemplate
) -> None:
    assert send(author, draft, do="publish")[0] == 303
    author.post(f"/appointments/{scene.visit.reference}/note", data={"template": draft.code})
    note = scene.note()
    assert note.template_id == draft.id
    assert (note.body["gait"], note.body["side"]) == ("Walks freely.", "left")
    page = author.get(f"/notes/{note.id}").text
    assert "As the template begins it" in page
    _problems, missing = service.readiness(note)
    assert missing == ["Gait"], "what nobody looked at is nobody's answer"
    author.post(f"/notes/{note.id}", data={"version": note.version, "still-note-gait": "1"})
    confirmed = queries.get_note(scene.actor, note.id, fresh=True)
    assert service.readiness(confirmed)[1] == []


def test_what_is_not_whole_is_kept_and_says_what_is_missing_beside_it(
    author: FlaskClient, draft: NoteTemplate
) -> None:
    status, page = send(author, draft, **{"s0f1-options": "Left", "s0f0-label": "", "do": "publish"})
    assert status == 422
    assert "Name the field." in page
    assert "Write at least two answers" in page
    assert draft.published_at is None
    assert draft.layout["sections"][0]["fields"][2]["label"] == "Steps"


def test_fields_move_by_buttons_and_keep_their_codes(author: FlaskClient, draft: NoteTemplate) -> None:
    send(author, draft)
    fields = draft.layout["sections"][0]["fields"]
    codes = {f"s0f{at}-code": item["code"] for at, item in enumerate(fields)}
    send(author, draft, do="down:s0f0", **codes)
    assert [item["code"] for item in draft.layout["sections"][0]["fields"]] == ["side", "gait", "steps"]


def test_a_published_version_is_locked_and_the_next_one_leaves_old_notes_alone(
    author: FlaskClient, scene: Scene, draft: NoteTemplate
) -> None:
    send(author, draft, do="publish")
    author.post(f"/appointments/{scene.visit.reference}/note", data={"template": draft.code})
    with pytest.raises(IntegrityError), db.session.begin_nested():
        db.session.execute(text("UPDATE note_templates SET name = 'x' WHERE id = :id"), {"id": draft.id})
    with pytest.raises(IntegrityError), db.session.begin_nested():
        db.session.execute(text("DELETE FROM note_templates WHERE id = :id"), {"id": draft.id})
    with unit_of_work():
        second = making.next_version(scene.actor, draft)
    assert send(author, second, **{"s0f0-label": "How they walk", "do": "publish"})[0] == 303
    assert scene.note().template_id == draft.id
    assert queries.active_templates(scene.facility.id)[-1].version in (1, 2)
    newest = {one.code: one.version for one in queries.active_templates(scene.facility.id)}
    assert newest[draft.code] == 2


def test_two_people_at_one_draft_do_not_overwrite_each_other(
    author: FlaskClient, draft: NoteTemplate
) -> None:
    old = draft.revision
    send(author, draft)
    status, page = send(author, draft, revision=str(old), name="Mine")
    assert status == 409
    assert "Somebody else changed this template meanwhile" in page
    assert draft.name == "Knee"


def test_a_draft_that_another_was_copied_from_can_be_discarded(scene: Scene, draft: NoteTemplate) -> None:
    with unit_of_work():
        copy = making.begin_template(scene.actor, scene.facility.id, "Hip", draft).id
    with unit_of_work():
        making.discard_draft(scene.actor, template_queries.get_template(scene.actor, draft.id))
    assert template_queries.get_template(scene.actor, copy).based_on_id is None


def test_a_template_goes_out_of_use_and_comes_back(
    author: FlaskClient, scene: Scene, sign_in: SignIn, draft: NoteTemplate
) -> None:
    send(author, draft, do="publish")
    manager = sign_in(somebody(scene.facility, Role.FACILITY_ADMIN))
    manager.post(f"/settings/note-templates/{draft.id}/services", data={"services": scene.consultation.id})
    db.session.expire_all()
    assert scene.consultation.note_template == draft.code
    author = sign_in(scene.user)
    author.post(f"/settings/note-templates/{draft.id}/retire")
    db.session.expire_all()
    assert draft.active, "notes of a service begin with it"
    manager = sign_in(somebody(scene.facility, Role.FACILITY_ADMIN))
    manager.post(f"/settings/note-templates/{draft.id}/services", data={})
    manager.post(f"/settings/note-templates/{draft.id}/retire")
    db.session.expire_all()
    assert not draft.active
    manager.post(f"/settings/note-templates/{draft.id}/bring_back")
    db.session.expire_all()
    assert draft.active


def test_another_clinics_template_does_not_exist_and_shipped_ones_do_not_change(
    scene: Scene, sign_in: SignIn, draft: NoteTemplate
) -> None:
    elsewhere = FacilityFactory()
    stranger = somebody(elsewhere, Role.PRACTITIONER)
    db.session.commit()
    with pytest.raises(NotFound):
        template_queries.get_template(actor_of(stranger, Role.PRACTITIONER, facility=elsewhere), draft.id)
    client = sign_in(stranger)
    assert client.get(f"/settings/note-templates/{draft.id}/edit").status_code == 404
    shipped = db.session.scalars(select(NoteTemplate).where(NoteTemplate.code == "soap")).one()
    assert client.post(f"/settings/note-templates/{shipped.id}/retire").status_code == 403
    therapist = sign_in(somebody(scene.facility, Role.THERAPIST))
    assert therapist.get("/settings/note-templates").status_code == 403


def test_a_service_chooses_among_the_templates_and_keeps_one_that_is_gone(
    scene: Scene, sign_in: SignIn, draft: NoteTemplate, author: FlaskClient
) -> None:
    send(author, draft, do="publish")
    scene.consultation.note_template = "house_call"
    db.session.commit()
    manager = sign_in(somebody(scene.facility, Role.FACILITY_ADMIN))
    page = manager.get(f"/services/{scene.consultation.id}").text
    picker = page.split('name="note_template"')[1].split("</select>")[0]
    assert f'value="{draft.code}">Knee' in picker
    assert '<option value="soap">Consultation (the default)' in picker
    assert 'selected value="house_call">house_call (not among the templates)' in picker
    fresh = manager.get("/services").text.split('name="note_template"')[1].split("</select>")[0]
    assert "house_call" not in fresh
    assert 'selected value="soap"' in fresh
