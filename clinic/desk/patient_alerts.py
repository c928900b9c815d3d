"""What must not be missed about a patient: allergies, that they died, pregnancy, measurements out of range.

Everybody who sees the patient sees these, the front desk too: whoever books or receives somebody has to
know. Nothing of it is ever behind a fold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ScalarSelect

from clinic.core.access import Actor
from clinic.core.i18n import gettext as _
from clinic.core.i18n import ngettext, show_date, show_moment
from clinic.encounters.vitals_shown import flags_column, flags_in
from clinic.patients.models import AllergyStatus, Patient
from clinic.patients.queries.head import Head
from clinic.patients.queries.health import alerts_in, pregnancy_column
from clinic.patients.queries.people import AllergyAlert

MOST_ALONE = 4
"""So many grave allergies have a plate of their own; the others share one, all of them named."""
MOST_NAMED = 30


@dataclass(frozen=True, kw_only=True)
class Plate:
    """One plate. ``tone``: ``fill`` (red ground), ``danger``, ``warn``, ``ink`` or ``quiet``."""

    title: str
    text: str = ""
    tone: str = "danger"
    icon: str = "triangle-alert"
    href: str = ""
    """An endpoint's address where something can be done about it."""


@dataclass(frozen=True)
class AlertPart:
    """What another domain wants at the head: a sub-select that travels with the page's statement, or None
    for whoever may not know; and what to make of its value (None: nothing), in the facility's zone.
    """

    name: str
    column: Callable[[Actor, int], ScalarSelect[Any] | None]
    read: Callable[[Any, str], Iterable[Plate]]


def _pregnancy(value: Any, _zone: str) -> Iterable[Plate]:
    return [
        Plate(title=alert.title, text=alert.text, tone=alert.tone, icon="baby") for alert in alerts_in(value)
    ]


def _flagged(value: Any, zone: str) -> Iterable[Plate]:
    return [
        Plate(
            title=f"{flag.label} {flag.value} {flag.unit}",
            text=_(
                "%(limit)s; measured %(when)s", limit=flag.words, when=show_moment(flag.measured_at, zone)
            ),
            icon="heart-pulse",
        )
        for flag in flags_in(value)
    ]


PARTS: tuple[AlertPart, ...] = (
    AlertPart("pregnancy", lambda _actor, patient_id: pregnancy_column(patient_id), _pregnancy),
    AlertPart("flagged", flags_column, _flagged),
)
"""In the order of their plates, after the allergies."""


def columns_for(actor: Actor, patient_id: int) -> dict[str, ScalarSelect[Any]]:
    """The sub-selects of all parts that this reader may know of."""
    found = {part.name: part.column(actor, patient_id) for part in PARTS}
    return {name: column for name, column in found.items() if column is not None}


def plates_of(patient: Patient, head: Head, *, edit: str) -> list[Plate]:
    """All plates, the gravest first; ``edit`` is where the question about allergies is answered."""
    zone = patient.facility.zone
    plates = [*_died(patient), *_allergies(head.alert, zone, edit)]
    for part in PARTS:
        if (value := head.more.get(part.name)) is not None:
            plates.extend(part.read(value, zone))
    return sorted(plates, key=lambda plate: plate.tone in ("warn", "quiet"))


def _died(patient: Patient) -> list[Plate]:
    if not patient.deceased:
        return []
    day = patient.deceased_on
    words = _("Died %(day)s", day=show_date(day)) if day else _("Deceased")
    return [Plate(title=words, text=_("Nothing is booked or sent any more"), tone="ink", icon="info")]


def _allergies(alert: AllergyAlert, zone: str, edit: str) -> Sequence[Plate]:
    if alert.status is AllergyStatus.RECORDED:
        return _recorded(alert)
    if alert.status is AllergyStatus.NONE_KNOWN:
        day = show_date(alert.asked_at, zone) if alert.asked_at else ""
        asked = _("asked on %(day)s", day=day) if day else ""
        if alert.asked_by:
            asked = _("asked by %(name)s on %(day)s", name=alert.asked_by, day=day)
        return [Plate(title=_("No known allergies"), text=asked, tone="quiet", icon="shield-check")]
    to_ask = {"tone": "warn", "icon": "circle-question-mark", "href": edit}
    if alert.status is AllergyStatus.NONE_STATED:
        title = _("Allergies: “nil” in the old register")
        return [Plate(title=title, text=_("Nobody here has asked; ask, and write down the answer"), **to_ask)]
    return [Plate(title=_("Allergies not asked"), text=_("Ask, and write down the answer"), **to_ask)]


def _recorded(alert: AllergyAlert) -> list[Plate]:
    grave = [row for row in alert.allergies if row.severity == "severe" or row.criticality == "high"]
    alone = (grave or list(alert.allergies))[:MOST_ALONE] if len(alert.allergies) > 1 else alert.allergies
    others = [row for row in alert.allergies if row not in alone]
    plates = [
        Plate(title=_("Allergy: %(substance)s", substance=row.substance), text=_how(row), tone="fill")
        for row in alone
    ]
    if others:
        named = ", ".join(row.substance for row in others[:MOST_NAMED])
        title = ngettext(
            "%(num)s more allergy: %(names)s", "%(num)s more allergies: %(names)s", len(others), names=named
        )
        left = len(others) - MOST_NAMED
        plates.append(Plate(title=title, text=_("and more, see Details") if left > 0 else "", tone="fill"))
    return plates


def _how(row: Any) -> str:
    severe = _("severe") if row.severity == "severe" else ""
    risk = _("high risk") if row.criticality == "high" else ""
    return ", ".join(part for part in (row.reaction, severe, risk) if part)
