"""Who may do what with a visit. Pure decisions: what has to be looked up is passed in."""

from __future__ import annotations

from clinic.core.access import CLINICAL, FRONT_DESK, Actor, Role
from clinic.scheduling.models import Appointment
from clinic.scheduling.transitions import Step, Who


def is_system(actor: Actor) -> bool:
    """Whether nobody in person acts: the clock, an import."""
    return actor.user_id is None and Role.ADMIN in actor.roles


def is_own_practitioner(actor: Actor, appointment: Appointment) -> bool:
    """Whether the person is the one the visit is with."""
    return actor.user_id is not None and appointment.practitioner.user_id == actor.user_id


def can_book(actor: Actor, facility_id: int, *, sees_patient: bool = True) -> bool:
    """Front desk and clinical staff of the facility, and a patient's own sign-in, for patients they may
    see.
    """
    if is_system(actor):
        return True
    if actor.is_patient:
        return sees_patient
    return sees_patient and actor.has(*FRONT_DESK, *CLINICAL) and actor.works_at(facility_id)


def can_override(actor: Actor, facility_id: int) -> bool:
    """Whether the person may, with a reason, book in the past, outside hours or on time off."""
    return not actor.is_patient and can_book(actor, facility_id)


def can_view(actor: Actor, appointment: Appointment, *, sees_patient: bool) -> bool:
    """Front desk of the facility, the visit's practitioner, and whoever may see the patient."""
    if is_system(actor):
        return True
    if actor.is_patient:
        return sees_patient
    if actor.has(*FRONT_DESK) and actor.works_at(appointment.facility_id):
        return True
    return actor.has(*CLINICAL) and (sees_patient or is_own_practitioner(actor, appointment))


def can_take(actor: Actor, appointment: Appointment, step: Step, *, is_guardian: bool = False) -> bool:
    """Whether the person may take this step with this visit, leaving aside whether its state allows it."""
    if is_system(actor):
        return True
    if actor.is_patient:
        return is_guardian and Who.PATIENT in step.who
    if not actor.works_at(appointment.facility_id):
        return False
    if Who.FRONT_DESK in step.who and actor.has(*FRONT_DESK):
        return True
    return (
        Who.OWN_PRACTITIONER in step.who and actor.has(*CLINICAL) and is_own_practitioner(actor, appointment)
    )


def can_move(actor: Actor, appointment: Appointment, *, is_guardian: bool = False) -> bool:
    """Front desk, the visit's own practitioner, and whoever acts for the patient."""
    if is_system(actor):
        return True
    if actor.is_patient:
        return is_guardian
    return actor.works_at(appointment.facility_id) and (
        actor.has(*FRONT_DESK) or (actor.has(*CLINICAL) and is_own_practitioner(actor, appointment))
    )


def can_arrange(actor: Actor, facility_id: int) -> bool:
    """Whether the person may change hours, rooms and services."""
    return actor.has(Role.ADMIN, Role.FACILITY_ADMIN) and actor.works_at(facility_id)
