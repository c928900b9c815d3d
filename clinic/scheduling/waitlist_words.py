"""What somebody waits for, in the reader's words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from clinic.core import clock
from clinic.core.i18n import gettext as _
from clinic.core.i18n import show_day, show_time, show_weekday
from clinic.scheduling.models import ALL_WEEK, PartOfDay, Reach, Service, WaitlistEntry, WaitStatus

MONDAY = date(2024, 1, 1)


def weekday_choices() -> list[tuple[int, str]]:
    """The seven weekdays by number, Monday is 0: ``Mon``."""
    return [(day, show_weekday(MONDAY.replace(day=1 + day))) for day in range(7)]


def part_choices() -> list[tuple[str, str]]:
    """The parts of the day with their hours."""
    return [
        (PartOfDay.MORNING, _("Morning, before 12")),
        (PartOfDay.AFTERNOON, _("Afternoon, 12 to 5")),
        (PartOfDay.EVENING, _("Evening, from 5")),
    ]


def reach_choices(*, for_patient: bool) -> list[tuple[str, str]]:
    """The ways to hear of a free time."""
    return [
        (Reach.SMS, _("By text message")),
        (Reach.EMAIL, _("By e-mail")),
        (Reach.CALL, _("The clinic calls me") if for_patient else _("We call them")),
    ]


def service_words(service: Service) -> str:
    """The service's name in the reader's language, as far as the clinic has given one."""
    return service.shown_name


def day_words(entry: WaitlistEntry) -> str:
    """``Tue 24 Nov – Mon 30 Nov``."""
    if entry.from_day == entry.until_day:
        return show_day(entry.from_day)
    today = clock.today(entry.facility.zone)
    if entry.from_day <= today <= entry.until_day:
        return _("until %(day)s", day=show_day(entry.until_day))
    return f"{show_day(entry.from_day)} – {show_day(entry.until_day)}"


def hour_words(entry: WaitlistEntry) -> str:
    """Weekdays and hours that suit, ``Mon, Wed; mornings``; empty where all do."""
    said = []
    if entry.weekdays != ALL_WEEK:
        names = dict(weekday_choices())
        said.append(", ".join(names[day] for day in entry.weekday_numbers))
    if entry.earliest is not None and entry.latest is not None:
        said.append(f"{entry.earliest:%H:%M} – {entry.latest:%H:%M}")
    elif entry.parts:
        words = {
            PartOfDay.MORNING: _("mornings"),
            PartOfDay.AFTERNOON: _("afternoons"),
            PartOfDay.EVENING: _("evenings"),
        }
        said.append(", ".join(words[PartOfDay(part)] for part in entry.parts))
    return "; ".join(said)


def who_words(names: Sequence[str]) -> str:
    """Whom they would see."""
    return ", ".join(names) if names else _("Anybody")


def status_words(status: str) -> str:
    """How a wait stands, in a word."""
    words = {
        WaitStatus.WAITING: _("Waiting"),
        WaitStatus.OFFERED: _("Offered"),
        WaitStatus.ACCEPTED: _("Accepted"),
        WaitStatus.WITHDRAWN: _("Withdrawn"),
        WaitStatus.EXPIRED: _("Days are over"),
        WaitStatus.SERVED: _("Booked otherwise"),
    }
    return words[WaitStatus(status)]


def told_words(told: str) -> str:
    """How an offer was made."""
    words = {Reach.SMS: _("by text message"), Reach.EMAIL: _("by e-mail"), Reach.CALL: _("by telephone")}
    return words[Reach(told)]


def offer_words(status: str) -> str:
    """What became of an offer."""
    words = {
        "open": _("Waits for an answer"),
        "accepted": _("Accepted"),
        "declined": _("Declined"),
        "expired": _("No answer in time"),
        "withdrawn": _("Taken back"),
    }
    return words[status]


seconds_left = clock.seconds_until


def is_to_come(moment: datetime) -> bool:
    """Whether an instant is still ahead."""
    return moment > clock.now()


def since_words(entry: WaitlistEntry) -> str:
    """Since when somebody waits: ``08:30`` of today, else ``Tue 24 Nov``."""
    zone = entry.facility.zone
    if entry.created_at.astimezone(clock.zone(zone)).date() == clock.today(zone):
        return show_time(entry.created_at, zone)
    return show_day(entry.created_at, zone)
