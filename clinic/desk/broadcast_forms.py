"""What is typed to tell something to many patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from wtforms import DateField, RadioField, SelectField, SelectMultipleField
from wtforms.validators import InputRequired, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from clinic.core.forms import Form, LineField, TextField
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.notifications.models import Broadcast, Channel, Purpose
from clinic.notifications.texts.language import Unreadable, parse
from clinic.scheduling.broadcast_messages import NAMES
from clinic.scheduling.queries.audience import Audience, audience_from

LONGEST_SUBJECT, LONGEST_TEXT = 120, 1000
EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)
"""Days beyond these are slips of the finger, and the first and last there are have no midnight everywhere."""
TEXTS = ("subject_en", "subject_hi", "text_en", "text_hi")


class BoxesField(SelectMultipleField):  # type: ignore[misc]
    """Several of a few things, as boxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What the filter can be narrowed to: ids and names."""

    services: Sequence[tuple[int, str]]
    people: Sequence[tuple[int, str]]


class BroadcastForm(Form):
    """Whom, what for, over which ways, and the words in both languages."""

    purpose = RadioField(_l("What for"), validate_choice=True, default=Purpose.SERVICE)
    visited_from = DateField(_l("Had a visit from"), [Optional()])
    visited_to = DateField(_l("Had a visit until"), [Optional()])
    coming_on = DateField(_l("Have a visit on"), [Optional()])
    service_id = SelectField(_l("Service"), default="")
    practitioner_id = SelectField(_l("Practitioner"), default="")
    locale = SelectField(_l("Reads"), default="")
    channels = BoxesField(_l("Over"), [InputRequired(_l("Choose at least one way."))])
    subject_en = LineField(_l("Subject of the e-mail in English"), longest=LONGEST_SUBJECT)
    text_en = TextField(_l("Text in English"), [InputRequired(_l("Write the text."))], longest=LONGEST_TEXT)
    subject_hi = LineField(_l("Subject of the e-mail in Hindi"), longest=LONGEST_SUBJECT)
    text_hi = TextField(_l("Text in Hindi"), [InputRequired(_l("Write the text."))], longest=LONGEST_TEXT)

    def offer(self, choices: Choices) -> None:
        """Give the fields their choices, in the reader's language."""
        self.purpose.choices = [
            (Purpose.SERVICE.value, _("Something about the clinic's service, such as a closed day")),
            (Purpose.NEWS.value, _("News or an offer: only to those who agreed to news")),
        ]
        self.service_id.choices = [("", _("Any")), *((str(key), name) for key, name in choices.services)]
        self.practitioner_id.choices = [("", _("Any")), *((str(key), name) for key, name in choices.people)]
        self.locale.choices = [("", _("Both languages")), ("en", _("English")), ("hi", _("Hindi"))]
        self.channels.choices = [
            (Channel.SMS.value, _("Text message")),
            (Channel.EMAIL.value, _("E-mail")),
        ]

    def is_good(self) -> bool:
        """Whether all of it can be used; what cannot says so beside the field."""
        good = bool(self.validate_on_submit())
        for name in ("visited_from", "visited_to", "coming_on"):
            if self[name].data and not EARLIEST <= self[name].data <= LATEST:
                good = self._wrong(name, _("Enter a day between 1900 and 2199."))
        if self.visited_from.data and self.visited_to.data and self.visited_from.data > self.visited_to.data:
            good = self._wrong("visited_to", _("The last day is before the first."))
        if Channel.EMAIL in (self.channels.data or ()):
            for name in ("subject_en", "subject_hi"):
                if not self[name].data:
                    good = self._wrong(name, _("An e-mail needs a subject."))
        for name in TEXTS:
            try:
                parse(self[name].data or "", NAMES)
            except Unreadable as error:
                good = self._wrong(name, error.message)
        return good

    def _wrong(self, name: str, message: str) -> bool:
        self[name].errors = [*self[name].errors, message]
        return False

    def audience(self) -> Audience:
        """The filter as chosen."""
        return Audience(
            visited_from=self.visited_from.data,
            visited_to=self.visited_to.data,
            coming_on=self.coming_on.data,
            service_id=int(self.service_id.data) if self.service_id.data else None,
            practitioner_id=int(self.practitioner_id.data) if self.practitioner_id.data else None,
            locale=self.locale.data or "",
        )

    def values(self) -> Mapping[str, Any]:
        """What a broadcast keeps of it."""
        return {
            "purpose": self.purpose.data,
            "audience": self.audience().as_json(),
            "channels": list(self.channels.data),
            **{name: self[name].data or "" for name in TEXTS},
        }

    def show(self, broadcast: Broadcast) -> None:
        """Fill in a draft as it stands."""
        audience = audience_from(broadcast.audience)
        for name in ("visited_from", "visited_to", "coming_on", "locale"):
            self[name].data = getattr(audience, name)
        self.service_id.data = str(audience.service_id or "")
        self.practitioner_id.data = str(audience.practitioner_id or "")
        self.purpose.data, self.channels.data = broadcast.purpose, broadcast.channels
        for name in TEXTS:
            self[name].data = getattr(broadcast, name)
