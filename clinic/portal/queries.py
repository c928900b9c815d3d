"""What a household has at the clinic."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from clinic.core import clock
from clinic.core.db import db
from clinic.core.paging import Page, PageRequest
from clinic.patients.models import IntakeLink, Patient
from clinic.patients.queries.intake import IntakeState, beginning_of
from clinic.portal.intake import IntakeLine, is_own, line_of
from clinic.scheduling.models import Appointment, AppointmentStatus
from clinic.scheduling.queries.coming import COMING, said_coming


def visits_page(patient_id: int, request: PageRequest) -> Page[Appointment]:
    """A patient's visits, the latest first, with service and practitioner.

    Whoever calls has checked the household.
    """
    total = db.session.scalar(
        select(func.count()).select_from(Appointment).where(Appointment.patient_id == patient_id)
    )
    rows = db.session.scalars(
        select(Appointment)
        .where(Appointment.patient_id == patient_id)
        .options(
            joinedload(Appointment.service),
            joinedload(Appointment.practitioner),
            joinedload(Appointment.facility),
        )
        .order_by(func.lower(Appointment.during).desc(), Appointment.id.desc())
        .offset(request.offset)
        .limit(request.limit)
    )
    return Page(list(rows), request, total or 0)


def own_intake(patient_id: int, user_id: int) -> IntakeLink | None:
    """The intake link the portal opened for this sign-in, until the clinic has looked at it. It may have run
    out: whoever opens the form again goes on with it.
    """
    rows = db.session.scalars(
        select(IntakeLink)
        .where(
            IntakeLink.patient_id == patient_id,
            IntakeLink.created_by == user_id,
            IntakeLink.revoked_at.is_(None),
            IntakeLink.reviewed_at.is_(None),
        )
        .order_by(IntakeLink.id.desc())
    )
    return next((link for link in rows if is_own(link, user_id)), None)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What Home asks of a patient: the intake form, None for nothing to do about it, and consents.

    ``consents`` is None where the clinic asks for none, else how many are not signed.
    """

    intake: IntakeLine | None = None
    consents: int | None = None


def asked_of(patient: Patient, user_id: int) -> Asked:
    """What Home asks of a patient. One statement."""
    if patient.deceased:
        return Asked()
    found = beginning_of(patient.id)
    consents = found.missing if found.asked else None
    link = found.link
    if link is not None and found.state is IntakeState.SUBMITTED and not is_own(link, user_id):
        return Asked(consents=consents)
    if link is not None and found.state is IntakeState.EXPIRED and is_own(link, user_id):
        found = replace(found, state=IntakeState.STARTED)
    return Asked(intake=line_of(found), consents=consents)


def can_still_change(appointment: Appointment) -> bool:
    """Whether the patient may still move or cancel: not begun, nor at the clinic, nor too late for the
    service's rule.
    """
    waiting = (AppointmentStatus.PENDING, AppointmentStatus.CONFIRMED)
    return appointment.status in waiting and appointment.change_until > clock.now()


__all__ = [
    "COMING",
    "Asked",
    "asked_of",
    "can_still_change",
    "own_intake",
    "said_coming",
    "visits_page",
]
