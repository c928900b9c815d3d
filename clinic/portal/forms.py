"""What patients type into the portal."""

from __future__ import annotations

from wtforms import (
    BooleanField,
    DateField,
    FieldList,
    FormField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
)
from wtforms import Form as PlainForm
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from clinic.core.errors import DomainError
from clinic.core.forms import Form, KeyField, LineField, MailField, PhoneField
from clinic.core.i18n import LOCALES
from clinic.core.i18n import lazy as _l
from clinic.patients.details import RELATIONSHIPS
from clinic.patients.models import Sex
from clinic.patients.models.patient import BLOOD_GROUPS
from clinic.patients.service.profile import MORE_CONTACTS
from clinic.scheduling.reasons import OWN_WORDS

SEXES = ((Sex.FEMALE, _l("Female")), (Sex.MALE, _l("Male")), (Sex.OTHER, _l("Other")))
RELATIONS = (
    ("", _l("Choose…")),
    ("spouse", _l("Husband or wife")),
    ("parent", _l("Mother or father")),
    ("child", _l("Son or daughter")),
    ("sibling", _l("Brother or sister")),
    ("relative", _l("Other relative")),
    ("friend", _l("Friend")),
    ("other", _l("Somebody else")),
)
assert tuple(value for value, _label in RELATIONS[1:]) == RELATIONSHIPS


class WelcomeForm(Form):
    """The name of somebody the clinic does not know yet."""

    name = LineField(_l("Your name"), [InputRequired(_l("Enter your name."))], longest=100)
    email = MailField(_l("E-mail"), longest=254)
    submission_key = KeyField()


class MemberForm(Form):
    """Another member of the household."""

    name = LineField(_l("Name"), [InputRequired(_l("Enter the name."))], longest=100)
    age = IntegerField(
        _l("Age in years"),
        [Optional(), NumberRange(0, 149, message=_l("An age is between 0 and 149 years."))],
    )
    birth_date = DateField(_l("Birth date"), [Optional()])
    sex = RadioField(_l("Sex"), [Optional()], choices=SEXES, validate_choice=True)
    submission_key = KeyField()


class FurtherForm(PlainForm):
    """One more person to call in an emergency."""

    name = LineField(_l("Name"), longest=100)
    phone = PhoneField(_l("Mobile"), longest=30)
    relationship = SelectField(_l("Who they are to you"), choices=RELATIONS, validate_choice=False)


class ContactForm(Form):
    """What a patient may change of what the clinic has."""

    name = LineField(_l("Name"), [InputRequired(_l("Enter the name."))], longest=100)
    birth = LineField(_l("Birth date"), longest=20)
    sex = RadioField(_l("Sex"), [Optional()], choices=SEXES, validate_choice=True)
    locale = RadioField(_l("Language of messages"), [Optional()], choices=list(LOCALES.items()))
    blood_group = SelectField(
        _l("Blood group"),
        choices=[("", _l("Not known")), *((group, group) for group in BLOOD_GROUPS)],
        validate_choice=False,
    )
    abha = LineField(_l("ABHA number"), longest=40)
    email = MailField(_l("E-mail"), longest=254)
    line = LineField(_l("House and street"), longest=200)
    city = LineField(_l("Town or city"), longest=80)
    state = LineField(_l("State"), longest=80)
    postal_code = LineField(_l("PIN code"), longest=20)
    emergency_name = LineField(_l("Name"), longest=100)
    emergency_phone = PhoneField(_l("Mobile"), longest=30)
    emergency_relationship = SelectField(_l("Who they are to you"), choices=RELATIONS, validate_choice=False)
    further = FieldList(FormField(FurtherForm), min_entries=MORE_CONTACTS, max_entries=MORE_CONTACTS)
    version = HiddenField(validators=[Length(max=18)], filters=[lambda value: value and str(value)])

    def refuse(self, error: DomainError) -> None:
        """Beside its field, also inside the further contacts (``further-0-phone``)."""
        list_name, _dash, rest = (error.field or "").partition("-")
        number, _dash, name = rest.partition("-")
        if list_name == "further" and number.isdigit() and int(number) < len(self.further.entries):
            field = self.further.entries[int(number)].form._fields.get(name)
            if field is not None:
                field.errors = [*field.errors, error.message]
                return
        super().refuse(error)


class NumberForm(Form):
    """Another mobile number."""

    mobile = PhoneField(
        _l("New mobile number"),
        [InputRequired(_l("Enter the new number."))],
        longest=40,
        render_kw={"autocomplete": "off", "inputmode": "tel"},
    )


class InviteForm(Form):
    """The mobile of a child's other guardian."""

    mobile = PhoneField(
        _l("Their mobile number"),
        [InputRequired(_l("Enter their number."))],
        longest=40,
        render_kw={"autocomplete": "off", "inputmode": "tel"},
    )


class CodeForm(Form):
    """Six digits that were sent."""

    code = LineField(_l("Code"), [InputRequired(_l("Enter the six digits."))], longest=40)


class DeleteForm(Form):
    """Whether the visits to come may be cancelled."""

    cancel_visits = BooleanField(_l("Cancel the visits to come"))


class BookingForm(Form):
    """A chosen time. ``patient`` is the member of the household the page was opened for."""

    slot = StringField(_l("Time"), validators=[InputRequired(_l("Choose a time.")), Length(max=40)])
    patient = HiddenField(validators=[Length(max=20)])
    purpose = LineField(_l("Anything we should know?"), longest=200)
    submission_key = KeyField()


class CancelForm(Form):
    """Why a visit is cancelled, if the patient says so."""

    code = SelectField(
        _l("Why? You need not say."),
        choices=[("", _l("Nothing chosen")), *((code.value, words) for code, words in OWN_WORDS.items())],
        validate_choice=False,
    )
    reason = LineField(_l("In your own words"), longest=200)
