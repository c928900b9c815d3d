"""Practitioners: entered, verified, and put to work at a facility."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from clinic.accounts.queries import roles_of
from clinic.accounts.service import invite
from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import CLINICAL, Actor, Role
from clinic.core.db import constraint_means, db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import fold, one_line
from clinic.practitioners.models import Affiliation, Practitioner
from clinic.practitioners.policy import can_place, can_verify
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
    if not can_verify(actor):
        raise Forbidden(_("Only an administrator can verify a licence."))
    if practitioner.verified_at is not None:
        return
    practitioner.verified_at = clock.now()
    practitioner.verified_by = actor.user_id
    db.session.flush()
    audit.record(actor, "practitioner.verified", subject_type="practitioner", subject_id=practitioner.id)


def affiliate(actor: Actor, practitioner: Practitioner, facility_id: int) -> Affiliation:
    """Let a practitioner work at a facility; what depends on it hears of it once."""
    if not can_place(actor, facility_id):
        raise Forbidden(_("You decide only who works at your own clinic."))
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


def leave(actor: Actor, practitioner: Practitioner, facility_id: int) -> None:
    """A practitioner no longer works at a facility; visits booked there stay. Raises Forbidden."""
    if not can_place(actor, facility_id):
        raise Forbidden(_("You decide only who works at your own clinic."))
    affiliation = db.session.scalars(
        select(Affiliation).where(
            Affiliation.practitioner_id == practitioner.id,
            Affiliation.facility_id == facility_id,
            Affiliation.active,
        )
    ).first()
    if affiliation is None:
        return
    affiliation.active = False
    db.session.flush()
    audit.record(
        actor,
        "practitioner.left",
        subject_type="practitioner",
        subject_id=practitioner.id,
        facility_id=facility_id,
    )


def set_active(actor: Actor, practitioner: Practitioner, active: bool) -> None:
    """Take a practitioner out of every list to choose from, or put them back; what is booked stays."""
    if practitioner.active == active:
        return
    practitioner.active = active
    db.session.flush()
    action = "practitioner.activated" if active else "practitioner.deactivated"
    audit.record(actor, action, subject_type="practitioner", subject_id=practitioner.id)


def invite_to_sign_in(
    actor: Actor, practitioner: Practitioner, *, email: str, facility_id: int | None = None
) -> None:
    """Mail a practitioner an invitation and join the sign-in to them. Raises Conflict or Invalid."""
    _check_joinable(actor, practitioner)
    user, _token = invite(
        actor, name=practitioner.name, email=email, roles={Role.PRACTITIONER}, facility_id=facility_id
    )
    _join(actor, practitioner, user.id)


def join_sign_in(actor: Actor, practitioner: Practitioner, user_id: int) -> None:
    """Join a practitioner to somebody who signs in with a clinical role. Raises Conflict or Invalid."""
    _check_joinable(actor, practitioner)
    if CLINICAL.isdisjoint(roles_of(user_id)):
        raise Invalid(_("This person has no clinical role."), field="user")
    if db.session.scalar(select(Practitioner.id).where(Practitioner.user_id == user_id)):
        raise Conflict(_("This sign-in belongs to another practitioner."), field="user")
    _join(actor, practitioner, user_id)


def _check_joinable(actor: Actor, practitioner: Practitioner) -> None:
    if not can_verify(actor):
        raise Forbidden(_("Only an administrator can give a practitioner a sign-in."))
    if practitioner.user_id is not None:
        raise Conflict(_("This practitioner has a sign-in already."))


def _join(actor: Actor, practitioner: Practitioner, user_id: int) -> None:
    practitioner.user_id = user_id
    db.session.flush()
    audit.record(
        actor,
        "practitioner.joined",
        subject_type="practitioner",
        subject_id=practitioner.id,
        detail={"user_id": user_id},
    )
