"""Joining the list, changing what is waited for, and leaving it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import constraint_means, db
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import clean
from clinic.facilities.models import Facility
from clinic.patients.models import Patient
from clinic.patients.policy import can_edit
from clinic.patients.queries import get_patient
from clinic.scheduling import policy
from clinic.scheduling.models import (
    ALL_WEEK,
    Appointment,
    PartOfDay,
    Reach,
    Service,
    WaitlistEntry,
    WaitlistPractitioner,
    WaitStatus,
)
from clinic.scheduling.queries import get_service, practitioners
from clinic.scheduling.service.soon import look_soon
from clinic.scheduling.service.waitlist.entries import check_may, end, lock, record
from clinic.scheduling.service.waitlist.offering import drop_offer
from clinic.scheduling.transitions import MOVABLE

LONGEST_WAIT = timedelta(days=180)
LONGEST_NOTE = 500


class AlreadyWaiting(Conflict):
    """The patient is on the list for this service."""

    code = "already_waiting"

    def __init__(self) -> None:
        super().__init__(_("This patient is on the waitlist for this service already."))


class EntryChanged(Conflict):
    """The entry is no longer as the person saw it."""

    code = "changed_meanwhile"

    def __init__(self) -> None:
        super().__init__(
            _("Somebody changed this meanwhile. Look at it as it stands now, and change it again.")
        )


constraint_means("uq_waitlist_entries_open", AlreadyWaiting)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What somebody waits for, as it is typed. Empty ``practitioner_ids`` and ``parts``: anybody, any hour.

    ``appointment_id`` is the later visit they keep meanwhile. ``urgent`` counts when staff say it.
    """

    from_day: date
    until_day: date
    weekdays: int = ALL_WEEK
    parts: Collection[str] = ()
    earliest: time | None = None
    latest: time | None = None
    practitioner_ids: Collection[int] = ()
    mode: str = "in_person"
    note: str | None = None
    urgent: bool = False
    reach: str = Reach.SMS
    appointment_id: int | None = None


def join(
    actor: Actor, wanted: Wanted, *, facility: Facility, service_id: int, patient_id: int, via: str = "desk"
) -> WaitlistEntry:
    """Put a patient on the list.

    Raises Invalid beside a field, AlreadyWaiting, Forbidden, or NotFound for a patient or service out of
    sight.
    """
    patient = get_patient(actor, patient_id)
    service = get_service(facility.id, service_id)
    may = policy.can_book(actor, facility.id, sees_patient=can_edit(actor, patient))
    if not may or actor.link is not None:
        raise Forbidden(_("You may not put this patient on the list."))
    if patient.deceased:
        raise Invalid(_("This patient has died; nothing can be booked."))
    if not service.active or (actor.is_patient and not service.online_booking):
        raise Invalid(_("Nobody can wait for this service here. Please telephone the clinic."))
    kept = _kept(wanted, patient, service)
    entry = WaitlistEntry(
        facility_id=facility.id,
        patient_id=patient.id,
        service_id=service.id,
        group_id=facility.group_id,
        created_via=via,
        created_by=actor.user_id,
        urgent=wanted.urgent and not actor.is_patient,
        call_starts=None,
        call_with=None,
    )
    _fill(entry, wanted, kept, _checked(wanted, facility, service, patient, kept))
    db.session.add(entry)
    db.session.flush()
    _name(entry, wanted.practitioner_ids)
    record(actor, entry, "joined")
    look_soon(facility.id)
    return entry


def change(
    actor: Actor, entry: WaitlistEntry, wanted: Wanted, *, expected_version: int | None = None
) -> None:
    """Bring an entry to what is wanted now. An offer that is open stays open.

    Raises Invalid beside a field, EntryChanged, Conflict when the wait is over, or Forbidden.
    """
    check_may(actor, entry)
    lock(entry.id)
    if not entry.waits:
        raise Conflict(_("This wait is over; it cannot be changed any more."))
    if expected_version is not None and entry.version != expected_version:
        raise EntryChanged
    kept = _kept(wanted, entry.patient, entry.service)
    hours = _checked(wanted, entry.facility, entry.service, entry.patient, kept)
    _fill(entry, wanted, kept, hours)
    if not actor.is_patient:
        entry.urgent = wanted.urgent
    entry.call_starts = entry.call_with = None
    entry.version += 1
    db.session.execute(delete(WaitlistPractitioner).where(WaitlistPractitioner.entry_id == entry.id))
    db.session.flush()
    _name(entry, wanted.practitioner_ids)
    record(actor, entry, "changed")
    look_soon(entry.facility_id)


