"""Notices on phones: switched on by their owner, written to once, retired when they are gone."""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from clinic.accounts.models import LoginSession, SessionKind, User
from clinic.config import ConfigurationError
from clinic.core import clock
from clinic.core.db import db, unit_of_work
from clinic.core.errors import Invalid
from clinic.notifications import push, sending
from clinic.notifications.models import Message, PushSubscription
from clinic.patients.models import Patient
from clinic.scheduling import messages
from tests.conftest import make_settings
from tests.factories import FacilityFactory, PatientFactory, appointment, household_login, practitioner_at

KEY, PUBLIC = push.new_key()


@dataclass
class PushService:
    """What was written to it, by path; ``answers`` says how it answers, 201 else."""

    url: str = ""
    got: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)
    answers: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)


@pytest.fixture
def service() -> Iterator[PushService]:
    state = PushService()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            named = {name.lower(): value for name, value in self.headers.items()}
            state.got.append((self.path, body, named))
            status, headers = state.answers.get(self.path, (201, {}))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_details: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield state
    server.shutdown()
    server.server_close()


@dataclass
class Phone:
    """A browser's half of a subscription."""

    endpoint: str
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    secret: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def fields(self) -> dict[str, str]:
        public = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = (base64.urlsafe_b64encode(raw).decode().rstrip("=") for raw in (public, self.secret))
        return {"endpoint": self.endpoint, **dict(zip(("p256dh", "auth"), keys, strict=True))}

    def read(self, body: bytes) -> dict[str, str]:
        shown = http_ece.decrypt(body, private_key=self.private, auth_secret=self.secret, version="aes128gcm")
        opened: dict[str, str] = json.loads(shown)
        return opened


@pytest.fixture
def patient(app: Flask, with_settings: Callable[..., None]) -> Patient:
    with_settings(vapid_private_key=KEY, vapid_subject="mailto:it@sutra.test", push_hosts=("127.0.0.1",))
    FacilityFactory(name="Sutra Ayurveda")
    return PatientFactory(name="Asha Menon", mobile="+919845011723")


@pytest.fixture
def login(patient: Patient) -> User:
    return household_login(patient, mobile="+919845011723")


@pytest.fixture
def home(login: User, sign_in: Callable[..., FlaskClient]) -> FlaskClient:
    return sign_in(login, SessionKind.PATIENT)


def notice(patient: Patient) -> Message:
    """The notice of a visit just booked."""
    place = db.session.scalars(select(FacilityFactory._meta.model)).first()
    assert place is not None
    row = appointment(patient, practitioner_at(place, name="Dr Rao"), clock.now() + timedelta(days=3))
    with unit_of_work():
        messages.booked(row, tell=True)
    found = select(Message).where(Message.channel == "push", Message.kind == "appointment_booked")
    return db.session.scalars(found).one()


def live() -> list[PushSubscription]:
    return list(db.session.scalars(select(PushSubscription).where(PushSubscription.retired_at.is_(None))))


def test_a_notice_reaches_every_phone_once_and_says_nothing_of_the_patient(
    patient: Patient, home: FlaskClient, service: PushService
) -> None:
    phones = [Phone(f"{service.url}/{name}") for name in ("a", "b")]
    for phone in phones:
        assert home.post("/portal/devices", data=phone.fields).status_code == 204
    message = notice(patient)
    assert [sending.send(message.id) for _again in range(2)] == ["sent", None]
    assert [path for path, _body, _headers in service.got] == ["/a", "/b"]
    shown = phones[0].read(service.got[0][1])
    assert shown["title"].startswith("Your visit on")
    assert shown["path"].startswith("/portal/visits/")
    assert not any(word in json.dumps(shown) for word in ("Asha", "Rao", "Consultation"))
    assert b"visit" not in service.got[0][1], "what travels is encrypted"
    assert "vapid" in service.got[0][2]["authorization"]


@pytest.mark.parametrize("status", [404, 410])
def test_a_phone_that_is_gone_is_retired_and_the_other_still_hears(
    patient: Patient, home: FlaskClient, service: PushService, status: int
) -> None:
    for name in ("gone", "here"):
        home.post("/portal/devices", data=Phone(f"{service.url}/{name}").fields)
    service.answers["/gone"] = (status, {})
    assert sending.send(notice(patient).id) == "sent"
    assert len(live()) == 1
    service.got.clear()
    with unit_of_work():
        home.post("/portal/devices", data=Phone(f"{service.url}/gone").fields)
    assert len(live()) == 2, "it may be switched on once more"


