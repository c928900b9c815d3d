"""Signing: what keeps a practitioner from it, what it leaves behind, and what may happen afterwards."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text, update

from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.core.db import db, unit_of_work
from clinic.core.errors import Conflict, Invalid
from clinic.notifications.models import Message
from clinic.prescriptions import queries, service
from clinic.prescriptions.errors import Moved, NoRegistration, NotReady, PrescriptionLocked
from clinic.prescriptions.models import PrescriptionLine
from clinic.prescriptions.sheets import sheet_of
from clinic.records.verification import Standing, check
from tests.encounters.conftest import READY
from tests.encounters.conftest import Scene as NoteScene
from tests.encounters.conftest import scene as note_scene  # noqa: F401  (a fixture)
from tests.factories import UserFactory, actor_of, grant, practitioner_at
from tests.prescriptions.conftest import TABLET, VATI, Scene, lines_of


def test_what_is_missing_is_named_by_field(scene: Scene) -> None:
    draft = scene.draft({"name": "Brahmi", "kind": "ayurvedic", "dosing": "now and then"})
    with pytest.raises(NotReady) as refused, unit_of_work():
        service.sign(scene.actor, draft, version=draft.version)
    line = lines_of(draft)[0].id
    assert set(refused.value.problems) == {f"line-{line}-{name}" for name in ("dose", "dosing", "duration")}
    assert scene.fresh(draft.id).status == "draft"


def test_an_empty_prescription_is_not_signed(scene: Scene) -> None:
    with unit_of_work():
        made = service.begin(scene.actor, scene.patient)
    with pytest.raises(NotReady):
        service.sign(scene.actor, scene.fresh(made.id), version=1)


def test_nobody_signs_without_a_registration_number(scene: Scene, author: FlaskClient) -> None:
    draft = scene.draft()
    scene.practitioner.registration_number = " "
    db.session.commit()
    with pytest.raises(NoRegistration), unit_of_work():
        service.sign(scene.actor, draft, version=draft.version)
    page = author.post(f"/prescriptions/{draft.id}", data={"version": str(draft.version), "do": "sign"})
    assert page.status_code == 422
    assert "your registration number is missing" in page.text


def test_signing_writes_down_quantity_paper_code_message_and_audit(scene: Scene) -> None:
    signed = scene.signed(VATI, TABLET)
    assert (signed.status, signed.signed_by, signed.shared_at) == ("signed", scene.user.id, signed.signed_at)
    assert [line.quantity for line in lines_of(signed)] == ["28 tablets", "30 tablets"]
    sheet = sheet_of(signed, "en")
    assert (sheet.registration, sheet.qualification) == ("KA-AYU-12345", "BAMS, MD (Ay.)")
    assert sheet.patient_facts == "F, 46 years"
    assert sheet.general[0].name == "TELMISARTAN"
    assert sheet.ayurvedic[0].plain == "1 in the morning, 1 at night"
    checked = check(sheet.verify_code)
    assert checked is not None
    assert checked.standing is Standing.TRUE_COPY
    assert "prescription.signed" in set(db.session.scalars(select(AuditEvent.action)))
    assert db.session.scalars(select(Message.kind).where(Message.kind == "prescription_ready")).first()


def test_the_message_names_no_medicine(scene: Scene) -> None:
    signed = scene.signed()
    from clinic.notifications.registry import kind_of

    kind = kind_of("prescription_ready")
    assert kind is not None
    message = db.session.scalars(select(Message).where(Message.kind == "prescription_ready")).first()
    assert message is not None
    assert "vati" not in str(kind.load([message])[message.id].values)
    assert message.subject_id == signed.id


def test_what_is_not_shared_tells_nobody(scene: Scene) -> None:
    draft = scene.draft()
    with unit_of_work():
        saved = service.save(
            scene.actor, draft, {"share_shown": "y"}, seen=service.Seen(version=draft.version)
        )
        service.sign(scene.actor, draft, version=saved.version)
    assert scene.fresh(draft.id).shared_at is None
    assert not db.session.scalars(select(Message.id).where(Message.kind == "prescription_ready")).all()


def test_a_second_signature_and_an_old_version_are_refused(scene: Scene) -> None:
    draft = scene.draft()
    with pytest.raises(Moved), unit_of_work():
        service.sign(scene.actor, draft, version=draft.version - 1)
    draft = scene.fresh(draft.id)
    with unit_of_work():
        service.sign(scene.actor, draft, version=draft.version)
    with pytest.raises(PrescriptionLocked):
        service.sign(scene.actor, scene.fresh(draft.id), version=draft.version)


def test_the_paper_says_what_it_said_when_people_change_afterwards(scene: Scene) -> None:
    signed = scene.signed()
    code = sheet_of(signed, "en").verify_code
    scene.patient.name, scene.practitioner.registration_number = "Meenakshi Rao", "OTHER"
    db.session.commit()
    sheet = sheet_of(scene.fresh(signed.id), "en")
    assert (sheet.patient_name, sheet.registration, sheet.verify_code) == (
        "Meenakshi Iyer",
        "KA-AYU-12345",
        code,
    )


def test_a_stopped_medicine_makes_the_old_copy_an_old_one(scene: Scene) -> None:
    signed = scene.signed(VATI, TABLET)
    code = sheet_of(signed, "en").verify_code
    with pytest.raises(Invalid):
        service.stop_line(scene.actor, signed, lines_of(signed)[0].id, " ")
    with unit_of_work():
        service.stop_line(scene.actor, scene.fresh(signed.id), lines_of(signed)[0].id, "Rash")
    checked = check(code)
    assert checked is not None
    assert checked.standing is Standing.CHANGED_SINCE
    assert [item.name for item in queries.running(scene.actor, scene.patient.id)] == ["Telmisartan 40 mg"]
    assert "STOPPED: Rash" in sheet_of(scene.fresh(signed.id), "en").ayurvedic[0].instructions


def standing_of(code: str) -> Standing | None:
    checked = check(code)
    return checked.standing if checked else None


def test_every_copy_of_a_course_whose_medicines_stop_one_by_one_is_known(scene: Scene) -> None:
    signed = scene.signed(VATI, TABLET)
    codes = [sheet_of(signed, "en").verify_code]
    for line in reversed(lines_of(signed)):
        with unit_of_work():
            service.stop_line(scene.actor, scene.fresh(signed.id), line.id, "Rash")
        codes.append(sheet_of(scene.fresh(signed.id), "en").verify_code)
    assert [standing_of(code) for code in codes] == [
        Standing.CHANGED_SINCE,
        Standing.CHANGED_SINCE,
        Standing.TRUE_COPY,
    ]


def test_a_medicine_altered_behind_the_locks_is_said_to_differ(scene: Scene) -> None:
    signed = scene.signed(VATI, TABLET)
    code = sheet_of(signed, "en").verify_code
    line = lines_of(signed)[0]
    db.session.execute(text("SET LOCAL session_replication_role = replica"))
    db.session.execute(
        update(PrescriptionLine).where(PrescriptionLine.id == line.id).values(instructions="Twice as much")
    )
    db.session.commit()
    db.session.expire_all()
    assert standing_of(code) is Standing.DIFFERS


def test_a_stopped_prescription_stays_readable_and_no_longer_holds(scene: Scene) -> None:
    signed = scene.signed()
    code = sheet_of(signed, "en").verify_code
    with unit_of_work():
        service.stop(scene.actor, signed, "Pregnancy")
    stopped = scene.fresh(signed.id)
    assert stopped.status == "stopped"
    assert "Pregnancy" in sheet_of(stopped, "en").withdrawn
    checked = check(code)
    assert checked is not None
    assert checked.standing is Standing.WITHDRAWN
    assert queries.running(scene.actor, scene.patient.id) == []
    with pytest.raises(Conflict):
        service.stop(scene.actor, stopped, "again")


def test_a_new_version_takes_the_old_ones_place_once_signed(scene: Scene) -> None:
    old = scene.signed()
    with unit_of_work():
        draft = service.repeat(scene.actor, old, key="k", replace=True)
    assert scene.fresh(old.id).status == "signed"
    draft = scene.fresh(draft.id)
    assert [line.name for line in lines_of(draft)] == ["Chandraprabha vati"]
    with unit_of_work():
        service.sign(scene.actor, draft, version=draft.version)
    assert scene.fresh(old.id).status == "superseded"
    assert [item.prescription_id for item in queries.running(scene.actor, scene.patient.id)] == [draft.id]


def test_a_notes_prescription_is_signed_with_the_note_or_keeps_it_open(note_scene: NoteScene) -> None:  # noqa: F811
    from clinic.encounters import queries as notes
    from clinic.encounters import service as encounters
    from clinic.prescriptions.reading import read_line

    note_scene.practitioner.registration_number = "KA-1"
    note = note_scene.note()
    with unit_of_work():
        draft = service.begin_for_note(note_scene.actor, note)
        again = service.begin_for_note(note_scene.actor, note)
        assert again.id == draft.id
        service.add_line(
            note_scene.actor, draft, read_line({"name": "Brahmi vati", "kind": "ayurvedic"}), version=1
        )
    with unit_of_work():
        saved = encounters.save_draft(note_scene.actor, note, READY, version=note.version)
    note = notes.get_note(note_scene.actor, note.id, fresh=True)
    with pytest.raises(Conflict), unit_of_work():
        encounters.sign(note_scene.actor, note, version=saved.version)
    note = notes.get_note(note_scene.actor, note.id, fresh=True)
    assert note.status == "draft"
    draft = queries.get_prescription(note_scene.actor, draft.id, fresh=True)
    line = lines_of(draft)[0].id
    with unit_of_work():
        service.save(
            note_scene.actor,
            draft,
            {f"line-{line}-dose": "1 tab", f"line-{line}-dosing": "BD", f"line-{line}-duration": "5 days"},
            seen=service.Seen(version=draft.version),
        )
    with unit_of_work():
        encounters.sign(note_scene.actor, note, version=saved.version)
    assert queries.get_prescription(note_scene.actor, draft.id, fresh=True).status == "signed"


def test_any_practitioner_who_sees_it_may_stop_it_but_not_share_it(scene: Scene) -> None:
    colleague = grant(UserFactory(name="Dr Nair"), Role.PRACTITIONER, facility=scene.facility)
    practitioner_at(scene.facility, colleague, name="Dr Nair")
    db.session.commit()
    other = actor_of(colleague, Role.PRACTITIONER, facility=scene.facility)
    signed = scene.signed()
    seen = queries.get_prescription(other, signed.id)
    from clinic.core.errors import Forbidden

    with pytest.raises(Forbidden):
        service.share(other, seen, shared=False)
    with unit_of_work():
        service.stop(other, seen, "Reaction on the phone")
    assert scene.fresh(signed.id).status == "stopped"
