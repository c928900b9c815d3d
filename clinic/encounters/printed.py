"""What stands on a copy of a note beside its text, as it stood when the note was signed.

Patients marry, practitioners register anew, clinics move, allergies are found: a copy says what was so that
day. Notes signed before this was kept have none of it, and their copies go by the rows of today.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from clinic.core import clock
from clinic.core.i18n import locale_tag
from clinic.encounters.models import Note
from clinic.encounters.queries import active_allergies
from clinic.patients.display import facts_text, prakriti_word
from clinic.patients.on_paper import born_of, clinic_on_paper, patient_on_paper, practitioner_on_paper


@dataclass(frozen=True, kw_only=True)
class OnPaper:
    """The people and places on a copy, in the reader's language. ``clinic`` and ``practitioner`` are as in
    ``clinic.patients.on_paper``, ``facts`` are sex and age, constitution, and record number.

    ``as_signed`` says that it is of the day of the signature; without it, as on drafts, it is of today.
    """

    practitioner: dict[str, str]
    clinic: dict[str, str]
    patient_name: str
    mrn: str
    facts: tuple[str, ...]
    service: str
    starts: datetime
    zone: str
    allergies: list[str]
    allergy_status: str
    as_signed: bool


def snapshot(note: Note) -> dict[str, Any]:
    """Practitioner, clinic, patient, visit and allergies of this moment, as JSON; a statement."""
    return {
        **_heading(note),
        "allergies": [allergy.substance for allergy in active_allergies(note.patient_id)],
        "allergy_status": note.patient.allergy_status,
    }


def heading_of(note: Note) -> dict[str, Any]:
    """What ``snapshot`` gives, but for the allergies where nothing was kept; without a statement."""
    return note.printed if note.printed is not None else _heading(note)


def _heading(note: Note) -> dict[str, Any]:
    visit, whose = note.appointment, note.patient
    return {
        "practitioner": practitioner_on_paper(note.practitioner),
        "clinic": clinic_on_paper(visit.facility),
        "patient": {**patient_on_paper(whose), "prakriti": whose.prakriti},
        "visit": {
            "service": visit.service.name,
            "service_hi": visit.service.name_hi or "",
            "starts": visit.starts.isoformat(),
            "zone": visit.facility.zone,
        },
    }


def on_paper(note: Note) -> OnPaper:
    """What a copy of the note shows: as it was signed, else as it is now."""
    printed = note.printed if note.printed is not None else snapshot(note)
    patient, visit = printed["patient"], printed["visit"]
    facts = (facts_text(born_of(printed), _day(note, visit["zone"])), prakriti_word(patient["prakriti"]))
    return OnPaper(
        practitioner=printed["practitioner"],
        clinic=printed["clinic"],
        patient_name=patient["name"],
        mrn=patient["mrn"],
        facts=tuple(word for word in (*facts, patient["mrn"]) if word),
        service=(visit["service_hi"] if locale_tag() == "hi" else "") or visit["service"],
        starts=datetime.fromisoformat(visit["starts"]),
        zone=visit["zone"],
        allergies=printed["allergies"],
        allergy_status=printed["allergy_status"],
        as_signed=note.printed is not None,
    )


def signer_of(note: Note) -> dict[str, str]:
    """The practitioner as they signed, or as they are now where that was not kept."""
    if note.printed is None:
        return practitioner_on_paper(note.practitioner)
    signer: dict[str, str] = note.printed["practitioner"]
    return signer


def _day(note: Note, zone: str) -> date:
    """The day an age is told for."""
    moment = note.signed_at if note.printed is not None and note.signed_at else clock.now()
    return moment.astimezone(clock.zone(zone)).date()
