"""The timeline of a patient: everything in one order, for whoever may read it, however much there is."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, select, text
from sqlalchemy.orm import Session

from clinic.audit.models import AuditEvent
from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.encounters.models import Note, NoteTemplate
from clinic.facilities.models import Facility
from clinic.notifications.models import Message
from clinic.patients.models import Patient
from clinic.patients.queries.happened import Cursor, read_cursor, timeline_of, write_cursor
from clinic.patients.timeline import timeline_sources
from clinic.practitioners.models import Practitioner
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    UserFactory,
    actor_of,
    appointment,
    grant,
    practitioner_at,
)

MANY = 2_000
SignIn = Callable[..., FlaskClient]


@dataclass(frozen=True, kw_only=True)
class Told:
    """A patient with a practitioner who has written about them, and another practitioner."""

    patient: Patient
    vaidya: Practitioner
    client: FlaskClient
    actor: Actor
    colleague: FlaskClient
    address: str


@pytest.fixture
def told(session: Session, facility: Facility, sign_in: SignIn) -> Told:
    patient = PatientFactory(facility_id=facility.id, name="Meenakshi Iyer")
    user, other = UserFactory(name="Vaidehi"), UserFactory(name="Arjun")
    for one in (user, other):
        grant(one, Role.PRACTITIONER, facility=facility)
    vaidya = practitioner_at(facility, user, name="Dr Vaidehi Kulkarni", specialization="Kayachikitsa")
    practitioner_at(facility, other, name="Dr Arjun Nair")
    template = NoteTemplate(code="told", name="Consultation", version=1, layout=LAYOUT, active=False)
    session.add(template)
    session.flush()
    for days, status, words in ((-1, "draft", "Half a thought"), (-3, "signed", "Sleeps through the night")):
        visit = appointment(patient, vaidya, clock.now() + timedelta(days=days), status="completed")
        _note(session, visit.id, patient, vaidya, template.id, status, words)
    appointment(patient, vaidya, clock.now() - timedelta(days=400), status="no_show")
    appointment(patient, vaidya, clock.now() + timedelta(days=2))
    appointment(patient, vaidya, clock.now() + timedelta(days=4))
    session.add(_message(patient, clock.now() - timedelta(days=2)))
    session.commit()
    return Told(
        patient=patient,
        vaidya=vaidya,
        client=sign_in(user),
        actor=actor_of(user, Role.PRACTITIONER, facility=facility),
        colleague=sign_in(other),
        address=f"/patients/{patient.id}",
    )


LAYOUT = {
    "sections": [
        {
            "code": "subjective",
            "title": "Complaints",
            "kind": "fields",
            "fields": [
                {"code": "side", "label": "Side", "kind": "line"},
                {"code": "complaints", "label": "Complaints", "kind": "text", "required": True},
            ],
        }
    ]
}


def _note(
    session: Session,
    visit_id: int,
    patient: Patient,
    vaidya: Practitioner,
    template_id: int,
    status: str,
    words: str,
) -> None:
    signed = {"signed_at": clock.now(), "signed_by": vaidya.user_id, "printed": {}}
    note = Note(
        facility_id=patient.facility_id,
        appointment_id=visit_id,
        patient_id=patient.id,
        practitioner_id=vaidya.id,
        template_id=template_id,
        body={"side": "left", "complaints": words},
        status=status,
        saved_at=clock.now(),
        **(signed if status == "signed" else {}),
    )
    session.add(note)
    session.flush()


def _message(patient: Patient, at: datetime, key: str = "told") -> Message:
    return Message(
        facility_id=patient.facility_id,
        kind="intake_link",
        channel="sms",
        recipient_type="patient",
        recipient_id=patient.id,
        subject_type="patient",
        subject_id=patient.id,
        patient_id=patient.id,
        dedupe_key=f"{key} {patient.id}",
        send_at=at,
        next_try_at=at,
        finished_at=at,
        status="delivered",
    )


def _titles(page: str) -> list[str]:
    """The entries in their order: title without the markup."""
    listed = page[page.index('<ol class="timeline"') :] if "<ol" in page else page
    return re.findall(r'<div class="what"><(?:a href="[^"]*"|strong)>([^<]*)<', listed)


def test_page_opens_on_everything_with_what_is_to_come_above_the_present(told: Told) -> None:
    page = told.client.get(told.address).text
    marks = re.findall(r"is-now-line|/appointments/\d{10}", page[page.index('<ol class="timeline"') :])
    assert marks.index("is-now-line") == 2
    titles = _titles(page)
    assert titles[2:4] == [titles[2], f"Note: {titles[2]}"], "a note stands with its visit"
    assert "Intake form" in page
    assert "Dr Vaidehi Kulkarni, Kayachikitsa" in page
    then = (clock.now() - timedelta(days=400)).astimezone(clock.zone(told.patient.facility.zone))
    assert str(then.year) in page


def test_first_words_are_the_text_that_has_to_be_written(told: Told) -> None:
    page = told.client.get(told.address).text
    assert "Sleeps through the night" in page
    assert ">left" not in page


def test_filter_takes_several_kinds_and_forgives_unknown_ones(told: Told) -> None:
    address = told.address
    notes = told.client.get(f"{address}?kind=note").text
    assert {title[:5] for title in _titles(notes)} == {"Note:"}
    two = told.client.get(f"{address}?kind=note&kind=message").text
    assert "Intake form" in two
    assert "is-now-line" not in two
    assert len(_titles(two)) == 3
    for odd in ("?kind=", "?kind=bill", "?kind=%00", "?kind=" + "x" * 5_000):
        assert _titles(told.client.get(address + odd).text) == _titles(told.client.get(address).text)


@pytest.mark.parametrize(
    "cursor", ["x", "%00", "=" * 50, "a" * 400, "MjAyNnxub3RlfDE", "2026-11-26|note|1", "%F0%9F%98%80"]
)
def test_a_broken_cursor_is_the_first_page(told: Told, cursor: str) -> None:
    whole = _titles(told.client.get(told.address).text)
    answer = told.client.get(f"{told.address}?before={cursor}")
    assert answer.status_code == 200
    assert _titles(answer.text) == whole


def test_cursor_comes_back_as_it_was_written() -> None:
    cursor = Cursor(at=clock.now(), kind="note", id=2**62)
    assert read_cursor(write_cursor(cursor)) == cursor


def test_every_entry_is_met_once_whatever_happened_at_the_same_moment(told: Told, session: Session) -> None:
    moment = clock.now() - timedelta(days=30)
    for number in range(4):
        session.add(_message(told.patient, moment, key=f"same moment {number}"))
    for days in range(5, 9):
        appointment(told.patient, told.vaidya, clock.now() - timedelta(days=days), status="completed")
    session.commit()
    now = clock.now()
    whole = timeline_of(told.actor, told.patient.id, now=now, limit=1_000).entries
    for limit in (1, 2, 3):
        met, before = [], None
        while True:
            page = timeline_of(told.actor, told.patient.id, now=now, before=before, limit=limit)
            met.extend(page.entries)
            assert len(page.entries) <= limit
            if not page.earlier:
                break
            before = read_cursor(page.earlier)
            assert before is not None
        assert met == list(whole)


def test_earlier_entries_are_added_to_the_list_or_are_a_page_of_their_own(
    told: Told, session: Session
) -> None:
    for days in range(5, 45):
        appointment(told.patient, told.vaidya, clock.now() - timedelta(days=days), status="completed")
    session.commit()
    page = told.client.get(told.address).text
    onward = re.search(r'hx-get="([^"]*before=[^"]*)"', page)
    assert onward is not None
    address = onward.group(1).replace("&amp;", "&")
    part = told.client.get(address, headers={"HX-Request": "true"}).text
    assert "<html" not in part
    assert "autofocus" in part
    whole = told.client.get(address).text
    assert "To the latest" in whole
    assert _titles(whole) == _titles(part)
    assert not set(re.findall(r"/appointments/\d{10}", part)) & set(re.findall(r"/appointments/\d{10}", page))


def test_front_desk_meets_visits_and_messages_and_nothing_clinical(told: Told, at_desk: FlaskClient) -> None:
    for query in ("", "?kind=note", "?kind=note&kind=visit"):
        page = at_desk.get(told.address + query).text
        assert "Sleeps through" not in page
        assert "Note:" not in page
        assert "kind=note" not in page
    page = at_desk.get(told.address).text
    assert "Intake form" in page
    assert len(_titles(page)) == 6


def test_drafts_are_met_by_their_author_alone(told: Told) -> None:
    assert "Half a thought" in told.client.get(told.address).text
    page = told.colleague.get(told.address).text
    assert "Half a thought" not in page
    assert "Sleeps through the night" in page


def test_somebody_elsewhere_is_told_there_is_no_such_patient(told: Told, sign_in: SignIn) -> None:
    elsewhere = FacilityFactory(name="Elsewhere")
    outsider = grant(UserFactory(), Role.PRACTITIONER, facility=elsewhere)
    practitioner_at(elsewhere, outsider)
    db.session.commit()
    client = sign_in(outsider)
    fragment = {"HX-Request": "true"}
    for address in (told.address, f"{told.address}?kind=note", f"{told.address}/visits"):
        theirs, none = client.get(address), client.get(address.replace(str(told.patient.id), "987654321"))
        assert theirs.status_code == none.status_code == 404
        assert client.get(address, headers=fragment).status_code == 404


def test_reading_it_and_reading_on_leave_a_row_each(told: Told) -> None:
    cursor = write_cursor(Cursor(at=clock.now(), kind="visit", id=1))
    told.client.get(told.address)
    told.client.get(f"{told.address}?before={cursor}", headers={"HX-Request": "true"})
    rows = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "patient.viewed")).all()
    assert [row.detail["tab"] for row in rows] == ["timeline", "timeline"]


@pytest.fixture
def long_life(told: Told, session: Session) -> None:
    """Two thousand entries of the patient, among ten thousand of others."""
    visit = session.execute(text("SELECT service_id FROM appointments LIMIT 1")).scalar_one()
    template = session.scalar(select(NoteTemplate.id).where(NoteTemplate.code == "told"))
    others = [PatientFactory(facility_id=told.patient.facility_id).id for _ in range(20)]
    values = {
        "facility": told.patient.facility_id,
        "patient": told.patient.id,
        "vaidya": told.vaidya.id,
        "user": told.vaidya.user_id,
        "service": visit,
        "template": template,
        "others": others,
    }
    session.execute(
        text(VISITS), {**values, "whose": [told.patient.id], "each": MANY // 2 - 200, "mark": "A"}
    )
    session.execute(text(VISITS), {**values, "whose": others, "each": 100, "mark": "B"})
    session.execute(text(NOTES), values)
    session.execute(text(MESSAGES), {**values, "each": 400})
    for table in ("appointments", "notes", "messages"):
        session.execute(text(f"ANALYZE {table}"))
    session.commit()


VISITS = """
INSERT INTO appointments (reference, facility_id, patient_id, practitioner_id, service_id, during, status,
                          mode, created_via, version, created_at)
