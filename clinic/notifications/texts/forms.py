"""The form in which a clinic writes a message's text."""

from __future__ import annotations

from wtforms import HiddenField

from clinic.core.forms import Form, LineField, TextField
from clinic.core.i18n import lazy as _l
from clinic.notifications.models import TextForm
from clinic.notifications.texts.service import LONGEST, LONGEST_SUBJECT, Draft

_LONGER = 500
"""The fields take somewhat more than is allowed: the domain says how much is, and nothing typed is cut."""


class _Written(Form):
    body = TextField(_l("Text"), longest=max(LONGEST.values()) + _LONGER)
    based_on = HiddenField()

    def draft(self) -> Draft:
        """What was typed."""
        typed = {name: str(field.data or "") for name, field in self._fields.items()}
        return Draft(
            body=typed["body"],
            subject=typed.get("subject", ""),
            dlt_template_id=typed.get("dlt_template_id", ""),
        )

    def read_version(self) -> int | None:
        """The number of the version the writer saw; None when the form does not say."""
        number = str(self.based_on.data or "")
        return int(number) if number.isascii() and number.isdigit() and len(number) < 10 else None

    def mark(self, problems: dict[str, str]) -> None:
        """Put what is wrong beside the fields."""
        for name, words in problems.items():
            field = self._fields.get(name, self.body)
            field.errors = [*field.errors, words]


class SmsForm(_Written):
    dlt_template_id = LineField(_l("DLT template id"), longest=100)


class MailForm(_Written):
    subject = LineField(_l("Subject"), longest=LONGEST_SUBJECT[TextForm.EMAIL] + _LONGER)


class ShortForm(_Written):
    subject = LineField(_l("Title"), longest=LONGEST_SUBJECT[TextForm.SHORT] + _LONGER)


FORMS: dict[str, type[_Written]] = {
    TextForm.SMS: SmsForm,
    TextForm.EMAIL: MailForm,
    TextForm.SHORT: ShortForm,
}
