"""Who a message to many is for: patients by their clinic, the visits they had or will have, and language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, ColumnExpressionArgument, and_, false, func, not_, or_, select, true

from clinic.core import clock
from clinic.core.db import db
from clinic.notifications.broadcasts import Reader, kind_name
from clinic.notifications.models import Channel, MessageChoice, Purpose, SmsStop
from clinic.patients.models import Patient
from clinic.patients.queries.consents import consents_to
from clinic.scheduling.models import CLAIMING, Appointment, AppointmentStatus

TO_COME = (AppointmentStatus.PENDING, AppointmentStatus.CONFIRMED)


@dataclass(frozen=True, kw_only=True)
class Audience:
    """A filter. Days are the facility's own, both included; what is None or empty asks for nothing.

    ``visited_from``/``visited_to``, ``service_id`` and ``practitioner_id`` are about one visit, past or to
    come, ``coming_on`` about a visit still to come on that day (then service and practitioner are its).
    """

    visited_from: date | None = None
    visited_to: date | None = None
    coming_on: date | None = None
    service_id: int | None = None
    practitioner_id: int | None = None
    locale: str = ""

    def as_json(self) -> dict[str, Any]:
        """What is kept of it."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in values.items()
            if value
        }


def audience_from(kept: Mapping[str, Any]) -> Audience:
    """The filter that was kept by ``as_json``."""
    days = ("visited_from", "visited_to", "coming_on")
    values: dict[str, Any] = {
        name: date.fromisoformat(value) if name in days else value for name, value in kept.items()
    }
    return Audience(**values)


class Reach(NamedTuple):
    """How many people a filter finds, and how many of them a message would reach, or why not.

    ``texts_en`` and ``texts_hi`` are text messages by the reader's language, ``mails`` e-mails.
    """

    found: int
    dead: int
    no_consent: int
    no_address: int
    opted_out: int
    people: int
    texts_en: int
    texts_hi: int
    mails: int


def reach_of(
    audience: Audience, *, facility_id: int, zone: str, channels: Sequence[str], purpose: str
) -> Reach:
    """The exact numbers, now. One statement."""
    alive = not_(Patient.deceased)
    consented = consents_to(Purpose.NEWS) if purpose == Purpose.NEWS else true()
    asked = and_(alive, consented)
    has, reaches = _ways(channels, purpose)
    any_address, any_way = or_(false(), *has.values()), or_(false(), *reaches.values())
    texts = reaches.get(Channel.SMS, false())

    def number(*rules: ColumnExpressionArgument[bool]) -> ColumnElement[int]:
        return func.count().filter(*rules)

    row = db.session.execute(
        select(
            func.count(),
            number(Patient.deceased),
            number(alive, not_(consented)),
            number(asked, not_(any_address)),
            number(asked, any_address, not_(any_way)),
            number(asked, any_way),
            number(asked, texts, Patient.locale != "hi"),
            number(asked, texts, Patient.locale == "hi"),
            number(asked, reaches.get(Channel.EMAIL, false())),
        )
        .select_from(Patient)
        .where(*_conditions(audience, facility_id, zone))
    ).one()
    return Reach(*row)


def readers(
    audience: Audience,
    *,
    facility_id: int,
    zone: str,
    channels: Sequence[str],
    purpose: str,
    after: int,
    limit: int,
) -> list[Reader]:
    """The people a message reaches, by id from ``after`` on, with their channels. One statement."""
    _has, reaches = _ways(channels, purpose)
    consented = consents_to(Purpose.NEWS) if purpose == Purpose.NEWS else true()
    ways = list(reaches)
    rows = db.session.execute(
        select(Patient.id, Patient.locale, *(reaches[way] for way in ways))
        .where(
            *_conditions(audience, facility_id, zone),
            Patient.id > after,
            not_(Patient.deceased),
            consented,
            or_(false(), *reaches.values()),
        )
        .order_by(Patient.id)
        .limit(limit)
    )
    return [
        Reader(
            patient_id=patient_id,
            locale=locale,
            channels=tuple(way for way, reached in zip(ways, reached_by, strict=True) if reached),
        )
        for patient_id, locale, *reached_by in rows
    ]


def _ways(
    channels: Sequence[str], purpose: str
) -> tuple[dict[str, ColumnElement[bool]], dict[str, ColumnElement[bool]]]:
    """By channel: whether a patient has an address for it, and whether it may be used too."""
    stopped = select(SmsStop.mobile).where(SmsStop.mobile == Patient.mobile, SmsStop.stopped).exists()
    addresses = {
        Channel.SMS: func.coalesce(Patient.mobile, "") != "",
        Channel.EMAIL: func.coalesce(Patient.email, "") != "",
    }
    has = {channel: rule for channel, rule in addresses.items() if channel in channels}
    reaches = {
        channel: and_(
            rule,
            not_(_declined(kind_name(purpose), channel)),
            not_(stopped) if channel == Channel.SMS else true(),
        )
        for channel, rule in has.items()
    }
    return {str(way): rule for way, rule in has.items()}, {str(way): rule for way, rule in reaches.items()}


def _declined(choice: str, channel: str) -> ColumnElement[bool]:
    return (
        select(MessageChoice.id)
        .where(
            MessageChoice.recipient_type == "patient",
            MessageChoice.recipient_id == Patient.id,
            MessageChoice.choice == choice,
            MessageChoice.channel == channel,
            not_(MessageChoice.wanted),
        )
        .exists()
    )


def _conditions(audience: Audience, facility_id: int, zone: str) -> list[ColumnElement[bool]]:
    """What a patient has to be like."""
    found: list[ColumnElement[bool]] = []
    if audience.locale:
        found.append(Patient.locale == audience.locale)
    between = audience.visited_from is not None or audience.visited_to is not None
    coming, about_one = audience.coming_on, bool(audience.service_id or audience.practitioner_id)
    starts = func.lower(Appointment.during)
    if between or (coming is None and about_one):
        past: list[ColumnElement[bool]] = [Appointment.status.in_(CLAIMING)]
        if audience.visited_from is not None:
            past.append(starts >= clock.day_bounds(audience.visited_from, zone)[0])
        if audience.visited_to is not None:
            past.append(starts < clock.day_bounds(audience.visited_to, zone)[1])
        found.append(_has_visit(audience, facility_id, past))
    if coming is not None:
        begins, ends = clock.day_bounds(coming, zone)
        to_come = [Appointment.status.in_(TO_COME), starts >= begins, starts < ends]
        found.append(_has_visit(audience, facility_id, to_come))
    if not between and coming is None and not about_one:
        found.append(Patient.facility_id == facility_id)
    return found


def _has_visit(
    audience: Audience, facility_id: int, rules: Sequence[ColumnElement[bool]]
) -> ColumnElement[bool]:
    about = [Appointment.patient_id == Patient.id, Appointment.facility_id == facility_id]
    if audience.service_id is not None:
        about.append(Appointment.service_id == audience.service_id)
    if audience.practitioner_id is not None:
        about.append(Appointment.practitioner_id == audience.practitioner_id)
    return select(Appointment.id).where(*about, *rules).exists()
