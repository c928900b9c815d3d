"""Somebody with an authenticator app: what it shows, and how they set it up."""

from __future__ import annotations

import re
from datetime import datetime

import pyotp
from flask import Flask
from werkzeug.test import TestResponse

from clinic.accounts.models import Authenticator
from clinic.audit.models import AuditEvent
from clinic.core import clock, crypto
from clinic.core.db import db
from clinic.notifications.models import Message
from tests.accounts.browser import Browser
from tests.accounts.conftest import PASSWORD


def shown_code(secret: str, *, steps: int = 0, at: datetime | None = None) -> str:
    """The six digits an app shows now, or some steps of 30 seconds from now."""
    present = int((at or clock.now()).timestamp()) // 30
    return pyotp.HOTP(secret).at(present + steps)


def secret_of(app: Flask, user_id: int) -> str:
    """The secret somebody put into their app."""
    with app.app_context():
        sealed = db.session.query(Authenticator).filter_by(user_id=user_id).one().secret
        secret = crypto.unseal(sealed)
    assert secret is not None
    return secret


def turn_on(browser: Browser, user_id: int) -> tuple[str, list[str]]:
    """Set the second step up in a signed-in browser; the secret and the recovery codes."""
    began = browser.post("/account/second-step/start", {"start-password": PASSWORD})
    assert began.location == "/account/second-step/set-up", began.get_data(as_text=True)
    secret = secret_of(browser.app, user_id)
    done = browser.post("/account/second-step/set-up", {"code": shown_code(secret)})
    codes = re.findall(r"<li>([a-z0-9]{5}-[a-z0-9]{5})</li>", done.get_data(as_text=True))
    assert len(codes) == 10
    return secret, codes


def enter(browser: Browser, code: str, *, recovery: bool = False) -> TestResponse:
    """Type a code on the second page of signing in."""
    path = "/sign-in/code?recovery=1" if recovery else "/sign-in/code"
    browser.get(path)
    answer = browser.post(path, {"code": code})
    if answer.status_code == 303 and answer.location != "/sign-in":
        browser.get("/account")
    return answer


def notices(app: Flask, user_id: int) -> list[str]:
    """What somebody was told by e-mail, the oldest first."""
    with app.app_context():
        rows = db.session.query(AuditEvent.action).join(Message, Message.subject_id == AuditEvent.id)
        told = rows.filter(Message.kind == "security_notice", Message.recipient_id == user_id)
        return [action for (action,) in told.order_by(Message.id)]
