"""A browser as these tests use one: it keeps its cookie and sends the token of the page it last saw."""

from __future__ import annotations

import itertools
import re
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from clinic.accounts import terms
from clinic.accounts.models import OneTimeCode
from clinic.core import crypto
from clinic.core.db import db
from clinic.notifications.models import Message

_addresses = itertools.count(1)


class Browser:
    """Each comes from an address of its own unless it is given one, so that caps per address stay apart."""

    def __init__(self, app: Flask, address: str | None = None) -> None:
        number = next(_addresses)
        self.app = app
        self.client = app.test_client()
        self.address = address or f"10.{number // 65536 % 256}.{number // 256 % 256}.{number % 256}"
        self.token = ""

    def get(self, path: str, **options: Any) -> TestResponse:
        return self._see(self.client.get(path, environ_base={"REMOTE_ADDR": self.address}, **options))

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        if not self.token:
            self.get("/sign-in")
        values = {"csrf_token": self.token, **(data or {})}
        answer = self.client.post(path, data=values, environ_base={"REMOTE_ADDR": self.address}, **options)
        return self._see(answer)

    def sign_in(self, email: str, password: str, **more: str) -> TestResponse:
        self.get("/sign-in")
        answer = self.post("/sign-in", {"email": email, "password": password, **more})
        if answer.status_code == 303:
            self.get("/account")
        return answer

    def ask_for_code(self, mobile: str) -> TestResponse:
        self.get("/portal/sign-in")
        return self.post("/portal/sign-in", {"mobile": mobile})

    def enter_code(self, code: str) -> TestResponse:
        self.get("/portal/code")
        return self.post("/portal/code", {"code": code})

    def agree(self) -> TestResponse:
        """Agree to the terms of use, as on the first sign-in."""
        self.get("/terms")
        return self.post("/terms", {"version": terms.CURRENT})

    def is_signed_in(self) -> bool:
        return self.get("/account").status_code == 200

    def cookie(self) -> str:
        cookie = self.client.get_cookie(self.app.config["SESSION_COOKIE_NAME"])
        return cookie.value if cookie else ""

    def _see(self, answer: TestResponse) -> TestResponse:
        found = re.search(r'data-csrf="([^"]+)"', answer.get_data(as_text=True))
        if found:
            self.token = found[1]
        return answer


def latest_code(app: Flask, mobile: str) -> str:
    """The digits last sent to a mobile, read where only the worker reads them."""
    with app.app_context():
        row = db.session.query(OneTimeCode).filter_by(mobile=mobile).order_by(OneTimeCode.id.desc()).first()
        assert row is not None, "no code was asked for"
        message = db.session.query(Message).filter_by(dedupe_key=f"code:{row.id}").one()
        assert message.secret is not None
        digits = crypto.unseal(message.secret)
    assert digits is not None
    return digits


def latest_link(app: Flask, user_id: int, kind: str) -> str:
    """The token in the mail last written to a person."""
    with app.app_context():
        message = (
            db.session.query(Message)
            .filter_by(kind=kind, recipient_id=user_id)
            .order_by(Message.id.desc())
            .first()
        )
        assert message is not None, "no mail was written"
        assert message.secret is not None
        token = crypto.unseal(message.secret)
    assert token is not None
    return token
