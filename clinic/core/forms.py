"""The base of every form: fields that clean what is typed, the domain's errors put beside them."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import EmailField, HiddenField, StringField, TelField, TextAreaField
from wtforms.validators import Length

from clinic.core.errors import DomainError
from clinic.core.i18n import lazy as _l
from clinic.core.text import clean, one_line


def _one_line(value: Any) -> Any:
    """A row's number is shown and checked as the text it is typed as."""
    return value if value is None else one_line(str(value))


def _key(value: Any) -> Any:
    return value if value is None else one_line(str(value))[:64]


def _clean(value: Any) -> Any:
    return clean(value).strip("\n") if isinstance(value, str) else value


class LineField(StringField):
    """One line of text, at most ``longest`` characters."""

    def __init__(
        self, label: Any = None, validators: Any = (), *, longest: int = 200, **options: Any
    ) -> None:
        limit = Length(max=longest, message=_l("At most %(max)d characters.", max=longest))
        super().__init__(label, [*validators, limit], filters=[_one_line], **options)


class KeyField(HiddenField):
    """The form's own name: sent twice, it is one change. Nobody types it, so what it cannot be is cut off."""

    def __init__(self, label: Any = None, validators: Any = (), **options: Any) -> None:
        super().__init__(label, validators, filters=[_key], **options)


class PhoneField(LineField, TelField):
    """A telephone number as typed; the service decides whether it is one."""

    widget = TelField.widget


class MailField(LineField, EmailField):
    """An e-mail address as typed; the service decides whether it is one."""

    widget = EmailField.widget


class TextField(TextAreaField):
    """Several lines of text, at most ``longest`` characters."""

    def __init__(
        self, label: Any = None, validators: Any = (), *, longest: int = 10_000, **options: Any
    ) -> None:
        limit = Length(max=longest, message=_l("At most %(max)d characters.", max=longest))
        super().__init__(label, [*validators, limit], filters=[_clean], **options)


class Form(FlaskForm):
    """A form that binds only the fields it names."""

    def refuse(self, error: DomainError) -> None:
        """Show a domain error beside its field, or over the form if it belongs to none."""
        field = self._fields.get(error.field or "")
        if field is None:
            self.form_errors.append(error.message)
        else:
            field.errors = [*field.errors, error.message]
