"""The manager's browser, and files on their way in through it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from clinic.accounts.models import User
from clinic.core.db import db
from clinic.imports import service
from clinic.imports.models import ImportState
from tests.imports.conftest import Clinic
from tests.imports.pages.browser import REGISTER, Send, columns, post_file, press, state


@pytest.fixture
def desk(clinic: Clinic, sign_in: Callable[..., FlaskClient]) -> FlaskClient:
    """The manager's browser."""
    return sign_in(db.session.get_one(User, clinic.manager.user_id))


@pytest.fixture
def send(desk: FlaskClient) -> Send:
    """Send a file and let the worker read it; the import's id."""

    def sent(content: str | bytes = REGISTER, **more: str) -> int:
        data = content.encode() if isinstance(content, str) else content
        answer = post_file(desk, data, **more)
        assert answer.status_code == 303, answer.text
        import_id = int(answer.location.rsplit("/", 1)[1])
        service.carry_on(import_id)
        return import_id

    return sent


@pytest.fixture
def preview(desk: FlaskClient, send: Send, clinic: Clinic) -> Send:
    """A file up to its preview; the import's id."""

    def shown(content: str | bytes = REGISTER, **more: str) -> int:
        import_id = send(content, **more)
        press(desk, import_id, "columns", **columns(clinic.row(import_id)))
        service.carry_on(import_id)
        assert state(import_id) == ImportState.READY
        return import_id

    return shown
