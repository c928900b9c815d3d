"""A clinic with one of everything, for walks over every address."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from clinic.accounts.models import SessionKind, User
from clinic.accounts.service.open_sessions import start_session
from clinic.core import clock
from clinic.core.access import SYSTEM, Role, RoutePolicy
from clinic.core.db import db
from clinic.encounters.assessments.definitions import instrument
from clinic.encounters.assessments.service import begin_answers, save_answer, submit
from clinic.encounters.models import Diagnosis, Note, NoteTemplate, Snippet, VitalSigns
from clinic.encounters.printed import snapshot
from clinic.encounters.service import issue_code, template_for
from clinic.imports.models import CodeUpload, Import, ImportRow, ImportState
from clinic.notifications.models import Broadcast, InboundMessage, InboxItem, Message, PushSubscription
from clinic.patients.intake import MedicineEntry
from clinic.patients.models import Allergy, Patient
from clinic.patients.queries.said import said_of
from clinic.patients.service.consent_kinds import ConsentText, add_kind, publish
from clinic.patients.service.consents import Signature, sign
from clinic.patients.service.said import add_medicine
from clinic.practitioners.models import Practitioner
from clinic.prescriptions.models import Medicine, Prescription, PrescriptionLine
from clinic.records.keeping import put
from clinic.records.models import PaperSource
from clinic.records.service import Details, add_papers
from clinic.records.uploads import Looked
from clinic.scheduling.models import Appointment, GroupSession, Series
from clinic.scheduling.queries.setup import practitioner_resource
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    ServiceFactory,
    UserFactory,
    appointment,
    grant,
    household_login,
    practitioner_at,
)
from tests.records.files import jpeg

WORDS = ConsentText(title="News", title_hi="समाचार", body="Yes.", body_hi="हाँ।")


@dataclass
class World:
    """A clinic with one of everything, and somebody of every kind."""

    app: Flask
    people: dict[str, tuple[int, SessionKind, frozenset[Role]] | None] = field(default_factory=dict)
    values: dict[str, object] = field(default_factory=dict)
    nothing: dict[str, object] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def send(self, who: str, method: str, path: str, **options: object) -> TestResponse:
        """One request of somebody who is signed in, in a browser of its own.

        The session is that of the request before, unless that one ended it, as signing out does: then the
        browser has forgotten it after this one, which is sent again in a new session.
        """
        kept = self.tokens.get(who)
        answer, is_kept = self._open(who, method, path, **options)
        if kept is None or is_kept or who == "deactivated":
            return answer
        del self.tokens[who]
        return self._open(who, method, path, **options)[0]

    def _open(self, who: str, method: str, path: str, **options: object) -> tuple[TestResponse, bool]:
        client, person = self.app.test_client(), self.people[who]
        if person is None:
            return client.open(path, method=method, **options), True
        token = self.tokens.get(who) or self._sign_in(*person[:2])
        self.tokens[who] = token
        with client.session_transaction() as cookie:
            cookie["_user_id"] = token
        answer = client.open(path, method=method, **options)
        with client.session_transaction() as cookie:
            return answer, cookie.get("_user_id") == token

    def _sign_in(self, user_id: int, kind: SessionKind) -> str:
        with self.app.app_context():
            user = db.session.get(User, user_id)
            assert user is not None
            token, _row = start_session(user, kind, origin="127.0.0.1", agent="matrix")
            db.session.commit()
        return token

    def admits(self, who: str, policy: RoutePolicy) -> bool:
        person = self.people[who]
        return policy.anonymous or (person is not None and not policy.roles.isdisjoint(person[2]))


def populate(world: World) -> None:
    """Fill it; the caller commits, within an application's context."""
    here, elsewhere = FacilityFactory(whole_facility_in_care=False), FacilityFactory()
    people: dict[str, tuple[User, SessionKind, frozenset[Role]]] = {}

    def staff(name: str, role: Role, facility: object = here) -> User:
        user = grant(UserFactory(), role, facility=facility)
        people[name] = (user, SessionKind.STAFF, frozenset({role}))
        return user

    mine, theirs = PatientFactory(facility_id=here.id), PatientFactory(facility_id=here.id)
    for name, patient, mobile in (
        ("patient", mine, "+919845000001"),
        ("another patient", theirs, "+919845000002"),
    ):
        login = household_login(patient, mobile=mobile)
        people[name] = (login, SessionKind.PATIENT, frozenset({Role.PATIENT}))
    vaidya = practitioner_at(here, staff("practitioner", Role.PRACTITIONER))
    practitioner_at(here, staff("another practitioner", Role.PRACTITIONER))
    staff("receptionist", Role.RECEPTIONIST)
    staff("receptionist elsewhere", Role.RECEPTIONIST, elsewhere)
    staff("therapist", Role.THERAPIST)
    staff("facility admin", Role.FACILITY_ADMIN)
    staff("admin", Role.ADMIN, None)
    stopped = staff("deactivated", Role.ADMIN, None)
    stopped.active = False
    people["deactivated"] = (stopped, SessionKind.STAFF, frozenset())
    spare = grant(UserFactory(), Role.RECEPTIONIST, facility=here)
    service = ServiceFactory(facility_id=here.id)
    visit = appointment(mine, vaidya, clock.now() + timedelta(days=1), service=service)
    series = Series(facility_id=here.id, rule="FREQ=WEEKLY;INTERVAL=1;BYDAY=MO;COUNT=1")
    db.session.add(series)
    db.session.flush()
    visit.series_id = series.id
    session = GroupSession(
        facility_id=here.id,
        service_id=service.id,
        practitioner_id=vaidya.id,
        during=visit.during,
        capacity=5,
    )
    db.session.add(session)
    message = Message(
        kind="one_time_code",
        channel="sms",
        recipient_type="mobile",
        subject_type="one_time_code",
        dedupe_key="matrix",
        send_at=clock.now(),
        next_try_at=clock.now(),
    )
    brought_in = Import(
        facility_id=here.id,
        kind="patients",
        file_name="register.csv",
        state=ImportState.READY,
        counted_from=clock.today(here.zone),
    )
    broadcast = Broadcast(
        facility_id=here.id, purpose="service", audience={}, channels=["sms"], text_en="x", text_hi="x"
    )
    db.session.add_all((message, brought_in, broadcast))
    db.session.flush()
    mother = people["patient"][0].id
    item = InboxItem(
        message_id=message.id, user_id=mother, patient_id=mine.id, kind="notice", title="x", body="x"
    )
    device = PushSubscription(user_id=mother, endpoint_hash="matrix", sealed="x", device="")
    written_in = InboundMessage(
        provider_id="SM1", mobile="+919845000001", body="x", meaning="other", facility_id=here.id
    )
    db.session.add_all((item, device, written_in))
    db.session.add(ImportRow(import_id=brought_in.id, number=2, cells=["Mira"], outcome="new"))
    db.session.flush()
    consented = publish(SYSTEM, add_kind(SYSTEM, name="News", purpose="news", text=WORDS).id)
    consent = sign(SYSTEM, mine.id, consented.id, Signature(name="Mira"))
    add_medicine(SYSTEM, mine.id, MedicineEntry(name="Aspirin"))
    allergy = Allergy(patient_id=mine.id, substance="Latex", recorded_at=clock.now())
    vitals = VitalSigns(
        patient_id=mine.id,
        facility_id=here.id,
        measured_at=clock.now(),
        recorded_by=people["practitioner"][0].id,
        pulse_per_min=72,
    )
    db.session.add_all((allergy, vitals))
    db.session.flush()
    note = _signed_note(visit, people["practitioner"][0])
    upload = CodeUpload(system="own", file_name="own.csv", data=b"code,name\nA,B\n")
    db.session.add(upload)
    db.session.flush()
    answers = begin_answers(SYSTEM, mine)
    for question in instrument().items:
        save_answer(SYSTEM, answers, question.code, "vata", "")
    submit(SYSTEM, answers)
    prescription = _prescription(mine, vaidya, here.id)
    template = NoteTemplate(
        facility_id=here.id, origin="clinic", code="own", name="Own", layout={"sections": []}, active=False
    )
    snippet = Snippet(facility_id=here.id, word="wt", text="Well tolerated.")
    db.session.add_all((template, snippet))
    db.session.flush()
    world.people = {name: (user.id, kind, roles) for name, (user, kind, roles) in people.items()}
    world.people["anonymous"] = None
    world.values = {
        "patient_id": mine.id,
        "reference": visit.reference,
        "practitioner_id": vaidya.id,
        "facility_id": here.id,
        "service_id": service.id,
        "user_id": spare.id,
        "message_id": message.id,
        "item_id": item.id,
        "device_id": device.id,
        "inbound_id": written_in.id,
        "broadcast_id": broadcast.id,
        "import_id": brought_in.id,
        "resource_id": practitioner_resource(here.id, vaidya.id).id,
        "number": 2,
        "series_id": series.id,
        "session_id": session.id,
        "kind_id": consented.kind_id,
        "version_id": consented.id,
        "consent_id": consent.id,
        "assessment_id": answers.id,
        "health_kind": "medicine",
        "health_id": said_of(mine.id).medicines[0].id,
        "vitals_id": vitals.id,
        "allergy_id": allergy.id,
        "note_id": note.id,
        "template_id": template.id,
        "snippet_id": snippet.id,
        "prescription_id": prescription.prescription_id,
        "line_id": prescription.id,
        "medicine_id": db.session.scalars(select(Medicine.id).order_by(Medicine.id).limit(1)).one(),
        "diagnosis_id": db.session.scalars(select(Diagnosis.id)).one(),
        "upload_id": upload.id,
        "paper_id": _paper(mine),
        "code": issue_code(SYSTEM, note),
    }
    world.nothing = {
        "patient_id": 2**62,
        "reference": "ZZZZZZZZ",
        "practitioner_id": 2**62,
        "resource_id": 2**62,
        "import_id": 2**62,
        "series_id": 2**62,
        "note_id": 2**62,
        "paper_id": 2**62,
        "prescription_id": 2**62,
    }


