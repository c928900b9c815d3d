"""What patients do for themselves."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from clinic.core.access import Actor
from clinic.core.errors import Conflict, Invalid
from clinic.core.i18n import gettext as _
from clinic.patients import service as patients
from clinic.patients.details import COLUMNS, PatientDetails
from clinic.patients.models import Patient
from clinic.patients.queries import patients_of_login
from clinic.portal.queries import COMING, can_still_change, said_coming
from clinic.scheduling import service as scheduling
from clinic.scheduling.models import Appointment
from clinic.scheduling.service import events

LARGEST_HOUSEHOLD = 12


@dataclass(frozen=True, kw_only=True)
class Contact:
    """What a patient may change about themselves: the mobile is the sign-in, and stays with the clinic."""

    name: str
    email: str | None
    line: str | None
    city: str | None
    state: str | None
    postal_code: str | None
    emergency_name: str | None
    emergency_phone: str | None
    emergency_relationship: str | None


def add_member(actor: Actor, details: PatientDetails, *, submission_key: str | None) -> Patient:
    """Register somebody at the reader's own mobile. Raises Invalid for wrong details or a full household."""
    if len(patients_of_login(actor.user_id or 0)) >= LARGEST_HOUSEHOLD:
        raise Invalid(
            _(
                "There are %(count)d people on this number. Ask the clinic to add more.",
                count=LARGEST_HOUSEHOLD,
            )
        )
    return patients.register(actor, details, submission_key=submission_key)


def update_contact(
    actor: Actor, patient: Patient, contact: Contact, *, expected_version: int | None
) -> Patient:
    """Bring name and contact to what was typed; everything else stays.

    Raises Invalid, NotFound, or ChangedMeanwhile when the clinic has changed the same since the form opened.
    """
    kept = {name: getattr(patient, name) for name in COLUMNS if getattr(patient, name) is not None}
    details = PatientDetails(**{**kept, **asdict(contact)})
    return patients.update(actor, patient.id, details, expected_version=expected_version)


def say_coming(actor: Actor, appointment: Appointment) -> None:
    """Note that the patient says they will come; once is enough. Raises Conflict when it is too late."""
    _still_open(appointment)
    if not said_coming(appointment):
        events.write(actor, appointment, COMING)


def cancel(actor: Actor, appointment: Appointment, *, reason: str | None) -> None:
    """Cancel a visit before its start. Raises Conflict when it has begun or is already over."""
    _still_open(appointment)
    scheduling.cancel(actor, appointment, reason=reason)


def move(
    actor: Actor,
    appointment: Appointment,
    *,
    starts: datetime,
    practitioner_id: int,
    expected_version: int | None = None,
) -> None:
    """Give a visit another time, the old one back in the same moment.

    Raises Conflict when it is too late, SlotTaken when somebody was first, OutsideRules for a time not given.
    """
    _still_open(appointment)
    scheduling.move(
        actor, appointment, starts, practitioner_id=practitioner_id, expected_version=expected_version
    )


def _still_open(appointment: Appointment) -> None:
    if not can_still_change(appointment):
        raise Conflict(_("This visit can no longer be changed here. Please call the clinic."))
