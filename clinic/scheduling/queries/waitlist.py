"""Who waits for a time, for whoever may see them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, true
from sqlalchemy.orm import contains_eager, joinedload

from clinic.core import clock, crypto
from clinic.core.access import Actor
from clinic.core.db import db
from clinic.core.errors import NotFound
from clinic.core.i18n import gettext as _
from clinic.patients import policy as patients_policy
from clinic.practitioners.models import Practitioner
from clinic.scheduling.models import (
    WAITS,
    Appointment,
    WaitlistEntry,
    WaitlistOffer,
    WaitlistPractitioner,
)
from clinic.scheduling.transitions import MOVABLE

PAGE = 50


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which entries a list shows. ``status`` None: all who still wait."""

    service_id: int | None = None
    practitioner_id: int | None = None
    urgent: bool = False
    status: str | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of the list: the entry, whom they want, and their newest offer."""

    entry: WaitlistEntry
    names: tuple[str, ...]
    offer: WaitlistOffer | None


def _visible(actor: Actor) -> ColumnElement[bool]:
    here: ColumnElement[bool] = true()
    if not actor.is_patient and actor.facility_ids is not None:
        here = WaitlistEntry.facility_id.in_(actor.facility_ids)
    return and_(here, patients_policy.visible(actor))


def _with_all() -> Select[Any]:
    return (
        select(WaitlistEntry)
        .join(WaitlistEntry.patient)
        .join(WaitlistEntry.service)
        .join(WaitlistEntry.facility)
        .options(
            contains_eager(WaitlistEntry.patient),
            contains_eager(WaitlistEntry.service),
            contains_eager(WaitlistEntry.facility),
            joinedload(WaitlistEntry.kept),
            joinedload(WaitlistEntry.caller),
        )
    )


def get_entry(actor: Actor, entry_id: int) -> WaitlistEntry:
    """One entry with patient, service, facility and the visit kept meanwhile. Raises NotFound."""
    entry: WaitlistEntry | None = db.session.scalars(
        _with_all().where(WaitlistEntry.id == entry_id, _visible(actor))
    ).first()
    if entry is None:
        raise NotFound(_("Nobody waits here under this address."))
    return entry


def wanted_practitioners(entry_id: int) -> list[tuple[int, str]]:
    """Id and name of those an entry names, by name; nobody is anybody."""
    rows = db.session.execute(
        select(Practitioner.id, Practitioner.name)
        .join(WaitlistPractitioner, WaitlistPractitioner.practitioner_id == Practitioner.id)
        .where(WaitlistPractitioner.entry_id == entry_id)
        .order_by(Practitioner.search_name, Practitioner.id)
    )
    return [(row[0], row[1]) for row in rows]


def offers_of(entry_id: int, *, limit: int = 20) -> list[WaitlistOffer]:
    """What somebody was offered, the newest first, with the practitioner."""
    return list(
        db.session.scalars(
            select(WaitlistOffer)
            .where(WaitlistOffer.entry_id == entry_id)
            .options(joinedload(WaitlistOffer.practitioner))
            .order_by(WaitlistOffer.id.desc())
            .limit(limit)
        )
    )


def offer_by_token(token: str) -> WaitlistOffer | None:
    """The offer behind a link, with all that its page shows; None for a link that is none."""
    if not token.isascii() or len(token) > 100:
        return None
    return db.session.scalars(
        select(WaitlistOffer)
        .where(WaitlistOffer.token_hash == crypto.token_hash(token))
        .options(
            joinedload(WaitlistOffer.practitioner),
            joinedload(WaitlistOffer.appointment),
            joinedload(WaitlistOffer.entry).options(
                joinedload(WaitlistEntry.patient),
                joinedload(WaitlistEntry.service),
                joinedload(WaitlistEntry.facility),
                joinedload(WaitlistEntry.kept),
            ),
        )
    ).first()


def entries_page(
    actor: Actor, facility_id: int, wanted: Filter, *, after: tuple[bool, int] | None = None
) -> list[Row]:
    """Up to ``PAGE`` + 1 lines of the list beyond ``after``: who still waits in their order, else the newest
    first. Two statements beside the entries'.
    """
    query = _with_all().where(WaitlistEntry.facility_id == facility_id, _visible(actor))
    open_ones = wanted.status is None or wanted.status in WAITS
    if wanted.status is None:
        query = query.where(WaitlistEntry.status.in_(WAITS))
    else:
        query = query.where(WaitlistEntry.status == wanted.status)
    if wanted.service_id is not None:
        query = query.where(WaitlistEntry.service_id == wanted.service_id)
    if wanted.urgent:
        query = query.where(WaitlistEntry.urgent)
    if wanted.practitioner_id is not None:
        query = query.where(_takes(wanted.practitioner_id))
    if open_ones:
        query = query.order_by(WaitlistEntry.urgent.desc(), WaitlistEntry.id)
        if after is not None:
            urgent, last = after
            further: ColumnElement[bool] = and_(WaitlistEntry.urgent == urgent, WaitlistEntry.id > last)
            query = query.where(or_(further, ~WaitlistEntry.urgent) if urgent else further)
    else:
        query = query.order_by(WaitlistEntry.id.desc())
        if after is not None:
            query = query.where(WaitlistEntry.id < after[1])
    return _rows(list(db.session.scalars(query.limit(PAGE + 1))))


def _takes(practitioner_id: int) -> ColumnElement[bool]:
    named = exists().where(WaitlistPractitioner.entry_id == WaitlistEntry.id)
    return or_(~named, named.where(WaitlistPractitioner.practitioner_id == practitioner_id))


def entries_of(patient_ids: Collection[int], *, open_only: bool = True) -> list[Row]:
    """What some patients wait for, the longest first. Whoever calls may see these patients."""
    query = _with_all().where(WaitlistEntry.patient_id.in_(patient_ids))
    if open_only:
        query = query.where(WaitlistEntry.status.in_(WAITS))
    return _rows(list(db.session.scalars(query.order_by(WaitlistEntry.id).limit(PAGE))))


def waits_of(patient_id: int) -> list[WaitlistEntry]:
    """What a patient waits for, with the service. Whoever calls may see the patient."""
    return list(
        db.session.scalars(
            select(WaitlistEntry)
            .where(WaitlistEntry.patient_id == patient_id, WaitlistEntry.status.in_(WAITS))
            .options(joinedload(WaitlistEntry.service))
            .order_by(WaitlistEntry.id)
        )
    )


def row_of(entry: WaitlistEntry) -> Row:
    """The entry with whom they want and their newest offer."""
    return _rows([entry])[0]


def _rows(entries: list[WaitlistEntry]) -> list[Row]:
    ids = [entry.id for entry in entries]
    if not ids:
        return []
    names: dict[int, list[str]] = {}
    for entry_id, name in db.session.execute(
        select(WaitlistPractitioner.entry_id, Practitioner.name)
        .join(Practitioner, Practitioner.id == WaitlistPractitioner.practitioner_id)
        .where(WaitlistPractitioner.entry_id.in_(ids))
        .order_by(Practitioner.search_name)
    ):
        names.setdefault(entry_id, []).append(name)
    newest = {
        offer.entry_id: offer
        for offer in db.session.scalars(
            select(WaitlistOffer)
            .where(WaitlistOffer.entry_id.in_(ids))
            .options(joinedload(WaitlistOffer.practitioner), joinedload(WaitlistOffer.appointment))
            .distinct(WaitlistOffer.entry_id)
            .order_by(WaitlistOffer.entry_id, WaitlistOffer.id.desc())
        )
    }
    return [
        Row(entry=entry, names=tuple(names.get(entry.id, ())), offer=newest.get(entry.id))
        for entry in entries
    ]


def count_waiting(facility_id: int) -> int:
    """How many wait at a facility, counted up to 1,000."""
    counted = (
        select(WaitlistEntry.id)
        .where(WaitlistEntry.facility_id == facility_id, WaitlistEntry.status.in_(WAITS))
        .limit(1000)
        .subquery()
    )
    return db.session.scalar(select(func.count()).select_from(counted)) or 0


def open_entry(patient_id: int, service_id: int, facility_id: int) -> WaitlistEntry | None:
    """The patient's open entry for a service, if there is one."""
    return db.session.scalars(
        select(WaitlistEntry).where(
            WaitlistEntry.patient_id == patient_id,
            WaitlistEntry.service_id == service_id,
            WaitlistEntry.facility_id == facility_id,
            WaitlistEntry.status.in_(WAITS),
        )
    ).first()


def could_keep(patient_id: int, service_id: int, facility_id: int) -> list[Appointment]:
    """The coming visits for a service that the patient might give up for an earlier one."""
    return list(
        db.session.scalars(
            select(Appointment)
            .where(
                Appointment.patient_id == patient_id,
                Appointment.service_id == service_id,
                Appointment.facility_id == facility_id,
                Appointment.status.in_(MOVABLE),
                func.lower(Appointment.during) > clock.now(),
            )
            .options(joinedload(Appointment.practitioner), joinedload(Appointment.service))
            .order_by(func.lower(Appointment.during), Appointment.id)
            .limit(10)
        )
    )
