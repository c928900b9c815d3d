"""Codes for somebody who is signed in, as these tests read and type them."""

from __future__ import annotations

from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from clinic.accounts.models import OneTimeCode
from clinic.core import crypto
from clinic.core.db import db
from clinic.notifications.models import Message


def digits_for(purpose: str) -> str:
    """The digits last sent with this purpose, read where only the worker reads them."""
    db.session.expire_all()
    row = db.session.scalars(
        select(OneTimeCode).where(OneTimeCode.purpose == purpose).order_by(OneTimeCode.id.desc())
    ).first()
    assert row is not None, f"no code for {purpose}"
    message = db.session.scalars(select(Message).where(Message.dedupe_key == f"code:{row.id}")).one()
    digits = crypto.unseal(message.secret or "")
    assert digits is not None
    return digits


def prove(client: FlaskClient, name: str, *, digits: str | None = None) -> TestResponse:
    """Type the right code of a step, or these digits."""
    return client.post(f"/portal/prove/{name}", data={"code": digits or digits_for(purpose_of(name))})


def purpose_of(name: str) -> str:
    return {"email": "email_verify"}.get(name, name.replace("-", "_"))


def wrong(digits: str) -> str:
    return f"{(int(digits) + 1) % 1_000_000:06d}"


def a_minute_passes() -> None:
    """Codes were asked for a minute earlier, so that another may be."""
    db.session.execute(update(OneTimeCode).values(created_at=OneTimeCode.created_at - timedelta(minutes=1)))
    db.session.commit()
