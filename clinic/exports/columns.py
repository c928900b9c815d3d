"""The columns of the lists: what stands above them, and what of a row stands in them.

The headings are English in every language, so that a file can be brought in again. Dates are ISO text,
minutes and amounts are numbers, everything else is text; what is not known is empty.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Row

from clinic.core.phones import show_mobile
from clinic.exports.policy import Listing
from clinic.patients.allergy_text import write_allergies
from clinic.patients.models import BirthPrecision, Sex

Cell = str | int | Decimal


class PatientLine(NamedTuple):
    """A patient's columns, and the allergies that were not entered in error, in the order of their ids."""

    patient: Row[Any]
    allergies: Sequence[Any]


class VisitLine(NamedTuple):
    """A visit with its people, and when it begins on the clocks of its facility."""

    visit: Row[Any]
    starts: datetime


@dataclass(frozen=True)
class Column:
    """One column: its heading, the cell of a line, and how wide Excel draws it (characters)."""

    heading: str
    cell: Callable[[Any], Cell | None]
    width: int = 16


def birth_cell(born: date | None, precision: str | None) -> str:
    """A birth date as exactly as it is known: ``1980-11-14``, ``1980-11``, ``1980``; ``~1980-11-14`` where it
    was reckoned from an age.
    """
    if born is None:
        return ""
    day = born.isoformat()
    match precision:
        case BirthPrecision.YEAR:
            return day[:4]
        case BirthPrecision.MONTH:
            return day[:7]
        case BirthPrecision.AGE:
            return f"~{day}"
        case _:
            return day


def _yes(value: object) -> str:
    return "yes" if value else "no"


def _day(value: date | None) -> str:
    return value.isoformat() if value else ""


def _died(patient: Any) -> str:
    if not patient.deceased:
        return ""
    return _day(patient.deceased_on) or "yes"


def _telephone(number: str | None) -> str:
    """An Indian mobile as people write it, which no spreadsheet takes for a sum; any other in E.164."""
    indian = number is not None and number.startswith("+91") and len(number) == 13 and number[3] in "6789"
    return show_mobile(number) if indian else number or ""


def _sex(value: str | None) -> str:
    return "" if value in (None, Sex.UNKNOWN) else str(value)


def _of(name: str) -> Callable[[Any], Cell | None]:
    return lambda line: getattr(line, name)


def _patients(name: str) -> Callable[[PatientLine], Cell | None]:
    return lambda line: getattr(line.patient, name)


def _visits(name: str) -> Callable[[VisitLine], Cell | None]:
    return lambda line: getattr(line.visit, name)


PATIENTS = (
    Column("Number", _patients("mrn"), 12),
    Column("Name", _patients("name"), 28),
    Column("Sex", lambda line: _sex(line.patient.sex), 9),
    Column("Date of birth", lambda line: birth_cell(line.patient.birth_date, line.patient.birth_precision)),
    Column("Mobile", lambda line: _telephone(line.patient.mobile), 18),
    Column("Telephone", _patients("phone_as_given"), 18),
    Column("E-mail", _patients("email"), 28),
    Column("Language", _patients("locale"), 10),
    Column("Address", _patients("line"), 32),
    Column("City", _patients("city")),
    Column("State", _patients("state")),
    Column("PIN code", _patients("postal_code"), 10),
    Column("Country", _patients("country"), 9),
    Column("Emergency name", _patients("emergency_name"), 22),
    Column("Emergency telephone", lambda line: _telephone(line.patient.emergency_phone), 20),
    Column("Emergency relationship", _patients("emergency_relationship"), 22),
    Column("File number", _patients("file_number"), 14),
    Column("First visit", lambda line: _day(line.patient.first_visit_on), 12),
    Column("Medical history", _patients("medical_history"), 40),
    Column("Remarks", _patients("remarks"), 40),
    Column("Prakriti", _patients("prakriti"), 14),
    Column("Blood group", _patients("blood_group"), 12),
    Column("Allergies", lambda line: write_allergies(line.patient.allergy_status, line.allergies), 40),
    Column("Died", lambda line: _died(line.patient), 12),
)
PRACTITIONERS = (
    Column("Name", _of("name"), 28),
    Column("Sex", lambda row: _sex(row.sex), 9),
    Column("Speciality", _of("specialization"), 24),
    Column("Qualification", _of("qualification"), 24),
    Column("Years of experience", _of("experience_years"), 20),
    Column("Licence number", _of("licence_number"), 18),
    Column("Registration number", _of("registration_number"), 20),
    Column("Usual visit (minutes)", _of("default_minutes"), 22),
    Column("Telephone", _of("phone"), 18),
    Column("E-mail", _of("email"), 28),
    Column("Address", _of("line"), 32),
    Column("City", _of("city")),
    Column("State", _of("state")),
    Column("PIN code", _of("postal_code"), 10),
    Column("Country", _of("country"), 9),
    Column("Verified", lambda row: _yes(row.verified_at), 9),
    Column("In use", lambda row: _yes(row.active), 9),
)
SERVICES = (
    Column("Code", _of("code"), 18),
    Column("Name", _of("name"), 28),
    Column("Name in Hindi", _of("name_hi"), 28),
    Column("Minutes", _of("minutes"), 10),
    Column("Fee", _of("fee"), 12),
    Column("Colour", _of("hue"), 9),
    Column("Room kind", _of("room_kind")),
    Column("Note template", _of("note_template")),
    Column("Booked online", lambda row: _yes(row.online_booking), 14),
    Column("Staff confirm", lambda row: _yes(row.needs_confirmation), 14),
    Column("Before you come", _of("before_you_come"), 40),
    Column("Before you come in Hindi", _of("before_you_come_hi"), 40),
    Column("Minutes before", _of("buffer_before"), 14),
    Column("Minutes after", _of("buffer_after"), 14),
    Column("In person", lambda row: _yes(row.in_person), 10),
    Column("By video", lambda row: _yes(row.online), 10),
    Column("Therapists", _of("therapists"), 11),
    Column("Same sex only", lambda row: _yes(row.same_sex), 14),
    Column("Equipment", lambda row: ", ".join(row.equipment), 24),
    Column("Group places", _of("capacity"), 13),
    Column("Notice to book", _of("notice_minutes"), 14),
    Column("Days ahead", _of("horizon_days"), 11),
    Column("Notice to change", _of("change_minutes"), 16),
    Column("In use", lambda row: _yes(row.active), 9),
)
APPOINTMENTS = (
    Column("Reference", _visits("reference"), 13),
    Column("Date", lambda line: line.starts.date().isoformat(), 12),
    Column("Time", lambda line: line.starts.strftime("%H:%M"), 8),
    Column("Minutes", lambda line: int((line.visit.ends - line.visit.starts).total_seconds()) // 60, 10),
    Column("Patient number", _visits("mrn"), 15),
    Column("Patient", _visits("patient"), 28),
    Column("Mobile", lambda line: _telephone(line.visit.mobile), 18),
    Column("Practitioner", _visits("practitioner"), 28),
    Column("Service", _visits("service"), 24),
    Column("Room", _visits("room"), 16),
    Column("Status", _visits("status"), 13),
    Column("Mode", _visits("mode"), 11),
    Column("Reason", _visits("purpose"), 40),
)
COLUMNS: dict[Listing, tuple[Column, ...]] = {
    Listing.PATIENTS: PATIENTS,
    Listing.PRACTITIONERS: PRACTITIONERS,
    Listing.SERVICES: SERVICES,
    Listing.APPOINTMENTS: APPOINTMENTS,
}
