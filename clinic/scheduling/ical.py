"""Visits as entries of a calendar outside (RFC 5545): for a practitioner's feed, and for one patient's own.

An entry is known by the visit's reference and this clinic's host, and each change of the visit raises its
SEQUENCE, so that a later mail, download or reading of the feed replaces what was there. Times are in UTC: no
calendar has to know a zone. Calendars outside are other people's servers: no name of a patient is in them,
and no link to a meeting.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from urllib.parse import urlsplit

from flask import current_app
from icalendar import Calendar, Event
from icalendar.parser import Contentline, escape_char

from clinic.config import Settings
from clinic.core import clock
from clinic.core.i18n import force_locale
from clinic.core.i18n import gettext as _
from clinic.core.text import clean
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


Fact = tuple[str, str | int | datetime]
"""A property of an entry and its value: words, a number, or an instant in UTC."""
_NO_WORDS = frozenset({"url", "uid"})
"""Properties that are written as they are, not as words."""


@dataclass(frozen=True, kw_only=True)
class FeedVisit:
    """A visit in a practitioner's calendar; ``changed_at`` is when it last changed (UTC)."""

    reference: str
    version: int
    status: str
    online: bool
    starts: datetime
    ends: datetime
    changed_at: datetime
    service: str
    place: str
    patient: str


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
    """A practitioner's visits and time off as one calendar; ``name`` is what the calendar is called.

    There may be thousands of entries, and the library takes milliseconds for each: it writes the head, and
    the entries are written here with its escapes and folds.
    """
    with force_locale(locale):
        calendar = _calendar("PUBLISH")
        calendar.add("x-wr-calname", name)
        calendar.add("name", name)
        calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
        calendar.add("x-published-ttl", "PT1H")
        page = public_link("scheduling.show", reference="0").removesuffix("0")
        entries = [
            *(_written(_practitioners_facts(visit, page, with_initials=with_initials)) for visit in visits),
            *(_written(_away_facts(block)) for block in away),
        ]
    head, end, _nothing = bytes(calendar.to_ical()).rpartition(b"END:VCALENDAR\r\n")
    return b"".join([head, *entries, end])


def _written(facts: Iterable[Fact]) -> bytes:
    lines = [b"BEGIN:VEVENT"]
    for name, value in facts:
        if isinstance(value, datetime):
            words = value.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        elif isinstance(value, int) or name in _NO_WORDS:
            words = str(value)
        else:
            words = escape_char(value)
        line = f"{name.upper()}:{words}"
        short = len(line) <= 75 and line.isascii()
        lines.append(line.encode() if short else _folded(line))
    return b"\r\n".join([*lines, b"END:VEVENT", b""])


def _folded(line: str) -> bytes:
    return bytes(Contentline(line).to_ical())  # type: ignore[no-untyped-call]


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
        event = Event()
        page = public_link("portal.visit", reference=visit.reference)
        lines = [_("Reference %(reference)s", reference=visit.reference)]
        if visit.mode == "online" and not off:
            lines.append(_("The link to join is on the visit's page, from 15 minutes before:"))
        facts = [
            *_facts(as_feed_visit(visit, changed_at=visit.created_at), stamp=clock.now()),
            ("summary", clean(_("Visit with %(name)s", name=visit.practitioner.name))),
            ("description", "\n".join([*lines, page])),
            ("url", page),
        ]
        for name, value in facts:
            event.add(name, value)
        event.add("organizer", f"mailto:{_organizer(visit.facility)}", parameters={"CN": visit.facility.name})
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _calendar(method: str) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", "-//Sutra//Visits//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    return calendar


def _facts(visit: FeedVisit, *, stamp: datetime) -> list[Fact]:
    """What every entry of a visit has; ``stamp`` is when it was written down (UTC)."""
    return [
        ("uid", f"{visit.reference}@{_host()}"),
        ("sequence", visit.version),
        ("dtstamp", stamp),
        ("dtstart", visit.starts),
        ("dtend", visit.ends),
        ("status", _status(visit.status)),
        ("class", "PRIVATE"),
        ("location", _("Online") if visit.online else clean(visit.place)),
    ]


def _practitioners_facts(visit: FeedVisit, page: str, *, with_initials: bool) -> list[Fact]:
    who = initials(visit.patient) if with_initials else ""
    return [
        *_facts(visit, stamp=visit.changed_at),
        ("last-modified", visit.changed_at),
        ("summary", clean(", ".join(word for word in (visit.service, who, visit.reference) if word))),
        ("url", page + visit.reference),
        ("transp", "TRANSPARENT" if visit.status in _OFF else "OPAQUE"),
    ]


def _away_facts(block: Away) -> list[Fact]:
    return [
        ("uid", f"time-off-{block.id}@{_host()}"),
        ("sequence", 0),
        ("dtstamp", block.changed_at),
        ("last-modified", block.changed_at),
        ("dtstart", block.starts),
        ("dtend", block.ends),
        ("status", "CONFIRMED"),
        ("class", "PRIVATE"),
        ("summary", _("Away")),
        ("transp", "OPAQUE"),
        ("x-microsoft-cdo-busystatus", "OOF"),
    ]


def as_feed_visit(visit: Appointment, *, changed_at: datetime) -> FeedVisit:
    """What calendars are told of a visit."""
    return FeedVisit(
        reference=visit.reference,
        version=visit.version,
        status=visit.status,
        online=visit.mode == "online",
        starts=visit.starts,
        ends=visit.ends,
        changed_at=changed_at,
        service=visit.service.name,
        place=place_of(
            visit.facility.name, visit.facility.line, visit.facility.city, visit.facility.postal_code
        ),
        patient=visit.patient.name,
    )


def _status(status: str) -> str:
    if status in _OFF:
        return "CANCELLED"
    return "TENTATIVE" if status == AppointmentStatus.PENDING else "CONFIRMED"


def place_of(*parts: str | None) -> str:
    """A clinic's name and address in one line, without what is missing."""
    return ", ".join(part for part in parts if part)


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


def _host() -> str:
    return urlsplit(_settings().public_url).hostname or "localhost"


def _organizer(facility: Facility) -> str:
    """Whose entry it is: the clinic's address, else the one its mail comes from."""
    return facility.email or parseaddr(_settings().mail_from)[1] or f"noreply@{_host()}"
