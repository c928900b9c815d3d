"""How the portal words services, days and times."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime

import phonenumbers
from babel.dates import format_date, get_timezone_location

from clinic.core import clock
from clinic.core.i18n import gettext as _
from clinic.core.i18n import locale_tag, ngettext
from clinic.core.phones import show
from clinic.patients.models import Patient
from clinic.scheduling.models import Appointment, AppointmentStatus, PartOfDay, Service

_SENTENCE = re.compile(r"(?<=[.!?।])\s+")
WITH_ENDING = (AppointmentStatus.CANCELLED, AppointmentStatus.REJECTED, AppointmentStatus.NO_SHOW)


def service_name(service: Service) -> str:
    """The service's name in the reader's language, as far as the clinic has given one."""
    return service.shown_name


def before_you_come(service: Service) -> list[tuple[str, str]]:
    """What to heed before the visit, a pair per paragraph: its first sentence, and the rest of it."""
    text = service.before_you_come or ""
    if locale_tag() == "hi":
        text = service.before_you_come_hi or text
    return [_first_sentence(line) for line in text.splitlines() if line.strip()]


def _first_sentence(line: str) -> tuple[str, str]:
    first, *rest = _SENTENCE.split(line.strip(), maxsplit=1)
    return first, rest[0] if rest else ""


def full_day(moment: datetime, zone_name: str) -> str:
    """``Wednesday 25 Nov``; in Hindi, where months are short words, ``बुधवार 25 नवंबर``."""
    day = moment.astimezone(clock.zone(zone_name)).date()
    if locale_tag() == "hi":
        return str(format_date(day, "EEEE d MMMM", locale="hi_IN"))
    return str(format_date(day, "EEEE d MMM", locale="en_IN"))


def short_day(day: date) -> str:
    """``Wed 25 Nov``; ``बुध 25 नवंबर``."""
    if locale_tag() == "hi":
        return str(format_date(day, "EEE d MMMM", locale="hi_IN"))
    return str(format_date(day, "EEE d MMM", locale="en_IN"))


def local_day(moment: datetime, zone_name: str) -> date:
    """The day of a moment where the clinic is."""
    return moment.astimezone(clock.zone(zone_name)).date()


def clock_time(moment: datetime, zone_name: str) -> str:
    """``10:15`` on a clock of twelve hours; the part of the day stands above it."""
    local = moment.astimezone(clock.zone(zone_name))
    return f"{(local.hour - 1) % 12 + 1}:{local.minute:02d}"


def minutes_of(appointment: Appointment) -> int:
    """How long a visit takes, in minutes."""
    return int((appointment.ends - appointment.starts).total_seconds()) // 60


def part_name(part: PartOfDay) -> str:
    """The part of the day in a word."""
    match part:
        case PartOfDay.MORNING:
            return _("Morning")
        case PartOfDay.AFTERNOON:
            return _("Afternoon")
        case PartOfDay.EVENING:
            return _("Evening")


def short_name(patient: Patient, household: Sequence[Patient]) -> str:
    """The first name, or the whole one where two members share the first."""
    first = patient.name.split()[0]
    alike = [other for other in household if other.name.split()[0] == first]
    return first if len(alike) == 1 else patient.name


def clinic_phone(number: str) -> str:
    """A clinic's number as people dial it: ``080 4123 0000``."""
    try:
        parsed = phonenumbers.parse(number, "IN")
    except phonenumbers.NumberParseException:
        return number
    if phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.FIXED_LINE:
        return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL))
    return show(number)


def zone_name(zone: str) -> str:
    """``India time``, ``भारत समय``: whose clocks a time is told by."""
    if zone == "UTC":
        return "UTC"
    words = str(get_timezone_location(zone, locale="hi_IN" if locale_tag() == "hi" else "en_IN"))
    return words.removesuffix(" Time") + " time" if words.endswith(" Time") else words


def weekday(day: date) -> str:
    """``Wed``, ``बुध``."""
    return str(format_date(day, "EEE", locale="hi_IN" if locale_tag() == "hi" else "en_IN"))


def next_visit_line(starts: datetime, zone_name: str) -> str:
    """How far off the next visit is, in calendar days of the clinic."""
    days = (starts.astimezone(clock.zone(zone_name)).date() - clock.today(zone_name)).days
    if days <= 0:
        return _("Next visit, today")
    if days == 1:
        return _("Next visit, tomorrow")
    return ngettext("Next visit, in %(num)s day", "Next visit, in %(num)s days", days)


def chip_words(appointment: Appointment) -> str:
    """The state of a visit in a word, for a list."""
    match appointment.status:
        case AppointmentStatus.PENDING:
            return _("To be confirmed")
        case AppointmentStatus.REJECTED:
            return _("Not possible")
        case _:
            return state_words(appointment)


def state_words(appointment: Appointment) -> str:
    """What the state of a visit means to the patient, in a word or two."""
    words = {
        AppointmentStatus.PENDING: _("The clinic has yet to confirm"),
        AppointmentStatus.CONFIRMED: _("Confirmed"),
        AppointmentStatus.ARRIVED: _("You have arrived"),
        AppointmentStatus.IN_PROGRESS: _("Going on now"),
        AppointmentStatus.COMPLETED: _("Done"),
        AppointmentStatus.CANCELLED: _("Cancelled"),
        AppointmentStatus.REJECTED: _("The clinic could not take it"),
        AppointmentStatus.NO_SHOW: _("Missed"),
    }
    return words[AppointmentStatus(appointment.status)]
