"""Who may do what with a visit. Pure decisions: what has to be looked up is passed in."""

from __future__ import annotations

from collections.abc import Collection

from clinic.core import clock
from clinic.core.access import CLINICAL, FRONT_DESK, Actor, Role
from clinic.facilities.models import Facility
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import Appointment, AppointmentStatus, EndedBy
from clinic.scheduling.transitions import ARRIVE, Step, Who


def is_system(actor: Actor) -> bool:
    """Whether nobody in person acts: the clock, an import."""
    return actor.user_id is None and Role.ADMIN in actor.roles


def is_own_practitioner(actor: Actor, appointment: Appointment) -> bool:
    """Whether the person is the one the visit is with."""
    return actor.user_id is not None and appointment.practitioner.user_id == actor.user_id


def acts_by_link(actor: Actor, appointment: Appointment) -> bool:
    """Whether the person holds the link of this very visit."""
    return actor.link is not None and actor.link.appointment_id == appointment.id


def ended_by(actor: Actor, appointment: Appointment) -> EndedBy:
    """As whom the person ends a visit."""
    if is_system(actor):
        return EndedBy.SYSTEM
    if actor.is_patient:
        return EndedBy.PATIENT
    return EndedBy.PRACTITIONER if is_own_practitioner(actor, appointment) else EndedBy.STAFF


def can_book(actor: Actor, facility_id: int, *, sees_patient: bool = True) -> bool:
    """Front desk and clinical staff of the facility, and a patient's own sign-in, for patients they may
    see.
    """
    if is_system(actor):
        return True
    if actor.is_patient:
        return sees_patient
    return sees_patient and actor.has(*FRONT_DESK, *CLINICAL, at=facility_id)


def can_override(actor: Actor, facility_id: int) -> bool:
    """Whether the person may, with a reason, book in the past, outside hours or on time off."""
    return not actor.is_patient and can_book(actor, facility_id)


def can_overbook(actor: Actor, facility_id: int) -> bool:
    """Whether the person may, with a reason, book at a practitioner's time that is taken."""
    return is_system(actor) or actor.has(*FRONT_DESK, Role.PRACTITIONER, at=facility_id)


def can_run_sessions(actor: Actor, facility_id: int, *, own: bool) -> bool:
    """Front desk of the facility, and whoever holds the session: change its size, call it off."""
    return is_system(actor) or actor.has(*FRONT_DESK, at=facility_id) or (own and actor.works_at(facility_id))


def can_view(actor: Actor, appointment: Appointment, *, sees_patient: bool) -> bool:
    """Front desk of the facility, the visit's practitioner, and whoever may see the patient."""
    if is_system(actor):
        return True
    if actor.link is not None:
        return acts_by_link(actor, appointment)
    if actor.is_patient:
        return sees_patient
    if actor.has(*FRONT_DESK, at=appointment.facility_id):
        return True
    return actor.has(*CLINICAL) and (sees_patient or is_own_practitioner(actor, appointment))


def can_take(actor: Actor, appointment: Appointment, step: Step, *, is_guardian: bool = False) -> bool:
    """Whether the person may take this step with this visit, leaving aside whether its state allows it."""
    if is_system(actor):
        return True
    if actor.is_patient:
        return (is_guardian or acts_by_link(actor, appointment)) and Who.PATIENT in step.who
    if not actor.works_at(appointment.facility_id):
        return False
    if Who.FRONT_DESK in step.who and actor.has(*FRONT_DESK, at=appointment.facility_id):
        return True
    if step is ARRIVE and actor.has(*CLINICAL, at=appointment.facility_id) and took_in(actor, appointment):
        return True
    clinical = actor.has(*CLINICAL, at=appointment.facility_id)
    return Who.OWN_PRACTITIONER in step.who and clinical and is_own_practitioner(actor, appointment)


def took_in(actor: Actor, appointment: Appointment) -> bool:
    """Whether the person took in this patient, who had walked in, be it for a colleague."""
    return (
        appointment.created_via == "walk_in"
        and actor.user_id is not None
        and appointment.created_by == actor.user_id
    )


def can_move(actor: Actor, appointment: Appointment, *, is_guardian: bool = False) -> bool:
    """Front desk, the visit's own practitioner, and whoever acts for the patient."""
    if is_system(actor):
        return True
    if actor.is_patient:
        return is_guardian or acts_by_link(actor, appointment)
    return _at_desk_or_own(actor, appointment)


def _at_desk_or_own(actor: Actor, appointment: Appointment) -> bool:
    place = appointment.facility_id
    return actor.has(*FRONT_DESK, at=place) or (
        actor.has(*CLINICAL, at=place) and is_own_practitioner(actor, appointment)
    )


def is_ahead(appointment: Appointment) -> bool:
    """Whether the visit is still to come."""
    waiting = (AppointmentStatus.PENDING, AppointmentStatus.CONFIRMED)
    return appointment.status in waiting and appointment.starts > clock.now()


def patient_can_change(appointment: Appointment) -> bool:
    """Whether it is early enough for patients to move or cancel the visit by themselves."""
    return is_ahead(appointment) and appointment.change_until > clock.now()


def can_follow_up(actor: Actor, appointment: Appointment) -> bool:
    """Front desk and the visit's own practitioner: say what is to follow, and that it is settled."""
    return _at_desk_or_own(actor, appointment)


def can_arrange(actor: Actor, facility_id: int) -> bool:
    """Whether the person may change hours, rooms and services."""
    return actor.has(Role.ADMIN, Role.FACILITY_ADMIN, at=facility_id)


def sees_every_patient(actor: Actor, facility: Facility) -> bool:
    """Whether somebody sees the patients of all the visits of a facility, or only those of their own."""
    return actor.has(*FRONT_DESK, at=facility.id) or (
        facility.whole_facility_in_care and actor.has(Role.PRACTITIONER, at=facility.id)
    )


def can_arrange_calendar(actor: Actor, practitioner: Practitioner, works_at: Collection[int]) -> bool:
    """Whether the person may make and revoke a practitioner's calendar address: themselves, an
    administrator, and the managers of the clinics they work at.
    """
    if actor.user_id is not None and practitioner.user_id == actor.user_id and actor.has(*CLINICAL):
        return True
    if actor.has(Role.ADMIN):
        return True
    return any(actor.has(Role.FACILITY_ADMIN, at=place) for place in works_at)
