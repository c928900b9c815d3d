"""Forms about the second step and passkeys."""

from __future__ import annotations

from typing import Any

from wtforms import HiddenField
from wtforms.validators import DataRequired, Length

from clinic.accounts.forms import SecretField
from clinic.core.forms import Form, LineField
from clinic.core.i18n import lazy as _l


class StepCodeForm(Form):
    code = LineField(_l("Code"), [DataRequired(_l("Enter the six digits."))], longest=40)


class RecoveryForm(Form):
    code = LineField(
        _l("Recovery code"),
        [DataRequired(_l("Enter one of your recovery codes."))],
        longest=40,
        render_kw={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "autofocus": True},
    )


class PasswordAgainForm(Form):
    password = SecretField(_l("Current password"), render_kw={"autocomplete": "current-password"})

    def ask(self, *, has_password: bool) -> PasswordAgainForm:
        """Leave the password out for somebody who has none."""
        if not has_password and "password" in self._fields:
            del self.password
        return self

    def typed_password(self) -> str:
        """What was entered, empty where none is asked for."""
        return (self.password.data if "password" in self._fields else "") or ""


class TurnOffForm(PasswordAgainForm):
    code = LineField(
        _l("Code from the app, or a recovery code"),
        [DataRequired(_l("Enter the six digits, or a recovery code."))],
        longest=40,
        render_kw={"autocomplete": "one-time-code", "spellcheck": "false"},
    )


def _no_longer_than(characters: int) -> list[Any]:
    return [DataRequired(_l("Try again.")), Length(max=characters)]


class PasskeyNameForm(Form):
    name = LineField(_l("Name"), [DataRequired(_l("Enter a name."))], longest=60)


class NewPasskeyForm(PasskeyNameForm):
    credential = HiddenField(validators=_no_longer_than(20_000))


class PasskeySignInForm(Form):
    credential = HiddenField(validators=_no_longer_than(20_000))
    next = HiddenField()
