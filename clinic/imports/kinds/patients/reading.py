"""What one line of a register says about a patient."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any

from clinic.core.errors import Invalid
from clinic.core.i18n import LOCALES
from clinic.core.i18n import gettext as _
from clinic.core.text import fold
from clinic.imports import values
from clinic.imports.kinds.base import Context, Reader, Reading
from clinic.imports.kinds.patients.fields import FIELDS
from clinic.imports.kinds.patients.names import read_name, refuse_formulas
from clinic.patients.allergy_text import read_allergies
from clinic.patients.details import COLUMNS, PatientDetails, check
from clinic.patients.models import AllergyStatus, Sex

MRN = re.compile(r"SU-[1-9][0-9]{0,11}")
FARTHEST_APART_DAYS = 731
"""An age in whole years and a date of birth may lie two years apart and still be of one person."""
_FIELD_OF_COLUMN = {"birth_date": "birth", "age": "birth", "first_visit_on": "first_visit"}
"""Where a fault of the domain belongs on the line."""


def read_patient(cells: Mapping[str, str], context: Context) -> Reading:
    """Read a line: what is wrong stands beside its field, and what was read in a way worth knowing too."""
    reader = Reader(cells, context)
    refuse_formulas(reader)
    country = _country(reader)
    name, relation = read_name(reader)
    details = PatientDetails(
        name=name,
        sex=reader.take("sex", values.read_sex) or _sex_beside_age(reader) or Sex.UNKNOWN,
        email=reader.take("email", values.read_email),
        locale=_locale(reader),
        postal_code=reader.take("postal_code", lambda cell: values.read_postal_code(cell, country=country)),
        country=country,
        prakriti=reader.take("prakriti", values.read_prakriti),
        blood_group=reader.take("blood_group", values.read_blood_group),
        medical_history=reader.text("medical_history") or None,
        remarks="\n".join(filter(None, [reader.text("remarks"), relation])) or None,
        line=_plain(reader, "line"),
        city=_plain(reader, "city"),
        state=_plain(reader, "state"),
        emergency_name=_plain(reader, "emergency_name"),
        emergency_relationship=_plain(reader, "emergency_relationship"),
        file_number=_plain(reader, "file_number"),
    )
    details = _with_dates(reader, details)
    details, phone = _with_phones(reader, details)
    details, status = _with_allergies(reader, details)
    details = _with_left_out(reader, _checked(reader, details))
    said = {name: _as_json(getattr(details, name)) for name in COLUMNS}
    said["birth_precision"] = str(details.birth_precision) if details.birth_date else None
    said |= _death(reader)
    said["phone_as_given"] = phone
    said["mrn"] = reader.take("mrn", _read_mrn)
    said["allergy_status"] = str(status)
    said["allergies"] = [
        {
            "substance": entry.substance,
            "reaction": entry.reaction,
            "severity": entry.severity,
            "status": entry.status,
        }
        for entry in details.allergies
    ]
    reading = reader.reading
    reading.values = said
    reading.name = fold(details.name) or None
    reading.contact = details.mobile
    return reading


def _plain(reader: Reader, name: str) -> str | None:
    text = reader.text(name)
    return None if values.is_blank(text) else text


def _country(reader: Reader) -> str:
    text = reader.text("country")
    if values.is_blank(text) or fold(text) in ("india", "indian", "bharat", "भारत", "भारतीय", "ind", "in"):
        return "IN"
    return text.upper()


def _locale(reader: Reader) -> str:
    text = fold(reader.text("locale"))
    if text in LOCALES:
        return text
    return "hi" if text in ("hindi", "हिन्दी", "हिंदी") else "en"


def _sex_beside_age(reader: Reader) -> str | None:
    """The sex in a cell for age and sex, else the letter behind an age: ``45/F``."""
    _age, sex = values.split_sex(reader.text("age_sex"), both=True)
    return sex or values.split_sex(reader.text("age"))[1]


def _with_dates(reader: Reader, details: PatientDetails) -> PatientDetails:
    """First visit and birth; an age counts back from the first visit, else from the day of the import."""
    order, today = reader.context.order, reader.context.today
    first = reader.take(
        "first_visit",
        lambda cell: values.read_day(cell, order=order, today=today, field="first_visit", latest=today),
    )
    visited = first.value if first else None
    counted_from = visited or reader.context.counted_from

    def read(cell: str) -> values.Birth | None:
        return values.read_birth(cell, order=order, counted_from=counted_from, today=today)

    def read_with_sex(cell: str) -> values.Birth | None:
        return read(values.split_sex(cell, both=True)[0])

    birth = reader.take("birth", read)
    if birth is None:
        birth = reader.take("age", read) or reader.take("age_sex", read_with_sex)
    else:
        _compare_ages(reader, birth, counted_from, read_with_sex)
    if birth is None:
        return replace(details, first_visit_on=visited)
    if visited and birth.value > visited:
        reader.refuse("birth", _("Born after the first visit."))
    return replace(
        details, first_visit_on=visited, birth_date=birth.value, birth_precision=str(birth.precision)
    )


def _compare_ages(
    reader: Reader, birth: values.Birth, counted_from: date, read: Callable[[str], values.Birth | None]
) -> None:
    """Say so where an age beside the date of birth is another one."""
    for name in ("age", "age_sex"):
        with suppress(Invalid):
            age = read(reader.text(name))
            if age is not None and abs((age.value - birth.value).days) > FARTHEST_APART_DAYS:
                years = (counted_from - age.value).days * 100 // 36_524
                reader.note(name, _("The age says %(years)d; the date of birth counts.", years=years))


def _with_phones(reader: Reader, details: PatientDetails) -> tuple[PatientDetails, str | None]:
    """The mobile, the emergency contact, and a number that cannot be messaged as it was given."""
    phones = reader.take("mobile", values.read_phones)
    mobile, phone = (phones.mobile, phones.other) if phones else (None, None)
    if mobile is None and not any(fault["field"] == "mobile" for fault in reader.reading.faults):
        reader.note("mobile", _("No mobile: no messages, and no sign-in."))
    others = [phone, _plain(reader, "phone")]
    details = replace(details, mobile=mobile)
    contact = reader.take("emergency", values.read_contact)
    number = reader.take("emergency_phone", lambda cell: values.read_phones(cell, field="emergency_phone"))
    details = replace(
        details,
        emergency_phone=(number.mobile or number.other if number else None)
        or (contact.phone if contact else None),
        emergency_name=details.emergency_name or (contact.name if contact else None),
        emergency_relationship=details.emergency_relationship or (contact.relationship if contact else None),
    )
    return details, ", ".join(entry for entry in others if entry)[:100] or None


def _with_allergies(reader: Reader, details: PatientDetails) -> tuple[PatientDetails, AllergyStatus]:
    answer = reader.take("allergies", read_allergies)
    if answer is None:
        return details, AllergyStatus.NOT_ASKED
    if answer.status is AllergyStatus.NONE_STATED:
        reader.note("allergies", _("“Nil” is kept as it is: nobody here has asked yet."))
    return replace(details, allergies=answer.entries), answer.status


def _checked(reader: Reader, details: PatientDetails) -> PatientDetails:
    """What the domain keeps of it; values that are left out when wrong are left out."""
    for _round in range(3):
        checked, faults = check(details, today=reader.context.today, mobile_needed=False)
        fields = {_FIELD_OF_COLUMN.get(fault.field or "", fault.field or "") for fault in faults}
        if not faults or not fields <= reader.context.lenient:
            break
        nothing: dict[str, Any] = {fault.field or "": None for fault in faults}
        details = replace(details, **nothing)
    known = {fault["field"] for fault in reader.reading.faults}
    for fault in faults:
        name = _FIELD_OF_COLUMN.get(fault.field or "", fault.field or "")
        if name not in known:
            reader.refuse(name, fault.message)
    return checked


def _with_left_out(reader: Reader, details: PatientDetails) -> PatientDetails:
    """What was wrong and left out is not lost: it is kept, as it stood, under the remarks."""
    if not reader.left_out:
        return replace(details, remarks=details.remarks or None)
    labels = {entry.name: str(entry.label) for entry in FIELDS}
    kept = [f"{labels[name]}: {text}" for name, text in reader.left_out.items()]
    return replace(details, remarks="\n".join([*filter(None, [details.remarks]), *kept]) or None)


def _death(reader: Reader) -> dict[str, Any]:
    today = reader.context.today

    def read(cell: str) -> bool | date | None:
        try:
            return values.read_yes_no(cell)
        except Invalid:
            day = values.read_day(cell, order=reader.context.order, today=today, field="died", latest=today)
            return day.value if day else None

    died = reader.take("died", read)
    on = died.isoformat() if isinstance(died, date) else None
    return {"deceased": bool(died), "deceased_on": on}


def _read_mrn(cell: str) -> str | None:
    number = cell.upper().replace(" ", "")
    if not MRN.fullmatch(number):
        raise Invalid(_("A number of this clinic looks like SU-10023."), field="mrn")
    return number


def _as_json(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return value if value is None or isinstance(value, bool) else str(value)