SELECT :mark || lpad((whose * 1000 + n)::text, 9, '0'), :facility, whose, :vaidya, :service,
       tstzrange(now() - interval '30 days' - n * interval '1 day',
                 now() - interval '30 days' - n * interval '1 day' + interval '30 min'),
       'completed', 'in_person', 'desk', 1, now()
FROM unnest(CAST(:whose AS bigint[])) whose, generate_series(1, CAST(:each AS int)) n
"""
NOTES = """
INSERT INTO notes (facility_id, appointment_id, patient_id, practitioner_id, template_id, body, status,
                   version, saved_at, signed_at, signed_by, printed, created_at)
SELECT :facility, id, patient_id, :vaidya, :template,
       jsonb_build_object('complaints', repeat('Low back pain, worse in cold. ', 40)), 'signed', 1,
       now(), now(), :user, '{}', now()
FROM appointments WHERE reference LIKE 'A%' OR patient_id = ANY (CAST(:others AS bigint[]))
"""
MESSAGES = """
INSERT INTO messages (facility_id, kind, channel, locale, recipient_type, recipient_id, subject_type,
                      subject_id, patient_id, dedupe_key, send_at, next_try_at, finished_at, status, attempts,
                      created_at)
SELECT :facility, 'intake_link', 'sms', 'en', 'patient', whose, 'patient', whose, whose,
       'long ' || whose || ' ' || n, now() - n * interval '1 day', now(), now(), 'delivered', 1, now()
