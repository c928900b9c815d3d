"""What is typed about papers."""

from __future__ import annotations

from datetime import date
from typing import Any

from wtforms import BooleanField, DateField, HiddenField, MultipleFileField, SelectField
from wtforms.validators import InputRequired, Optional, ValidationError

from clinic.core import clock
from clinic.core.forms import Form, LineField, TextField
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.web import read_id
from clinic.practitioners.queries import practitioner_named
from clinic.records.models import Paper
from clinic.records.service import Details
from clinic.records.service.changing import Said
from clinic.records.wording import KINDS, NOT_SHOWN_AT_FIRST

EARLIEST = date(1900, 1, 1)


def _not_to_come(_form: Any, field: Any) -> None:
    """A paper is of a day that was; a day's grace for clinics in other zones."""
    if field.data is not None and not EARLIEST <= field.data <= clock.today("Pacific/Kiritimati"):
        raise ValidationError(_("A paper cannot be from a day to come."))


class _AboutPaper(Form):
    """What a person says of a paper."""

    kind = SelectField(_l("What it is"), choices=KINDS)
    title = LineField(_l("Title"), longest=200)
    document_date = DateField(_l("Date on the paper"), [Optional(), _not_to_come])
    doctor = LineField(_l("Doctor"), longest=120)
    description = TextField(_l("Remarks"), longest=2000)
    shared = BooleanField(_l("Show to the patient"))

    def said_doctor(self) -> tuple[int | None, str | None]:
        """The only practitioner here with that name, or else the name as it is."""
        name = self.doctor.data or ""
        if not name:
            return None, None
        known = practitioner_named(name)
        return (known, None) if known is not None else (None, name)


class UploadForm(_AboutPaper):
    """Papers that are brought in."""

    files = MultipleFileField(_l("Files"))
    visit = HiddenField()

    def details(self, *, shared: bool | None = None) -> Details:
        """What was said of them; ``shared`` says it instead of the form."""
        practitioner_id, doctor = self.said_doctor()
        return Details(
            kind=self.kind.data,
            title=self.title.data or "",
            description=self.description.data or None,
            document_date=self.document_date.data,
            practitioner_id=practitioner_id,
            doctor=doctor,
            shared=self.shared.data if shared is None else shared,
        )


class ChangeForm(_AboutPaper):
    """What is said of a paper that is there."""

    title = LineField(_l("Title"), [InputRequired(_l("Give the paper a title."))], longest=200)
    version = HiddenField()

    def said(self) -> Said:
        """What the form says now."""
        practitioner_id, doctor = self.said_doctor()
        return Said(
            kind=self.kind.data,
            title=self.title.data or "",
            description=self.description.data or None,
            document_date=self.document_date.data,
            practitioner_id=practitioner_id,
            doctor=doctor,
            shared=self.shared.data,
        )

    def typed_version(self) -> int:
        """Which version of the paper the form was drawn from; 0 for none."""
        return read_id(self.version.data) or 0


def change_form(paper: Paper) -> ChangeForm:
    """The form with what is said of the paper today."""
    return ChangeForm(
        formdata=None,
        kind=paper.kind,
        title=paper.title,
        document_date=paper.document_date,
        doctor=paper.practitioner.name if paper.practitioner else paper.doctor,
        description=paper.description,
        shared=paper.shared,
        version=paper.version,
    )


def upload_form(**values: Any) -> UploadForm:
    """An empty form: a lab report that the patient sees."""
    return UploadForm(formdata=None, shared=True, kind=KINDS[0][0], **values)


def is_shown_at_first(kind: str) -> bool:
    """Whether a paper of this kind is shown to the patient unless staff say otherwise."""
    return kind not in NOT_SHOWN_AT_FIRST
