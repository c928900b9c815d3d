"""Practitioners: entered, verified, and put to work at a facility."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import constraint_means, db
from clinic.core.errors import Conflict, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import fold, one_line
from clinic.practitioners.models import Affiliation, Practitioner
from clinic.practitioners.signals import affiliated


@dataclass(frozen=True, kw_only=True)
class PractitionerDetails:
    """What is known of a practitioner, as somebody enters it."""

    name: str
    sex: str | None = None
    specialization: str | None = None
    qualification: str | None = None
    experience_years: int | None = None
    licence_number: str | None = None
    registration_number: str | None = None
    default_minutes: int = 30
    phone: str | None = None
    email: str | None = None
    line: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None


constraint_means(
    "uq_practitioners_licence",
    lambda: Conflict(_("Another practitioner has this licence number."), field="licence_number"),
)
constraint_means(
    "uq_practitioners_user",
    lambda: Conflict(_("This sign-in belongs to another practitioner."), field="user_id"),
)


def create(actor: Actor, details: PractitionerDetails, *, user_id: int | None = None) -> Practitioner:
    """Enter a practitioner; not yet verified, so not yet bookable. Raises Invalid or Conflict."""
    practitioner = Practitioner(active=True, user_id=user_id)
    _fill(practitioner, details)
    db.session.add(practitioner)
    db.session.flush()
    audit.record(actor, "practitioner.created", subject_type="practitioner", subject_id=practitioner.id)
    return practitioner


def update(actor: Actor, practitioner: Practitioner, details: PractitionerDetails) -> Practitioner:
    """Change what is known of a practitioner. Raises Invalid or Conflict."""
    before = {key: getattr(practitioner, key) for key in asdict(details)}
    _fill(practitioner, details)
    changed = sorted(key for key, value in before.items() if getattr(practitioner, key) != value)
    if changed:
        db.session.flush()
        audit.record(
            actor,
            "practitioner.changed",
            subject_type="practitioner",
            subject_id=practitioner.id,
            detail={"fields": changed},
        )
    return practitioner


def _fill(practitioner: Practitioner, details: PractitionerDetails) -> None:
    values = {
        key: (one_line(value) or None) if isinstance(value, str) else value
        for key, value in asdict(details).items()
    }
    if not values["name"]:
        raise Invalid(_("Enter a name."), field="name")
    years = details.experience_years
    if years is not None and not 0 <= years <= 80:
        raise Invalid(_("Years of experience go from 0 to 80."), field="experience_years")
    if not 5 <= details.default_minutes <= 480:
        raise Invalid(_("A visit lasts 5 to 480 minutes."), field="default_minutes")
    for key, value in values.items():
        setattr(practitioner, key, value)
    practitioner.search_name = fold(practitioner.name)


def verify(actor: Actor, practitioner: Practitioner) -> None:
    """Say that the licence was seen: the practitioner can be booked now. Doing it twice changes nothing."""
    if practitioner.verified_at is not None:
        return
    practitioner.verified_at = clock.now()
    practitioner.verified_by = actor.user_id
    db.session.flush()
    audit.record(actor, "practitioner.verified", subject_type="practitioner", subject_id=practitioner.id)


def affiliate(actor: Actor, practitioner: Practitioner, facility_id: int) -> Affiliation:
    """Let a practitioner work at a facility; what depends on it hears of it once."""
    made = db.session.execute(
        insert(Affiliation)
        .values(practitioner_id=practitioner.id, facility_id=facility_id, active=True, created_at=clock.now())
        .on_conflict_do_nothing(constraint="uq_affiliations_once")
        .returning(Affiliation.id)
    ).scalar()
    affiliation = db.session.scalars(
        select(Affiliation).where(
            Affiliation.practitioner_id == practitioner.id, Affiliation.facility_id == facility_id
        )
    ).one()
    if made is None and affiliation.active:
        return affiliation
    affiliation.active = True
    db.session.flush()
    audit.record(
        actor,
        "practitioner.affiliated",
        subject_type="practitioner",
        subject_id=practitioner.id,
        facility_id=facility_id,
    )
    if made is not None:
        affiliated.send(practitioner, facility_id=facility_id)
    return affiliation
