"""Visits as entries of a calendar outside (RFC 5545): for a practitioner's feed, and for one patient's own.

An entry is known by the visit's reference and this clinic's host, and each change of the visit raises its
SEQUENCE, so that a later mail, download or reading of the feed replaces what was there. Times are in UTC: no
calendar has to know a zone. Calendars outside are other people's servers: no name of a patient is in them,
and no link to a meeting.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from urllib.parse import urlsplit

from flask import current_app
from icalendar import Calendar, Event

from clinic.config import Settings
from clinic.core import clock
from clinic.core.i18n import force_locale
from clinic.core.i18n import gettext as _
from clinic.facilities.models import Facility
from clinic.notifications.registry import Attachment
from clinic.notifications.rendering import public_link
from clinic.patients.display import initials
from clinic.scheduling.models import Appointment, AppointmentStatus

REFRESH = timedelta(hours=1)
"""How often a calendar should read a feed again."""
FILE_NAME = "visit.ics"
CONTENT_TYPE = "text/calendar"
_OFF = (AppointmentStatus.CANCELLED, AppointmentStatus.REJECTED, AppointmentStatus.NO_SHOW)


@dataclass(frozen=True, kw_only=True)
class FeedVisit:
    """A visit in a practitioner's calendar, and when it last changed (UTC)."""

    visit: Appointment
    changed_at: datetime


@dataclass(frozen=True, kw_only=True)
class Away:
    """Time off: nothing is said of the reason."""

    id: int
    starts: datetime
    ends: datetime
    changed_at: datetime


def feed(
    name: str, visits: Iterable[FeedVisit], away: Iterable[Away], *, locale: str, with_initials: bool
) -> bytes:
    """A practitioner's visits and time off as one calendar; ``name`` is what the calendar is called."""
    with force_locale(locale):
        calendar = _calendar("PUBLISH")
        calendar.add("x-wr-calname", name)
        calendar.add("name", name)
        calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
        calendar.add("x-published-ttl", "PT1H")
        for row in visits:
            calendar.add_component(_practitioners_entry(row, with_initials=with_initials))
        for block in away:
            calendar.add_component(_away_entry(block))
    return bytes(calendar.to_ical())


def attachment(visit: Appointment, *, locale: str) -> Attachment:
    """The visit for its patient's own calendar, to go with an e-mail.

    It is published, not an invitation to answer: the clinic hears of changes through the portal alone.
    """
    method = "CANCEL" if visit.status in _OFF else "PUBLISH"
    return Attachment(
        name=FILE_NAME,
        content_type=CONTENT_TYPE,
        data=of_patient(visit, locale=locale),
        parameters={"charset": "utf-8", "method": method},
    )


def of_patient(visit: Appointment, *, locale: str) -> bytes:
    """The visit as its patient keeps it; taken out of the calendar again where it was called off."""
    off = visit.status in _OFF
    with force_locale(locale):
        calendar = _calendar("CANCEL" if off else "PUBLISH")
        event = _entry(visit, stamp=clock.now())
        event.add("summary", _("Visit with %(name)s", name=visit.practitioner.name))
        event.add("organizer", f"mailto:{_organizer(visit.facility)}", parameters={"CN": visit.facility.name})
        page = public_link("portal.visit", reference=visit.reference)
        lines = [_("Reference %(reference)s", reference=visit.reference)]
        if visit.mode == "online" and not off:
            lines.append(_("The link to join is on the visit's page, from 15 minutes before:"))
        event.add("description", "\n".join([*lines, page]))
        event.add("url", page)
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _calendar(method: str) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", "-//Sutra//Visits//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    return calendar


def _entry(visit: Appointment, *, stamp: datetime) -> Event:
    """What every entry of a visit has; ``stamp`` is when it was written down (UTC)."""
    event = Event()
    event.add("uid", f"{visit.reference}@{_host()}")
    event.add("sequence", visit.version)
    event.add("dtstamp", stamp)
    event.add("dtstart", visit.starts)
    event.add("dtend", visit.ends)
    event.add("status", _status(visit))
    event.add("class", "PRIVATE")
    event.add("location", _("Online") if visit.mode == "online" else _address(visit.facility))
    return event


def _practitioners_entry(row: FeedVisit, *, with_initials: bool) -> Event:
    visit = row.visit
    event = _entry(visit, stamp=row.changed_at)
    event.add("last-modified", row.changed_at)
    who = initials(visit.patient.name) if with_initials else ""
    event.add("summary", ", ".join(word for word in (visit.service.name, who, visit.reference) if word))
    event.add("url", public_link("scheduling.show", reference=visit.reference))
    event.add("transp", "TRANSPARENT" if visit.status in _OFF else "OPAQUE")
    return event


def _away_entry(block: Away) -> Event:
    event = Event()
    event.add("uid", f"time-off-{block.id}@{_host()}")
    event.add("sequence", 0)
    event.add("dtstamp", block.changed_at)
    event.add("last-modified", block.changed_at)
    event.add("dtstart", block.starts)
    event.add("dtend", block.ends)
    event.add("status", "CONFIRMED")
    event.add("class", "PRIVATE")
    event.add("summary", _("Away"))
    event.add("transp", "OPAQUE")
    event.add("x-microsoft-cdo-busystatus", "OOF")
    return event


def _status(visit: Appointment) -> str:
    if visit.status in _OFF:
        return "CANCELLED"
    return "TENTATIVE" if visit.status == AppointmentStatus.PENDING else "CONFIRMED"


def _address(facility: Facility) -> str:
    parts = (facility.name, facility.line, facility.city, facility.postal_code)
    return ", ".join(part for part in parts if part)


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


def _host() -> str:
    return urlsplit(_settings().public_url).hostname or "localhost"


def _organizer(facility: Facility) -> str:
    """Whose entry it is: the clinic's address, else the one its mail comes from."""
    return facility.email or parseaddr(_settings().mail_from)[1] or f"noreply@{_host()}"
