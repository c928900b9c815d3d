"""Asking for a record in an emergency, and looking over that it was opened."""

from __future__ import annotations

from wtforms import BooleanField, RadioField
from wtforms.validators import InputRequired, Length

from clinic.core.forms import Form, LineField, TextField
from clinic.core.i18n import lazy as _l
from clinic.patients.models import Urgency
from clinic.patients.service.emergency import LONGEST, SHORTEST

URGENCIES = {
    Urgency.UNCONSCIOUS: _l("The patient is unconscious"),
    Urgency.CANNOT_SAY: _l("The patient cannot say what matters"),
    Urgency.STANDING_IN: _l("I stand in, and it cannot wait"),
    Urgency.OTHER: _l("Something else that cannot wait"),
}


class EmergencyForm(Form):
    """Whose record, and why."""

    number = LineField(
        _l("Patient's number or mobile"),
        [InputRequired(_l("Write the number on the patient's card, or their whole mobile number."))],
        longest=40,
    )
    name = LineField(_l("Name"), longest=200)
    urgency = RadioField(_l("Why now?"), choices=list(URGENCIES.items()), validate_choice=True)
    reason = TextField(
        _l("What happened"),
        [
            InputRequired(_l("Say in a few words what happened.")),
            Length(min=SHORTEST, message=_l("Say in a few words why: at least %(min)d characters.")),
        ],
        longest=LONGEST,
    )
    confirmed = BooleanField(
        _l("I need this record now to treat the patient."),
        [InputRequired(_l("Confirm that you need it now."))],
    )


class ReviewForm(Form):
    """What an administrator found when they looked an access over."""

    note = TextField(_l("What you found"), longest=LONGEST)
