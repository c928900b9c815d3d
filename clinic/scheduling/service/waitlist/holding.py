"""Holding the place of an offer."""

from __future__ import annotations

from datetime import datetime

from clinic.core.db import db
from clinic.scheduling.errors import SlotTaken
from clinic.scheduling.models import HoldKind, WaitlistEntry, WaitlistOffer
from clinic.scheduling.service import holding


def hold_place(entry: WaitlistEntry, made: WaitlistOffer, *, until: datetime, by: int | None) -> bool:
    """Hold all that a visit at the offered time would claim; False when some of it is taken."""
    assert made.during.lower is not None
    place = holding.Place(
        facility=entry.facility,
        service=entry.service,
        practitioner_id=made.practitioner_id,
        starts=made.during.lower,
        online=entry.mode == "online",
        patient_sex=entry.patient.sex,
    )
    try:
        with db.session.begin_nested():
            holding.reserve(place, purpose=made.purpose, kind=HoldKind.OFFER, until=until, by=by)
    except SlotTaken:
        return False
    return True
