"""The steps of a visit, from waiting for a word to done."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from clinic.core import clock
from clinic.core.access import FRONT_DESK, SYSTEM, Actor
from clinic.core.db import db, unit_of_work
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.scheduling import messages, policy, queries
from clinic.scheduling.errors import ChangedMeanwhile, PatientBusy, SlotTaken
from clinic.scheduling.models import CLAIMING, Appointment, AppointmentEvent, AppointmentStatus
from clinic.scheduling.service import claims, events
from clinic.scheduling.transitions import (
    ARRIVE,
    BY_EVENT,
    CANCEL,
    COMPLETE,
    CONFIRM,
    NO_SHOW,
    REJECT,
    START,
    TAKE_BACK,
    Step,
)

UNDO_SECONDS = 60


def confirm(
    actor: Actor, appointment: Appointment, *, tell: bool = True, expected_version: int | None = None
) -> None:
    """Say that a visit that waited for a word takes place."""
    _take(actor, appointment, CONFIRM, expected_version=expected_version)
    messages.confirmed(appointment, tell=tell)


def reject(
    actor: Actor,
    appointment: Appointment,
    reason: str | None = None,
    *,
    tell: bool = True,
    expected_version: int | None = None,
) -> None:
    """Say that a visit that waited for a word does not take place; its time is free again."""
    _take(actor, appointment, REJECT, reason=reason, expected_version=expected_version)
    messages.ended(appointment, tell=tell)


def arrive(actor: Actor, appointment: Appointment, *, expected_version: int | None = None) -> None:
    """The patient is here. A visit still waiting for a word is thereby confirmed."""
    if appointment.status == AppointmentStatus.PENDING:
        _take(actor, appointment, CONFIRM, expected_version=expected_version)
        expected_version = None
    _take(actor, appointment, ARRIVE, expected_version=expected_version)


def start(actor: Actor, appointment: Appointment, *, expected_version: int | None = None) -> None:
    """The patient is with the practitioner. Reception does it on the practitioner's behalf; the history
    says so.
    """
    _take(actor, appointment, START, expected_version=expected_version)


def complete(actor: Actor, appointment: Appointment, *, expected_version: int | None = None) -> None:
    """The visit is over, as it should be."""
    _take(actor, appointment, COMPLETE, expected_version=expected_version)


def mark_no_show(
    actor: Actor,
    appointment: Appointment,
    reason: str | None = None,
    *,
    expected_version: int | None = None,
) -> None:
    """The patient did not come; only once the visit's time has begun."""
    _take(actor, appointment, NO_SHOW, reason=reason, expected_version=expected_version)
    messages.ended(appointment, tell=False)


def cancel(
    actor: Actor,
    appointment: Appointment,
    reason: str | None = None,
    *,
    tell: bool = True,
    expected_version: int | None = None,
) -> None:
    """Call a visit off; its time is free again. Staff may take it back for a minute before anybody is
    told.
    """
    _take(actor, appointment, CANCEL, reason=reason, expected_version=expected_version)
    undo_until = None if actor.is_patient else clock.now() + timedelta(seconds=UNDO_SECONDS)
    messages.ended(appointment, tell=tell, undo_until=undo_until)


def take_back(
    actor: Actor, appointment: Appointment, reason: str, *, expected_version: int | None = None
) -> None:
    """Undo the last step of the same day, with a reason, if the time is still free.

    Raises SlotTaken or PatientBusy if it is not, Conflict if there is nothing to take back.
    """
    if not policy.can_take(actor, appointment, TAKE_BACK):
        raise Forbidden(_("This is not yours to take back."))
    if not reason.strip():
        raise Invalid(_("Say why it is taken back."), field="reason")
    lock(appointment, expected_version)
    last = last_step(appointment)
    if last is None or last.from_status is None:
        raise Conflict(_("There is nothing to take back."))
    zone = clock.zone(appointment.facility.zone)
    if last.at.astimezone(zone).date() != clock.today(appointment.facility.zone):
        raise Conflict(_("Only a step of the same day can be taken back."))
    was = appointment.status
    if last.from_status in CLAIMING and was not in CLAIMING:
        _claim_again(appointment)
    step = BY_EVENT[last.kind]
    setattr(appointment, step.stamp, None)
    appointment.status = last.from_status
    appointment.ended_by = appointment.ended_why = None
    appointment.version += 1
    db.session.flush()
    events.write(actor, appointment, TAKE_BACK.event, from_status=was, reason=reason)
    messages.undone(appointment)
    db.session.flush()


