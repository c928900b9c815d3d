"""What is to follow a visit: whether the patient should come again, when, and that it is settled."""

from __future__ import annotations

from datetime import date, timedelta

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.scheduling import policy
from clinic.scheduling.models import Appointment, AppointmentStatus, FollowUp
from clinic.scheduling.service import events
from clinic.scheduling.service.lifecycle import lock

WEEKS = (1, 2, 4, 6)
"""How many weeks after a visit can be chosen at a tap."""
LONGEST = timedelta(days=730)
_SAID_OF = (AppointmentStatus.IN_PROGRESS, AppointmentStatus.COMPLETED)


def read_choice(choice: str, day: str, visit_day: date) -> tuple[FollowUp, date | None] | None:
    """What a form says: ``none``, ``4w``, ``on`` with a day as ``2026-12-07``, or ``as_needed``.

    None where nothing was chosen. Raises Invalid for a day that is none, or not after the visit.
    """
    weeks = {f"{number}w": timedelta(weeks=number) for number in WEEKS}
    if choice in weeks:
        return FollowUp.ON, visit_day + weeks[choice]
    if choice in (FollowUp.NONE, FollowUp.AS_NEEDED):
        return FollowUp(choice), None
    if choice != FollowUp.ON:
        return None
    try:
        chosen = date.fromisoformat(day.strip())
    except ValueError:
        raise Invalid(_("Choose the day of the follow-up."), field="follow_up_on") from None
    if not visit_day < chosen <= visit_day + LONGEST:
        raise Invalid(_("A follow-up comes after the visit, within two years."), field="follow_up_on")
    return FollowUp.ON, chosen


def set_follow_up(
    actor: Actor,
    appointment: Appointment,
    follow_up: FollowUp,
    on: date | None = None,
    *,
    expected_version: int | None = None,
) -> None:
    """Keep what is to follow a visit; said anew it is open again. ``on`` is a date in the facility's zone.

    Raises Forbidden for who may not say, Conflict before the visit has begun or once it was called off.
    """
    _allow(actor, appointment)
    lock(appointment, expected_version)
    if appointment.status not in _SAID_OF:
        raise Conflict(_("A follow-up is for a visit that has taken place."))
    db.session.refresh(appointment, ["follow_up", "follow_up_on"])
    appointment.follow_up, appointment.follow_up_on = follow_up, on
    appointment.follow_up_settled_at = appointment.follow_up_settled_by = None
    appointment.follow_up_settled_why = None
    appointment.version += 1
    db.session.flush()
    events.write(
        actor,
        appointment,
        "follow_up",
        from_status=appointment.status,
        code=on.isoformat() if on is not None else follow_up,
    )


def settle_follow_up(
    actor: Actor, appointment: Appointment, reason: str, *, expected_version: int | None = None
) -> None:
    """Take a follow-up off the list although no visit was booked. Raises Invalid without a reason."""
    _allow(actor, appointment)
    if not reason.strip():
        raise Invalid(_("Say why nothing more is to be done."), field="reason")
    lock(appointment, expected_version)
    db.session.refresh(appointment, ["follow_up", "follow_up_on", "follow_up_settled_at"])
    if appointment.follow_up != FollowUp.ON or appointment.follow_up_settled_at is not None:
        raise Conflict(_("There is no follow-up to settle."))
    appointment.follow_up_settled_at = clock.now()
    appointment.follow_up_settled_by = actor.user_id
    appointment.follow_up_settled_why = reason.strip()
    appointment.version += 1
    db.session.flush()
    events.write(actor, appointment, "follow_up_settled", from_status=appointment.status, reason=reason)


def _allow(actor: Actor, appointment: Appointment) -> None:
    if not policy.can_follow_up(actor, appointment):
        raise Forbidden(_("What follows is for the visit's practitioner or the front desk to say."))
