"""Forms about practitioners."""

from __future__ import annotations

from typing import Any

from wtforms import IntegerField, SelectField
from wtforms.validators import DataRequired, InputRequired, NumberRange, Optional

from clinic.core.forms import Form, LineField, MailField, PhoneField
from clinic.core.i18n import lazy as _l
from clinic.practitioners.service import PractitionerDetails

SEXES = [("", _l("Not said")), ("female", _l("Female")), ("male", _l("Male")), ("other", _l("Other"))]


class PractitionerForm(Form):
    name = LineField(_l("Name"), [DataRequired(_l("Enter a name."))], longest=120)
    sex = SelectField(_l("Sex"), choices=SEXES, default="")
    specialization = LineField(_l("Speciality"), longest=120)
    qualification = LineField(_l("Qualification"), longest=200)
    experience_years = IntegerField(
        _l("Years of experience"),
        [Optional(), NumberRange(0, 80, _l("Years of experience go from 0 to 80."))],
    )
    licence_number = LineField(_l("Licence number"), longest=60)
    registration_number = LineField(_l("Registration number"), longest=60)
    default_minutes = IntegerField(
        _l("Usual length of a visit"),
        [
            InputRequired(_l("Enter how long a visit usually lasts.")),
            NumberRange(5, 480, _l("A visit lasts 5 to 480 minutes.")),
        ],
        default=30,
    )
    phone = PhoneField(_l("Telephone"), longest=40)
    email = MailField(_l("E-mail"), longest=254)
    line = LineField(_l("Street"), longest=200)
    city = LineField(_l("City"), longest=100)
    state = LineField(_l("State"), longest=100)
    postal_code = LineField(_l("PIN code"), longest=20)
    country = LineField(_l("Country"), longest=60)

    def details(self) -> PractitionerDetails:
        """What was entered."""
        values = {name: field.data for name, field in self._fields.items() if name != "csrf_token"}
        return PractitionerDetails(**{**values, "sex": values["sex"] or None})


class SearchForm(Form):
    term = LineField(_l("Name or licence number"), longest=100)


class InvitePractitionerForm(Form):
    email = MailField(_l("E-mail"), [DataRequired(_l("Enter an e-mail."))], longest=254)


def _user_id(value: Any) -> int | None:
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


class JoinForm(Form):
    user = SelectField(_l("Somebody who signs in already"), coerce=_user_id, validators=[InputRequired()])
