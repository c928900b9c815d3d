"""Where and when an online visit meets, and who may know of it.

The link appears to both sides shortly before the visit and goes shortly after it; it never stands in a
message. The front desk sees that there is one and may change it, and does not join.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from clinic.core import clock
from clinic.core.links import host_of
from clinic.facilities.meeting_patterns import fill
from clinic.scheduling.models import Appointment, AppointmentStatus

OPENS_BEFORE = timedelta(minutes=15)
CLOSES_AFTER = timedelta(minutes=30)
TAKES_PLACE = (AppointmentStatus.CONFIRMED, AppointmentStatus.ARRIVED, AppointmentStatus.IN_PROGRESS)
MAY_GET_A_LINK = (AppointmentStatus.PENDING, *TAKES_PLACE)


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """How things stand with the meeting of a visit that takes place.

    ``host`` is where the link leads, None while there is no link. ``opens`` and ``closes`` (UTC) bound the
    time in which ``link`` is filled; outside it and for others than the two sides it is None.
    """

    host: str | None
    opens: datetime
    closes: datetime
    link: str | None = None

    @property
    def is_ahead(self) -> bool:
        """Whether the link is yet to appear."""
        return clock.now() < self.opens


def meeting_of(visit: Appointment, *, joins: bool) -> Meeting | None:
    """The meeting of an online visit that takes place; None for every other visit.

    ``joins`` says whether who asks is one of the two sides: the visit's practitioner, or somebody who acts
    for the patient.
    """
    if visit.mode != "online" or visit.status not in TAKES_PLACE:
        return None
    url = _url_of(visit)
    opens, closes = visit.starts - OPENS_BEFORE, visit.ends + CLOSES_AFTER
    in_time = opens <= clock.now() < closes
    return Meeting(
        host=host_of(url) if url else None,
        opens=opens,
        closes=closes,
        link=url if joins and in_time else None,
    )


def _url_of(visit: Appointment) -> str | None:
    """The link staff typed, else the visit's own room at the facility's place."""
    if visit.meeting_url:
        return visit.meeting_url
    pattern = visit.facility.meeting_pattern
    return fill(pattern, visit.meeting_key) if pattern and visit.meeting_key else None
