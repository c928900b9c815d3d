from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from clinic.core import clock
from clinic.core.access import SYSTEM, Role
from clinic.core.db import db
from clinic.encounters import queries
from clinic.encounters.assessments import service as assessments
from clinic.encounters.assessments.definitions import instrument
from clinic.patients.models import Allergy
from clinic.scheduling.models import Appointment
from tests.encounters.conftest import Scene, SignIn, at, somebody
from tests.factories import FacilityFactory, PatientFactory, appointment, practitioner_at


def visit(scene: Scene, hour: int, status: str = "confirmed", name: str = "", days: int = 0) -> Appointment:
    patient = PatientFactory(facility_id=scene.facility.id, **({"name": name} if name else {}))
    starts = at(scene, hour) + timedelta(days=days)
    return appointment(patient, scene.practitioner, starts, service=scene.consultation, status=status)


def test_visits_stand_in_order_with_what_must_be_known(
    author: FlaskClient, scene: Scene, session: Session
) -> None:
    late, early = visit(scene, 17, name="Ravi Menon"), visit(scene, 9, "completed", name="Fatima Shaikh")
    late.patient.sex = "male"
    session.add(
        Allergy(patient_id=late.patient_id, substance="penicillin", recorded_at=clock.now(), status="active")
    )
    session.add(
        Allergy(
            patient_id=early.patient_id, substance="wheat", recorded_at=clock.now(), status="entered_in_error"
        )
    )
    session.commit()
    page = author.get("/my-day").text
    assert page.index("Fatima Shaikh") < page.index("Meenakshi Iyer") < page.index("Ravi Menon")
    assert "Allergy: penicillin" in page
    assert "wheat" not in page
    assert "No note yet" in page


def test_other_practitioners_visits_and_called_off_ones_are_not_there(
    author: FlaskClient, scene: Scene, session: Session
) -> None:
    other = practitioner_at(scene.facility)
    patient = PatientFactory(facility_id=scene.facility.id, name="Not mine")
    appointment(patient, other, at(scene, 11))
    visit(scene, 12, "cancelled", name="Called off")
    session.commit()
    page = author.get("/my-day").text
    assert "Not mine" not in page
    assert "Called off" not in page


def test_the_first_who_has_arrived_is_next(author: FlaskClient, scene: Scene, session: Session) -> None:
    scene.visit.status = "completed"
    visit(scene, 11, "confirmed", name="Expected first")
    arrived = visit(scene, 12, "arrived", name="Here already")
    session.commit()
    page = author.get("/my-day").text
    row = page.split(f'id="visit-{arrived.reference}"')[0].rsplit("<li", 1)[1]
    assert "is-next" in row
    assert page.count("is-next") == 1


@pytest.mark.parametrize("hour", [1, 14, 22])
def test_an_online_visit_is_joined_from_the_day(
    scene: Scene, sign_in: SignIn, session: Session, hour: int
) -> None:
    online = visit(scene, hour)
    online.mode, online.meeting_url = "online", "https://meet.example.org/room"
    session.commit()
    with time_machine.travel(at(scene, hour) - timedelta(minutes=5)):
        author = sign_in(scene.user)
        assert 'href="https://meet.example.org/room"' in author.get("/my-day").text
        online.mode = "in_person"
        session.commit()
        assert "meet.example.org" not in author.get("/my-day").text


def test_start_then_write_then_done_is_one_tap_each(
    author: FlaskClient, scene: Scene, session: Session
) -> None:
    scene.visit.status = "completed"
    waiting = visit(scene, 12, "arrived")
    session.commit()
    answer = author.post(f"/my-day/{waiting.reference}/start")
    assert (answer.status_code, answer.location) == (303, "/my-day")
    db.session.expire_all()
    assert waiting.status == "in_progress"
    assert f'action="/appointments/{waiting.reference}/note"' in author.get("/my-day").text
    written = author.post(f"/appointments/{waiting.reference}/note")
    assert "Go on with note" in author.get("/my-day").text
    assert author.get(written.location).status_code == 200
    author.post(f"/my-day/{waiting.reference}/complete")
    db.session.expire_all()
    assert waiting.status == "completed"


def test_starting_an_unconfirmed_visit_walks_the_steps(
    author: FlaskClient, scene: Scene, session: Session
) -> None:
    walk_in = visit(scene, 13, "pending")
    session.commit()
    author.post(f"/my-day/{walk_in.reference}/start")
    db.session.expire_all()
    assert walk_in.status == "in_progress"
    assert walk_in.arrived_at is not None


