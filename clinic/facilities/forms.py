"""The form about a clinic."""

from __future__ import annotations

from wtforms import BooleanField, IntegerField, SelectField, TimeField
from wtforms.validators import DataRequired, InputRequired, NumberRange, Optional

from clinic.core.forms import Form, LineField, MailField, PhoneField
from clinic.core.i18n import lazy as _l
from clinic.facilities.service import FacilityDetails

ZONES = (
    "Asia/Kolkata",
    "Asia/Colombo",
    "Asia/Dhaka",
    "Asia/Dubai",
    "Asia/Kathmandu",
    "Asia/Singapore",
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Los_Angeles",
    "Australia/Sydney",
    "UTC",
)


class FacilityForm(Form):
    name = LineField(_l("Name"), [DataRequired(_l("Enter a name."))], longest=120)
    short_name = LineField(_l("Short name"), [DataRequired(_l("Enter a short name."))], longest=40)
    phone = PhoneField(_l("Telephone"), longest=40)
    email = MailField(_l("E-mail"), longest=254)
    line = LineField(_l("Street"), longest=200)
    city = LineField(_l("City"), longest=100)
    state = LineField(_l("State"), longest=100)
    postal_code = LineField(_l("PIN code"), longest=20)
    zone = SelectField(_l("Time zone"), choices=[(zone, zone) for zone in ZONES], default=ZONES[0])
    opens = TimeField(_l("Opens"), [InputRequired(_l("Enter when the clinic opens."))])
    closes = TimeField(_l("Closes"), [InputRequired(_l("Enter when the clinic closes."))])
    booking_days = IntegerField(
        _l("Patients book ahead"),
        [
            InputRequired(_l("Enter how far ahead patients book.")),
            NumberRange(1, 730, _l("Patients book 1 to 730 days ahead.")),
        ],
        default=60,
    )
    whole_facility_in_care = BooleanField(_l("Practitioners see every patient of the clinic"), default=True)
    care_months = IntegerField(
        _l("Care ends after the last visit"),
        [Optional(), NumberRange(1, 120, _l("Care ends 1 to 120 months after the last visit."))],
        default=12,
    )

    meeting_pattern = LineField(_l("Where online visits meet"), longest=500)
    hears_waiting = BooleanField(_l("A booking waits for your word"), default=True)
    hears_booked = BooleanField(_l("A patient has booked"), default=True)
    hears_moved = BooleanField(_l("A patient has moved a visit"), default=True)
    hears_cancelled = BooleanField(_l("A patient has cancelled"), default=True)
    second_step_required = BooleanField(
        _l("Everybody who works here signs in with a second step"), default=False
    )

    def details(self) -> FacilityDetails:
        """What was entered; where no months were, a year."""
        names = FacilityDetails.__dataclass_fields__
        entered = {name: self._fields[name].data for name in names}
        return FacilityDetails(**{**entered, "care_months": entered["care_months"] or 12})
