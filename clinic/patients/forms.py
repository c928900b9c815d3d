"""The forms about patients: registration and change."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

from babel import Locale
from wtforms import FieldList, FormField, HiddenField, RadioField, SelectField
from wtforms import Form as PlainForm

from clinic.core.errors import DomainError, Invalid
from clinic.core.forms import Form, LineField, MailField, PhoneField, TextField
from clinic.core.i18n import LOCALES, locale_tag
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.phones import show as show_number
from clinic.core.phones import show_mobile
from clinic.patients.births import parse_birth, write_birth
from clinic.patients.details import AllergyEntry, PatientDetails, check
from clinic.patients.display import years_between
from clinic.patients.models import Allergy, BirthPrecision, Patient, Sex
from clinic.patients.models.patient import BLOOD_GROUPS

PRAKRITI = (
    ("", _l("Not recorded")),
    ("vata", _l("Vata")),
    ("pitta", _l("Pitta")),
    ("kapha", _l("Kapha")),
    ("vata_pitta", _l("Vata-pitta")),
    ("pitta_kapha", _l("Pitta-kapha")),
    ("vata_kapha", _l("Vata-kapha")),
    ("tridosha", _l("Tridosha")),
)
RELATIONSHIP = (
    ("", _l("Not said")),
    ("spouse", _l("Husband or wife")),
    ("parent", _l("Mother or father")),
    ("child", _l("Daughter or son")),
    ("sibling", _l("Sister or brother")),
    ("relative", _l("Other relative")),
    ("friend", _l("Friend or neighbour")),
    ("other", _l("Somebody else")),
)
SEVERITY = (
    ("", _l("Not said")),
    ("mild", _l("Mild")),
    ("moderate", _l("Moderate")),
    ("severe", _l("Severe")),
)
_FIRST_ROWS = 2
_MOST_ROWS = 40
_SAME_IN_BOTH = (
    "name", "email", "locale", "line", "city", "state", "postal_code", "country", "emergency_name",
    "emergency_relationship", "file_number", "medical_history", "remarks", "prakriti", "blood_group",
)  # fmt: skip
"""Fields that are on the form exactly as the details have them."""
MERGED = (*_SAME_IN_BOTH, "mobile", "sex", "emergency_phone", "birth_date", "age", "first_visit_on")
"""Fields that two people may change at the same time: each keeps what only one of them touched."""


def countries() -> list[tuple[str, str]]:
    """Countries by name in the reader's language, India first."""
    names = Locale(locale_tag()).territories
    found = [
        (code, name) for code, name in names.items() if len(code) == 2 and code.isalpha() and code != "IN"
    ]
    return [("IN", names["IN"]), *sorted(found, key=lambda country: country[1])]


class AllergyForm(PlainForm):
    """One allergy; ``key`` is the row it changes, empty for a new one."""

    key = HiddenField()
    substance = LineField(_l("Allergic to"))
    reaction = LineField(_l("What happens"), longest=500)
    severity = SelectField(_l("How bad"), choices=SEVERITY, default="", validate_choice=False)


