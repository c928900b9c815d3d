"""Services: what is offered, and who performs it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from decimal import Decimal

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from clinic.audit import service as audit
from clinic.core.access import Actor
from clinic.core.db import constraint_means, db
from clinic.core.errors import Conflict, Invalid
from clinic.core.i18n import gettext as _
from clinic.facilities.models import Facility
from clinic.scheduling.models import Service, ServicePractitioner
from clinic.scheduling.queries.performers import performers_of, who_may_perform
from clinic.scheduling.service.arrange.allowed import must_arrange

constraint_means(
    "uq_services_facility_code",
    lambda: Conflict(_("Another service of this clinic has this code."), field="code"),
)

MOST_THERAPISTS = 6
MOST_EQUIPMENT = 6
MOST_SEATS = 200


@dataclass(frozen=True, kw_only=True)
class ServiceDetails:
    """What is offered, for how long and how much, and what it needs.

    ``equipment`` names kinds, a kind twice where two pieces are needed. With a ``capacity`` above 1 it is
    held for a group.
    """

    code: str
    name: str
    minutes: int
    fee: Decimal = Decimal(0)
    hue: int = 1
    name_hi: str | None = None
    room_kind: str | None = None
    note_template: str = "soap"
    online_booking: bool = True
    needs_confirmation: bool = False
    before_you_come: str | None = None
    before_you_come_hi: str | None = None
    buffer_before: int = 0
    buffer_after: int = 0
    notice_minutes: int = 0
    horizon_days: int | None = None
    change_minutes: int = 0
    in_person: bool = True
    online: bool = True
    therapists: int = 0
    same_sex: bool = False
    equipment: tuple[str, ...] = ()
    capacity: int = 1
    active: bool = True


def save_service(
    actor: Actor, facility: Facility, details: ServiceDetails, service: Service | None = None
) -> Service:
    """Add a service, or change one. Visits already booked keep their length."""
    must_arrange(actor, facility.id)
    _check(details)
    action = "service.changed"
    if service is None:
        service = Service(facility_id=facility.id, group_id=facility.group_id)
        db.session.add(service)
        action = "service.created"
    for name, value in asdict(details).items():
        setattr(service, name, (value.strip() or None) if isinstance(value, str) else value)
    service.equipment = [kind.strip() for kind in details.equipment if kind.strip()]
    if not service.code:
        raise Invalid(_("Enter a short code."), field="code")
    db.session.flush()
    audit.record(actor, action, subject_type="service", subject_id=service.id, facility_id=facility.id)
    return service


def _check(details: ServiceDetails) -> None:
    if not details.name.strip():
        raise Invalid(_("Enter a name."), field="name")
    if not 5 <= details.minutes <= 720:
        raise Invalid(_("A visit lasts 5 to 720 minutes."), field="minutes")
    if not 0 <= details.fee < 10_000_000:
        raise Invalid(_("A fee is from 0 to 9,999,999."), field="fee")
    for buffer in ("buffer_before", "buffer_after"):
        if not 0 <= getattr(details, buffer) <= 240 or getattr(details, buffer) % 5:
            raise Invalid(_("A buffer is 0 to 240 minutes, in steps of five."), field=buffer)
    for limit in ("notice_minutes", "change_minutes"):
        if not 0 <= getattr(details, limit) <= 43_200:
            raise Invalid(_("At most 720 hours."), field=limit.replace("minutes", "hours"))
    if details.horizon_days is not None and not 1 <= details.horizon_days <= 730:
        raise Invalid(_("From 1 to 730 days."), field="horizon_days")
    if not details.in_person and not details.online:
        raise _no_way_to_attend()
    if not 0 <= details.therapists <= MOST_THERAPISTS:
        raise _therapists_out_of_bounds()
    if len(details.equipment) > MOST_EQUIPMENT:
        raise _too_much_equipment()
    if not 1 <= details.capacity <= MOST_SEATS:
        raise _capacity_out_of_bounds()


def _no_way_to_attend() -> Invalid:
    return Invalid(_("Choose in person, online, or both."), field="in_person")


def _therapists_out_of_bounds() -> Invalid:
    return Invalid(_("From 0 to 6 therapists."), field="therapists")


def _too_much_equipment() -> Invalid:
    return Invalid(_("At most 6 pieces of equipment."), field="equipment")


def _capacity_out_of_bounds() -> Invalid:
    return Invalid(_("A group has 1 to 200 places."), field="capacity")


def set_performers(actor: Actor, service: Service, practitioner_ids: Collection[int]) -> None:
    """Name who performs a service; nobody named means everybody. What is booked stays.

    Raises Invalid for somebody who is not in the facility's calendar.
    """
    must_arrange(actor, service.facility_id)
    wanted, kept = set(practitioner_ids), performers_of(service.id)
    here = {practitioner_id for practitioner_id, _name in who_may_perform(service.facility_id)}
    if not wanted - kept <= here:
        raise Invalid(_("Choose one of these."), field="performers")
    if wanted == kept:
        return
    db.session.execute(delete(ServicePractitioner).where(ServicePractitioner.service_id == service.id))
    if wanted:
        db.session.execute(
            insert(ServicePractitioner).values(
                [{"service_id": service.id, "practitioner_id": one} for one in sorted(wanted)]
            )
        )
    audit.record(
        actor,
        "service.performers_changed",
        subject_type="service",
        subject_id=service.id,
        facility_id=service.facility_id,
        detail={"practitioners": sorted(wanted)},
    )


constraint_means("ck_services_some_mode", _no_way_to_attend)
constraint_means("ck_services_therapists", _therapists_out_of_bounds)
constraint_means("ck_services_equipment", _too_much_equipment)
constraint_means("ck_services_capacity", _capacity_out_of_bounds)
