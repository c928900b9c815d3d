"""Who may see, write, sign and print a note: an insider and an outsider for each."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from clinic.accounts.models import SessionKind
from clinic.audit.models import AuditEvent
from clinic.core import clock
from clinic.core.access import Role
from clinic.encounters import queries
from clinic.encounters.models import Note
from clinic.patients.models import CareRelationship
from clinic.practitioners.models import Practitioner
from tests.encounters.conftest import Scene, SignIn, at, open_tab, somebody
from tests.factories import (
    FacilityFactory,
    UserFactory,
    actor_of,
    appointment,
    grant,
    household_login,
    practitioner_at,
)

ADDRESSES = (
    ("GET", "/notes/{id}"),
    ("POST", "/notes/{id}"),
    ("POST", "/notes/{id}/draft"),
    ("POST", "/notes/{id}/sign"),
    ("POST", "/notes/{id}/addenda"),
    ("GET", "/notes/{id}/conflict"),
    ("POST", "/notes/{id}/conflict"),
    ("GET", "/notes/{id}/print"),
)
NOBODY = 9_000_000_000


def statuses(client: FlaskClient, note_id: int) -> set[int]:
    form = {"version": "1", "note-complaints": "Not mine", "text": "Not mine"}
    return {
        client.open(
            path.format(id=note_id), method=method, data=form if method == "POST" else None
        ).status_code
        for method, path in ADDRESSES
    }


@pytest.mark.parametrize("role", [Role.RECEPTIONIST, Role.FACILITY_ADMIN, Role.ADMIN])
def test_who_is_not_clinical_sees_no_note_at_all(role: Role, scene: Scene, sign_in: SignIn) -> None:
    note = scene.signed()
    client = sign_in(somebody(scene.facility, role))
    assert statuses(client, note.id) == {403}
    assert client.get("/my-day").status_code == 403
    assert client.post(f"/appointments/{scene.visit.reference}/note").status_code == 403


def test_a_patient_sees_no_note_here_not_even_their_own(scene: Scene, sign_in: SignIn) -> None:
    note = scene.signed()
    client = sign_in(household_login(scene.patient), SessionKind.PATIENT)
    assert statuses(client, note.id) == {403}


def test_signed_out_saves_are_answered_401_and_pages_ask_to_sign_in(
    client: FlaskClient, scene: Scene
) -> None:
    note = scene.note()
    saving = client.post(
        f"/notes/{note.id}/draft",
        data={"version": "1", "note-complaints": "x"},
        headers={"Accept": "application/json, text/html"},
    )
    assert saving.status_code == 401
    page = client.get(f"/notes/{note.id}")
    assert page.status_code == 303
    assert f"next=/notes/{note.id}" in page.location.replace("%2F", "/")


def test_a_draft_is_its_authors_alone(author: FlaskClient, scene: Scene, sign_in: SignIn) -> None:
    note = scene.saved(complaints="Only a draft")
    outsider = sign_in(somebody(scene.facility, Role.PRACTITIONER))
    assert statuses(outsider, note.id) == {404}
    assert author.get(f"/notes/{note.id}").status_code == 200
    assert queries.get_note(scene.actor, note.id, fresh=True).body["complaints"] == "Only a draft"


def test_somebody_elses_draft_looks_exactly_like_none(scene: Scene, sign_in: SignIn) -> None:
    note = scene.note()
    outsider = sign_in(somebody(scene.facility, Role.PRACTITIONER))
    theirs, none = outsider.get(f"/notes/{note.id}"), outsider.get(f"/notes/{NOBODY}")
    assert theirs.status_code == none.status_code == 404
    assert without_request_id(theirs.text) == without_request_id(none.text)


def without_request_id(page: str) -> str:
    import re

    page = re.sub(r"<code>[0-9a-f]{16}</code>", "", page)
    return re.sub(r'(csrf[^"]*"[^"]*value=|data-csrf=|X-CSRFToken": )"[^"]+"', "", page)


def test_a_practitioner_reads_what_the_whole_facility_signed_where_it_says_so(
    scene: Scene, sign_in: SignIn, session: Session
) -> None:
    note = scene.signed()
    colleague = sign_in(somebody(scene.facility, Role.PRACTITIONER))
    assert colleague.get(f"/notes/{note.id}").status_code == 200
    scene.facility.whole_facility_in_care = False
    session.commit()
    assert colleague.get(f"/notes/{note.id}").status_code == 404


def test_care_opens_a_note_and_its_end_closes_it(scene: Scene, sign_in: SignIn, session: Session) -> None:
    note = scene.signed()
    scene.facility.whole_facility_in_care = False
    user = somebody(scene.facility, Role.PRACTITIONER)
    client = sign_in(user)
    assert client.get(f"/notes/{note.id}").status_code == 404
    own = session.scalars(select(Practitioner).where(Practitioner.user_id == user.id)).one()
    care = CareRelationship(patient_id=scene.patient.id, practitioner_id=own.id, source="assigned")
    session.add(care)
    session.commit()
    assert client.get(f"/notes/{note.id}").status_code == 200
    care.ended_at = clock.now()
    session.commit()
    assert client.get(f"/notes/{note.id}").status_code == 404


def test_a_practitioner_of_another_clinic_sees_nothing(scene: Scene, sign_in: SignIn) -> None:
    note = scene.signed()
    elsewhere = somebody(FacilityFactory(), Role.PRACTITIONER)
    assert statuses(sign_in(elsewhere), note.id) == {404}


def test_a_therapist_reads_and_writes_about_their_own_sessions_only(
    scene: Scene, sign_in: SignIn, session: Session
) -> None:
    note = scene.signed()
    user = somebody(scene.facility, Role.THERAPIST)
    client = sign_in(user)
    assert client.get(f"/notes/{note.id}").status_code == 404
    assert client.post(f"/appointments/{scene.visit.reference}/note").status_code == 404
    own = session.scalars(select(Practitioner).where(Practitioner.user_id == user.id)).one()
    session_visit = appointment(scene.patient, own, at(scene, 15), status="in_progress")
    session.commit()
    answer = client.post(f"/appointments/{session_visit.reference}/note")
    assert answer.status_code == 303
    assert client.get(answer.location).status_code == 200
    listed = queries.notes_of_patient(
        actor_of(user, Role.THERAPIST, facility=scene.facility), scene.patient.id
    )
    assert [row.practitioner_id for row in listed] == [own.id]


def test_a_colleague_who_stands_in_writes_a_note_of_their_own(scene: Scene, sign_in: SignIn) -> None:
    first = scene.note()
    colleague = sign_in(somebody(scene.facility, Role.PRACTITIONER))
    answer = colleague.post(f"/appointments/{scene.visit.reference}/note")
    assert answer.status_code == 303
    assert answer.location != f"/notes/{first.id}"


def test_staff_without_a_place_among_the_practitioners_write_no_notes(scene: Scene, sign_in: SignIn) -> None:
    client = sign_in(grant(UserFactory(), Role.PRACTITIONER, facility=scene.facility))
    assert client.post(f"/appointments/{scene.visit.reference}/note").status_code == 403
    assert client.get("/my-day").status_code == 200


def test_opening_the_note_of_a_visit_twice_opens_the_same_one(author: FlaskClient, scene: Scene) -> None:
    first = author.post(f"/appointments/{scene.visit.reference}/note")
    second = author.post(f"/appointments/{scene.visit.reference}/note")
    assert first.location == second.location


def test_a_visit_that_never_was_has_no_note(author: FlaskClient, scene: Scene, session: Session) -> None:
    off = appointment(scene.patient, scene.practitioner, at(scene, 16), status="cancelled")
    session.commit()
    author.post(f"/appointments/{off.reference}/note")
    assert session.scalars(select(Note).where(Note.appointment_id == off.id)).all() == []


@pytest.mark.parametrize("reference", ["NOSUCHONE1", "%00", "x" * 300, "../../etc", "%F0%9F%98%80", "अ"])
def test_a_visit_that_is_not_there_is_not_found(reference: str, author: FlaskClient) -> None:
    assert author.post(f"/appointments/{reference}/note").status_code == 404
    assert author.post(f"/my-day/{reference}/start").status_code == 404


def test_notes_of_a_patient_are_those_somebody_may_read(scene: Scene, session: Session) -> None:
    signed = scene.signed()
    other = somebody(scene.facility, Role.PRACTITIONER)
    mine = actor_of(other, Role.PRACTITIONER, facility=scene.facility)
    assert [row.id for row in queries.notes_of_patient(mine, scene.patient.id)] == [signed.id]
    desk = actor_of(UserFactory(), Role.RECEPTIONIST, facility=scene.facility)
    assert queries.notes_of_patient(desk, scene.patient.id) == []
    visit = appointment(scene.patient, scene.practitioner, at(scene, 17))
    practitioner_at(scene.facility)
    session.commit()
    from clinic.encounters import service

    service.open_note(scene.actor, visit)
    assert len(queries.notes_of_patient(scene.actor, scene.patient.id)) == 2
    assert len(queries.notes_of_patient(mine, scene.patient.id)) == 1, "a draft is not listed for others"


def rows_of(session: Session, action: str) -> list[AuditEvent]:
    return list(
        session.scalars(select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.id))
    )


def test_every_reading_and_writing_leaves_a_row(author: FlaskClient, scene: Scene, session: Session) -> None:
    author.post(f"/appointments/{scene.visit.reference}/note")
    note = scene.note()
    author.get(f"/notes/{note.id}")
    ready = {"note-complaints": "x", "note-diagnosis": "x", "note-plan": "x"}
    author.post(f"/notes/{note.id}/sign", data={**ready, "version": open_tab(author, note)})
    author.post(f"/notes/{note.id}/addenda", data={"text": "More"})
    author.get(f"/notes/{note.id}/print")
    for action in (
        "note.opened",
        "note.viewed",
        "note.saved",
        "note.signed",
        "note.addendum",
        "note.printed",
    ):
        rows = rows_of(session, action)
        assert rows, action
        assert {(row.subject_id, row.patient_id, row.actor_id) for row in rows} == {
            (note.id, scene.patient.id, scene.user.id)
        }


def test_writing_for_a_while_leaves_one_row_not_one_per_save(
    author: FlaskClient, scene: Scene, session: Session
) -> None:
    note = scene.note()
    version = open_tab(author, note)
    for number in range(5):
        data = {"note-complaints": "x" * number, "version": version}
        version = author.post(f"/notes/{note.id}/draft", data=data).json["version"]
    assert len(rows_of(session, "note.saved")) == 1


def test_failing_to_open_a_note_leaves_a_row_too(scene: Scene, sign_in: SignIn, session: Session) -> None:
    note = scene.note()
    user = somebody(scene.facility, Role.PRACTITIONER)
    sign_in(user).get(f"/notes/{note.id}")
    row = rows_of(session, "note.viewed")[-1]
    assert (row.outcome, row.actor_id, row.subject_id) == ("refused", user.id, note.id)


def test_audit_rows_hold_nothing_of_what_was_written(
    author: FlaskClient, scene: Scene, session: Session
) -> None:
    note = scene.note()
    author.post(
        f"/notes/{note.id}/draft", data={"note-complaints": "Secretwords", "version": open_tab(author, note)}
    )
    assert all("Secretwords" not in str(row.detail) for row in session.scalars(select(AuditEvent)))
