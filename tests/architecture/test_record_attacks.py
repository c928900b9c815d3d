"""The record attacked: through an emergency that lets only read, by rushes, by SQL past the rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from threading import Barrier, Thread

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from clinic.app import create_app
from clinic.core import clock
from clinic.core.access import SYSTEM, Actor, Role
from clinic.core.db import db, unit_of_work
from clinic.core.errors import Forbidden
from clinic.encounters import queries as notes
from clinic.encounters.models import Note
from clinic.encounters.service import add_addendum, ensure_templates
from clinic.encounters.signed_page import copy_of
from clinic.patients.models import CareRelationship, EmergencyAccess
from clinic.practitioners.models import Practitioner
from clinic.prescriptions.models import Prescription
from clinic.prescriptions.service import repeat
from clinic.records.keeping import put
from clinic.records.models import Paper, PaperSource
from clinic.records.service import Details, add_papers
from clinic.records.uploads import Looked
from clinic.scheduling.service import Booking, book
from tests.conftest import make_settings
from tests.emergency.conftest import Ward, asking, opened, signed_note, ward
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    ServiceFactory,
    UserFactory,
    actor_of,
    appointment,
    grant,
    practitioner_at,
)
from tests.records.files import jpeg

__all__ = ["ward"]
SignIn = Callable[..., FlaskClient]
KEPT = (
    "addenda",
    "allergies",
    "appointment_papers",
    "assessments",
    "audit_batches",
    "audit_events",
    "diagnoses",
    "emergency_accesses",
    "note_papers",
    "note_retractions",
    "notes",
    "papers",
    "patient_measures",
    "prescription_lines",
    "prescriptions",
    "verifiable_copies",
    "vital_signs",
)


def in_emergency(ward: Ward, role: Role = Role.PRACTITIONER) -> Actor:
    """Somebody of the other clinic with the patient's record open."""
    user = ward.vaidya if role is Role.PRACTITIONER else ward.therapist
    actor = actor_of(user, role, facility=ward.elsewhere)
    return replace(actor, emergencies=frozenset({ward.patient.id}))


def booking(ward: Ward, session: Session) -> Booking:
    """The patient's visit with the practitioner of the other clinic."""
    own = session.scalars(select(Practitioner).where(Practitioner.user_id == ward.vaidya.id)).one()
    return Booking(
        patient_id=ward.patient.id,
        practitioner_id=own.id,
        service_id=ServiceFactory(facility_id=ward.elsewhere.id).id,
        starts=clock.now() + timedelta(days=1),
        facility_id=ward.elsewhere.id,
        override_reason="It cannot wait",
    )


def carers(session: Session, ward: Ward) -> list[int]:
    rows = select(CareRelationship.practitioner_id).where(CareRelationship.patient_id == ward.patient.id)
    return list(session.scalars(rows))


def test_an_emergency_never_turns_into_care_by_a_visit_that_one_books(ward: Ward, session: Session) -> None:
    wanted = booking(ward, session)
    book(in_emergency(ward), wanted)
    assert carers(session, ward) == []
    book(SYSTEM, replace(wanted, starts=wanted.starts + timedelta(hours=2)))
    assert carers(session, ward) == [wanted.practitioner_id], "but for a visit that the clinic books"


def test_a_therapist_with_a_record_open_in_an_emergency_books_nothing(ward: Ward, session: Session) -> None:
    with pytest.raises(Forbidden):
        book(in_emergency(ward, Role.THERAPIST), booking(ward, session))


def test_nor_brings_papers_in(ward: Ward, sign_in: SignIn) -> None:
    client = opened(sign_in(ward.therapist), ward.patient)
    sent = {"kind": "lab_report", "files": [(BytesIO(jpeg()), "a.jpg")]}
    assert client.post(f"/patients/{ward.patient.id}/papers", data=sent).status_code == 403
    assert db.session.scalars(select(Paper)).all() == []