def test_a_step_that_cannot_be_taken_is_said_and_changes_nothing(
    author: FlaskClient, scene: Scene, session: Session
) -> None:
    done = visit(scene, 8, "completed")
    session.commit()
    answer = author.post(f"/my-day/{done.reference}/start", follow_redirects=True)
    assert answer.status_code == 200
    assert "Somebody changed this visit meanwhile" in answer.text
    db.session.expire_all()
    assert done.status == "completed"
    assert queries.note_of_visit(done.id, scene.practitioner.id) is None


def test_a_colleague_cannot_start_or_end_a_visit_that_is_not_theirs(
    scene: Scene, sign_in: SignIn, session: Session
) -> None:
    from clinic.core.access import Role
    from tests.encounters.conftest import somebody

    colleague = sign_in(somebody(scene.facility, Role.PRACTITIONER))
    colleague.post(f"/my-day/{scene.visit.reference}/complete")
    db.session.expire_all()
    assert scene.visit.status == "in_progress"


def test_notes_of_earlier_days_wait_for_a_signature(
    author: FlaskClient, scene: Scene, session: Session
) -> None:
    visit(scene, 9, "completed", name="Yesterday without", days=-1)
    long_ago = visit(scene, 9, "completed", name="Draft of long ago", days=-60)
    visit(scene, 10, "completed", name="Forgotten by now", days=-60)
    session.commit()
    author.post(f"/appointments/{long_ago.reference}/note")
    page = author.get("/my-day").text
    assert "Waiting for your signature" in page
    assert "Yesterday without" in page
    assert "Draft of long ago" in page
    assert "Forgotten by now" not in page


def test_a_day_without_visits_says_what_to_do(author: FlaskClient, scene: Scene) -> None:
    page = author.get("/my-day?day=2030-01-01").text
    assert "Nobody is booked with you" in page


def test_silly_days_are_today(author: FlaskClient, scene: Scene) -> None:
    for day in ("", "abc", "9999-12-31", "0001-01-01", "2026-02-30", "%00", "1" * 5000):
        answer = author.get(f"/my-day?day={day}")
        assert answer.status_code == 200
        assert "Meenakshi Iyer" in answer.text


def test_the_day_takes_few_statements_however_full(
    author: FlaskClient, scene: Scene, session: Session, count_statements: Callable[[], list[str]]
) -> None:
    for hour in range(11, 20):
        visit(scene, hour)
        visit(scene, 12, "completed", days=-hour)
    session.commit()
    author.get("/my-day")
    count_statements()
    author.get("/my-day")
    statements = count_statements()
    assert len(statements) <= 6, "\n\n".join(statements)


def test_a_timed_refresh_is_not_written_down_again(
    author: FlaskClient, scene: Scene, count_statements: Callable[[], list[str]]
) -> None:
    count_statements()
    answer = author.get("/my-day", headers={"HX-Request": "true", "Sutra-Refresh": "timer"})
    assert "<html" not in answer.text
    assert not any("audit_events" in statement for statement in count_statements())


def test_prakriti_answers_wait_on_the_day_of_who_cares_for_the_patient(
    author: FlaskClient, scene: Scene, sign_in: SignIn, count_statements: Callable[[], list[str]]
) -> None:
    answers = assessments.begin_answers(SYSTEM, scene.patient)
    for question in instrument().items:
        assessments.save_answer(SYSTEM, answers, question.code, "vata", "")
    db.session.commit()
    assert "answers wait" not in author.get("/my-day").text
    assessments.submit(SYSTEM, answers)
    db.session.commit()
    count_statements()
    page = author.get("/my-day").text
    aside = ("audit_events", "login_sessions")
    taken = [one for one in count_statements() if not any(name in one for name in aside)]
    assert len(taken) <= 6, taken
    assert "1 patient&#39;s prakriti answers wait:" in page or "1 patient's prakriti answers wait:" in page
    assert f'href="/patients/{scene.patient.id}/assessments">{scene.patient.name}</a>' in page
    elsewhere = FacilityFactory()
    user = somebody(elsewhere, Role.PRACTITIONER)
    therapist = somebody(scene.facility, Role.THERAPIST)
    for outsider in (user, therapist):
        assert "answers wait" not in sign_in(outsider).get("/my-day").text