FROM unnest(CAST(:others AS bigint[]) || CAST(:patient AS bigint)) whose,
     generate_series(1, CAST(:each AS int)) n
"""
FILLED = {"appointments", "notes", "messages"}
"""Tables that hold thousands here: of one that fits on a page the planner may well read the page."""


def test_two_thousand_entries_cost_no_more_than_a_few(
    told: Told,
    long_life: None,
    count_statements: Callable[[], list[str]],
    plans: Callable[[Callable[[], Any]], list[dict[str, Any]]],
) -> None:
    """Few statements, a small page, no long table read from end to end, and nothing that sorts
    all they have: the same at the beginning and deep inside.
    """
    patient_id = told.patient.id
    whole = timeline_of(told.actor, patient_id, now=clock.now(), limit=5_000)
    assert len(whole.entries) >= MANY
    middle = write_cursor(whole.entries[MANY // 2])
    for address in (told.address, f"{told.address}?before={middle}"):
        told.client.get(address)
        count_statements()
        page = told.client.get(address)
        aside = ("audit_events", "login_sessions")
        sent = [one for one in count_statements() if not any(name in one for name in aside)]
        assert len(sent) <= 6, sent
        assert len(gzip.compress(page.data)) < 16_000
        assert len(page.data) < 80_000
    for before in (None, read_cursor(middle)):
        found = plans(lambda at=before: timeline_of(told.actor, patient_id, now=clock.now(), before=at))
        assert len(found) == 1
        for node in _nodes(found[0]):
            where = (node["Node Type"], node.get("Relation Name"), node["Actual Rows"])
            if node["Node Type"] == "Seq Scan":
                assert node["Relation Name"] not in FILLED, where
            rows = node["Actual Rows"] * node["Actual Loops"] + node.get("Rows Removed by Filter", 0)
            assert rows < 400, where


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)


@pytest.fixture
def plans(session: Session) -> Callable[[Callable[[], Any]], list[dict[str, Any]]]:
    """``plans(work)`` does the work, and gives the plan of each statement it sent, as it ran."""

    def of(work: Callable[[], Any]) -> list[dict[str, Any]]:
        sent: list[tuple[str, Any]] = []

        def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
            if "SAVEPOINT" not in statement:
                sent.append((statement, values))

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            work()
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        cursor = session.connection().connection.cursor()
        found = []
        for statement, values in sent:
            cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + statement, values)
            plan = cursor.fetchone()[0]
            found.append((plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"])
        return found

    return of


def test_each_kind_has_a_word_a_picture_and_a_place_of_its_own() -> None:
    sources = timeline_sources()
    assert [source.kind for source in sources][:2] == ["visit", "note"]
    assert len({source.order for source in sources}) == len(sources)
    assert all(str(source.label) and source.icon for source in sources)
