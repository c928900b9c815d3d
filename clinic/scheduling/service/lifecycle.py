"""The steps of a visit, from waiting for a word to done."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select

from clinic.core import clock
from clinic.core.access import FRONT_DESK, SYSTEM, Actor
from clinic.core.db import db, unit_of_work
from clinic.core.errors import Conflict, Forbidden, Invalid
from clinic.core.i18n import gettext as _
from clinic.scheduling import messages, policy, queries
from clinic.scheduling.errors import ChangedMeanwhile
from clinic.scheduling.models import Appointment, AppointmentStatus, EndReason
from clinic.scheduling.service import claims, events
from clinic.scheduling.service.soon import look_soon
from clinic.scheduling.transitions import (
    ARRIVE,
    CANCEL,
    COMPLETE,
    CONFIRM,
    NO_SHOW,
    REJECT,
    START,
    Step,
)

UNDO_SECONDS = 60
"""How long the place of a visit that ended or moved is kept, and nobody told, so that it can be undone."""


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
    """Say that a visit that waited for a word does not take place. It can be undone for a minute; then its
    time is free, and the patient is told.
    """
    undo_until = _undo_until(actor)
    _take(actor, appointment, REJECT, reason=reason, undo_until=undo_until, expected_version=expected_version)
    messages.ended(appointment, tell=tell, undo_until=undo_until)


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
    """The visit is over, as it should be. What is to follow is said with ``set_follow_up``."""
    _take(actor, appointment, COMPLETE, expected_version=expected_version)


def close_left_open(
    actor: Actor, appointment: Appointment, *, came: bool, expected_version: int | None = None
) -> None:
    """Bring a visit of an earlier day to its end after the fact: done, with the start that nobody tapped, or
    not come. Raises Conflict for a visit of today.
    """
    if appointment.ends.astimezone(clock.zone(appointment.facility.zone)).date() >= clock.today(
        appointment.facility.zone
    ):
        raise Conflict(_("This visit's day is not over yet."))
    if not came:
        mark_no_show(actor, appointment, expected_version=expected_version)
        return
    if appointment.status in (AppointmentStatus.CONFIRMED, AppointmentStatus.ARRIVED):
        _take(actor, appointment, START, expected_version=expected_version)
        expected_version = None
    _take(actor, appointment, COMPLETE, expected_version=expected_version)


def mark_no_show(
    actor: Actor,
    appointment: Appointment,
    reason: str | None = None,
    *,
    code: EndReason | None = None,
    expected_version: int | None = None,
) -> None:
    """The patient did not come; only once the visit's time has begun. It can be undone for a minute."""
    _take(
        actor,
        appointment,
        NO_SHOW,
        code=code,
        reason=reason,
        undo_until=_undo_until(actor),
        expected_version=expected_version,
    )
    messages.ended(appointment, tell=False)


def cancel(
    actor: Actor,
    appointment: Appointment,
    reason: str | None = None,
    *,
    code: EndReason | None = None,
    tell: bool = True,
    undo: bool = True,
    expected_version: int | None = None,
) -> None:
    """Call a visit off. Staff may undo it for a minute before anybody is told; meanwhile its place is kept.

    ``code`` is why, in a word to be counted: without one, "other" where a reason was written, and the
    patient's own wish where the patient cancels. ``undo`` False gives the place back at once.
    """
    undo_until = _undo_until(actor)
    if actor.is_patient and code is None:
        code = EndReason.OTHER if (reason or "").strip() else EndReason.PATIENT_ASKED
    _take(
        actor,
        appointment,
        CANCEL,
        code=code,
        reason=reason,
        undo_until=undo_until if undo else None,
        expected_version=expected_version,
    )
    messages.ended(appointment, tell=tell, undo_until=undo_until)


def undo_purpose(appointment: Appointment) -> str:
    """What the places of a visit that has just ended are kept for."""
    return f"end {appointment.reference}"


def lock(appointment: Appointment, expected_version: int | None = None) -> None:
    """Hold the row and read it anew. Raises ChangedMeanwhile if it is not the version the person saw."""
    db.session.refresh(
        appointment,
        ["status", "during", "version", "practitioner_id", "session_id", "seat", "ended_at"],
        with_for_update={"key_share": True, "of": Appointment},
    )
    if expected_version is not None and appointment.version != expected_version:
        raise ChangedMeanwhile


def _undo_until(actor: Actor) -> datetime | None:
    """Until when a step that ends a visit can be undone. What patients and the clock do stands at once."""
    if actor.is_patient or policy.is_system(actor):
        return None
    return clock.now() + timedelta(seconds=UNDO_SECONDS)


def _take(
    actor: Actor,
    appointment: Appointment,
    step: Step,
    *,
    code: EndReason | None = None,
    reason: str | None = None,
    undo_until: datetime | None = None,
    expected_version: int | None = None,
) -> None:
    guardian = actor.is_patient and queries.is_guardian(actor, appointment.patient_id)
    if not policy.can_take(actor, appointment, step, is_guardian=guardian):
        raise Forbidden(_("This step is somebody else's to take."))
    lock(appointment, expected_version)
    was = AppointmentStatus(appointment.status)
    _check(actor, appointment, step, was, reason)
    setattr(appointment, step.stamp, clock.now())
    appointment.status = step.reaches
    appointment.version += 1
    if step.releases:
        appointment.ended_by = actor.user_id
        appointment.ended_by_kind = policy.ended_by(actor, appointment)
        appointment.ended_why = (reason or "").strip() or None
        appointment.ended_code = code or (EndReason.OTHER if appointment.ended_why else None)
    db.session.flush()
    if step.releases:
        _give_back(actor, appointment, undo_until)
    events.write(
        actor,
        appointment,
        step.event,
        from_status=was,
        code=appointment.ended_code if step.releases else None,
        reason=reason or _on_behalf(actor, appointment, step),
    )
    db.session.flush()


def _give_back(actor: Actor, appointment: Appointment, undo_until: datetime | None) -> None:
    """Release what the visit claims; what of it is not over yet stays held until ``undo_until``."""
    before = claims.claims_of(appointment.id)
    if undo_until is not None:
        claims.lock_units({one.unit_id for one in before})
    claims.release(appointment.id)
    if undo_until is None:
        look_soon(appointment.facility_id)
        return
    claims.hold(
        before if appointment.ends > clock.now() else [],
        facility_id=appointment.facility_id,
        purpose=undo_purpose(appointment),
        until=undo_until,
        by=actor.user_id,
    )


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
    if step not in (START, COMPLETE) or not actor.has(*FRONT_DESK, at=appointment.facility_id):
        return None
    if policy.is_own_practitioner(actor, appointment):
        return None
    return _("On behalf of %(name)s", name=appointment.practitioner.name)


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
