"""Finding practitioners."""

from __future__ import annotations

from sqlalchemy import select

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.practitioners.models import Affiliation, Practitioner


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


def bookable_practitioners(facility_id: int) -> list[Practitioner]:
    """Verified, active practitioners who work at a facility, by name."""
    return list(
        db.session.scalars(
            select(Practitioner)
            .join(Affiliation, Affiliation.practitioner_id == Practitioner.id)
            .where(
                Affiliation.facility_id == facility_id,
                Affiliation.active,
                Practitioner.active,
                Practitioner.verified_at.is_not(None),
            )
            .order_by(Practitioner.search_name, Practitioner.id)
        )
    )
