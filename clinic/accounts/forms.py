"""Forms about signing in and about people."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Any

from wtforms import HiddenField, PasswordField, SelectMultipleField
from wtforms.validators import DataRequired, EqualTo, InputRequired, Length, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from clinic.accounts.display import ROLE_LABELS
from clinic.accounts.policy import Grant
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
    current = SecretField(_l("Current password"), render_kw={"autocomplete": "current-password"})


class GrantsField(SelectMultipleField):
    """Roles at facilities as boxes to tick, a group for each facility."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def offer(self, places: Sequence[tuple[str, Sequence[Grant]]]) -> None:
        """The boxes there are: for each place its name and what can be given there."""
        self._places = [(name, len(grants)) for name, grants in places]
        self._offered = {str(grant): grant for _name, grants in places for grant in grants}
        self.choices = [(str(grant), ROLE_LABELS[grant.role]) for grant in self._offered.values()]

    def groups(self) -> Iterator[tuple[str, list[Any]]]:
        """Each place's name and its boxes."""
        boxes = iter(self)
        for name, count in self._places:
            yield name, list(islice(boxes, count))

    def grants(self) -> set[Grant]:
        """What was ticked."""
        return {self._offered[value] for value in self.data or () if value in self._offered}


class GrantsForm(Form):
    """What somebody does here. ``was`` is what was ticked when the page was made, so that a change of
    somebody else's in the meantime stays.
    """

    grants = GrantsField(_l("Roles"), validate_choice=True)

    def start_from(self, held: Collection[Grant]) -> None:
        """Tick what somebody holds."""
        self.grants.data = [str(grant) for grant in held]

    def was(self, sent: Sequence[str]) -> set[Grant]:
        """What was ticked when the page was made, of what is offered."""
        return {self.grants._offered[value] for value in sent if value in self.grants._offered}


class InviteForm(GrantsForm):
    name = LineField(_l("Name"), [DataRequired(_l("Enter a name."))], longest=120)
    email = MailField(_l("E-mail"), [DataRequired(_l("Enter an e-mail."))], longest=254)

    def validate_grants(self, field: Any) -> None:
        """Not DataRequired, which would have the browser ask for every single box."""
        if not field.data:
            raise ValidationError(str(_l("Choose at least one role.")))


class ConnectForm(Form):
    password = SecretField(_l("Password"), render_kw={"autocomplete": "current-password", "autofocus": True})


class NewEmailForm(Form):
    new_email = MailField(
        _l("New e-mail"),
        [DataRequired(_l("Enter the new e-mail."))],
        longest=254,
        render_kw={"autocomplete": "email"},
    )
    password = SecretField(_l("Current password"), render_kw={"autocomplete": "current-password"})
