"""Forms about signing in and about people."""

from __future__ import annotations

from typing import Any

from wtforms import HiddenField, PasswordField, SelectField, SelectMultipleField
from wtforms.validators import DataRequired, EqualTo, InputRequired, Length, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from clinic.accounts.display import ROLE_LABELS
from clinic.core.access import STAFF, Role
from clinic.core.forms import Form, LineField, MailField, PhoneField
from clinic.core.i18n import lazy as _l


class SecretField(PasswordField):
    """A password as typed, at most 1,000 characters so that hashing stays cheap."""

    def __init__(self, label: Any = None, **options: Any) -> None:
        validators = [
            InputRequired(_l("Enter your password.")),
            Length(max=1000, message=_l("A password has at most 128 characters.")),
        ]
        super().__init__(label, validators, filters=[_storable], **options)


def _storable(value: Any) -> Any:
    """A lone surrogate cannot be encoded, so it cannot be part of any password either."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


class SignInForm(Form):
    email = MailField(
        _l("E-mail"),
        [DataRequired(_l("Enter your e-mail."))],
        longest=254,
        render_kw={"autocomplete": "username", "autofocus": True},
    )
    password = SecretField(_l("Password"), render_kw={"autocomplete": "current-password"})
    next = HiddenField()


class MobileForm(Form):
    mobile = PhoneField(
        _l("Mobile number"),
        [DataRequired(_l("Enter your mobile number."))],
        longest=40,
        render_kw={"autocomplete": "tel", "inputmode": "tel", "autofocus": True},
    )


class AddressForm(Form):
    """An e-mail address that may be known as a second way to sign in."""

    email = MailField(
        _l("E-mail"),
        [DataRequired(_l("Enter your e-mail."))],
        longest=254,
        render_kw={"autocomplete": "email", "autofocus": True},
    )


class CodeForm(Form):
    code = LineField(_l("Code"), [DataRequired(_l("Enter the six digits."))], longest=40)


class ForgotForm(Form):
    email = MailField(
        _l("E-mail"),
        [DataRequired(_l("Enter your e-mail."))],
        longest=254,
        render_kw={"autocomplete": "username"},
    )


class NewPasswordForm(Form):
    password = SecretField(_l("New password"), render_kw={"autocomplete": "new-password"})
    again = SecretField(_l("The same once more"), render_kw={"autocomplete": "new-password"})

    def validate_again(self, field: Any) -> None:
        """The two must agree: a slip of the finger would lock the person out."""
        EqualTo("password", _l("The two are not the same."))(self, field)


class ChangePasswordForm(NewPasswordForm):
    current = SecretField(_l("Present password"), render_kw={"autocomplete": "current-password"})


def _at_least_one(_form: Any, field: Any) -> None:
    """Not DataRequired, which would have the browser ask for every single box."""
    if not field.data:
        raise ValidationError(str(_l("Choose at least one role.")))


class RolesField(SelectMultipleField):
    """Staff roles as boxes to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def __init__(self, label: Any = None, **options: Any) -> None:
        choices = [(str(role), ROLE_LABELS[role]) for role in Role if role in STAFF]
        super().__init__(label, [_at_least_one], choices=choices, **options)

    def roles(self) -> set[Role]:
        """What was ticked."""
        return {Role(value) for value in self.data or ()}


def _facility(value: Any) -> int | None:
    return int(value) if value not in (None, "", "None") else None


class RolesForm(Form):
    roles = RolesField(_l("Roles"))
    facility = SelectField(_l("At"), coerce=_facility)

    def offer(self, facilities: list[tuple[int, str]]) -> None:
        """Let a role be for one of these facilities, or for all."""
        self.facility.choices = [("", _l("All clinics")), *facilities]


class InviteForm(RolesForm):
    name = LineField(_l("Name"), [DataRequired(_l("Enter a name."))], longest=120)
    email = MailField(_l("E-mail"), [DataRequired(_l("Enter an e-mail."))], longest=254)


class ConnectForm(Form):
    password = SecretField(_l("Password"), render_kw={"autocomplete": "current-password", "autofocus": True})


class NewEmailForm(Form):
    new_email = MailField(
        _l("New e-mail"),
        [DataRequired(_l("Enter the new e-mail."))],
        longest=254,
        render_kw={"autocomplete": "email"},
    )
    password = SecretField(_l("Present password"), render_kw={"autocomplete": "current-password"})
