"""Acting for one visit by the link that came with a message, without signing in."""

from __future__ import annotations

import re
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import joinedload

from clinic.core import clock
from clinic.core.access import Actor, LinkScope, Role
from clinic.core.crypto import token_hash
from clinic.core.db import db, unit_of_work
from clinic.core.errors import Conflict
from clinic.core.i18n import gettext as _
from clinic.scheduling import policy
from clinic.scheduling.models import Appointment, AppointmentLink
from clinic.scheduling.queries.coming import COMING, said_coming
from clinic.scheduling.service import events

BY_LINK = "By link"
"""How whoever came by a link stands in the history; pages say it in the reader's language."""
BY_TEXT = "By text message"
"""The same for whoever answered a text message."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")
_KEPT_AFTER = timedelta(days=2)


def visit_of(token: str) -> Appointment | None:
    """The visit a token is for, until the day of the visit is over by the facility's clock; else None."""
    if not _TOKEN.fullmatch(token):
        return None
    visit = db.session.scalars(
        select(Appointment)
        .join(AppointmentLink, AppointmentLink.appointment_id == Appointment.id)
        .where(AppointmentLink.token_hash == token_hash(token))
        .options(
            joinedload(Appointment.patient),
            joinedload(Appointment.practitioner),
            joinedload(Appointment.service),
            joinedload(Appointment.facility),
        )
    ).first()
    if visit is None:
        return None
    zone = visit.facility.zone
    over = visit.starts.astimezone(clock.zone(zone)).date() < clock.today(zone)
    return None if over else visit


def actor_for(appointment: Appointment, *, origin: str, request_id: str) -> Actor:
    """Whoever holds a visit's link: the patient or who acts for them, for this visit and nothing else."""
    return Actor(
        user_id=None,
        name=BY_LINK,
        roles=frozenset({Role.PATIENT}),
        facility_ids=frozenset(),
        origin=origin,
        request_id=request_id,
        locale=appointment.patient.locale,
        link=LinkScope(appointment_id=appointment.id, patient_id=appointment.patient_id),
    )


def say_coming(actor: Actor, appointment: Appointment) -> None:
    """Note that the patient says they will come; once is enough. Raises Conflict once the visit has begun or
    is off.
    """
    if not policy.acts_by_link(actor, appointment) or not policy.is_ahead(appointment):
        raise Conflict(_("This visit does not take place as you saw it. Please telephone the clinic."))
    if not said_coming(appointment):
        events.write(actor, appointment, COMING)


def forget_old_links() -> int:
    """Delete the links of visits that are long over; called by the clock. How many there were."""
    with unit_of_work():
        over = (
            select(AppointmentLink.id)
            .join(Appointment, Appointment.id == AppointmentLink.appointment_id)
            .where(func.upper(Appointment.during) < clock.now() - _KEPT_AFTER)
            .limit(1000)
            .scalar_subquery()
        )
        gone = db.session.execute(
            delete(AppointmentLink)
            .where(AppointmentLink.id.in_(over))
            .returning(AppointmentLink.id)
            .execution_options(synchronize_session=False)
        ).all()
    return len(gone)
