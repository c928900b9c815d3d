"""The intake form on a patient's own phone: one small form per section."""

from __future__ import annotations

from typing import Any

from wtforms import HiddenField, RadioField, SelectField

from clinic.core.forms import Form, LineField, MailField, PhoneField, TextField
from clinic.core.i18n import LOCALES
from clinic.core.i18n import lazy as _l
from clinic.patients.forms import PRAKRITI, RELATIONSHIP
from clinic.patients.intake import FIELDS, Section
from clinic.patients.models import Sex
from clinic.patients.models.patient import BLOOD_GROUPS


class SectionForm(Form):
    """What all sections have: the version of what was kept when the page was opened."""

    version = HiddenField(default="0")

    def answers(self, section: Section) -> dict[str, str]:
        """What stands in the fields of the section, as typed."""
        return {name: self[name].data or "" for name in FIELDS[section]}

    def show(self, kept: dict[str, Any], version: int) -> None:
        """Put what was kept into the fields."""
        for name, value in kept.items():
            if name in self._fields and value:
                self[name].data = str(value)
        self.version.data = str(version)


def _medicine() -> tuple[LineField, LineField, LineField]:
    """One line of the medicines: which, how much, how often."""
    return (
        LineField(_l("Medicine")),
        LineField(_l("Dose"), longest=100),
        LineField(_l("How often"), longest=200),
    )


class AboutForm(SectionForm):
    name = LineField(_l("Full name"), longest=100)
    birth_date = LineField(_l("Date of birth"), longest=20)
    sex = RadioField(
        _l("Sex"),
        choices=[
            (Sex.FEMALE.value, _l("Female")),
            (Sex.MALE.value, _l("Male")),
            (Sex.OTHER.value, _l("Other")),
        ],
        validate_choice=False,
    )
    blood_group = SelectField(
        _l("Blood group"),
        choices=[("", _l("I do not know")), *((group, group) for group in BLOOD_GROUPS)],
        default="",
    )
    email = MailField(_l("E-mail"), longest=254)
    locale = SelectField(_l("Language for messages"), choices=list(LOCALES.items()), default="en")


class AddressForm(SectionForm):
    line = LineField(_l("House and street"))
    city = LineField(_l("City or village"), longest=80)
    postal_code = LineField(_l("PIN code"), longest=20)
    state = LineField(_l("State"), longest=80)


class EmergencyForm(SectionForm):
    emergency_name = LineField(_l("Whom may we call?"), longest=100)
    emergency_phone = PhoneField(_l("Their telephone"), longest=40)
    emergency_relationship = SelectField(_l("They are your"), choices=RELATIONSHIP, default="")


class BodyForm(SectionForm):
    height = LineField(_l("Height"), longest=20)
    weight = LineField(_l("Weight"), longest=20)
    prakriti = SelectField(
        _l("Your prakriti, if a vaidya has told you"),
        choices=[("", _l("I do not know")), *PRAKRITI[1:]],
        default="",
    )


class AllergiesForm(SectionForm):
    allergies_asked = RadioField(
        _l("Are you allergic to anything?"),
        choices=[("none", _l("No, not that I know")), ("yes", _l("Yes"))],
        validate_choice=False,
    )
    substance_1 = LineField(_l("Allergic to"))
    reaction_1 = LineField(_l("What happens then"), longest=500)
    substance_2 = LineField(_l("Allergic to"))
    reaction_2 = LineField(_l("What happens then"), longest=500)
    substance_3 = LineField(_l("Allergic to"))
    reaction_3 = LineField(_l("What happens then"), longest=500)


class MedicinesForm(SectionForm):
    medicines_asked = RadioField(
        _l("Do you take any medicine?"),
        choices=[("none", _l("No, none")), ("yes", _l("Yes"))],
        validate_choice=False,
    )
    medicine_1, dose_1, often_1 = _medicine()
    medicine_2, dose_2, often_2 = _medicine()
    medicine_3, dose_3, often_3 = _medicine()
    medicine_4, dose_4, often_4 = _medicine()
    medicine_5, dose_5, often_5 = _medicine()
    medicine_6, dose_6, often_6 = _medicine()


class HistoryForm(SectionForm):
    conditions = TextField(_l("Illnesses you have or had"), longest=6_000)
    operations = TextField(_l("Operations, and about when"), longest=6_000)
    family_history = TextField(_l("Illnesses in your family"), longest=6_000)


class InsuranceForm(SectionForm):
    insurer = LineField(_l("Who insures you?"), longest=200)
    policy_number = LineField(_l("Policy number"), longest=60)
    insured_until = LineField(_l("Valid until"), longest=20)


class ConsentsForm(SectionForm):
    """Nothing is typed here: consents are signed on pages of their own."""


FORMS: dict[Section, type[SectionForm]] = {
    Section.ABOUT: AboutForm,
    Section.ADDRESS: AddressForm,
    Section.BODY: BodyForm,
    Section.EMERGENCY: EmergencyForm,
    Section.ALLERGIES: AllergiesForm,
    Section.MEDICINES: MedicinesForm,
    Section.HISTORY: HistoryForm,
    Section.INSURANCE: InsuranceForm,
    Section.CONSENTS: ConsentsForm,
}
