from __future__ import annotations

import pytest
from flask import Flask

from clinic.accounts.service.passwords import check_rules
from clinic.core.errors import Invalid


@pytest.mark.parametrize(
    "password",
    [
        "Short-1",
        "A1-" + "a" * 126,
        "no-capital-7",
        "NO-SMALL-7",
        "No-Digit-Here",
        "NoSign7here",
        "My-Password-7",
        "Ab-123456-z",
        "Qwerty-77-x",
        "My-Admin-77",
        "Letmein-77-x",
        "Welcome@123",
        "W3lcome!2026",
        "Summer2026!",
        "Krishna@108",
    ],
)
def test_weak_password_is_refused_at_its_field(app: Flask, password: str) -> None:
    with app.test_request_context(), pytest.raises(Invalid) as refused:
        check_rules(password)
    assert refused.value.field == "password"


@pytest.mark.parametrize(
    "password", ["Thread-knot-7!", "नमस्ते-Yes-42-z", "A1-" + "a" * 125, "c0rrect Horse-battery"]
)
def test_good_password_passes(app: Flask, password: str) -> None:
    with app.test_request_context():
        check_rules(password)
