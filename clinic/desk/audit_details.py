"""The details of an audit row in words: what each is called, and the fields and states it names.

A name nobody gave a word stands as it is kept, so that nothing of a row is ever missing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from clinic.accounts.display import ROLE_LABELS
from clinic.audit.models import AuditEvent
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.i18n import show_date
from clinic.patients.emergency_forms import URGENCIES

DETAILS: dict[str, Any] = {
    "acceptance": _l("Acceptance"),
    "active": _l("In use"),
    "added": _l("Added"),
    "addendum": _l("Addendum"),
    "after": _l("Afterwards"),
    "answers": _l("Answers"),
    "answers_of": _l("Answers about"),
    "appointments": _l("Visits"),
    "as": _l("As"),
    "assessments": _l("Assessments"),
    "based_on": _l("Written on version"),
    "before": _l("Before"),
    "by": _l("By"),
    "changed": _l("Changed"),
    "count": _l("How many"),
    "day": _l("Day"),
    "decision": _l("Decision"),
    "diagnosis": _l("Diagnosis"),
    "facilities": _l("Clinics"),
    "fields": _l("Fields"),
    "filter": _l("Asked for"),
    "first": _l("First day"),
    "form": _l("Form"),
    "format": _l("Kind of file"),
    "from": _l("From"),
    "identifier": _l("Mark of the address that was typed"),
    "ids": _l("Shown"),
    "import": _l("Import"),
    "kind": _l("Kind"),
    "last": _l("Last day"),
    "level": _l("How strict"),
    "line": _l("Line"),
    "lines": _l("Lines"),
    "locale": _l("Language"),
    "method": _l("How it was signed"),
    "minutes": _l("Minutes"),
    "name": _l("Name"),
    "new": _l("New"),
    "note": _l("Note"),
    "notes": _l("Notes"),
    "old": _l("In place of"),
    "open": _l("Only open ones"),
    "other": _l("The other version kept"),
    "overbook": _l("More than one at a time"),
    "page": _l("Page"),
    "papers": _l("Papers"),
    "parts": _l("Parts"),
    "patients": _l("Patients"),
    "people": _l("How many people"),
    "places": _l("Places"),
    "practitioner_id": _l("Practitioner"),
    "practitioners": _l("Practitioners"),
    "prescriptions": _l("Prescriptions"),
    "present": _l("There already"),
    "purpose": _l("Purpose"),
    "quiet": _l("Quiet hours changed"),
    "refused": _l("Refused"),
    "removed": _l("Removed"),
    "retired": _l("Retired"),
    "retraction": _l("Mark"),
    "role": _l("As"),
    "roles": _l("Roles"),
    "rows": _l("Rows"),
    "scan": _l("Virus scanner"),
    "services": _l("Services"),
    "shared": _l("Shown to the patient"),
    "sheet": _l("Sheet"),
    "show": _l("Asked for"),
    "snippet": _l("Snippet"),
    "source": _l("Where from"),
    "standard": _l("The usual text"),
    "status": _l("State"),
    "system": _l("List of codes"),
    "tab": _l("Tab"),
    "template": _l("Template"),
    "to": _l("To"),
    "until": _l("Until"),
    "urgency": _l("Why it could not wait"),
    "user_id": _l("Person"),
    "version": _l("Version"),
    "view": _l("View"),
    "visits": _l("Visits"),
    "visits_cancelled": _l("Visits cancelled"),
    "which": _l("Which"),
    "with_mobile": _l("With mobile numbers"),
    "why": _l("Reason"),
}
"""What a detail is called."""
FIELDS: dict[str, Any] = {
    "active": _l("In use"),
    "age": _l("Age"),
    "allergies": _l("Allergies"),
    "birth_date": _l("Date of birth"),
    "birth_precision": _l("How exact the date of birth is"),
    "blood_group": _l("Blood group"),
    "booking_days": _l("Patients book ahead"),
    "care_months": _l("Care ends after the last visit"),
    "city": _l("City"),
    "closes": _l("Closes"),
    "country": _l("Country"),
    "deceased": _l("Has died"),
    "default_minutes": _l("Usual length of a visit"),
    "description": _l("Description"),
    "doctor": _l("Doctor"),
    "document_date": _l("Date on the paper"),
    "email": _l("E-mail"),
    "emergency_name": _l("Emergency contact: name"),
    "emergency_phone": _l("Emergency contact: telephone"),
    "emergency_relationship": _l("Emergency contact: relationship"),
    "owner_id": _l("For whom"),
    "facility_id": _l("Clinic"),
    "experience_years": _l("Years of experience"),
    "file_number": _l("File number"),
    "first_visit_on": _l("First visit"),
    "hears_booked": _l("Notice of bookings"),
    "hears_cancelled": _l("Notice of cancelled visits"),
    "hears_moved": _l("Notice of moved visits"),
    "hears_soon_only": _l("Only notices of the next days"),
    "hears_waiting": _l("Notice of bookings that wait"),
    "kind": _l("Kind"),
    "licence_number": _l("Licence number"),
    "line": _l("House and street"),
    "locale": _l("Language for messages"),
    "medical_history": _l("Medical history"),
    "meeting_pattern": _l("Where online visits meet"),
    "mobile": _l("Mobile"),
    "name": _l("Name"),
    "opens": _l("Opens"),
    "phone": _l("Telephone"),
    "postal_code": _l("PIN code"),
    "practitioner_id": _l("Practitioner"),
    "prakriti": _l("Prakriti"),
    "qualification": _l("Qualification"),
    "registration_number": _l("Registration number"),
    "remarks": _l("Remarks"),
    "second_step_required": _l("Everybody who works here signs in with a second step"),
    "sex": _l("Sex"),
    "shared": _l("Shown to the patient"),
    "shared_at": _l("When it was shown to the patient"),
    "short_name": _l("Short name"),
    "specialization": _l("Speciality"),
    "state": _l("State"),
    "text": _l("Text"),
    "title": _l("Title"),
    "whole_facility_in_care": _l("Practitioners see every patient of the clinic"),
    "word": _l("Word"),
    "zone": _l("Time zone"),
}
"""What a field is called that ``fields`` names."""
STATES: dict[str, Any] = {
    **{str(role): word for role, word in ROLE_LABELS.items()},
    "accepted": _l("Accepted"),
    "add": _l("Add another"),
    "arrived": _l("Arrived"),
    "block": _l("Refuses"),
    "booking": _l("Came with a booking"),
    "cancelled": _l("Cancelled"),
    "choices": _l("Choices"),
    "clean": _l("Nothing found"),
    "code": _l("One-time code"),
    "completed": _l("Done"),
    "confirmed": _l("Confirmed"),
    "day": _l("Day"),
    "discharge_summary": _l("Discharge summary"),
    "doctors_note": _l("Doctor's note"),
    "done": _l("Done"),
    "drawn": _l("Drawn by hand"),
    "edit": _l("Changing"),
    "email": _l("E-mail"),
    "en": _l("English"),
    "expired": _l("Days are over"),
    "failed": _l("Did not arrive"),
    "fill": _l("Fill what is missing"),
    "health history": _l("Health history"),
    "hi": _l("Hindi"),
    "in_progress": _l("With practitioner"),
    "lab_report": _l("Lab report"),
    "leave": _l("Leave out"),
    "length": _l("Length"),
    "limit": _l("Too many tries"),
    "list": _l("List"),
    "looked at": _l("Who looked at the record"),
    "mobile": _l("Mobile"),
    "month": _l("Month"),
    "move": _l("Moving"),
    "news": _l("News"),
    "no_show": _l("Did not come"),
    "none": _l("none"),
    "number": _l("Number"),
    "offered": _l("Offered"),
    "other": _l("Other"),
    "passkey": _l("Passkey"),
    "password": _l("Password"),
    "pending": _l("Unconfirmed"),
    "portal": _l("Portal"),
    "portal details": _l("Details in the portal"),
    "portal profile": _l("Health profile in the portal"),
    "prescription": _l("Prescription"),
    "recent": _l("Looked at lately"),
    "record": _l("The record as a file"),
    "refused": _l("Refused"),
    "rejected": _l("Declined"),
    "replace": _l("Let the file win"),
    "role": _l("Not for this role"),
    "served": _l("Booked otherwise"),
    "service": _l("Service"),
    "sign-ins": _l("Sign-ins"),
    "sign_in": _l("Sign-in"),
    "sms": _l("Text message"),
    "staff": _l("Staff"),
    "summary": _l("Summary"),
    "too many rows for Excel": _l("Too many rows for Excel"),
    "typed": _l("Typed"),
    "vaccination": _l("Vaccination"),
    "waiting": _l("Waiting"),
    "warn": _l("Warns"),
    "week": _l("Week"),
    "withdrawn": _l("Withdrawn"),
    "words": _l("Words"),
}
"""What a state or a choice is called."""
ASKED: Mapping[str, Any] = {
    "by": _l("Who"),
    "facility": _l("Clinic"),
    "from": _l("From"),
    "outcome": _l("How it ended"),
    "patient": _l("Patient"),
    "to": _l("To"),
    "what": _l("What"),
}
"""What the parts of a question to the audit are called."""
_WORDS_OF: Mapping[str, Mapping[Any, Any]] = {"changed": FIELDS, "fields": FIELDS, "urgency": URGENCIES}
"""Where the words of a detail stand; those of all others in ``STATES``."""


def detail_word(name: str) -> str:
    """What a detail is called; its name as it is kept where it has no word."""
    return str(DETAILS[name]) if name in DETAILS else name


def details_of(event: AuditEvent) -> list[tuple[str, str]]:
    """A row's details by their words, each as a line of text."""
    return sorted((detail_word(name), _said(name, value)) for name, value in event.detail.items())


def _said(name: str, value: Any) -> str:
    match value:
        case None:
            return _("none")
        case bool():
            return _("Yes") if value else _("No")
        case str():
            return _word(name, value)
        case list():
            return ", ".join(_said(name, one) for one in value) or _("none")
        case dict():
            return "; ".join(
                f"{ASKED.get(part) or detail_word(part)}: {_said(part, one)}" for part, one in value.items()
            )
    return json.dumps(value, ensure_ascii=False)


def _word(name: str, text: str) -> str:
    said = _WORDS_OF.get(name, STATES).get(text)
    return str(said) if said else _day(text) or text


def _day(text: str) -> str:
    try:
        return show_date(date.fromisoformat(text)) if len(text) == 10 else ""
    except ValueError:
        return ""
