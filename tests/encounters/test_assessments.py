"""Assessments: written and confirmed by practitioners, locked, corrected, compared, and out of sight."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from clinic.accounts.models import SessionKind
from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.core.db import db, unit_of_work
from clinic.encounters import service as notes
from clinic.encounters.assessments import comparing, queries, service
from clinic.encounters.assessments.definitions import forms, instrument
from clinic.encounters.assessments.typed import content_of
from clinic.encounters.models import Assessment
from clinic.encounters.models.assessment import CONSTITUTIONS
from clinic.patients.models import CareRelationship, Patient, Prakriti
from clinic.practitioners.models import Practitioner
from tests.encounters.conftest import Scene, SignIn, somebody
from tests.factories import FacilityFactory, household_login

VIKRITI = {"vata": "vriddhi-2", "pitta": "sama-0", "kapha": "kshaya-1", "ama": "nirama", "agni": "vishama"}
ALL_VATA = {f"{item.code}-first": "vata" for item in instrument().items}


def begun(scene: Scene, kind: str = "vikriti") -> Assessment:
    with unit_of_work():
        found = service.begin(scene.actor, scene.patient, kind).id
    return queries.get_assessment(scene.actor, found, fresh=True)


def confirmed(scene: Scene, kind: str = "vikriti", share: bool = False, **typed: str) -> Assessment:
    """An assessment with these answers, confirmed."""
    draft = begun(scene, kind)
    defaults = VIKRITI if kind == "vikriti" else ALL_VATA | {"result": "vata"}
    with unit_of_work():
        written = {code: [value] for code, value in (defaults | typed).items()}
        saved = service.save(scene.actor, draft, written, version=draft.version)
    draft = queries.get_assessment(scene.actor, draft.id, fresh=True)
    with unit_of_work():
        service.confirm(scene.actor, draft, version=saved.version, share=share)
    return queries.get_assessment(scene.actor, draft.id, fresh=True)


def test_a_vikriti_is_written_by_its_form_and_confirmed(scene: Scene, author: FlaskClient) -> None:
    begins = author.post(f"/patients/{scene.patient.id}/assessments", data={"kind": "vikriti"})
    address = begins.location
    assert "Vata" in author.get(address).text
    refused = author.post(f"{address}/confirm", data={"version": "1", "vata": "vriddhi-2", "remarks": "Dry"})
    assert refused.status_code == 422
    assert "Still empty" in refused.text
    assert ">\nDry</textarea>" in refused.text
    done = author.post(f"{address}/confirm", data={**VIKRITI, "version": "2", "remarks": "Dry"})
    assert done.status_code == 303
    page = author.get(address).text
    assert "Confirmed by Dr Vaidehi Kulkarni" in page
    row = db.session.scalars(select(Assessment)).one()
    assert (row.vata_state, row.vata_severity, row.kapha_state, row.kapha_severity) == (
        "vriddhi",
        2,
        "kshaya",
        1,
    )
    assert (row.ama, row.agni, row.body) == ("nirama", "vishama", {"remarks": "Dry"})


@pytest.mark.parametrize("kind", sorted(forms()))
def test_every_field_of_every_form_is_kept_and_read_again(
    kind: str, scene: Scene, author: FlaskClient
) -> None:
    """Nothing that a form asks is lost on its way, and what is no answer of it is not taken."""
    draft = begun(scene, kind)
    typed: dict[str, list[str]] = {
        "version": [str(draft.version)],
        "patient_id": ["1"],
        "status": ["confirmed"],
    }
    for field in forms()[kind].fields:
        many = sorted(field.codes)
        typed[field.code] = (
            many[-2:] if field.kind == "choices" else [many[-1] if many else f"{field.most:f}"]
        )
    assert author.post(f"/assessments/{draft.id}/draft", data=typed).status_code == 200
    kept = queries.get_assessment(scene.actor, draft.id, fresh=True)
    assert kept.status == "draft"
    picked = author.get(f"/assessments/{draft.id}").text.count(" checked ")
    assert picked >= sum(bool(field.codes) for field in forms()[kind].fields)
    values = content_of(kept).values
    assert set(values) == {field.code for field in forms()[kind].fields}
    assert (
        author.post(
            f"/assessments/{draft.id}/confirm", data={**typed, "version": str(kept.version)}
        ).status_code
        == 303
    )
    assert "It can no longer change" in author.get(f"/assessments/{draft.id}").text


def test_what_is_no_answer_of_the_form_is_not_taken(scene: Scene, author: FlaskClient) -> None:
    draft = begun(scene, "ashtavidha")
    author.post(
        f"/assessments/{draft.id}/draft",
        data={"version": "1", "nadi": "x'", "nadi_bpm": "900", "drik": "pandu"},
    )
    kept = queries.get_assessment(scene.actor, draft.id, fresh=True)
    assert kept.body == {"nadi_bpm": "900", "drik": "pandu"}
    refused = author.post(f"/assessments/{draft.id}/confirm", data={"version": "2", "nadi_bpm": "900"})
    assert "From 20 to 250" in refused.text
    assert 'value="900"' in refused.text


def test_height_and_weight_come_from_the_last_measurement(scene: Scene, author: FlaskClient) -> None:
    note = scene.note()
    with unit_of_work():
        notes.save_draft(
            scene.actor, note, {"before-weight": ["63.5"], "before-height": ["158"]}, version=note.version
        )
    draft = begun(scene, "dashavidha")
    page = author.get(f"/assessments/{draft.id}").text
    assert 'name="height_cm" value="158"' in page
    assert 'name="weight_kg" value="63.5"' in page
    assert "BMI 25.4" in page


def test_confirming_a_prakriti_writes_the_patients_and_a_reason_is_asked_for_another(
    scene: Scene, author: FlaskClient
) -> None:
    draft = begun(scene, "prakriti")
    form = ALL_VATA | {"version": "1"}
    assert author.post(f"/assessments/{draft.id}/draft", data=form).json is not None
    db.session.expire_all()
    assert scene.patient.prakriti is None, "a score alone is not final"
    refused = author.post(
        f"/assessments/{draft.id}/confirm", data={**form, "version": "2", "result": "vata_pitta"}
    )
    assert refused.status_code == 422
    assert "Say why" in refused.text
    again = {**form, "version": "3", "result": "vata_pitta", "reason": "Warm hands, early grey"}
    assert author.post(f"/assessments/{draft.id}/confirm", data=again).status_code == 303
    db.session.expire_all()
    assert scene.patient.prakriti == "vata_pitta"
    row = queries.get_assessment(scene.actor, draft.id, fresh=True)
    assert (row.suggested, row.vata_percent) == ("vata", 100)


def test_fourteen_answers_are_refused(scene: Scene, author: FlaskClient) -> None:
    draft = begun(scene, "prakriti")
    few = dict(list(ALL_VATA.items())[:14])
    refused = author.post(f"/assessments/{draft.id}/confirm", data={**few, "version": "1", "result": "vata"})
    assert refused.status_code == 422
    assert "At least 15 of the 18 questions" in refused.text
    assert queries.get_assessment(scene.actor, draft.id, fresh=True).status == "draft"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE assessments SET body = '{}'",
        "UPDATE assessments SET vata_severity = 3",
        "UPDATE assessments SET status = 'draft'",
        "UPDATE assessments SET status = 'entered_in_error', error_at = now(), error_reason = '', agni = ''",
        "DELETE FROM assessments",
        "TRUNCATE assessments",
    ],
)
def test_a_confirmed_one_never_changes_not_even_by_sql(
    statement: str, scene: Scene, session: Session
) -> None:
    confirmed(scene, remarks="Dry skin")
    with pytest.raises(DBAPIError, match=r"is confirmed|append-only"), session.begin_nested():
        session.execute(text(statement))


def test_a_correction_is_a_new_version_and_the_old_one_stays(scene: Scene, author: FlaskClient) -> None:
    first = confirmed(scene)
    newer = author.post(f"/assessments/{first.id}/correct").location
    assert "This corrects an assessment" in author.get(newer).text
    form = {**VIKRITI, "vata": "vriddhi-3", "version": "1"}
    assert author.post(f"{newer}/confirm", data=form).status_code == 303
    assert "A newer version takes its place" in author.get(f"/assessments/{first.id}").text
    assert author.post(f"/assessments/{first.id}/correct").status_code == 303, "corrected once only"
    found = queries.assessments_of(scene.actor, scene.patient.id)
    assert [row.vata_severity for row in comparing.holding(found)] == [3]
    assert len(found) == 2


def test_entered_in_error_needs_a_reason_and_gives_back_the_prakriti_before(
    scene: Scene, author: FlaskClient
) -> None:
    with unit_of_work():
        scene.patient.prakriti = "kapha"
    row = confirmed(scene, "prakriti")
    assert db.session.get_one(Patient, scene.patient.id).prakriti == "vata"
    refused = author.post(f"/assessments/{row.id}/error", data={"reason": " "})
    assert (refused.status_code, "Say why" in refused.text) == (422, True)
    author.post(f"/assessments/{row.id}/error", data={"reason": "Wrong patient"})
    page = author.get(f"/assessments/{row.id}").text
    assert "Wrong patient" in page
    db.session.expire_all()
    assert scene.patient.prakriti == "kapha"
    assert queries.constitution_of(scene.patient.id) is None


def test_two_tabs_keep_both_versions_until_somebody_chooses(scene: Scene, author: FlaskClient) -> None:
    draft = begun(scene)
    address = f"/assessments/{draft.id}"
    assert author.post(f"{address}/draft", data={"version": "1", "vata": "vriddhi-1"}).status_code == 200
    late = author.post(f"{address}/draft", data={"version": "1", "vata": "vriddhi-3"})
    assert late.status_code == 409
    assert "raised, 1 of 3" in late.text
    assert "raised, 3 of 3" in late.text
    data = {**VIKRITI, "version": "2"}
    author.post(f"{address}/confirm", data=data)
    assert queries.get_assessment(scene.actor, draft.id, fresh=True).status == "draft", "two versions wait"
    author.post(f"{address}/settle", data={"keep": "other"})
    kept = queries.get_assessment(scene.actor, draft.id, fresh=True)
    assert (kept.vata_severity, kept.other_body) == (3, None)


def test_side_by_side_marks_what_changed(scene: Scene, author: FlaskClient) -> None:
    confirmed(scene)
    confirmed(scene, vata="vriddhi-1")
    page = author.get(f"/patients/{scene.patient.id}/assessments/compare?kind=vikriti").text
    assert page.count('class="is-changed"') == 1
    assert "dosha-lines" in page
    assert author.get(f"/patients/{scene.patient.id}/assessments/compare?kind=x").status_code == 404
    tab = author.get(f"/patients/{scene.patient.id}/assessments").text
    assert "Vata raised, 1 of 3" in tab
    assert "dosha-beside" in tab


def test_the_tab_needs_few_statements(
    scene: Scene, author: FlaskClient, count_statements: Callable[[], list[str]]
) -> None:
    for _one in range(3):
        confirmed(scene)
    address = f"/patients/{scene.patient.id}/assessments"
    author.get(address)
    count_statements()
    author.get(address)
    taken = [one for one in count_statements() if "audit_events" not in one and "login_sessions" not in one]
    assert len(taken) <= 6, taken


def test_everything_leaves_an_audit_row(scene: Scene, author: FlaskClient) -> None:
    row = confirmed(scene)
    author.get(f"/assessments/{row.id}")
    actions = set(
        db.session.scalars(select(AuditEvent.action).where(AuditEvent.subject_type == "assessment"))
    )
    assert actions >= {"assessment.begun", "assessment.saved", "assessment.confirmed", "assessment.viewed"}


def test_assessments_stand_in_the_note_of_their_visit_and_in_the_timeline(
    scene: Scene, author: FlaskClient
) -> None:
    note = scene.note()
    form = {"kind": "agni_koshtha", "visit": scene.visit.reference}
    address = author.post(f"/patients/{scene.patient.id}/assessments", data=form).location
    author.post(f"{address}/confirm", data={"version": "1", "agni": "manda", "koshtha": "krura"})
    page = author.get(f"/notes/{note.id}").text
    assert f'href="{address}"' in page
    timeline = author.get(f"/patients/{scene.patient.id}?kind=assessment").text
    assert "Agni and koshtha" in timeline


@pytest.mark.parametrize("role", [Role.RECEPTIONIST, Role.FACILITY_ADMIN, Role.THERAPIST, Role.ADMIN])
def test_only_practitioners_know_of_assessments(role: Role, scene: Scene, sign_in: SignIn) -> None:
    row = confirmed(scene)
    user = somebody(scene.facility, role)
    client = sign_in(user)
    assert client.get(f"/assessments/{row.id}").status_code == 403
    assert client.get(f"/patients/{scene.patient.id}/assessments").status_code == 403
    page = client.get(f"/patients/{scene.patient.id}").text
    assert "/assessments" not in page
    assert "Vikriti" not in page


def test_another_clinics_practitioner_finds_nothing_and_a_colleague_reads_but_sees_no_draft(
    scene: Scene, sign_in: SignIn
) -> None:
    row, draft = confirmed(scene), begun(scene, "ashtavidha")
    elsewhere = sign_in(somebody(FacilityFactory(), Role.PRACTITIONER))
    for address in (
        f"/assessments/{row.id}",
        f"/assessments/{row.id}/state",
        f"/patients/{scene.patient.id}/assessments",
    ):
        assert elsewhere.get(address).status_code == 404
    assert elsewhere.post(f"/assessments/{row.id}/error", data={"reason": "x"}).status_code == 404
    assert (
        elsewhere.post(f"/patients/{scene.patient.id}/assessments", data={"kind": "vikriti"}).status_code
        == 404
    )
    colleague = sign_in(somebody(scene.facility, Role.PRACTITIONER, "Dr Colleague"))
    assert colleague.get(f"/assessments/{row.id}").status_code == 200
    assert colleague.get(f"/assessments/{draft.id}").status_code == 404
    refused = db.session.scalar(
        select(AuditEvent.id).where(AuditEvent.action == "assessment.viewed", AuditEvent.outcome == "refused")
    )
    assert refused is not None


def test_where_care_is_not_open_to_all_only_those_in_care_read(scene: Scene, sign_in: SignIn) -> None:
    row = confirmed(scene)
    scene.facility.whole_facility_in_care = False
    db.session.commit()
    user = somebody(scene.facility, Role.PRACTITIONER, "Dr Colleague")
    client = sign_in(user)
    assert client.get(f"/assessments/{row.id}").status_code == 404
    colleague = db.session.scalars(select(Practitioner).where(Practitioner.user_id == user.id)).one()
    db.session.add(
        CareRelationship(patient_id=scene.patient.id, practitioner_id=colleague.id, source="assigned")
    )
    db.session.commit()
    assert client.get(f"/assessments/{row.id}").status_code == 200


def test_a_patient_reads_what_is_shared_and_nothing_else(
    scene: Scene, sign_in: SignIn, author: FlaskClient
) -> None:
    row = confirmed(scene)
    client = sign_in(household_login(scene.patient), SessionKind.PATIENT)
    assert client.get(f"/portal/assessments/{row.id}").status_code == 404
    author.post(f"/assessments/{row.id}/share", data={"share": "yes"})
    assert "raised, 2 of 3" in client.get(f"/portal/assessments/{row.id}").text
    author.post(f"/assessments/{row.id}/share", data={"share": "no"})
    assert client.get(f"/portal/assessments/{row.id}").status_code == 404


def test_constitutions_of_forms_model_and_patients_are_the_same() -> None:
    field = forms()["dashavidha"].field("prakriti")
    assert field is not None
    assert {*CONSTITUTIONS} == {*Prakriti} == set(field.codes)
