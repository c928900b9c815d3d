"""Who sees which prescriptions: practitioners in sight, the household what was shared, nobody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from clinic.accounts.models import SessionKind
from clinic.audit.models import AuditEvent
from clinic.core.access import Role
from clinic.core.db import db, unit_of_work
from clinic.prescriptions import service
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    UserFactory,
    grant,
    household_login,
    practitioner_at,
)
from tests.prescriptions.conftest import VATI, Scene, SignIn, lines_of, version_on


def somebody(scene: Scene, role: Role, sign_in: SignIn, *, elsewhere: bool = False) -> FlaskClient:
    """A browser of somebody with one role, here or in another clinic."""
    place = FacilityFactory() if elsewhere else scene.facility
    user = grant(UserFactory(), role, facility=place)
    if role in (Role.PRACTITIONER, Role.THERAPIST):
        practitioner_at(place, user, registration_number=None)
    db.session.commit()
    return sign_in(user)


def test_a_colleague_reads_what_is_signed_and_no_draft(scene: Scene, sign_in: SignIn) -> None:
    colleague = somebody(scene, Role.PRACTITIONER, sign_in)
    signed, draft = scene.signed(), scene.draft()
    assert colleague.get(f"/prescriptions/{signed.id}").status_code == 200
    assert colleague.get(f"/prescriptions/{signed.id}/pdf").status_code == 200
    assert colleague.get(f"/prescriptions/{draft.id}").status_code == 404
    assert colleague.post(f"/prescriptions/{draft.id}", data={"do": "sign"}).status_code == 404


@pytest.mark.parametrize(
    ("role", "elsewhere", "status"),
    [
        (Role.PRACTITIONER, True, 404),
        (Role.THERAPIST, False, 404),
        (Role.ADMIN, False, 404),
        (Role.RECEPTIONIST, False, 403),
        (Role.FACILITY_ADMIN, False, 403),
    ],
)
def test_an_outsider_meets_nothing(
    scene: Scene, sign_in: SignIn, role: Role, elsewhere: bool, status: int
) -> None:
    outsider = somebody(scene, role, sign_in, elsewhere=elsewhere)
    signed = scene.signed()
    for path in ("", "/pdf"):
        assert outsider.get(f"/prescriptions/{signed.id}{path}").status_code == status
    assert outsider.post(f"/prescriptions/{signed.id}/stop", data={"reason": "x"}).status_code in (403, 404)
    assert scene.fresh(signed.id).status == "signed"
    assert "Chandraprabha" not in outsider.get(f"/patients/{scene.patient.id}/prescriptions").text


def test_a_refused_opening_is_written_down(scene: Scene, sign_in: SignIn) -> None:
    outsider = somebody(scene, Role.PRACTITIONER, sign_in, elsewhere=True)
    signed = scene.signed()
    outsider.get(f"/prescriptions/{signed.id}")
    refused = select(AuditEvent.subject_id).where(
        AuditEvent.outcome == "refused", AuditEvent.action == "prescription.viewed"
    )
    assert db.session.scalars(refused).all() == [signed.id]


def test_the_household_sees_what_was_shared_until_it_is_no_longer(
    scene: Scene, household: FlaskClient
) -> None:
    signed, draft = scene.signed(), scene.draft()
    page = household.get(f"/portal/prescriptions/{signed.id}")
    assert page.status_code == 200
    assert "1 in the morning, 1 at night" in page.text
    listed = household.get("/portal/prescriptions").text
    assert f"/portal/prescriptions/{signed.id}" in listed
    assert f"/portal/prescriptions/{draft.id}" not in listed
    assert household.get(f"/portal/prescriptions/{draft.id}").status_code == 404
    with unit_of_work():
        service.share(scene.actor, signed, shared=False)
    assert household.get(f"/portal/prescriptions/{signed.id}").status_code == 404
    assert household.get(f"/portal/prescriptions/{signed.id}/pdf").status_code == 404


def test_another_household_sees_nothing(scene: Scene, sign_in: SignIn) -> None:
    signed = scene.signed()
    login = household_login(PatientFactory(facility_id=scene.facility.id), mobile="+919845000099")
    db.session.commit()
    stranger = sign_in(login, SessionKind.PATIENT)
    for path in ("", "/pdf"):
        assert stranger.get(f"/portal/prescriptions/{signed.id}{path}").status_code == 404


def test_the_paper_is_a_file_without_a_name_and_without_a_cache(scene: Scene, household: FlaskClient) -> None:
    signed = scene.signed()
    answer = household.get(f"/portal/prescriptions/{signed.id}/pdf")
    assert answer.data.startswith(b"%PDF")
    assert (
        answer.headers["Content-Disposition"] == f'attachment; filename="prescription-{signed.reference}.pdf"'
    )
    assert "no-store" in answer.headers["Cache-Control"]
    actions = db.session.scalars(select(AuditEvent.action).where(AuditEvent.subject_id == signed.id))
    assert "prescription.printed" in set(actions)


def test_a_patient_reads_hindi_in_hindi(scene: Scene, household: FlaskClient) -> None:
    signed = scene.signed()
    household.post("/locale", data={"locale": "hi"})
    assert household.get(f"/portal/prescriptions/{signed.id}").status_code == 200


def test_pages_ask_the_database_little(
    scene: Scene, author: FlaskClient, count_statements: Callable[[], list[str]]
) -> None:
    draft, signed = scene.draft(VATI, VATI), scene.signed(VATI)
    for path, most in (
        (f"/prescriptions/{draft.id}", 6),
        (f"/prescriptions/{signed.id}", 6),
        (f"/prescriptions/{draft.id}/medicines?new-name=tri", 3),
    ):
        author.get(path)
        count_statements()
        assert author.get(path).status_code == 200
        own = [one for one in count_statements() if "sessions" not in one and "role_grants" not in one]
        assert len(own) <= most, own


def test_a_form_binds_only_what_it_names(scene: Scene, author: FlaskClient) -> None:
    draft = scene.draft()
    page = author.get(f"/prescriptions/{draft.id}").text
    other = PatientFactory(facility_id=scene.facility.id)
    db.session.commit()
    line = lines_of(draft)[0].id
    author.post(
        f"/prescriptions/{draft.id}",
        data={
            "version": version_on(page),
            "patient_id": str(other.id),
            "status": "signed",
            "signed_by": "1",
            f"line-{line}-prescription_id": "1",
            f"line-{line}-name": "Brahmi vati",
        },
    )
    fresh = scene.fresh(draft.id)
    assert (fresh.patient_id, fresh.status, fresh.signed_by) == (scene.patient.id, "draft", None)
    assert lines_of(fresh)[0].name == "Brahmi vati"
