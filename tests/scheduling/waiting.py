"""What tests of the waitlist do again and again."""

from __future__ import annotations

from datetime import date, time

from sqlalchemy import select, text

from clinic.core.access import SYSTEM
from clinic.core.db import db, unit_of_work
from clinic.patients.models import Patient
from clinic.scheduling.models import Appointment, WaitlistEntry, WaitlistOffer
from clinic.scheduling.service import book, cancel, waitlist
from tests.scheduling.conftest import Clinic

TUESDAY = date(2026, 11, 24)
HELD = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED"


def wanted(clinic: Clinic, **changes: object) -> waitlist.Wanted:
    """The vaidya on Tuesday between 10:00 and 10:30, in a text message."""
    values: dict[str, object] = {
        "from_day": TUESDAY,
        "until_day": TUESDAY,
        "earliest": time(10),
        "latest": time(10, 30),
        "practitioner_ids": (clinic.vaidya.id,),
    }
    return waitlist.Wanted(**(values | changes))  # type: ignore[arg-type]


def join(clinic: Clinic, patient: Patient | None = None, **changes: object) -> WaitlistEntry:
    """Somebody joins at the desk."""
    with unit_of_work():
        return waitlist.join(
            clinic.desk,
            wanted(clinic, **changes),
            facility=clinic.facility,
            service_id=clinic.service.id,
            patient_id=(patient or clinic.patient).id,
        )


def taken(
    clinic: Clinic, patient: Patient, hour: int = 10, *, days: int = 1, mode: str = "in_person"
) -> Appointment:
    """The place at that hour with the vaidya is somebody's."""
    wanted = clinic.booking(clinic.at(hour, days=days), patient_id=patient.id, tell=False, mode=mode)
    with unit_of_work():
        return book(SYSTEM, wanted)


def freed(visit: Appointment) -> None:
    """The visit is cancelled by a patient: nobody undoes that."""
    with unit_of_work():
        cancel(SYSTEM, visit, "ill", tell=False)


def look() -> int:
    """One round of the clock's work, and the database's own word that what is offered is held."""
    made = waitlist.look()
    db.session.execute(text(HELD))
    return made


def offers(entry: WaitlistEntry | None = None) -> list[WaitlistOffer]:
    """The offers made so far, in order."""
    query = select(WaitlistOffer).order_by(WaitlistOffer.id)
    if entry is not None:
        query = query.where(WaitlistOffer.entry_id == entry.id)
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def status(entry: WaitlistEntry) -> str:
    """How the wait stands in the database."""
    db.session.refresh(entry)
    return entry.status
