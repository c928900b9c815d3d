from __future__ import annotations

import pytest
from flask import Flask

from clinic.accounts.service.passwords import RULES, check_rules, own_words
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


@pytest.mark.parametrize("password", ["Meenakshi-7!x", "7-iyer.Meena!", "X-meena_i-4!Q"])
def test_own_name_and_e_mail_are_no_password(app: Flask, password: str) -> None:
    own = own_words("Dr. Meenakshi Iyer", "meena_i@sutra.test")
    with app.test_request_context(), pytest.raises(Invalid):
        check_rules(password, own=own)


def test_short_names_forbid_nothing() -> None:
    assert own_words("Om Rao", "om@sutra.test") == ("om@sutra.test",)


def test_a_leaked_word_dressed_up_is_refused(app: Flask) -> None:
    with app.test_request_context():
        for password in ("Butterfly-2026!", "Trustno1-99", "M0nkey-2026!"):
            with pytest.raises(Invalid):
                check_rules(password)


def test_every_rule_can_be_judged_by_the_page() -> None:
    for rule in RULES:
        assert rule.data or rule.name == "own", "its words come with the person"
