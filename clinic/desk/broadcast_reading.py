"""Broadcasts as their pages show them: who may see them, whom they reach, what they cost, how they look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import current_app
from sqlalchemy import select

from clinic.config import Settings
from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.core.text import one_line
from clinic.facilities import queries as facilities
from clinic.facilities.models import Facility
from clinic.notifications import broadcasts, spending
from clinic.notifications.models import Broadcast, BroadcastStatus, Channel
from clinic.notifications.texts.segments import count_segments
from clinic.notifications.transports import providers_of
from clinic.practitioners.models import Practitioner
from clinic.scheduling.broadcast_messages import words_for
from clinic.scheduling.models import Service
from clinic.scheduling.queries.audience import Audience, Reach, audience_from, reach_of

WRITERS = (Role.ADMIN, Role.FACILITY_ADMIN)
READERS = (*WRITERS, Role.RECEPTIONIST)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The words as one person would read them, in one language."""

    locale: str
    subject: str
    text: str
    segments: int
    unicode: bool


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A broadcast's page. ``reach`` and ``estimate_paise`` are counted now for a draft, None and what was
    confirmed for any other; ``counts`` are its messages by status.
    """

    broadcast: Broadcast
    facility: Facility
    audience: Audience
    samples: list[Sample]
    reach: Reach | None
    estimate_paise: int
    counts: Mapping[str, int]
    under_way: bool
    undo_seconds: int
    may_write: bool


def places(actor: Actor) -> list[Facility]:
    """The clinics for whose patients this person may write."""
    reach = actor.reach(*WRITERS)
    return [one for one in facilities.active_facilities() if reach is None or one.id in reach]


def get_broadcast(actor: Actor, broadcast_id: int, *, to_write: bool = False) -> Broadcast:
    """One broadcast. Raises NotFound for somebody who may not see it, or may not write where it is asked."""
    broadcast = db.session.get(Broadcast, broadcast_id)
    roles = WRITERS if to_write else READERS
    if broadcast is None or not actor.has(*roles, at=broadcast.facility_id):
        raise NotFound(_("There is no such message."))
    return broadcast


def shown(actor: Actor, broadcast: Broadcast) -> Shown:
    """All that the page of a broadcast shows."""
    facility = facilities.get_facility(broadcast.facility_id)
    audience = audience_from(broadcast.audience)
    samples = samples_of(broadcast, facility)
    reach, estimate, counts = None, broadcast.estimate_paise, dict[str, int]()
    if broadcast.status == BroadcastStatus.DRAFT:
        reach = reach_now(broadcast, facility)
        estimate = estimate_of(reach, samples)
    else:
        counts = dict(broadcasts.progress([broadcast.id]).get(broadcast.id, {}))
    left = 0.0
    if broadcast.status == BroadcastStatus.WAITING and broadcast.begins_at is not None:
        left = (broadcast.begins_at - clock.now()).total_seconds()
    return Shown(
        broadcast=broadcast,
        facility=facility,
        audience=audience,
        samples=samples,
        reach=reach,
        estimate_paise=estimate,
        counts=counts,
        under_way=broadcasts.is_under_way(broadcast, counts),
        undo_seconds=max(0, int(left)),
        may_write=actor.has(*WRITERS, at=broadcast.facility_id),
    )


def reach_now(broadcast: Broadcast, facility: Facility) -> Reach:
    """Whom a broadcast reaches at this moment."""
    return reach_of(
        audience_from(broadcast.audience),
        facility_id=facility.id,
        zone=facility.zone,
        channels=broadcast.channels,
        purpose=broadcast.purpose,
    )


def samples_of(broadcast: Broadcast, facility: Facility) -> list[Sample]:
    """The words in both languages."""
    return [_sample(broadcast, facility, locale) for locale in ("en", "hi")]


def estimate_of(reach: Reach, samples: list[Sample]) -> int:
    """What the text messages cost, in paise: people by language, times parts, times the price of one."""
    settings: Settings = current_app.extensions["settings"]
    price = spending.price_of(providers_of(Channel.SMS, settings)[0], settings)
    parts = {sample.locale: sample.segments for sample in samples}
    return price * (reach.texts_en * parts["en"] + reach.texts_hi * parts["hi"])


def _sample(broadcast: Broadcast, facility: Facility, locale: str) -> Sample:
    name = "आशा मेनन" if locale == "hi" else "Asha Krishnamurthy"
    words = words_for(broadcast, locale=locale, name=name, clinic=facility.name)
    counted = count_segments(one_line(words["text"]))
    return Sample(
        locale=locale,
        subject=words["subject"],
        text=words["text"],
        segments=counted.parts,
        unicode=counted.unicode,
    )


def about_whom(audience: Audience) -> tuple[str, str]:
    """Service and practitioner a filter is narrowed to, by name; empty for none. One statement."""
    if audience.service_id is None and audience.practitioner_id is None:
        return "", ""
    service = select(Service.name).where(Service.id == audience.service_id).scalar_subquery()
    person = select(Practitioner.name).where(Practitioner.id == audience.practitioner_id).scalar_subquery()
    row = db.session.execute(select(service, person)).one()
    return row[0] or "", row[1] or ""
