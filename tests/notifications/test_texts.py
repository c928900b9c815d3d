"""Texts the clinic writes itself: nothing in them runs, every version is kept, and none stops a message."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import TemplatesNotFound
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError

from clinic.accounts.models import User
from clinic.accounts.service.security_notices import EVENTS
from clinic.core import clock
from clinic.core.access import SYSTEM, Actor, Role
from clinic.core.db import db, unit_of_work
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.i18n import force_locale
from clinic.facilities.models import Facility
from clinic.notifications import rendering, sending
from clinic.notifications.models import ConsoleMessage, Message, MessageText, TextForm
from clinic.notifications.registry import MessageKind, kind_of, kinds
from clinic.notifications.texts import catalogue, language, service
from clinic.notifications.texts.queries import Place, standing_text, versions
from clinic.notifications.texts.segments import count_segments
from clinic.notifications.texts.service import Draft
from clinic.scheduling import messages
from clinic.scheduling.models import Appointment, AppointmentStatus
from tests.factories import FacilityFactory, PatientFactory, UserFactory, appointment, grant, practitioner_at
from tests.notifications.conftest import row

NAMES = ("name", "time", "link")
VALUES = {"name": "Asha", "time": "Tue 24 Nov", "link": "https://clinic.test/v/x"}
BOOKED = Place(kind="appointment_booked", form=TextForm.SMS, locale="en")
RESET = Place(kind="password_reset", form=TextForm.EMAIL, locale="hi")
PAGE = "/settings/messages/appointment_booked/sms/en"
PIECES = st.lists(
    st.one_of(
        st.sampled_from(NAMES).map(language.Slot),
        st.text(min_size=1, max_size=20).filter(lambda words: not set(words) & set("{}")).map(language.Words),
    ),
    max_size=8,
)


@pytest.fixture
def facility(app: Flask) -> Facility:
    place: Facility = FacilityFactory(
        name="Sutra Ayurveda", phone="080 4123 4567", line="12 Lake Road", city="Bengaluru"
    )
    return place


@pytest.fixture
def visit(facility: Facility) -> Appointment:
    patient = PatientFactory(name="<b>Asha</b> {name}", mobile="+919845011723", email="asha@example.test")
    found = appointment(patient, practitioner_at(facility, name="Dr Rao"), clock.now() + timedelta(days=3))
    db.session.commit()
    return found


@pytest.fixture
def administrator(facility: Facility) -> User:
    user: User = grant(UserFactory(email="admin@clinic.test"), Role.ADMIN, facility=None)
    db.session.commit()
    return user


@pytest.fixture
def admin(administrator: User, sign_in: Callable[..., FlaskClient]) -> FlaskClient:
    return sign_in(administrator)


def kind(name: str = "appointment_booked") -> MessageKind:
    found = kind_of(name)
    assert found is not None
    return found


def write(body: str, *, place: Place = BOOKED, **more: str) -> MessageText:
    with unit_of_work():
        return service.save(SYSTEM, kind(place.kind), place, Draft(body=body, **more))


def tell(visit: Appointment) -> dict[str, ConsoleMessage]:
    """Tell the patient of the visit; what the console showed, by channel."""
    with unit_of_work():
        messages.booked(visit, tell=True)
    for message in db.session.query(Message).filter_by(kind="appointment_booked").all():
        sending.send(message.id)
    return {shown.channel: shown for shown in db.session.query(ConsoleMessage).all()}


@given(PIECES)
@settings(max_examples=60, deadline=None)
def test_a_text_comes_back_as_it_was_cut(pieces: list[language.Piece]) -> None:
    written = language.written(pieces)
    assert language.written(language.parse(written, NAMES)) == written
    assert language.names_in(language.parse(written, NAMES)) == language.names_in(pieces)


@given(st.text(max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_text_is_words_with_known_placeholders_or_refused(typed: str) -> None:
    try:
        pieces = language.parse(typed, NAMES)
    except language.Unreadable:
        assert set(typed) & set("{}")
        return
    filled = language.fill(pieces, VALUES)
    assert "{" not in filled
    assert "\n" not in language.fill_line(pieces, VALUES)


@given(st.text(max_size=40))
@settings(max_examples=60, deadline=None)
def test_a_value_is_never_read_for_placeholders(value: str) -> None:
    pieces = language.parse("({name})", NAMES)
    shown = language.as_text(language.lay_out(pieces, {**VALUES, "name": f"{value}{{link}}"}))
    assert "{link}" in shown
    assert VALUES["link"] not in shown.replace(value, "")


@pytest.mark.parametrize(
    "typed",
    [
        "{{ 99*987 }}",
        "{0.__class__}",
        "{name.__class__}",
        "{name!r}",
        "{nobody}",
        "{Name}",
        "{ name }",
        "{name",
        "name}",
        "{}",
        "{{name}}",
        "{% if 1 %}x{% endif %}",
    ],
)
def test_what_is_no_placeholder_is_refused_beside_the_field_and_shown_as_typed(
    admin: FlaskClient, typed: str
) -> None:
    answer = admin.post(PAGE, data={"body": f"Visit {typed}", "based_on": "0"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'id="body-error"' in page
    assert f"Visit {typed}" in page
    assert "97713" not in re.sub(r"<[^>]*>", "", page.split("text-preview")[1][:600])
    assert standing_text(BOOKED) is None


def test_jinja_in_a_row_of_the_database_stays_text_and_the_standard_goes_out(visit: Appointment) -> None:
    db.session.add(
        MessageText(kind="appointment_booked", form="sms", locale="en", number=1, body="{{ 99*987 }} {name}")
    )
    db.session.commit()
    with structlog.testing.capture_logs() as logs:
        sent = tell(visit)
    assert "is booked for" in sent["sms"].body
    assert "97713" not in sent["sms"].body.split("Ref")[0]
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["own_text_not_filled"]
    assert "Asha" not in str(logs)


def test_the_clinics_own_text_goes_out_with_its_values_and_only_in_its_language(visit: Appointment) -> None:
    write("Namaste {name}, {time} at {place}. {reference}", dlt_template_id="1107 1234567890123")
    write(
        "See {day}\n\n{link_move}",
        place=Place(kind=BOOKED.kind, form="email", locale="en"),
        subject="On {day}",
    )
    sent = tell(visit)
    day = "[A-Z][a-z]+day [0-9]+ [A-Z][a-z]+"
    assert re.match(
        rf"Namaste <b>Asha</b> {{name}}, .* at Sutra Ayurveda. {visit.reference}$", sent["sms"].body
    )
    assert re.fullmatch(f"On {day}", sent["email"].subject or "")
    assert re.match(rf"See {day}\n\nMove: http://localhost/v/[\w-]+/move\n", sent["email"].body)
    assert "\n\nSutra Ayurveda\n12 Lake Road, Bengaluru\n080 4123 4567\n" in sent["email"].body
    assert sent["email"].body.endswith("http://localhost/portal/preferences\n")
    assert standing_text(Place(kind=BOOKED.kind, form="sms", locale="hi")) is None


def test_values_are_escaped_in_a_mail_and_cannot_end_its_subject(facility: Facility) -> None:
    values = {**catalogue.sample_values(kind()), "patient": "<script>x</script>\r\nBcc: all@example.test"}
    said = rendering.own(kind(), TextForm.EMAIL, "For {name}", "Dear {name}\n\n{link_visit}", values)
    assert "<script" not in said.html
    assert "&lt;script&gt;" in said.html
    assert said.subject == "For <script>x</script> Bcc: all@example.test"
    assert re.search(
        r'<a class="m-button"[^>]* href="http://localhost/v/[^"]+">Say that you will come</a>', said.html
    )


def test_an_outgoing_text_message_names_its_template(visit: Appointment) -> None:
    write("Namaste {name}", dlt_template_id="110712345678901234")
    with unit_of_work():
        messages.booked(visit, tell=True)
    message = db.session.query(Message).filter_by(kind="appointment_booked", channel="sms").one()
    content = kind().load([message])[message.id]
    made = rendering.render(message, kind(), content, address="+919845011723")
    assert (made.dlt_template_id, made.text) == ("110712345678901234", "Namaste <b>Asha</b> {name}")
    with unit_of_work():
        service.use_standard(SYSTEM, BOOKED, dlt_template_id="99")
    made = rendering.render(message, kind(), content, address="+919845011723")
    assert made.dlt_template_id == "99"
    assert "is booked for" in made.text


def test_a_request_that_waits_keeps_the_standard_text(visit: Appointment) -> None:
    write("Namaste {name}, it is certain.")
    asked = appointment(
        visit.patient, visit.practitioner, clock.now() + timedelta(days=5), status=AppointmentStatus.PENDING
    )
    db.session.commit()
    assert "request" in tell(asked)["sms"].body


def test_lines_without_a_value_and_their_headings_are_left_out() -> None:
    pieces = language.parse("Come.\n\nBefore you come:\n{name}\n\n{time}\n{link}", NAMES)
    assert language.fill(pieces, {**VALUES, "name": "", "link": ""}) == "Come.\n\nTue 24 Nov"


@pytest.mark.parametrize(
    ("words", "unicode", "used", "parts"),
    [
        ("", False, 0, 0),
        ("a" * 160, False, 160, 1),
        ("a" * 161, False, 161, 2),
        ("a" * 306, False, 306, 2),
        ("a" * 307, False, 307, 3),
        ("€" * 80, False, 160, 1),
        ("€" * 81, False, 162, 2),
        ("a" * 152 + "€" + "a" * 152, False, 306, 3),  # the extension character moves on whole
        ("é@£ÑΔ", False, 5, 1),
        ("न" * 70, True, 70, 1),
        ("न" * 71, True, 71, 2),
        ("न" * 134, True, 134, 2),
        ("न" * 135, True, 135, 3),
        ("🙏" * 35, True, 70, 1),
        ("🙏" * 36, True, 72, 2),
        ("a" * 66 + "🙏" + "a" * 66, True, 134, 3),  # and so does a pair
        ("a" * 159 + "₹", True, 160, 3),
    ],
)
def test_parts_of_a_text_message_are_counted(words: str, unicode: bool, used: int, parts: int) -> None:
    counted = count_segments(words)
    assert (counted.unicode, counted.used, counted.parts) == (unicode, used, parts)


def test_every_kind_reads_in_every_form_and_language(facility: Facility) -> None:
    """The standard text, the same with placeholders in it, and both as a preview."""
    wrong = []
    for one in catalogue.editable_kinds():
        for form in catalogue.forms_of(one):
            for locale in ("en", "hi"):
                place = Place(kind=one.name, form=form, locale=locale)
                usual = catalogue.starting_draft(one, place)
                shown = catalogue.preview(one, place, None).rendered
                mine = catalogue.preview(one, place, usual)
                if mine.wrong or mine.rendered is None or shown is None or not shown.text.strip():
                    wrong.append((one.name, form, locale, mine.wrong))
                    continue
                if form == TextForm.SMS and " ".join(mine.rendered.text.split()) != shown.text:
                    wrong.append((one.name, form, locale, (mine.rendered.text, shown.text)))
                if form == TextForm.EMAIL and not (shown.subject and "m-sheet" in shown.html):
                    wrong.append((one.name, form, locale, "no mail"))
                for said in (shown, mine.rendered):
                    if re.search(r"[{}\ue000\ue001]|None|Undefined", said.subject + said.text):
                        wrong.append((one.name, form, locale, said.text))
    assert wrong == []


def test_every_kind_has_its_files(app: Flask) -> None:
    """Whatever a domain registers can be rendered over each way it goes out, with what its sample says."""
    missing = []
    for one in kinds():
        for form in catalogue.forms_of(one):
            names = {TextForm.SMS: ["sms"], TextForm.EMAIL: ["subject", "body"], TextForm.SHORT: ["subject"]}
            for name in names[form]:
                tried = [f"{one.folder}/{name}.txt", f"{one.folder}/title.txt"]
                try:
                    app.jinja_env.select_template(tried if form is TextForm.SHORT else tried[:1])
                except TemplatesNotFound:
                    missing.append((one.name, form, name))
            if form == TextForm.EMAIL and f"{one.folder}/body.html" not in app.jinja_env.list_templates():
                missing.append((one.name, form, "html"))
    assert missing == []


@pytest.mark.parametrize("locale", ["en", "hi"])
def test_a_security_notice_is_a_mail_like_the_others(facility: Facility, locale: str) -> None:
    notice = kind_of("security_notice")
    assert notice is not None
    values = {
        "name": "Rina", "passkey": "<b>Phone</b>", "at": clock.now(), "by": "Meera", "origin": "192.0.2.7",
        "zone": facility.zone, "link": rendering.public_link, "clinic": facility.name,
        "clinic_address": "12 Lake Road", "clinic_phone": "080 4123 4567",
    }  # fmt: skip
    with force_locale(locale):
        said = {
            event: rendering.standard(notice, TextForm.EMAIL, values | {"event": event}) for event in EVENTS
        }
    assert len({mail.html for mail in said.values()}) == len(EVENTS), "each event has a sentence of its own"
    for mail in said.values():
        assert "m-sheet" in mail.html
        assert mail.text.rstrip().endswith("080 4123 4567")
        assert "<b>Phone" not in mail.html
    assert "&lt;b&gt;Phone" in said["passkey.added"].html


def test_every_change_is_a_version_nobody_can_alter(facility: Facility) -> None:
    write("One {name}")
    write("Two {name}")
    write("Two {name}")
    with unit_of_work():
        service.restore(SYSTEM, kind(), BOOKED, 1)
    with unit_of_work():
        service.use_standard(SYSTEM, BOOKED)
    assert [(one.number, one.body) for one in versions(BOOKED)] == [
        (4, None),
        (3, "One {name}"),
        (2, "Two {name}"),
        (1, "One {name}"),
    ]
    for statement in (update(MessageText).values(body="x"), text("DELETE FROM message_texts")):
        with pytest.raises(IntegrityError, match="append-only"), db.session.begin_nested():
            db.session.execute(statement)


def test_whoever_saves_second_is_told_and_keeps_what_they_typed(admin: FlaskClient) -> None:
    write("Somebody else's {name}")
    answer = admin.post(PAGE, data={"body": "Mine, {name}", "based_on": "0"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "Mine, {name}" in page
    assert "Somebody else&#39;s {name}" in page
    again = re.search(r'name="based_on"[^>]*value="(\d+)"', page)
    assert again is not None
    assert admin.post(PAGE, data={"body": "Mine, {name}", "based_on": again[1]}).status_code == 303
    found = standing_text(BOOKED)
    assert found is not None
    assert (found.number, found.body) == (2, "Mine, {name}")
    with pytest.raises(Conflict), unit_of_work():
        service.use_standard(SYSTEM, BOOKED, based_on=1)


@pytest.mark.parametrize(
    ("place", "draft", "field"),
    [
        (BOOKED, Draft(body=" \n "), "body"),
        (BOOKED, Draft(body="x" * 1001), "body"),
        (BOOKED, Draft(body="x", dlt_template_id="12a"), "dlt_template_id"),
        (BOOKED, Draft(body="x", dlt_template_id="१२३"), "dlt_template_id"),
        (BOOKED, Draft(body="x", dlt_template_id="1" * 31), "dlt_template_id"),
        (Place(kind="one_time_code", form="sms", locale="en"), Draft(body="Sign in!"), "body"),
        (Place(kind="password_reset", form="email", locale="hi"), Draft(body="{name}", subject="a"), "body"),
        (Place(kind="password_reset", form="email", locale="hi"), Draft(body="{link}"), "subject"),
        (
            Place(kind="password_reset", form="email", locale="hi"),
            Draft(body="{link}", subject="{x}"),
            "subject",
        ),
    ],
)
def test_a_text_that_would_be_of_no_use_is_refused(
    facility: Facility, place: Place, draft: Draft, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        service.save(SYSTEM, kind(place.kind), place, draft)
    assert refused.value.field == field


def test_nobody_but_an_administrator_gets_at_the_texts(
    facility: Facility, sign_in: Callable[..., FlaskClient], client: FlaskClient
) -> None:
    outsiders = [
        grant(UserFactory(), role, facility=facility) for role in (Role.FACILITY_ADMIN, Role.RECEPTIONIST)
    ]
    db.session.commit()
    assert client.get("/settings/messages").status_code == 303
    for user in outsiders:
        for method, path in (
            ("GET", "/settings/messages"),
            ("GET", PAGE),
            ("POST", PAGE),
            ("POST", f"{PAGE}/preview"),
            ("POST", f"{PAGE}/test"),
            ("POST", f"{PAGE}/standard"),
            ("POST", f"{PAGE}/versions/1/restore"),
        ):
            assert sign_in(user).open(path, method=method).status_code == 403, path
    manager = Actor(user_id=1, name="Manager", roles=frozenset({Role.FACILITY_ADMIN}))
    with pytest.raises(Forbidden):
        service.save(manager, kind(), BOOKED, Draft(body="x"))


def test_what_a_text_message_costs_is_said_where_it_is_known(
    admin: FlaskClient, with_settings: Callable[..., None]
) -> None:
    assert "About" not in admin.post(f"{PAGE}/preview", data={"body": "x"}).get_data(as_text=True)
    with_settings(sms_price_paise=25)
    dear = admin.post(f"{PAGE}/preview", data={"body": "x" * 161}).get_data(as_text=True)
    assert "About ₹0.50 a message." in dear


def test_a_text_is_written_looked_at_compared_and_given_up(
    admin: FlaskClient, count_statements: Callable[[], list[str]]
) -> None:
    count_statements()
    start = admin.get(PAGE).get_data(as_text=True)
    assert len(count_statements()) <= 7  # the session among them
    assert "{clinic}: visit of {name} with {practitioner} is booked for {time}" in start
    look = admin.post(f"{PAGE}/preview", data={"body": "Hello {name}\n" + "x" * 400})
    assert "Meera Nair" in look.get_data(as_text=True)
    assert "3 parts" in look.get_data(as_text=True)
    assert "is-many" in look.get_data(as_text=True)
    for body in ("First\nline {name}", "First\nline {time}"):
        found = standing_text(BOOKED)
        based_on = str(found.number if found else 0)
        assert admin.post(PAGE, data={"body": body, "based_on": based_on}).status_code == 303
    compared = admin.get(f"{PAGE}/versions/2").get_data(as_text=True)
    assert re.search(r"<del>.*line \{name\}</del>", compared)
    assert re.search(r"<ins>.*line \{time\}</ins>", compared)
    assert "is-own" in admin.get("/settings/messages").get_data(as_text=True)
    assert admin.post(f"{PAGE}/versions/1/restore").status_code == 303
    assert admin.post(f"{PAGE}/standard").status_code == 303
    found = standing_text(BOOKED)
    assert found is not None
    assert (found.number, found.body) == (4, None)
    assert admin.get(f"{PAGE}/versions/99").status_code == 404
    assert admin.get("/settings/messages/nothing/sms/en").status_code == 404


def test_the_standard_text_saved_unchanged_stays_the_standard(admin: FlaskClient) -> None:
    usual = catalogue.starting_draft(kind(), BOOKED)
    data = {"body": usual.body, "dlt_template_id": "12345", "based_on": "0"}
    assert admin.post(PAGE, data=data).status_code == 303
    found = standing_text(BOOKED)
    assert found is not None
    assert (found.body, found.dlt_template_id) == (None, "12345")


def test_a_test_goes_to_ones_own_address_and_leaves_nothing_behind(
    admin: FlaskClient, administrator: User
) -> None:
    mail = "/settings/messages/reminder_24h/email/hi"
    data = {"subject": "{time}", "body": "नमस्ते {name}\n\n{link_move}", "to": "other@example.test"}
    assert "admin@clinic.test" in admin.post(f"{mail}/test", data=data).get_data(as_text=True)
    sent = db.session.query(Message).filter_by(kind="text_trial").one()
    assert sending.send(sent.id) == "sent"
    shown = db.session.query(ConsoleMessage).one()
    assert shown.address == "admin@clinic.test"
    assert "नमस्ते" in shown.body
    assert row(sent.id).secret is None
    assert standing_text(Place(kind="reminder_24h", form="email", locale="hi")) is None
    answer = admin.post(f"{mail}/test", data={"subject": "{x}", "body": "y"})
    assert answer.status_code == 422
