"""Two people changed the same patient: the fields that clash, in words, and the choice between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from clinic.core.i18n import LOCALES
from clinic.core.i18n import gettext as _
from clinic.core.phones import show as show_number
from clinic.core.phones import show_mobile
from clinic.patients.births import write_birth
from clinic.patients.display import prakriti_word, sex_word
from clinic.patients.forms import MERGED, PatientForm
from clinic.patients.models import BirthPrecision, Patient
from clinic.patients.service import Difference

CHOICE = "keep-"
"""What the radio buttons of the choice are called, before the field's name."""


@dataclass(frozen=True, kw_only=True)
class ConflictLine:
    """One field that clashes. The names are those that the component for two versions reads."""

    name: str
    yours: str
    theirs: str
    chosen: str = "theirs"


def conflict_lines(differences: tuple[Difference, ...]) -> tuple[ConflictLine, ...]:
    """The clashing fields as they are shown; how exact a birth date is goes with the date."""
    return tuple(
        ConflictLine(
            name=CHOICE + difference.field,
            yours=_said(difference.field, difference.typed),
            theirs=_said(difference.field, difference.kept),
        )
        for difference in differences
        if difference.field != "birth_precision"
    )


def _said(field: str, value: Any) -> str:
    return f"{field_label(field)}: {worded(field, value) or _('nothing written')}"


def field_label(field: str) -> str:
    """What a column of a patient is called on the form."""
    labels = {
        "name": _("Full name"),
        "mobile": _("Mobile"),
        "birth_date": _("Date of birth"),
        "birth_precision": _("Date of birth"),
        "age": _("Age"),
        "sex": _("Sex"),
        "email": _("E-mail"),
        "locale": _("Language for messages"),
        "line": _("House and street"),
        "city": _("City or village"),
        "state": _("State"),
        "postal_code": _("PIN code"),
        "country": _("Country"),
        "emergency_name": _("Emergency contact: name"),
        "emergency_phone": _("Emergency contact: telephone"),
        "emergency_relationship": _("Emergency contact: relationship"),
        "file_number": _("File number"),
        "first_visit_on": _("First visit"),
        "medical_history": _("Medical history"),
        "remarks": _("Remarks"),
        "prakriti": _("Prakriti"),
        "blood_group": _("Blood group"),
        "allergies": _("Allergies"),
    }
    return labels.get(field, field)


def settle(form: PatientForm, patient: Patient, chosen: Mapping[str, str], *, today: date) -> None:
    """Put what is kept into the fields that nobody touched on this form, and into those where it was
    chosen.
    """
    kept = PatientForm(formdata=None)
    kept.fill(patient, [], today=today)
    untouched = form.untouched()
    taken = {name for name in MERGED if name in untouched or chosen.get(CHOICE + name) == "theirs"}
    birth = {"birth_date", "age"}
    if CHOICE + "birth_date" in chosen:
        taken = taken | birth if chosen[CHOICE + "birth_date"] == "theirs" else taken - birth
    elif not birth <= taken:
        taken -= birth
    for name in taken:
        form[name].data = kept[name].data


def worded(field: str, value: Any) -> str:
    """A column of a patient as people read it; empty for nothing."""
    if value is None or value == "":
        return ""
    if isinstance(value, date):
        return write_birth(value, BirthPrecision.DAY)
    words: dict[str, Callable[[str], str]] = {
        "mobile": show_mobile,
        "emergency_phone": show_number,
        "sex": sex_word,
        "prakriti": prakriti_word,
        "locale": lambda tag: LOCALES.get(tag, tag),
    }
    return words.get(field, str)(value)
