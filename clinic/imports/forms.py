"""The form a file is brought in with."""

from __future__ import annotations

from flask_wtf.file import FileField
from wtforms import RadioField

from clinic.core.forms import Form
from clinic.core.i18n import lazy as _l


class UploadForm(Form):
    """What kind of list, and the file."""

    kind = RadioField(_l("What is in the file?"), validate_choice=True)
    file = FileField(_l("CSV or Excel file"))