def withdraw(actor: Actor, entry: WaitlistEntry, reason: str | None = None) -> None:
    """Take a patient off the list; an open offer goes with it. Done twice it is done.

    Raises Invalid where staff give no reason, Conflict when the wait ended otherwise, or Forbidden.
    """
    check_may(actor, entry)
    why = clean(reason or "").strip()[:LONGEST_NOTE]
    if not actor.is_patient and not why:
        raise Invalid(_("Say why."), field="reason")
    lock(entry.id)
    if entry.status == WaitStatus.WITHDRAWN:
        return
    if not entry.waits:
        raise Conflict(_("This wait is over already."))
    drop_offer(actor, entry)
    end(entry, WaitStatus.WITHDRAWN, by=actor.user_id, why=why or None)
    record(actor, entry, "withdrawn")
    look_soon(entry.facility_id)


def _kept(wanted: Wanted, patient: Patient, service: Service) -> Appointment | None:
    """The later visit that is kept, if it is one the patient could give up. Raises Invalid."""
    if wanted.appointment_id is None:
        return None
    kept = db.session.scalars(
        select(Appointment).where(
            Appointment.id == wanted.appointment_id,
            Appointment.patient_id == patient.id,
            Appointment.service_id == service.id,
            Appointment.status.in_(MOVABLE),
        )
    ).first()
    if kept is None or kept.starts <= clock.now():
        raise Invalid(_("This visit can no longer be given up for an earlier one."), field="appointment_id")
    return kept


def _checked(
    wanted: Wanted, facility: Facility, service: Service, patient: Patient, kept: Appointment | None
) -> tuple[time, time] | None:
    """The hours asked for, if any. Raises Invalid beside the field that cannot be right."""
    _check_days(wanted, facility, kept)
    _check_reach(wanted, patient)
    if not 1 <= wanted.weekdays <= ALL_WEEK:
        raise Invalid(_("Choose at least one weekday."), field="weekdays")
    if any(part not in set(PartOfDay) for part in wanted.parts):
        raise Invalid(_("Choose morning, afternoon or evening."), field="parts")
    if wanted.mode not in ("in_person", "online") or not getattr(service, wanted.mode):
        raise Invalid(_("This service cannot be attended that way."), field="mode")
    named = set(wanted.practitioner_ids)
    if named and not named <= {one for one, _name in practitioners(facility.id, service.id)}:
        raise Invalid(_("Somebody chosen here does not perform this service."), field="practitioners")
    if wanted.earliest is None and wanted.latest is None:
        return None
    if wanted.earliest is None or wanted.latest is None:
        field = "earliest" if wanted.earliest is None else "latest"
        raise Invalid(_("Give both: from when, and until when."), field=field)
    room = timedelta(hours=wanted.latest.hour, minutes=wanted.latest.minute) - timedelta(
        hours=wanted.earliest.hour, minutes=wanted.earliest.minute
    )
    if room < timedelta(minutes=service.minutes):
        raise Invalid(
            _("The visit takes %(minutes)s minutes; leave at least that between.", minutes=service.minutes),
            field="latest",
        )
    return wanted.earliest, wanted.latest


def _check_days(wanted: Wanted, facility: Facility, kept: Appointment | None) -> None:
    today = clock.today(facility.zone)
    if wanted.until_day < max(wanted.from_day, today):
        raise Invalid(_("The last day lies before the first, or has passed."), field="until_day")
    if wanted.until_day - today > LONGEST_WAIT:
        raise Invalid(_("Wait for at most %(days)s days.", days=LONGEST_WAIT.days), field="until_day")
    if kept is not None and _local(kept.starts, facility) < wanted.from_day:
        raise Invalid(_("The visit they keep is before the first day asked for."), field="from_day")


def _check_reach(wanted: Wanted, patient: Patient) -> None:
    if wanted.reach not in set(Reach):
        raise Invalid(_("Say how to reach the patient."), field="reach")
    if wanted.reach == Reach.SMS and not patient.mobile:
        raise Invalid(_("There is no mobile to write to. Choose another way."), field="reach")
    if wanted.reach == Reach.EMAIL and not patient.email:
        raise Invalid(_("There is no e-mail address to write to. Choose another way."), field="reach")


def _local(moment: datetime, facility: Facility) -> date:
    return moment.astimezone(clock.zone(facility.zone)).date()


def _fill(
    entry: WaitlistEntry, wanted: Wanted, kept: Appointment | None, hours: tuple[time, time] | None
) -> None:
    entry.from_day, entry.until_day, entry.weekdays = wanted.from_day, wanted.until_day, wanted.weekdays
    entry.parts = [] if hours else [part for part in PartOfDay if part in wanted.parts]
    entry.earliest, entry.latest = hours or (None, None)
    entry.mode, entry.reach = wanted.mode, wanted.reach
    entry.note = clean(wanted.note or "").strip()[:LONGEST_NOTE] or None
    entry.appointment_id = kept.id if kept else None
    entry.kept_starts = kept.starts if kept else None


def _name(entry: WaitlistEntry, practitioner_ids: Collection[int]) -> None:
    rows: Sequence[dict[str, int]] = [
        {"entry_id": entry.id, "practitioner_id": one} for one in sorted(set(practitioner_ids))
    ]
    if rows:
        db.session.execute(insert(WaitlistPractitioner).values(rows).on_conflict_do_nothing())
