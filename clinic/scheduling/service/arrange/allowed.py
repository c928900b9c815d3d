"""Who may arrange what can be booked."""

from __future__ import annotations

from clinic.core.access import Actor
from clinic.core.errors import Forbidden
from clinic.core.i18n import gettext as _
from clinic.scheduling import policy


def must_arrange(actor: Actor, facility_id: int) -> None:
    """Raise Forbidden for who may not arrange things at this facility."""
    if not policy.is_system(actor) and not policy.can_arrange(actor, facility_id):
        raise Forbidden(_("Hours, rooms and services are the administrator's."))