def test_who_repeats_a_prescription_of_another_clinic_writes_it_at_their_own(
    ward: Ward, session: Session
) -> None:
    """The letterhead is of a clinic where the person who signs works."""
    old = Prescription(
        reference="ATTACK00",
        patient_id=ward.patient.id,
        facility_id=ward.patient.facility_id,
        practitioner_id=ward.note.practitioner_id,
        saved_at=clock.now(),
    )
    session.add(old)
    session.flush()
    made = repeat(in_emergency(ward), old, key=None)
    assert (made.patient_id, made.facility_id) == (ward.patient.id, ward.elsewhere.id)


def test_after_the_last_record_of_the_day_a_number_tells_nothing(ward: Ward, sign_in: SignIn) -> None:
    client = sign_in(ward.vaidya)
    for number in range(5):
        opened(client, PatientFactory(mrn=f"SU-3200{number}", facility_id=ward.patient.facility_id))
    known, unknown = (client.post("/emergency", data=asking(number)) for number in ("SU-30001", "SU-77777"))
    assert known.status_code == unknown.status_code == 429
    assert db.session.query(EmergencyAccess).count() == 5


@pytest.mark.parametrize("table", KEPT)
def test_no_table_of_the_record_is_emptied(session: Session, table: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
        session.execute(text(f"TRUNCATE {table} CASCADE"))


def test_a_note_holds_no_paper_of_another_patient(ward: Ward, session: Session) -> None:
    visit = appointment(ward.other, session.get_one(Practitioner, ward.note.practitioner_id), clock.now())
    draft = Note(
        facility_id=visit.facility_id,
        appointment_id=visit.id,
        patient_id=visit.patient_id,
        practitioner_id=visit.practitioner_id,
        template_id=ward.note.template_id,
        body={},
        saved_at=clock.now(),
    )
    session.add(draft)
    session.flush()
    theirs, own = paper_of(ward, ward.patient.id), paper_of(ward, ward.other.id)
    attach = text("INSERT INTO note_papers (note_id, paper_id, created_at) VALUES (:note, :paper, now())")
    with pytest.raises(DBAPIError, match="not of the patient"), session.begin_nested():
        session.execute(attach, {"note": draft.id, "paper": theirs})
    session.execute(attach, {"note": draft.id, "paper": own})
    add = text(
        "INSERT INTO addenda (note_id, text, author_id, author_name, created_at)"
        " VALUES (:note, 'slipped in', :user, 'x', now())"
    )
    with pytest.raises(DBAPIError, match="is not signed"), session.begin_nested():
        session.execute(add, {"note": draft.id, "user": ward.vaidya.id})
    session.execute(add, {"note": ward.note.id, "user": ward.vaidya.id})


def paper_of(ward: Ward, patient_id: int) -> int:
    data = jpeg()
    looked = Looked(
        name="a.jpg", data=data, thumb=data, media_type="image/jpeg", sha256="0" * 64, width=240, height=320
    )
    patient = ward.patient if patient_id == ward.patient.id else ward.other
    with put([(looked, "clean")]) as files:
        added = add_papers(SYSTEM, patient, files, Details(kind="other"), source=PaperSource.STAFF)
    return added.papers[0].id


def test_two_addenda_at_once_leave_a_copy_that_can_be_checked(make_database: Callable[[str], str]) -> None:
    """Each would otherwise have a code for a content without the others, and the sheet of all none."""
    app = create_app(make_settings(make_database("addenda"), DB_POOL_SIZE="25"))
    with app.app_context():
        here = FacilityFactory()
        user = grant(UserFactory(), Role.PRACTITIONER, facility=here)
        vaidya = practitioner_at(here, user)
        ensure_templates()
        note_id = signed_note(
            appointment(PatientFactory(facility_id=here.id), vaidya, clock.now()), vaidya
        ).id
        actor = actor_of(user, Role.PRACTITIONER, facility=here)
        db.session.commit()
    barrier = Barrier(8)

    def add(number: int) -> None:
        with app.app_context():
            note = notes.get_note(actor, note_id)
            barrier.wait(20)
            with unit_of_work():
                add_addendum(actor, note, f"Addition {number}")

    threads = [Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context():
        copy = copy_of(notes.get_note(actor, note_id))
        assert len(copy.addenda) == 8
        assert copy.code
