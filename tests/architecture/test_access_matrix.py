"""Every address, every method, everybody: who is let in follows from what the route declares."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from clinic.app import create_app
from clinic.core.access import CLINICAL, FRONT_DESK, Role, RoutePolicy, policy_of
from clinic.core.db import db
from tests.architecture.world import World, populate
from tests.conftest import make_settings

UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
PUBLIC = {
    "css_bundle",
    "accounts.sign_in",
    "accounts.sign_in_code",
    "accounts.passkey_sign_in",
    "accounts.passkey_sign_in_options",
    "accounts.sign_out",
    "accounts.session_now",
    "accounts.sign_in_again",
    "accounts.portal_sign_in",
    "accounts.portal_sign_in_email",
    "accounts.code",
    "accounts.code_again",
    "accounts.invitation",
    "accounts.forgot",
    "accounts.reset",
    "accounts.choose_locale",
    "accounts.outside_sign_in",
    "accounts.outside_back",
    "accounts.connect",
    "accounts.connect_by_mail",
    "accounts.connect_by_link",
    "accounts.verify_email",
    "accounts.terms_of_use",
    "desk.home",
    "health.healthz",
    "patients.intake",
    "patients.intake_section",
    "patients.intake_draft",
    "patients.intake_submit",
    "visit_link.answer_offer",
    "visit_link.cancel",
    "visit_link.coming",
    "visit_link.move",
    "visit_link.offer",
    "visit_link.show",
    "scheduling.calendar_feed",
    "verify.ask",
    "verify.show",
    "portal_app.manifest",
    "portal_app.offline",
    "portal_app.service_worker",
    "webhooks.twilio_inbound",
    "webhooks.twilio_status",
}
"""All that is open to the world. Whoever adds to it has thought about strangers."""
DEVELOPMENT = ("dev", "development", "console_messages")
ANSWERS = {200, 204, 302, 303, 400, 404, 409, 422, 429}
"""What somebody who is let in may get for an empty form or a row that is not theirs."""


@pytest.fixture(scope="module")
def world(make_database: Callable[[str], str], worker_number: int) -> World:
    app = create_app(make_settings(make_database("matrix"), worker_number))
    app.config["WTF_CSRF_ENABLED"] = False
    world = World(app)
    with app.app_context():
        populate(world)
        db.session.commit()
    return world


@pytest.fixture
def own_app(make_database: Callable[[str], str], worker_number: int) -> Flask:
    """An application whose routes a test may add to."""
    return create_app(make_settings(make_database("empty"), worker_number))


WHO = (
    "anonymous",
    "patient",
    "another patient",
    "receptionist",
    "receptionist elsewhere",
    "practitioner",
    "another practitioner",
    "therapist",
    "facility admin",
    "admin",
    "deactivated",
)


def routes(app: Flask) -> Iterator[tuple[Rule, str, RoutePolicy | None]]:
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, method, policy_of(app.view_functions[rule.endpoint])


def path_of(app: Flask, rule: Rule, values: dict[str, object]) -> str:
    """The rule's address with these values; what is not among them is somebody's guess."""
    guesses: dict[str, object] = {}
    for name in rule.arguments:
        converter = rule._converters[name]
        guess: object = 2**62 if converter.regex == r"\d+" else "x"
        if hasattr(converter, "regex") and converter.regex.startswith("(?:"):
            guess = converter.regex[3:-1].split("|")[0]
        guesses[name] = values.get(name, guess)
    return str(app.url_map.bind("localhost").build(rule.endpoint, guesses))


def test_every_route_says_who_may_use_it(world: World) -> None:
    undeclared = [str(rule) for rule, _method, policy in routes(world.app) if policy is None]
    assert undeclared == []


def test_a_route_without_a_declaration_does_not_exist(own_app: Flask) -> None:
    own_app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    assert own_app.test_client().get("/forgotten").status_code == 404


def test_nothing_but_the_known_pages_is_open_to_the_world(world: World) -> None:
    open_to_all = {
        rule.endpoint
        for rule, _method, policy in routes(world.app)
        if policy and policy.anonymous and rule.endpoint.split(".")[0] not in DEVELOPMENT
    }
    assert open_to_all == PUBLIC


def test_notes_are_for_clinical_people_and_administration_for_administrators(world: World) -> None:
    for rule, _method, policy in routes(world.app):
        assert policy is not None
        if rule.endpoint.startswith("encounters."):
            assert policy.roles <= CLINICAL, rule
        if rule.rule.startswith("/people"):
            assert Role.ADMIN in policy.roles, rule
            assert policy.roles <= {Role.ADMIN, Role.FACILITY_ADMIN}, rule
        if rule.endpoint.startswith("patients.") and not policy.anonymous:
            assert Role.ADMIN not in policy.roles, rule
            assert Role.PATIENT not in policy.roles, rule
        if rule.endpoint.startswith("portal."):
            assert policy.roles == {Role.PATIENT}, rule


def test_nothing_is_changed_by_reading(world: World) -> None:
    """Addresses that do something take no GET."""
    doing = re.compile(r"(verify|deactivate|activate|retry|confirm|sign-out|locale|undo|draft|join|leave)$")
    for rule, method, _policy in routes(world.app):
        assert not (method == "GET" and doing.search(rule.rule)), rule


@pytest.mark.parametrize("who", WHO)
def test_everybody_gets_what_the_route_declares(world: World, who: str) -> None:
    wrong = []
    for rule, method, policy in routes(world.app):
        assert policy is not None
        path = path_of(world.app, rule, world.values)
        status = world.send(who, method, path).status_code
        if world.admits(who, policy):
            refused_by_row = status == 403 and (rule.arguments or policy.anonymous)
            if status not in ANSWERS and not refused_by_row:
                wrong.append((method, str(rule), status, "let in"))
        elif world.people[who] is None or who == "deactivated":
            if status != (303 if method == "GET" else 401):
                wrong.append((method, str(rule), status, "asked to sign in"))
        elif status != 403:
            wrong.append((method, str(rule), status, "refused"))
    assert wrong == []


@pytest.mark.parametrize("who", ["anonymous", "receptionist"])
def test_pretending_to_be_htmx_opens_nothing(world: World, who: str) -> None:
    for rule, method, policy in routes(world.app):
        assert policy is not None
        if world.admits(who, policy):
            continue
        path = path_of(world.app, rule, world.values)
        answer = world.send(who, method, path, headers={"HX-Request": "true"})
        assert answer.status_code in (401, 403), rule


@pytest.mark.parametrize("who", ["another patient", "receptionist elsewhere", "another practitioner"])
def test_somebody_elses_row_is_like_one_that_does_not_exist(world: World, who: str) -> None:
    """Same status and same bytes, so that nobody learns which ids are taken."""
    wrong = []
    for rule, method, policy in routes(world.app):
        assert policy is not None
        if policy.anonymous or not world.admits(who, policy):
            continue
        if not rule.arguments & {"patient_id", "reference", "import_id", "note_id", "prescription_id"}:
            continue
        theirs = world.send(who, method, path_of(world.app, rule, world.values))
        nothing = world.send(who, method, path_of(world.app, rule, {**world.values, **world.nothing}))
        if theirs.status_code != 404 or _bare(theirs) != _bare(nothing):
            wrong.append((method, str(rule), theirs.status_code, nothing.status_code))
    assert wrong == []


def _bare(answer: TestResponse) -> tuple[int, str]:
    request_id = answer.headers.get("X-Request-ID", "-")
    text = answer.get_data(as_text=True).replace(request_id, "R")
    return answer.status_code, re.sub(r'(data-csrf|value|hx-headers)=("[^"]*"|\'[^\']*\')', "", text)


def test_every_unsafe_request_needs_its_token(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signing in, signing out, codes and JSON among them; only the provider's signed calls go without."""
    app, without = world.app, set()
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    client = app.test_client()
    assert client.get("/sign-in").status_code == 200
    for rule, method, _policy in routes(app):
        if method not in UNSAFE:
            continue
        path = path_of(app, rule, {})
        for options in ({}, {"json": {}}, {"headers": {"HX-Request": "true"}}):
            if client.open(path, method=method, **options).status_code != 400:
                without.add(rule.endpoint)
    assert without == {"webhooks.twilio_inbound", "webhooks.twilio_status"}


def test_front_desk_and_clinic_are_told_apart() -> None:
    assert FRONT_DESK.isdisjoint(CLINICAL)
