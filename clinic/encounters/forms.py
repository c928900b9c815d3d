"""What can be typed beside a note."""

from __future__ import annotations

from wtforms.validators import DataRequired

from clinic.core.forms import Form, TextField
from clinic.core.i18n import lazy
from clinic.encounters.layout import LONGEST_TEXT


class AddendumForm(Form):
    """Something to add to a signed note."""

    text = TextField(
        lazy("What you want to add"),
        [DataRequired(lazy("Write what you want to add."))],
        longest=LONGEST_TEXT,
    )


class ReasonForm(Form):
    """Why a signed note is marked, or holds after all."""

    reason = TextField(
        lazy("Why"),
        [DataRequired(lazy("Write why. Whoever reads the note will see it."))],
        longest=1000,
    )
