"""What a clinic's own texts about visits may name, and values of nobody to show them with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.core.i18n import ngettext, show_day, show_long_day, show_money, show_time, show_time_12
from clinic.notifications.placeholders import Placeholder, Values

_START = datetime(2026, 11, 24, 5, tzinfo=UTC)
_ANY = "Qk3vTz8LwYp2RmX9HcJd5A"
ONLY_WHEN_CERTAIN: dict[str, Any] = {
    "own_text_when": lambda values: not values["waits"],
    "own_text_note": _l("A request that waits for your confirmation keeps the standard text."),
}
"""For kinds that tell of bookings, and of requests in other words."""


def _when(values: Values) -> str:
    zone = values["zone"]
    return f"{show_day(values['starts'], zone)}, {show_time_12(values['starts'], zone)}"


def _place(values: Values) -> str:
    return _("Online") if values["online"] else str(values["clinic"])


def _fee(values: Values) -> str:
    return show_money(values["fee"], values["currency"]) if values["fee"] else ""


def _visit_link(endpoint: str) -> Any:
    def made(values: Values) -> str:
        token = values["visit_link"]
        return str(values["link"](endpoint, token=token)) if token else ""

    return made


def _join(values: Values) -> str:
    return str(values["link"]("portal.visit", reference=values["reference"])) if values["joins"] else ""


NAME = Placeholder(name="name", label=_l("Patient's name"), value=lambda values: values["patient"])
TIME = Placeholder(name="time", label=_l("Day and time"), value=_when)
DAY = Placeholder(
    name="day", label=_l("Day"), value=lambda values: show_long_day(values["starts"], values["zone"])
)
HOUR = Placeholder(
    name="hour", label=_l("Time of day"), value=lambda values: show_time_12(values["starts"], values["zone"])
)
SERVICE = Placeholder(name="service", label=_l("Service"))
PRACTITIONER = Placeholder(name="practitioner", label=_l("Practitioner"))
PLACE = Placeholder(name="place", label=_l("Clinic, or online"), value=_place)
REFERENCE = Placeholder(name="reference", label=_l("Booking reference"))

VISIT = (
    NAME,
    TIME,
    DAY,
    HOUR,
    SERVICE,
    PRACTITIONER,
    PLACE,
    REFERENCE,
    Placeholder(name="fee", label=_l("Fee"), value=_fee),
    Placeholder(name="prepare", label=_l("Before you come"), value=lambda values: values["before_you_come"]),
    Placeholder(
        name="link_visit",
        label=_l("Link: say that you will come"),
        value=_visit_link("visit_link.show"),
        button=_l("Say that you will come"),
    ),
    Placeholder(
        name="link_move", label=_l("Link: move"), value=_visit_link("visit_link.move"), button=_l("Move")
    ),
    Placeholder(
        name="link_cancel",
        label=_l("Link: cancel"),
        value=_visit_link("visit_link.cancel"),
        button=_l("Cancel the visit"),
    ),
    Placeholder(name="link_join", label=_l("Link: join online"), value=_join, button=_l("Join the visit")),
)


def visit_sample(kind: str) -> Values:
    """A confirmed visit of nobody, or one that has ended, as this kind of message tells it."""
    over = kind in ("appointment_cancelled", "appointment_rejected")
    return {
        **_somebody(),
        "service": _("First consultation"),
        "fee": Decimal(600),
        "currency": "INR",
        "starts": _START,
        "reference": "7K2M9QXA",
        "waits": False,
        "online": False,
        "joins": False,
        "before_you_come": _("Bring earlier reports and the medicines you take."),
        "visit_link": None if over else _ANY,
    }


OFFER = (
    NAME,
    TIME,
    DAY,
    HOUR,
    SERVICE,
    PRACTITIONER,
    PLACE,
    Placeholder(
        name="until",
        label=_l("Kept until"),
        value=lambda values: show_time_12(values["until"], values["zone"]),
    ),
    Placeholder(
        name="link",
        label=_l("Link: take it or decline"),
        value=lambda values: values["link"]("visit_link.offer", token=values["secret"]),
        button=_l("Take it or decline"),
        required=True,
    ),
)


def offer_sample() -> Values:
    """A free time offered to nobody."""
    return {
        **_somebody(),
        "service": _("First consultation"),
        "starts": _START,
        "until": _START - timedelta(hours=16, minutes=15),
        "online": False,
        "secret": _ANY,
    }


def _times(values: Values) -> str:
    zone = values["zone"]
    return "\n".join(
        f"{show_long_day(starts, zone)}, {show_time_12(starts, zone)}, {name}"
        for starts, name in values["visits"]
    )


def _first_times(values: Values) -> str:
    zone, room = values["zone"], values["in_a_text"]
    visits = values["visits"]
    shown = "; ".join(
        f"{show_day(starts, zone)} {show_time_12(starts, zone)}" for starts, _name in visits[:room]
    )
    more = len(visits) - room
    return f"{shown} {ngettext('and %(num)s more', 'and %(num)s more', more)}" if more > 0 else shown


SERIES = (
    NAME,
    SERVICE,
    Placeholder(
        name="practitioner",
        label=_l("Practitioner"),
        value=lambda values: ", ".join(values["practitioners"]),
    ),
    Placeholder(name="count", label=_l("How many visits"), value=lambda values: len(values["visits"])),
    Placeholder(
        name="first_day",
        label=_l("Day of the first visit"),
        value=lambda values: show_day(values["visits"][0][0], values["zone"]),
    ),
    Placeholder(name="times", label=_l("All days and times, one a line"), value=_times),
    Placeholder(name="first_times", label=_l("The first days and times"), value=_first_times),
    Placeholder(
        name="link",
        label=_l("Link: your visits"),
        value=lambda values: values["link"]("portal.visits"),
        button=_l("Look at them, move or cancel them"),
    ),
)


def series_sample(kind: str) -> Values:
    """Seven visits of nobody, told as this kind of message."""
    somebody = _somebody()
    visits = [(_START + timedelta(days=7 * week), somebody["practitioner"]) for week in range(7)]
    return {
        **somebody,
        "kind": kind,
        "service": _("Abhyanga"),
        "practitioners": [somebody["practitioner"]],
        "visits": visits,
        "in_a_text": 4,
    }


STAFF = (
    Placeholder(name="initials", label=_l("Patient's initials")),
    Placeholder(
        name="time",
        label=_l("Day and time"),
        value=lambda values: (
            f"{show_day(values['starts'], values['zone'])}, {show_time(values['starts'], values['zone'])}"
        ),
    ),
    DAY,
    Placeholder(
        name="hour",
        label=_l("Time of day"),
        value=lambda values: show_time(values["starts"], values["zone"]),
    ),
    PRACTITIONER,
    PLACE,
    REFERENCE,
    Placeholder(
        name="link",
        label=_l("Link: the visit's page"),
        value=lambda values: values["link"]("scheduling.show", reference=values["reference"]),
        button=_l("Open the visit"),
    ),
)


def staff_sample(to: str, event: str) -> Values:
    """A visit of nobody, told to practitioner or clinic as this event."""
    return {
        "to": to,
        "event": event,
        "initials": "M N",
        "practitioner": _("Dr Anand Rao"),
        "starts": _START,
        "reference": "7K2M9QXA",
        "waits": event == "waiting",
        "online": False,
    }


def _somebody() -> dict[str, Any]:
    return {"patient": _("Meera Nair"), "practitioner": _("Dr Anand Rao")}
