"""Every form, sent with whatever a keyboard, a phone or an attacker can put into it: never a 500."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle
from typing import Any

import html5lib
import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic.accounts.models import SessionKind, User
from clinic.core import clock
from clinic.core.access import Role
from clinic.core.db import db
from clinic.encounters.service import ensure_templates
from clinic.facilities.models import Facility
from clinic.patients.models import CareRelationship
from tests.examples import examples
from tests.factories import (
    FacilityFactory,
    PatientFactory,
    ServiceFactory,
    UserFactory,
    actor_of,
    appointment,
    grant,
    household_login,
    practitioner_at,
    room,
)
from tests.imports.conftest import Clinic

NASTY = (
    "\x00",
    "a\x00b",
    "\ud800",
    "\u202eevil\u202c",
    "मीनाक्षी अय्यर",
    "👩🏽‍⚕️",
    "%_\\",
    "<script>alert(1)</script>",
    "=1+1",
    "-1",
    "9" * 40,
    "1e9",
    "0001-01-01",
    "9999-12-31",
    "2026-02-30",
    "24:00",
    "../../etc/passwd",
    "\r\nBcc: someone@example.com",
    "x" * 1_000_000,
)
TEXT = st.one_of(st.sampled_from(NASTY), st.text(max_size=40))
LEFT_ALONE = ("/sign-out", "/account", "/dev/")
"""What would end the very session the test is in."""
CHOICES = ("hidden", "radio", "checkbox", "submit")


@dataclass(frozen=True)
class FoundForm:
    """A form on a page: where it posts to, what it would send untouched, and its fields for typing."""

    action: str
    fixed: tuple[tuple[str, str], ...]
    typed: tuple[str, ...]
    chosen: tuple[str, ...]


def forms_in(html: str, page: str) -> list[FoundForm]:
    """The posting forms of a page."""
    tree = html5lib.parse(html, namespaceHTMLElements=False)
    return [
        _form(element, page)
        for element in tree.iter("form")
        if element.get("method", "get").lower() == "post"
        and not (element.get("action") or page).startswith(LEFT_ALONE)
    ]


def _form(element: Any, page: str) -> FoundForm:
    fixed, typed, chosen = [], [], []
    for field in element.iter():
        name = field.get("name")
        if not name or field.tag not in ("input", "select", "textarea"):
            continue
        if field.tag == "input" and field.get("type") in CHOICES:
            fixed.append((name, field.get("value") or "on"))
            chosen.append(name)
        elif field.tag == "select":
            chosen.append(name)
        else:
            typed.append(name)
    return FoundForm(element.get("action") or page, tuple(fixed), tuple(typed), tuple(sorted(set(chosen))))


@pytest.fixture
def world(app: Flask, sign_in: Callable[..., FlaskClient]) -> dict[str, tuple[FlaskClient, list[str]]]:
    """For each kind of person a signed-in client and the pages they open."""
    ensure_templates()
    facility = FacilityFactory()
    room(facility)
    service = ServiceFactory(facility_id=facility.id)
    users = {
        role: grant(UserFactory(), role, facility=facility) for role in (Role.RECEPTIONIST, Role.PRACTITIONER)
    }
    admin = grant(UserFactory(), Role.ADMIN)
    vaidya = practitioner_at(facility, users[Role.PRACTITIONER])
    patient = PatientFactory(facility_id=facility.id)
    family = household_login(patient)
    db.session.add(CareRelationship(patient_id=patient.id, practitioner_id=vaidya.id, source="booking"))
    visit = appointment(patient, vaidya, clock.now() + timedelta(days=1), service=service)
    now = appointment(patient, vaidya, clock.now() - timedelta(minutes=5), service=service, status="arrived")
    db.session.commit()
    clinician = sign_in(users[Role.PRACTITIONER])
    opened = clinician.post(f"/appointments/{now.reference}/note")
    desk = [
        "/patients",
        "/patients/new",
        f"/patients/{patient.id}",
        f"/patients/{patient.id}/edit",
        f"/appointments/new?patient={patient.id}&service={service.id}",
        f"/appointments/{visit.reference}",
        f"/appointments/{visit.reference}/move",
        "/today",
        "/messages",
    ]
    places = [
        "/people/invite",
        f"/people/{users[Role.RECEPTIONIST].id}",
        "/practitioners",
        "/practitioners/new",
    ]
    places += [
        f"/practitioners/{vaidya.id}",
        f"/practitioners/{vaidya.id}/edit",
        f"/practitioners/{vaidya.id}/hours",
    ]
    places += ["/services", "/rooms", "/clinics", f"/clinics/{facility.id}", "/audit"]
    portal = ["/portal", f"/portal/book/{service.id}", f"/portal/visits/{visit.reference}"]
    portal += [f"/portal/visits/{visit.reference}/cancel", f"/portal/visits/{visit.reference}/move"]
    portal += ["/portal/details", "/portal/details/edit", "/portal/family/new", "/portal/welcome"]
    world = {
        "nobody": (app.test_client(), ["/sign-in", "/forgot", "/portal/sign-in"]),
        "receptionist": (sign_in(users[Role.RECEPTIONIST]), desk),
        "practitioner": (clinician, ["/my-day", opened.headers.get("Location", "/my-day"), "/calendar"]),
        "admin": (sign_in(admin), places),
        "patient": (sign_in(family, SessionKind.PATIENT), portal),
    }
    world["imports"] = (
        world["receptionist"][0],
        ["/imports", *_imports(facility, users[Role.RECEPTIONIST])],
    )
    return world


def _imports(facility: Facility, receptionist: User) -> list[str]:
    """Files on their way in: one whose columns are asked for, and one with a line of every sort."""
    desk = Clinic(facility, actor_of(receptionist, Role.RECEPTIONIST, facility=facility))
    asked = desk.receive("Name,Mobile\nKusum Lokhande,9822055001\n")
    shown = desk.preview(
        "Name,Mobile,Age\nMira Joshi,9822055002,40\nMIRA JOSHI,9822055002,\nSopan,98220,400\n"
    ).id
    return [
        f"/imports/{asked}",
        f"/imports/{shown}",
        f"/imports/{shown}/lines/2",
        f"/imports/{shown}/lines/4",
    ]


def _as_new_request() -> None:
    """Requests of one test share ``g``; a real one begins with nothing in it."""
    for name in list(g):
        g.pop(name)


@pytest.mark.parametrize("who", ["nobody", "receptionist", "practitioner", "admin", "patient"])
@settings(
    max_examples=examples(16, of=40),
    deadline=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(
    place=st.integers(0, 999),
    texts=st.lists(TEXT, min_size=6, max_size=6),
    picks=st.lists(st.integers(0, 4), min_size=12, max_size=12),
)
def test_no_form_breaks_whatever_is_typed(
    world: dict[str, tuple[FlaskClient, list[str]]], who: str, place: int, texts: list[str], picks: list[int]
) -> None:
    """What is drawn does not depend on the pages: earlier examples have changed what is on them.

    16 examples for each person in `make test`, 40 in `make proof`.
    """
    client, pages = world[who]
    page, text, pick = pages[place % len(pages)], cycle(texts), cycle(picks)
    _as_new_request()
    shown = client.get(page)
    assert shown.status_code < 500, page
    found = forms_in(shown.get_data(as_text=True), page) if shown.status_code == 200 else []
    for form in found[:6]:
        sent = dict(form.fixed) | {name: next(text) for name in form.typed}
        for name in form.chosen:
            if next(pick) == 0:
                sent[name] = next(text)
        _post(client, form, sent)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(text, id=str(number), marks=[pytest.mark.long] if number % 3 else [])
        for number, text in enumerate(NASTY)
    ],
)
def test_no_form_of_an_import_breaks_whatever_is_typed(
    world: dict[str, tuple[FlaskClient, list[str]]], text: str
) -> None:
    client, pages = world["imports"]
    for page in pages:
        _as_new_request()
        shown = client.get(page)
        assert shown.status_code < 500, page
        for form in forms_in(shown.get_data(as_text=True), page) if shown.status_code == 200 else []:
            _post(client, form, dict(form.fixed) | dict.fromkeys((*form.typed, *form.chosen), text))


def _post(client: FlaskClient, form: FoundForm, sent: dict[str, str]) -> None:
    body = {name: value.encode("utf-8", "surrogatepass") for name, value in sent.items()}
    _as_new_request()
    answer = client.post(form.action, data=body)
    assert answer.status_code < 500, (form.action, {name: value[:40] for name, value in sent.items()})


def test_the_walk_meets_the_forms_it_is_about(world: dict[str, tuple[FlaskClient, list[str]]]) -> None:
    met = set()
    for client, pages in world.values():
        for page in pages:
            _as_new_request()
            shown = client.get(page)
            if shown.status_code == 200:
                met |= {
                    form.action.split("?")[0]
                    for form in forms_in(shown.get_data(as_text=True), page)
                    if form.typed
                }
    assert len(met) >= 15, sorted(met)
