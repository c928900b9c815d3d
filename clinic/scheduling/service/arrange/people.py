"""People's places in the calendar: as whom they are there, and for how many visits at once."""

from __future__ import annotations

from sqlalchemy import exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from clinic.accounts.models import RoleGrant
from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.core.errors import Conflict, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.i18n import ngettext
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import (
    PEOPLE,
    Allocation,
    Appointment,
    AppointmentStatus,
    Resource,
    ResourceKind,
    ResourceUnit,
    ServicePractitioner,
)
from clinic.scheduling.service.arrange.allowed import must_arrange
from clinic.scheduling.service.arrange.places import MOST_OVERBOOK, set_overbook_places, set_places

WAITING = (AppointmentStatus.PENDING, AppointmentStatus.CONFIRMED)
MOST_AT_ONCE = 10


def add_practitioner(
    practitioner: Practitioner, facility_id: int, *, kind: ResourceKind | None = None
) -> Resource:
    """Give somebody a place in a facility's calendar; the one there is, if there is one.

    As a therapist's or a practitioner's: ``kind``, or what the person signs in as.
    """
    made = db.session.scalar(
        insert(Resource)
        .values(
            facility_id=facility_id,
            kind=kind or _usual_kind(practitioner),
            name=practitioner.name,
            practitioner_id=practitioner.id,
            position=0,
            active=True,
            created_at=clock.now(),
        )
        .on_conflict_do_nothing(constraint="uq_resources_practitioner")
        .returning(Resource.id)
    )
    resource = db.session.scalars(
        select(Resource).where(
            Resource.facility_id == facility_id, Resource.practitioner_id == practitioner.id
        )
    ).one()
    if made is not None:
        db.session.add(ResourceUnit(resource_id=resource.id, number=0))
        db.session.flush()
    return resource


def change_person(actor: Actor, resource: Resource, *, kind: str, places: int, overbook: int) -> None:
    """Say as whom somebody is in the calendar, how many visits they see at once, and how many more may be
    booked over.

    Raises Conflict while visits to come need it as it is; Invalid for numbers out of bounds.
    """
    must_arrange(actor, resource.facility_id)
    if kind not in PEOPLE or resource.kind not in PEOPLE:
        raise Invalid(_("Choose one of these."), field="kind")
    if not 1 <= places <= MOST_AT_ONCE:
        raise Invalid(_("From 1 to 10 visits at once."), field="places")
    if not 0 <= overbook <= MOST_OVERBOOK:
        raise Invalid(_("From 0 to 3 visits more."), field="overbook")
    if kind == ResourceKind.THERAPIST and overbook:
        raise Invalid(_("Only a practitioner can be overbooked."), field="overbook")
    db.session.refresh(resource, with_for_update=True)
    if kind != resource.kind:
        _may_become(resource, kind)
    set_places(resource, places)
    if kind == ResourceKind.PRACTITIONER:
        resource.kind = kind
        db.session.flush()
    set_overbook_places(resource, overbook)
    resource.kind = kind
    db.session.flush()
    audit.record(
        actor,
        "place.changed",
        subject_type="resource",
        subject_id=resource.id,
        facility_id=resource.facility_id,
        detail={"kind": kind, "places": places, "overbook": overbook},
    )


def _usual_kind(practitioner: Practitioner) -> ResourceKind:
    """Who signs in as a therapist, and not as a practitioner too, is one."""
    if practitioner.user_id is None:
        return ResourceKind.PRACTITIONER
    roles = set(db.session.scalars(select(RoleGrant.role).where(RoleGrant.user_id == practitioner.user_id)))
    if Role.THERAPIST in roles and Role.PRACTITIONER not in roles:
        return ResourceKind.THERAPIST
    return ResourceKind.PRACTITIONER


def _may_become(resource: Resource, kind: str) -> None:
    """Raises Conflict while visits to come need the person as what they are now.

    A therapist may be beside somebody else's visit; a practitioner's own visits stay only where the service
    names them.
    """
    if kind == ResourceKind.PRACTITIONER:
        count = _visits_beside(resource)
        said = ngettext(
            "%(name)s is a therapist at %(num)s visit to come. Settle it first.",
            "%(name)s is a therapist at %(num)s visits to come. Settle them first.",
            count,
            name=resource.name,
        )
    else:
        count = _own_visits(resource)
        said = ngettext(
            "%(name)s has %(num)s visit to come. Move it, or name %(name)s at its service first.",
            "%(name)s has %(num)s visits to come. Move them, or name %(name)s at their services first.",
            count,
            name=resource.name,
        )
    if count:
        raise Conflict(said, field="kind")


def _visits_beside(resource: Resource) -> int:
    return (
        db.session.scalar(
            select(func.count(func.distinct(Appointment.id)))
            .join(
                Allocation,
                or_(
                    Allocation.appointment_id == Appointment.id,
                    Allocation.session_id == Appointment.session_id,
                ),
            )
            .join(ResourceUnit, ResourceUnit.id == Allocation.unit_id)
            .where(
                ResourceUnit.resource_id == resource.id,
                Allocation.active,
                func.upper(Allocation.during) > clock.now(),
                Appointment.status.in_(WAITING),
                Appointment.practitioner_id != resource.practitioner_id,
            )
        )
        or 0
    )


def _own_visits(resource: Resource) -> int:
    named = exists().where(
        ServicePractitioner.service_id == Appointment.service_id,
        ServicePractitioner.practitioner_id == Appointment.practitioner_id,
    )
    return (
        db.session.scalar(
            select(func.count(Appointment.id)).where(
                Appointment.facility_id == resource.facility_id,
                Appointment.practitioner_id == resource.practitioner_id,
                Appointment.status.in_(WAITING),
                func.lower(Appointment.during) > clock.now(),
                ~named,
            )
        )
        or 0
    )