def last_step(appointment: Appointment) -> AppointmentEvent | None:
    """The last step that was not taken back, if the visit is still where it led."""
    wanted = (
        select(AppointmentEvent)
        .where(
            AppointmentEvent.appointment_id == appointment.id,
            AppointmentEvent.kind.in_(BY_EVENT),
            AppointmentEvent.to_status == appointment.status,
        )
        .order_by(AppointmentEvent.id.desc())
        .limit(1)
    )
    return db.session.scalars(wanted).first()


def lock(appointment: Appointment, expected_version: int | None = None) -> None:
    """Hold the row and read it anew. Raises ChangedMeanwhile if it is not the version the person saw."""
    db.session.refresh(
        appointment,
        ["status", "during", "version", "practitioner_id", "ended_at"],
        with_for_update={"key_share": True, "of": Appointment},
    )
    if expected_version is not None and appointment.version != expected_version:
        raise ChangedMeanwhile


def _take(
    actor: Actor,
    appointment: Appointment,
    step: Step,
    *,
    reason: str | None = None,
    expected_version: int | None = None,
) -> None:
    guardian = actor.is_patient and queries.is_guardian(actor, appointment.patient_id)
    if not policy.can_take(actor, appointment, step, is_guardian=guardian):
        raise Forbidden(_("This step is somebody else's to take."))
    lock(appointment, expected_version)
    was = AppointmentStatus(appointment.status)
    _check(actor, appointment, step, was, reason)
    moment = clock.now()
    setattr(appointment, step.stamp, moment)
    appointment.status = step.reaches
    appointment.version += 1
    if step.releases:
        appointment.ended_by = actor.user_id
        appointment.ended_why = (reason or "").strip() or None
    db.session.flush()
    if step.releases:
        claims.release(appointment.id)
    events.write(
        actor, appointment, step.event, from_status=was, reason=reason or _on_behalf(actor, appointment, step)
    )
    db.session.flush()


def _check(
    actor: Actor, appointment: Appointment, step: Step, was: AppointmentStatus, reason: str | None
) -> None:
    if was not in step.leaves or (actor.is_patient and was in step.staff_only_from):
        raise ChangedMeanwhile
    if was in step.reason_from and not (reason or "").strip():
        raise Invalid(_("Say why."), field="reason")
    if step.after_start and appointment.starts > clock.now():
        raise Invalid(_("The visit's time has not come yet."))
    if actor.is_patient and appointment.starts <= clock.now():
        raise Invalid(_("The visit has begun; please telephone the clinic."))
    if actor.is_patient and appointment.change_until <= clock.now():
        raise Invalid(_("It is too late to change this visit here; please telephone the clinic."))


def _on_behalf(actor: Actor, appointment: Appointment, step: Step) -> str | None:
    if step not in (START, COMPLETE) or not actor.has(*FRONT_DESK):
        return None
    if policy.is_own_practitioner(actor, appointment):
        return None
    return _("On behalf of %(name)s", name=appointment.practitioner.name)


def _claim_again(appointment: Appointment) -> None:
    """Claim once more what the visit last had. The constraint on patients answers when the row is flushed."""
    if claims.patient_is_busy(appointment.patient_id, appointment.during):
        raise PatientBusy
    wanted = claims.past_claims(appointment.id, appointment.during)
    units = {one.unit_id for one in wanted}
    claims.lock_units(units)
    got = claims.claim(wanted, facility_id=appointment.facility_id, appointment_id=appointment.id)
    if got != units:
        raise SlotTaken(_("The time has gone to somebody else."))


def reject_overdue() -> int:
    """Reject visits whose time came without a word; called by the clock. How many there were."""
    with unit_of_work():
        ids = list(
            db.session.scalars(
                select(Appointment.id)
                .where(
                    Appointment.status == AppointmentStatus.PENDING,
                    func.lower(Appointment.during) <= clock.now(),
                )
                .order_by(Appointment.id)
                .limit(500)
                .with_for_update(skip_locked=True)
            )
        )
        for appointment in db.session.scalars(select(Appointment).where(Appointment.id.in_(ids))):
            _take(SYSTEM, appointment, REJECT, reason=_("Nobody confirmed it before its time."))
            messages.ended(appointment, tell=True)
    return len(ids)
