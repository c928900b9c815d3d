"""What every step of a wait has in common: its lock, its end, and its audit row."""

from __future__ import annotations

from sqlalchemy import select

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import Forbidden, NotFound
from clinic.core.i18n import gettext as _
from clinic.scheduling import policy
from clinic.scheduling.models import WaitlistEntry, WaitStatus


def lock(entry_id: int) -> WaitlistEntry:
    """The entry as it stands, kept from others who change it or answer its offer. Raises NotFound."""
    entry = db.session.scalars(
        select(WaitlistEntry)
        .where(WaitlistEntry.id == entry_id)
        .with_for_update(of=WaitlistEntry)
        .execution_options(populate_existing=True)
    ).first()
    if entry is None:
        raise NotFound(_("Nobody waits here under this address."))
    return entry


def check_may(actor: Actor, entry: WaitlistEntry) -> None:
    """Refuse whoever may not act here. Who got the entry from the queries may see its patient. Raises
    Forbidden.
    """
    own_link = actor.link is not None and actor.link.patient_id == entry.patient_id
    signed_in = actor.link is None and policy.can_book(actor, entry.facility_id)
    if not own_link and not signed_in:
        raise Forbidden(_("You may not change the waitlist here."))


def end(
    entry: WaitlistEntry,
    status: WaitStatus,
    *,
    by: int | None = None,
    why: str | None = None,
    visit_id: int | None = None,
) -> None:
    """End a wait. The entry is locked, and has no open offer any more."""
    entry.status = status
    entry.ended_at, entry.ended_by, entry.ended_why = clock.now(), by, why
    entry.served_by = visit_id
    entry.call_starts = entry.call_with = None
    entry.version += 1
    db.session.flush()


def record(actor: Actor, entry: WaitlistEntry, verb: str) -> None:
    """The audit row of a step."""
    audit.record(
        actor,
        f"waitlist.{verb}",
        subject_type="waitlist_entry",
        subject_id=entry.id,
        patient_id=entry.patient_id,
        facility_id=entry.facility_id,
        detail={"status": str(entry.status)},
    )
