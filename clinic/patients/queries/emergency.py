"""Records opened in an emergency: for their holder, for administrators, and for the patient."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import aliased

from clinic.accounts.models import User
from clinic.audit.models import AuditEvent
from clinic.core import clock
from clinic.core.access import Actor, Role
from clinic.core.db import db
from clinic.core.errors import Invalid, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.phones import parse_mobile
from clinic.core.text import fold, one_line
from clinic.patients.models import EmergencyAccess, Patient

PER_DAY, TRIES_PER_HOUR = 5, 10
"""So many records may one person open in 24 hours, and so many tries may they make in an hour."""
PAGE = 50
_Reviewer = aliased(User)


@dataclass(frozen=True, kw_only=True)
class OpenRecord:
    """A record somebody has open in an emergency."""

    access_id: int
    patient_id: int
    patient_name: str
    ends_at: datetime

    @property
    def minutes_left(self) -> int:
        """Whole minutes, at least one."""
        return max(1, -(-int((self.ends_at - clock.now()).total_seconds()) // 60))


@dataclass(frozen=True, kw_only=True)
class AccessLine:
    """One access as administrators and the patient see it."""

    access: EmergencyAccess
    patient_name: str
    mrn: str
    user_name: str
    reviewer: str | None

    @property
    def ended_at(self) -> datetime:
        """When it ended, or will."""
        return self.access.closed_at or self.access.ends_at

    @property
    def is_open(self) -> bool:
        """Whether it lasts."""
        return self.access.closed_at is None and self.access.ends_at > clock.now()


@dataclass(frozen=True, kw_only=True)
class AccessPage:
    """Some of the accesses, the newest first; ``before`` leads to the next ones."""

    lines: list[AccessLine]
    before: int | None


def get_open(actor: Actor, patient_id: int) -> EmergencyAccess:
    """The actor's own access to this patient, while it lasts. Raises NotFound."""
    found = db.session.scalars(_open_ones(actor).where(EmergencyAccess.patient_id == patient_id)).first()
    if found is None:
        raise NotFound(_("There is no such patient."))
    return found


def open_records(actor: Actor) -> list[OpenRecord]:
    """What the actor has open in an emergency now. One statement, none where there is nothing."""
    if not actor.emergencies:
        return []
    rows = db.session.execute(
        _open_ones(actor)
        .join(EmergencyAccess.patient)
        .with_only_columns(
            EmergencyAccess.id, EmergencyAccess.patient_id, EmergencyAccess.ends_at, Patient.name
        )
    )
    return [
        OpenRecord(access_id=row.id, patient_id=row.patient_id, patient_name=row.name, ends_at=row.ends_at)
        for row in rows
    ]


def opened_lately(user_id: int, within: timedelta) -> int:
    """How many records somebody opened in an emergency lately."""
    since = clock.now() - within
    found = select(func.count()).where(EmergencyAccess.user_id == user_id, EmergencyAccess.started_at > since)
    return db.session.scalar(found) or 0


def refused_lately(user_id: int, within: timedelta) -> int:
    """How many tries of somebody found no patient lately."""
    found = select(func.count()).where(
        AuditEvent.actor_id == user_id,
        AuditEvent.at > clock.now() - within,
        AuditEvent.action == "emergency.refused",
    )
    return db.session.scalar(found) or 0


def exactly(number: str, name: str) -> list[Patient]:
    """Patients with exactly this number here or this mobile; of several, those with the words of ``name``.

    At most three: whoever asks wants one.
    """
    term = one_line(number)[:40]
    wanted: list[ColumnElement[bool]] = [Patient.mrn.in_({term, term.upper(), f"SU-{term}"})]
    with suppress(Invalid):
        wanted.append(Patient.mobile == parse_mobile(term))
    found = db.session.scalars(select(Patient).where(or_(*wanted)).order_by(Patient.id).limit(20)).all()
    words = fold(name).split()
    if words and len(found) > 1:
        found = [patient for patient in found if _is_called(patient, words)]
    return list(found[:3])


def accesses(*, to_review: bool = False, before: int | None = None) -> AccessPage:
    """Every access, the newest first, or those nobody has looked over. One statement."""
    query = _lines()
    if to_review:
        query = query.where(EmergencyAccess.reviewed_at.is_(None))
    if before is not None:
        query = query.where(EmergencyAccess.id < before)
    lines = _read(query.order_by(EmergencyAccess.id.desc()).limit(PAGE + 1))
    more = len(lines) > PAGE
    return AccessPage(lines=lines[:PAGE], before=lines[PAGE - 1].access.id if more else None)


def get_access(access_id: int) -> EmergencyAccess:
    """One access, locked until the unit of work ends, for administrators. Raises NotFound."""
    found = db.session.scalars(
        select(EmergencyAccess).where(EmergencyAccess.id == access_id).with_for_update(of=EmergencyAccess)
    ).first()
    if found is None:
        raise NotFound(_("There is no such emergency access."))
    return found


def accesses_to(patient_id: int, *, limit: int = PAGE) -> list[AccessLine]:
    """Who opened a patient's record in an emergency, the latest first."""
    of_patient = _lines().where(EmergencyAccess.patient_id == patient_id)
    return _read(of_patient.order_by(EmergencyAccess.id.desc()).limit(limit))


def _open_ones(actor: Actor) -> Select[EmergencyAccess]:
    now = clock.now()
    return (
        select(EmergencyAccess)
        .where(
            EmergencyAccess.user_id == actor.user_id,
            EmergencyAccess.closed_at.is_(None),
            EmergencyAccess.started_at <= now,
            EmergencyAccess.ends_at > now,
        )
        .order_by(EmergencyAccess.id)
    )


def _lines() -> Select[EmergencyAccess, str, str, str, str]:
    return (
        select(EmergencyAccess, Patient.name, Patient.mrn, User.name, _Reviewer.name)
        .join(EmergencyAccess.patient)
        .join(User, User.id == EmergencyAccess.user_id)
        .outerjoin(_Reviewer, _Reviewer.id == EmergencyAccess.reviewed_by)
    )


def _read(query: Select[EmergencyAccess, str, str, str, str]) -> list[AccessLine]:
    return [
        AccessLine(access=access, patient_name=patient, mrn=mrn, user_name=user, reviewer=reviewer)
        for access, patient, mrn, user, reviewer in db.session.execute(query)
    ]


def _is_called(patient: Patient, words: Sequence[str]) -> bool:
    own = patient.search_name.split()
    return all(any(part.startswith(word) for part in own) for word in words)


def role_in(actor: Actor) -> Role:
    """As what somebody opens a record: the role that reaches furthest into it."""
    return next(role for role in (Role.PRACTITIONER, Role.THERAPIST, Role.ADMIN) if actor.has(role))