class PatientForm(Form):
    """Everything registration asks. A name and a mobile are enough; what is wrong the domain decides."""

    submission_key = HiddenField()
    version = HiddenField()
    seen = HiddenField()
    name = LineField(_l("Full name"), longest=100)
    mobile = PhoneField(_l("Mobile"), longest=40)
    birth_date = LineField(_l("Date of birth"), longest=20)
    age = LineField(_l("or age in years"), longest=10)
    sex = RadioField(
        _l("Sex"),
        choices=[
            (Sex.FEMALE.value, _l("Female")),
            (Sex.MALE.value, _l("Male")),
            (Sex.OTHER.value, _l("Other")),
            (Sex.UNKNOWN.value, _l("Not said")),
        ],
        default=Sex.UNKNOWN.value,
    )
    email = MailField(_l("E-mail"), longest=254)
    locale = SelectField(_l("Language for messages"), choices=list(LOCALES.items()), default="en")
    line = LineField(_l("House and street"))
    city = LineField(_l("City or village"), longest=80)
    state = LineField(_l("State"), longest=80)
    postal_code = LineField(_l("PIN code"), longest=20)
    country = SelectField(_l("Country"), default="IN")
    file_number = LineField(_l("File number"), longest=40)
    first_visit_on = LineField(_l("First visit"), longest=20)
    emergency_name = LineField(_l("Name"), longest=100)
    emergency_phone = PhoneField(_l("Telephone"), longest=40)
    emergency_relationship = SelectField(
        _l("Relationship to the patient"), choices=RELATIONSHIP, default="", validate_choice=False
    )
    allergies_asked = RadioField(
        _l("Has somebody asked about allergies?"),
        choices=[
            ("no", _l("Not asked yet")),
            ("none", _l("Asked, none known")),
            ("yes", _l("Asked, these are known")),
        ],
        default="no",
    )
    allergies = FieldList(
        FormField(AllergyForm), label=_l("Allergies"), min_entries=_FIRST_ROWS, max_entries=_MOST_ROWS
    )
    medical_history = TextField(_l("Medical history"), longest=20_000)
    remarks = TextField(_l("Remarks"), longest=5_000)
    prakriti = SelectField(_l("Prakriti"), choices=PRAKRITI, default="")
    blood_group = SelectField(
        _l("Blood group"),
        choices=[("", _l("Not recorded")), *((group, group) for group in BLOOD_GROUPS)],
        default="",
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.country.choices = countries()

    def fill(self, patient: Patient, allergies: list[Allergy], *, today: date) -> None:
        """Show what is kept of a patient, with one empty line for another allergy."""
        for field in _SAME_IN_BOTH:
            self[field].data = getattr(patient, field) or ""
        self.version.data = str(patient.version)
        self.sex.data = patient.sex
        self.mobile.data = show_mobile(patient.mobile) if patient.mobile else ""
        self.emergency_phone.data = show_number(patient.emergency_phone) if patient.emergency_phone else ""
        self.birth_date.data = write_birth(patient.birth_date, patient.birth_precision)
        self.age.data = _age_shown(patient, today)
        self.first_visit_on.data = write_birth(patient.first_visit_on, BirthPrecision.DAY)
        self.allergies_asked.data = {"none_known": "none", "recorded": "yes"}.get(
            patient.allergy_status, "no"
        )
        while len(self.allergies.entries):
            self.allergies.pop_entry()
        for row in allergies:
            self.allergies.append_entry(
                {
                    "key": str(row.id),
                    "substance": row.substance,
                    "reaction": row.reaction or "",
                    "severity": row.severity or "",
                }
            )
        self.allergies.append_entry()
        self.seen.data = json.dumps({name: self[name].data or "" for name in MERGED})
        self.offer_kept_choices(patient)

    def untouched(self) -> set[str]:
        """The fields that still say what they said when the form was opened, as the form itself remembers
        it.
        """
        try:
            seen = json.loads((self.seen.data or "{}")[:100_000])
        except (ValueError, RecursionError):
            return set()
        if not isinstance(seen, dict):
            return set()
        return {name for name in MERGED if name in seen and seen[name] == (self[name].data or "")}

    def offer_kept_choices(self, patient: Patient) -> None:
        """Keep words for the relationship that came from elsewhere and are none of the choices."""
        kept = patient.emergency_relationship
        if kept and kept not in dict(RELATIONSHIP):
            self.emergency_relationship.choices = [*RELATIONSHIP, (kept, kept)]

    def read(self, *, today: date, patient: Patient | None = None) -> PatientDetails | None:
        """The checked details, or None with each fault beside its field; ``patient`` is whom the form
        changes.
        """
        fine = self.validate()
        faults: list[DomainError] = []
        typed = self._typed(faults, today=today, patient=patient)
        mobile_needed = patient is None or patient.mobile is not None
        details, more = check(typed, today=today, mobile_needed=mobile_needed)
        already = {name for name, field in self._fields.items() if field.errors}
        for fault in (*faults, *more):
            if fault.field not in already:
                self.refuse(fault)
        return details if fine and not faults and not more else None

    def _typed(self, faults: list[DomainError], *, today: date, patient: Patient | None) -> PatientDetails:
        values: dict[str, Any] = {field: self[field].data or "" for field in _SAME_IN_BOTH}
        details = PatientDetails(
            **values,
            mobile=self.mobile.data or None,
            sex=self.sex.data or Sex.UNKNOWN.value,
            emergency_phone=self.emergency_phone.data or None,
            allergies=tuple(self._allergies()),
            none_known=self.allergies_asked.data == "none",
            first_visit_on=self._first_visit(faults),
        )
        if self.birth_date.data:
            try:
                born, precision = parse_birth(self.birth_date.data)
                return replace(details, birth_date=born, birth_precision=precision)
            except DomainError as fault:
                faults.append(fault)
                return details
        if self.age.data:
            return self._aged(details, faults, today=today, patient=patient)
        return details

    def _first_visit(self, faults: list[DomainError]) -> date | None:
        if not self.first_visit_on.data:
            return None
        try:
            day, precision = parse_birth(self.first_visit_on.data, field="first_visit_on")
        except DomainError as fault:
            faults.append(fault)
            return None
        if precision != BirthPrecision.DAY:
            faults.append(Invalid(_("Write day, month and year."), field="first_visit_on"))
            return None
        return day

    def _aged(
        self, details: PatientDetails, faults: list[DomainError], *, today: date, patient: Patient | None
    ) -> PatientDetails:
        """An age that was not touched leaves the birth date it was reckoned from as it is."""
        if patient is not None and self.age.data == _age_shown(patient, today):
            return replace(details, birth_date=patient.birth_date, birth_precision=BirthPrecision.AGE)
        if not (self.age.data.isascii() and self.age.data.isdigit() and len(self.age.data) <= 4):
            faults.append(Invalid(_("Write the age as a whole number of years."), field="age"))
            return details
        return replace(details, age=int(self.age.data))

    def _allergies(self) -> list[AllergyEntry]:
        return [
            AllergyEntry(
                id=_row_id(row.key.data),
                substance=row.substance.data or "",
                reaction=row.reaction.data or None,
                severity=row.severity.data or None,
            )
            for row in self.allergies
        ]


def _row_id(text: str | None) -> int | None:
    digits = text or ""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 19 else None


def _age_shown(patient: Patient, today: date) -> str:
    if patient.birth_date is None or patient.birth_precision != BirthPrecision.AGE:
        return ""
    return str(years_between(patient.birth_date, today))
