"""Writing in a health profile: added, put right by a new row, ended, struck through, confirmed.

Whoever treats the patient writes everything; the front desk only what it sees; a household what it says
itself, until a practitioner has confirmed it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from clinic.audit import service as audit
from clinic.core import clock
from clinic.core.access import Actor
from clinic.core.db import constraint_means, db
from clinic.core.errors import Conflict, Forbidden, Invalid, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.text import fold, one_line
from clinic.patients import policy
from clinic.patients.health_kinds import KINDS, HealthKind
from clinic.patients.health_words import read_entry
from clinic.patients.models import Patient
from clinic.patients.queries import get_patient_for_change

MOST = 60
LONGEST_REASON = 300
PATIENT, STAFF, INTAKE = "patient", "staff", "intake"
Typed = Mapping[str, str]


def _first() -> Conflict:
    return Conflict(_("Somebody changed it a moment ago. Look at it again."))


for _table in (
    "conditions",
    "surgeries",
    "family_histories",
    "lifestyles",
    "pregnancies",
    "patient_medications",
):
    constraint_means(f"uq_{_table}_replaces", _first)
constraint_means("uq_lifestyles_holds", _first)
constraint_means("uq_pregnancies_holds", _first)
constraint_means("health_kept", _first)
constraint_means("health_follows", _first)


def may_write(actor: Actor, patient: Patient, kind: HealthKind) -> bool:
    """Whether somebody who sees the patient sees and writes this kind of entry."""
    if actor.is_patient and not actor.is_staff:
        return True
    return kind.desk or policy.is_system(actor) or policy.sees_clinical(actor, patient)


def add_entry(
    actor: Actor, patient_id: int, code: str, typed: Typed, *, source: str | None = None
) -> int | None:
    """Write down an entry (field name to text as typed); its id, or None when the same holds already.

    Of a kind that holds once, it takes the place of what held. Raises Unfit, Invalid, NotFound.
    """
    kind, patient = _kind(code), get_patient_for_change(actor, patient_id)
    _check(actor, patient, kind)
    values = read_entry(kind, typed, _today(patient))
    model = kind.model
    holding = db.session.scalars(
        select(model).where(model.patient_id == patient.id, model.ended_at.is_(None)).with_for_update()
    ).all()
    if any(_same(kind, row, values) for row in holding):
        return None
    if len(holding) >= MOST:
        raise Invalid(_("There are %(count)d entries already. End some first.", count=MOST))
    old = holding[0] if kind.alone and holding else None
    if old is not None:
        _guard(actor, old)
        _end(actor, old, "replaced")
    return _keep(actor, patient, kind, values, replaces=old, source=source, action="added")


def change_entry(actor: Actor, patient_id: int, code: str, entry_id: int, typed: Typed) -> int | None:
    """Put an entry right: a new row in the place of the old, which stays readable. None: nothing changed.

    Also brings back what was over. Raises Unfit, NotFound, Conflict for one that was replaced meanwhile or
    struck through.
    """
    kind, patient = _kind(code), get_patient_for_change(actor, patient_id)
    _check(actor, patient, kind)
    values = read_entry(kind, typed, _today(patient))
    old = _entry(patient, kind, entry_id)
    _guard(actor, old)
    if old.ended_why in ("replaced", "error"):
        raise _first()
    if old.ended_at is None:
        if all(getattr(old, name) == value for name, value in values.items()):
            return None
        _end(actor, old, "replaced")
    return _keep(actor, patient, kind, values, replaces=old, source=None, action="changed")


def stop_entry(actor: Actor, patient_id: int, code: str, entry_id: int) -> None:
    """It is over: a medicine no longer taken. Raises NotFound, Conflict for one that is over already."""
    kind, patient = _kind(code), get_patient_for_change(actor, patient_id)
    _check(actor, patient, kind)
    row = _entry(patient, kind, entry_id)
    if not kind.stops or row.ended_at is not None:
        raise Conflict(_("It was taken off the list already."))
    _end(actor, row, "stopped")
    _log(actor, patient, kind, "ended", row.id)


def strike_entry(actor: Actor, patient_id: int, code: str, entry_id: int, reason: str) -> None:
    """It never was true: struck through, with the reason. Raises Invalid, NotFound, Conflict."""
    kind, patient = _kind(code), get_patient_for_change(actor, patient_id)
    _check(actor, patient, kind)
    words = one_line(reason)
    row = _entry(patient, kind, entry_id)
    _guard(actor, row)
    if not 1 <= len(words) <= LONGEST_REASON:
        raise Invalid(_("Say what was wrong, in at most 300 characters."), field="reason")
    if row.ended_at is not None:
        raise Conflict(_("It is no longer on the list."))
    _end(actor, row, "error", words)
    _log(actor, patient, kind, "struck", row.id)


def confirm_entry(actor: Actor, patient_id: int, code: str, entry_id: int) -> None:
    """A practitioner or therapist found true what the patient said. Raises NotFound, Conflict."""
    kind, patient = _kind(code), get_patient_for_change(actor, patient_id)
    if actor.is_patient or not policy.sees_clinical(actor, patient):
        raise NotFound(_("There is no such entry."))
    row = _entry(patient, kind, entry_id)
    if row.ended_at is not None or row.confirmed_at is not None or row.source == STAFF:
        raise Conflict(_("There is nothing to confirm any more."))
    row.confirmed_at, row.confirmed_by = clock.now(), actor.user_id
    db.session.flush()
    _log(actor, patient, kind, "confirmed", row.id)


def _kind(code: str) -> HealthKind:
    kind = KINDS.get(code)
    if kind is None:
        raise NotFound(_("There is no such entry."))
    return kind


def _check(actor: Actor, patient: Patient, kind: HealthKind) -> None:
    if not may_write(actor, patient, kind):
        raise NotFound(_("There is no such patient."))


def _guard(actor: Actor, row: Any) -> None:
    """A household changes what it said itself; what the clinic wrote or confirmed stands."""
    said_here = row.source in (PATIENT, INTAKE) and row.confirmed_at is None
    if actor.is_patient and not actor.is_staff and not said_here:
        raise Forbidden(_("The clinic wrote this down. Tell us if it is wrong."))


def _entry(patient: Patient, kind: HealthKind, entry_id: int) -> Any:
    model = kind.model
    row = db.session.scalars(
        select(model).where(model.id == entry_id, model.patient_id == patient.id).with_for_update()
    ).first()
    if row is None:
        raise NotFound(_("There is no such entry."))
    return row


def _same(kind: HealthKind, row: Any, values: Mapping[str, Any]) -> bool:
    def plain(value: Any) -> Any:
        return fold(value) if isinstance(value, str) else value

    if kind.code == "pregnancy":
        return False  # the same answer on another day is another answer
    return all(plain(getattr(row, name)) == plain(value) for name, value in values.items())


def _keep(
    actor: Actor,
    patient: Patient,
    kind: HealthKind,
    values: Mapping[str, Any],
    *,
    replaces: Any,
    source: str | None,
    action: str,
) -> int:
    said = source or (PATIENT if actor.is_patient and not actor.is_staff else STAFF)
    where = {} if kind.desk else {"facility_id": patient.facility_id}
    row = kind.model(
        patient_id=patient.id,
        source=said,
        said_on=_today(patient),
        recorded_by=actor.user_id,
        replaces_id=replaces.id if replaces is not None else None,
        **where,
        **values,
    )
    db.session.add(row)
    db.session.flush()
    _log(actor, patient, kind, action, row.id)
    return int(row.id)


def _end(actor: Actor, row: Any, why: str, reason: str | None = None) -> None:
    row.ended_at, row.ended_by, row.ended_why, row.ended_reason = clock.now(), actor.user_id, why, reason
    db.session.flush()


def _today(patient: Patient) -> date:
    return clock.today(patient.facility.zone)


def _log(actor: Actor, patient: Patient, kind: HealthKind, verb: str, row_id: int) -> None:
    audit.record(
        actor,
        f"{kind.code}.{verb}",
        subject_type=kind.code,
        subject_id=row_id,
        patient_id=patient.id,
        facility_id=patient.facility_id,
    )
