"""What patients change of their own series."""

from __future__ import annotations

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Conflict
from clinic.core.i18n import gettext as _
from clinic.scheduling import series_messages
from clinic.scheduling.models import EndReason
from clinic.scheduling.queries.series import SeriesShown, changeable
from clinic.scheduling.service import claims
from clinic.scheduling.service.lifecycle import cancel, lock
from clinic.scheduling.service.series.locks import lock_visits, units_claimed


def cancel_own(
    actor: Actor, shown: SeriesShown, *, code: EndReason | None = None, reason: str | None = None
) -> int:
    """Call off every visit that its patient may still call off; how many. They are told once, at once.

    Raises Conflict where there is none, and Forbidden for who does not act for the patient.
    """
    claims.queue_for_patient(shown.visits[0].patient_id)
    visits = sorted(changeable(shown), key=lambda visit: visit.id)
    if not visits:
        raise Conflict(_("No visit of these can be changed here any more. Please call the clinic."))
    ids = [visit.id for visit in visits]
    lock_visits(ids)
    claims.lock_units(units_claimed(ids))
    since = clock.now()
    for visit in visits:
        lock(visit)
        cancel(actor, visit, reason, code=code, tell=False)
    series_messages.cancelled(shown.series, visits, since=since, undo_until=since, tell=True)
    db.session.flush()
    return len(visits)