def test_when_no_phone_is_left_the_message_has_failed(
    patient: Patient, home: FlaskClient, service: PushService
) -> None:
    home.post("/portal/devices", data=Phone(f"{service.url}/gone").fields)
    service.answers["/gone"] = (410, {})
    message = notice(patient)
    assert sending.send(message.id) == "failed"
    db.session.refresh(message)
    assert message.why == "no_device"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_push_service_is_asked_again_later(
    patient: Patient, home: FlaskClient, service: PushService, status: int
) -> None:
    home.post("/portal/devices", data=Phone(f"{service.url}/busy").fields)
    service.answers["/busy"] = (status, {"Retry-After": "300"})
    message = notice(patient)
    assert sending.send(message.id) == "queued"
    db.session.refresh(message)
    assert 290 < (message.next_try_at - clock.now()).total_seconds() <= 300
    assert len(live()) == 1


def test_an_answer_that_leads_elsewhere_is_not_followed(
    patient: Patient, home: FlaskClient, service: PushService
) -> None:
    home.post("/portal/devices", data=Phone(f"{service.url}/a").fields)
    service.answers["/a"] = (302, {"Location": f"{service.url}/inside"})
    sending.send(notice(patient).id)
    assert [path for path, _body, _headers in service.got] == ["/a"]


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/fcm/send/x",
        "https://127.0.0.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/x",
        "https://evil.example/x",
        "https://fcm.googleapis.com.evil.example/x",
        "https://user@fcm.googleapis.com/x",
        "https://[::1]/x",
        "file:///etc/passwd",
        "https://[",
        "https://evil.example\\@fcm.googleapis.com/x",
        "https://127.0.0.1#@fcm.googleapis.com/x",
    ],
)
def test_only_push_services_are_ever_written_to(app: Flask, endpoint: str) -> None:
    with pytest.raises(Invalid):
        push.read_endpoint(endpoint, app.extensions["settings"])
    assert push.read_endpoint("https://fcm.googleapis.com/fcm/send/x", app.extensions["settings"])


def test_keys_that_are_none_are_refused(patient: Patient, home: FlaskClient, service: PushService) -> None:
    fields = Phone(f"{service.url}/a").fields
    for name, value in (("p256dh", "AAAA"), ("auth", "%%%"), ("p256dh", ""), ("auth", "é")):
        assert home.post("/portal/devices", data={**fields, name: value}).status_code == 422
    assert live() == []


def test_a_stranger_removes_nobodys_phone(
    patient: Patient, home: FlaskClient, service: PushService, sign_in: Callable[..., FlaskClient]
) -> None:
    home.post("/portal/devices", data=Phone(f"{service.url}/a").fields)
    other = PatientFactory(name="Somebody Else")
    outsider = sign_in(household_login(other, mobile="+919845099999"), SessionKind.PATIENT)
    device = live()[0].id
    assert outsider.post(f"/portal/devices/{device}/remove").status_code == 404
    assert home.post(f"/portal/devices/{device}/remove").status_code == 303
    assert live() == []


def test_a_phone_hears_for_whoever_signed_in_there_last_and_for_nobody_once_signed_out(
    patient: Patient, home: FlaskClient, service: PushService, sign_in: Callable[..., FlaskClient]
) -> None:
    phone = Phone(f"{service.url}/lent")
    home.post("/portal/devices", data=phone.fields)
    other = PatientFactory(name="Somebody Else", mobile="+919845099999")
    sign_in(household_login(other, mobile="+919845099999"), SessionKind.PATIENT).post(
        "/portal/devices", data=phone.fields
    )
    assert push.devices_of(live()[0].user_id)
    assert db.session.scalars(select(Message).where(Message.channel == "push")).all() == []
    session = db.session.get_one(LoginSession, live()[0].session_id)
    session.ended_at, session.end_reason = clock.now(), "signed_out"
    db.session.flush()
    assert push.devices_of(live()[0].user_id) == []


def test_without_a_key_of_its_own_a_clinic_pushes_nothing(
    patient: Patient, home: FlaskClient, with_settings: Callable[..., None], service: PushService
) -> None:
    with_settings(vapid_private_key="", vapid_subject="")
    assert home.post("/portal/devices", data=Phone(f"{service.url}/a").fields).status_code == 404
    assert "does not send notices" in home.get("/portal/preferences").text


def test_a_key_made_here_is_taken_and_half_a_setting_is_not(app: Flask) -> None:
    made = app.test_cli_runner().invoke(args=["vapid-key"]).output
    private = made.split("VAPID_PRIVATE_KEY=")[1].split()[0]
    settings = make_settings("x", VAPID_PRIVATE_KEY=private, VAPID_SUBJECT="mailto:it@sutra.test")
    assert push.public_key(settings) in made
    for wrong in (
        {"VAPID_PRIVATE_KEY": private},
        {"VAPID_SUBJECT": "mailto:it@sutra.test"},
        {"VAPID_PRIVATE_KEY": "short", "VAPID_SUBJECT": "mailto:it@sutra.test"},
        {"VAPID_PRIVATE_KEY": private, "VAPID_SUBJECT": "it@sutra.test"},
    ):
        with pytest.raises(ConfigurationError):
            make_settings("x", **wrong)
