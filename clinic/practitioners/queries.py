"""Finding practitioners."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select, true

from clinic.accounts.models import RoleGrant, User
from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.core.paging import COUNT_CAP, Page, PageRequest
from clinic.core.text import LIKE_ESCAPE, fold, like_prefix, one_line
from clinic.practitioners.models import Affiliation, Practitioner


class Show(StrEnum):
    """Which practitioners a list is about."""

    ALL = "all"
    HERE = "here"
    UNVERIFIED = "unverified"
    INACTIVE = "inactive"


@dataclass(frozen=True)
class Line:
    """A practitioner in a list, and whether they work at the facility the list is for."""

    practitioner: Practitioner
    works_here: bool


def practitioner_of(actor: Actor) -> Practitioner | None:
    """The practitioner a signed-in person is, if they are one."""
    if actor.user_id is None:
        return None
    return db.session.scalars(select(Practitioner).where(Practitioner.user_id == actor.user_id)).first()


def get_practitioner(practitioner_id: int) -> Practitioner:
    """One practitioner. Raises NotFound."""
    practitioner = db.session.get(Practitioner, practitioner_id)
    if practitioner is None:
        raise NotFound(_("There is no such practitioner."))
    return practitioner


def practitioner_named(name: str) -> int | None:
    """The id of the practitioner of this name, whatever its letters' case; None when several have it."""
    named = select(Practitioner.id).where(func.lower(Practitioner.name) == name.lower()).limit(2)
    found = db.session.scalars(named).all()
    return found[0] if len(found) == 1 else None


def bookable_practitioners(facility_id: int) -> list[Practitioner]:
    """Verified, active practitioners who work at a facility, by name."""
    return list(
        db.session.scalars(
            select(Practitioner)
            .where(_works_at(facility_id), Practitioner.active, Practitioner.verified_at.is_not(None))
            .order_by(Practitioner.search_name, Practitioner.id)
        )
    )


def practitioner_page(facility_id: int, *, term: str, show: Show, request: PageRequest) -> Page[Line]:
    """Practitioners by name, those of the facility first.

    ``term`` begins a word of the name, or the licence number; ``%`` and ``_`` in it are meant literally.
    """
    here = _works_at(facility_id)
    conditions: list[ColumnElement[bool]] = [_shown(show, here), *_matches(term)]
    total = db.session.scalar(
        select(func.count()).select_from(
            select(Practitioner.id).where(*conditions).limit(COUNT_CAP + 1).subquery()
        )
    )
    rows = db.session.execute(
        select(Practitioner, here.label("here"))
        .where(*conditions)
        .order_by(here.desc(), Practitioner.search_name, Practitioner.id)
        .limit(request.limit)
        .offset(request.offset)
    )
    lines = [Line(practitioner, works_here) for practitioner, works_here in rows]
    return Page(lines, request, min(total or 0, COUNT_CAP), capped=(total or 0) > COUNT_CAP)


def _works_at(facility_id: int) -> ColumnElement[bool]:
    return exists().where(
        Affiliation.practitioner_id == Practitioner.id,
        Affiliation.facility_id == facility_id,
        Affiliation.active,
    )


def _shown(show: Show, here: ColumnElement[bool]) -> ColumnElement[bool]:
    match show:
        case Show.HERE:
            return here & Practitioner.active
        case Show.UNVERIFIED:
            return Practitioner.verified_at.is_(None) & Practitioner.active
        case Show.INACTIVE:
            return Practitioner.active.is_(False)
        case Show.ALL:
            return Practitioner.active.is_(True)


def _matches(term: str) -> list[ColumnElement[bool]]:
    """Every word typed begins a word of the name; without a blank it may begin the licence number."""
    typed = one_line(term)[:100]
    words: list[ColumnElement[bool]] = []
    for word in fold(typed).split():
        starts = like_prefix(word)
        words.append(
            or_(
                Practitioner.search_name.like(starts, escape=LIKE_ESCAPE),
                Practitioner.search_name.like("% " + starts, escape=LIKE_ESCAPE),
            )
        )
    if not typed:
        return []
    if " " in typed:
        return words
    licence = func.lower(Practitioner.licence_number).like(like_prefix(typed.lower()), escape=LIKE_ESCAPE)
    return [func.coalesce(licence, False) | and_(true() if words else false(), *words)]


def facilities_of(practitioner_id: int) -> set[int]:
    """The facilities a practitioner works at now."""
    return set(
        db.session.scalars(
            select(Affiliation.facility_id).where(
                Affiliation.practitioner_id == practitioner_id, Affiliation.active
            )
        )
    )


def user_of(practitioner: Practitioner) -> User | None:
    """The sign-in of a practitioner, if they have one."""
    return db.session.get(User, practitioner.user_id) if practitioner.user_id else None


def users_without_practitioner() -> list[User]:
    """People with a clinical role who are not joined to a practitioner yet, by name."""
    clinical = exists().where(
        RoleGrant.user_id == User.id, RoleGrant.role.in_([Role.PRACTITIONER, Role.THERAPIST])
    )
    taken = exists().where(Practitioner.user_id == User.id)
    return list(
        db.session.scalars(
            select(User)
            .where(User.active, clinical, ~taken)
            .order_by(func.lower(User.name), User.id)
            .limit(200)
        )
    )
