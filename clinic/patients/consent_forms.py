"""Signing, withdrawing, and writing the texts that are signed."""

from __future__ import annotations

from typing import Any

from wtforms import BooleanField, HiddenField, IntegerField, RadioField, SelectField
from wtforms.validators import InputRequired, NumberRange, Optional

from clinic.core.forms import Form, LineField, TextField
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.i18n import locale_tag
from clinic.patients.consent_words import PURPOSES
from clinic.patients.models import ConsentVersion
from clinic.patients.service.consent_kinds import ConsentText
from clinic.patients.service.consents import Signature
from clinic.patients.signatures import LONGEST

SELF, OTHER = "self", "guardian"


def _drawing(value: Any) -> Any:
    return value[: LONGEST + 1].strip() if isinstance(value, str) else value


class SignForm(Form):
    """Who signs, for whom, and with what."""

    signer = RadioField(_l("Who signs?"), validate_choice=False)
    relation = LineField(_l("Who you are to them"), longest=60)
    name = LineField(_l("Full name of who signs"), longest=100)
    drawing = HiddenField(_l("Signature"), filters=[_drawing])

    def ask(self, patient_name: str, *, child: bool, signer_name: str = "") -> None:
        """Name the patient in the choices; for a child somebody else signs."""
        other = (OTHER, _("I sign for %(name)s, as parent, guardian or attorney", name=patient_name))
        self.signer.choices = [other] if child else [(SELF, _("I am %(name)s", name=patient_name)), other]
        if not self.is_submitted():
            self.signer.data = OTHER if child else SELF
            self.name.data = signer_name

    @property
    def signature(self) -> Signature:
        """What was signed with, in the language of the page."""
        return Signature(
            name=self.name.data or "",
            for_other=self.signer.data == OTHER,
            relation=self.relation.data or "",
            drawing=self.drawing.data or "",
            locale=locale_tag(),
        )


class WithdrawForm(Form):
    """Why somebody takes a consent back, if they say so."""

    reason = TextField(_l("Why? You need not say."), longest=500)


class TextForm(Form):
    """The words of a version, in both languages."""

    title = LineField(_l("Title in English"), longest=200)
    title_hi = LineField(_l("Title in Hindi"), longest=200)
    body = TextField(_l("Text in English"), longest=20_000)
    body_hi = TextField(_l("Text in Hindi"), longest=20_000)
    required = BooleanField(_l("Needed before treatment"))
    valid_months = IntegerField(
        _l("Asked again after"),
        [Optional(), NumberRange(1, 120, message=_l("Between 1 and 120 months, or empty for good."))],
    )

    def show(self, version: ConsentVersion) -> None:
        """Put a version's words into the fields."""
        for field in ("title", "title_hi", "body", "body_hi", "required", "valid_months"):
            self[field].data = getattr(version, field)

    @property
    def text(self) -> ConsentText:
        """What was typed."""
        return ConsentText(
            title=self.title.data or "",
            title_hi=self.title_hi.data or "",
            body=self.body.data or "",
            body_hi=self.body_hi.data or "",
            required=bool(self.required.data),
            valid_months=self.valid_months.data,
        )


class KindForm(TextForm):
    """A new kind with its first text."""

    name = LineField(_l("What staff call it"), [InputRequired(_l("Give it a name."))], longest=100)
    purpose = SelectField(
        _l("What it is for"), choices=[(purpose.value, words) for purpose, words in PURPOSES]
    )