def _paper(patient: Patient) -> int:
    """A picture in the patient's record."""
    data = jpeg()
    looked = Looked(
        name="a.jpg", data=data, thumb=data, media_type="image/jpeg", sha256="0" * 64, width=240, height=320
    )
    with put([(looked, "clean")]) as files:
        added = add_papers(SYSTEM, patient, files, Details(kind="other"), source=PaperSource.STAFF)
    return added.papers[0].id


def _prescription(patient: Patient, practitioner: Practitioner, facility_id: int) -> PrescriptionLine:
    """A line of a practitioner's draft."""
    draft = Prescription(
        reference="MATR1X00",
        patient_id=patient.id,
        facility_id=facility_id,
        practitioner_id=practitioner.id,
        saved_at=clock.now(),
    )
    db.session.add(draft)
    db.session.flush()
    line = PrescriptionLine(prescription_id=draft.id, position=0, kind="ayurvedic", name="Triphala churna")
    db.session.add(line)
    db.session.flush()
    return line


def _signed_note(visit: Appointment, author: User) -> Note:
    """A signed note of the visit with a diagnosis, shared with the patient."""
    note = Note(
        facility_id=visit.facility_id,
        appointment_id=visit.id,
        patient_id=visit.patient_id,
        practitioner_id=visit.practitioner_id,
        template_id=template_for("soap", facility_id=visit.facility_id).id,
        body={},
        saved_at=clock.now(),
    )
    db.session.add(note)
    db.session.flush()
    db.session.add(
        Diagnosis(
            note_id=note.id,
            patient_id=note.patient_id,
            facility_id=note.facility_id,
            text="Kati shula",
            is_primary=True,
            position=1,
        )
    )
    db.session.flush()
    kept = snapshot(note)
    note.status, note.signed_at, note.signed_by, note.shared_at, note.printed = (
        "signed",
        clock.now(),
        author.id,
        clock.now(),
        kept,
    )
    db.session.flush()
    return note
