"""A clinic to try the product on: people, rooms, hours and weeks of visits, made by the product's services.

Nobody in it exists. The password is known to everybody, so it never loads in production.
"""

from __future__ import annotations

from sqlalchemy import select

from clinic.core.db import db, unit_of_work
from clinic.demo.assessments import add_assessments
from clinic.demo.health import add_health, add_measurements
from clinic.demo.notes import add_notes
from clinic.demo.papers import add_papers_of_demo
from clinic.demo.people import (
    PASSWORD,
    STAFF,
    add_patients,
    add_practitioners,
    add_staff,
    add_therapists,
)
from clinic.demo.place import (
    add_closures_ahead,
    add_facility,
    add_opening_hours,
    add_rooms,
    add_services,
    name_performers,
)
from clinic.demo.prescriptions import add_prescriptions
from clinic.demo.visits import add_visits
from clinic.encounters.service import ensure_templates
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.patients.service.consent_kinds import ensure_usual


def load(*, if_empty: bool = False) -> bool:
    """Load the demo clinic in one transaction; False if ``if_empty`` is set and there is a facility."""
    if if_empty and db.session.scalar(select(Facility.id).limit(1)) is not None:
        return False
    with unit_of_work() as session:
        ensure_templates()
        ensure_usual(published=True)
        facility = add_facility()
        add_rooms(facility)
        services = add_services(facility)
        desk = add_staff(facility)
        practitioners = add_practitioners(facility)
        therapists = add_therapists(facility)
        name_performers(services, practitioners, therapists)
        add_opening_hours(facility)
        add_closures_ahead(facility)
        patients = add_patients(desk)
        session.flush()
        add_notes(desk, facility, practitioners[0], services, patients[0])
        add_visits(desk, facility, practitioners, therapists, services=services, patients=patients)
        add_health(facility, practitioners[0], patients)
        add_measurements(facility, practitioners[0], patients[0])
        add_assessments(facility, practitioners[0], assessed=patients[0], answering=patients[1])
        add_papers_of_demo(facility, practitioners[0], patients[0])
        add_prescriptions(facility, practitioners[0], patients)
    return True


def log_ins() -> dict[str, str]:
    """How to sign in: e-mail addresses of the staff, their password, and a patient's mobile."""
    mobile = db.session.scalar(
        select(Patient.mobile).where(Patient.mobile.is_not(None)).order_by(Patient.id).limit(1)
    )
    emails = {role: email for role, (email, _name, _roles) in STAFF.items()}
    return {**emails, "password": PASSWORD, "patient_mobile": (mobile or "").removeprefix("+91")}


__all__ = ["load", "log_ins"]
