"""Who may see which papers, and do what with them.

A practitioner sees the papers of patients whom they may read about. A therapist sees those that belong to
their own sessions. A patient sees, for everybody of the household, what the clinic shows them and what came
from their own side. The front desk brings papers in and never opens one: it sees the names of those it
brought, and of those that came with a booking at its facilities.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, false, or_, select

from clinic.core import clock
from clinic.core.access import FRONT_DESK, Actor, Role
from clinic.patients.models import Patient
from clinic.patients.policy import can_edit, clinical_reach, visible
from clinic.records.models import Paper, PaperSource, Scan

TAKEN_BACK_WITHIN = timedelta(hours=1)

Reach = Callable[[Actor], ColumnElement[bool]]
_own_sessions: list[Reach] = []
"""What belongs to a therapist's own sessions; scheduling says it, which stands above."""


def register_own_sessions(reach: Reach) -> None:
    """Let this say which papers belong to an actor's own visits: a condition on ``papers``."""
    _own_sessions[:] = [reach]


def papers_in_sight(actor: Actor) -> ColumnElement[bool]:
    """The condition on ``papers`` for those that ``actor`` may open."""
    if actor.link is not None:
        return false()
    if actor.is_patient:
        return and_(
            Paper.patient_id.in_(select(Patient.id).where(visible(actor))),
            or_(Paper.shared, Paper.source != PaperSource.STAFF),
            Paper.removed_at.is_(None),
            Paper.scan != Scan.REFUSED,
        )
    reasons = [clinical_reach(actor, Paper.patient_id, Paper.facility_id)]
    if actor.has(Role.THERAPIST):
        reasons += [reach(actor) for reach in _own_sessions]
    return or_(*reasons)


def names_in_sight(actor: Actor) -> ColumnElement[bool]:
    """The condition on ``papers`` for those whose names ``actor`` may read in a list."""
    if not actor.has(*FRONT_DESK) or actor.link is not None:
        return papers_in_sight(actor)
    places = actor.reach(*FRONT_DESK)
    with_a_booking: ColumnElement[bool] = Paper.source == PaperSource.BOOKING
    if places is not None:
        with_a_booking = and_(with_a_booking, Paper.facility_id.in_(places))
    desk = and_(Paper.removed_at.is_(None), or_(Paper.uploaded_by == actor.user_id, with_a_booking))
    return or_(desk, papers_in_sight(actor))


def can_add(actor: Actor, patient: Patient) -> bool:
    """Whether somebody may bring papers for this patient; who only reads in an emergency does not."""
    if actor.link is not None or actor.user_id is None:
        return actor.link is None and Role.ADMIN in actor.roles
    who = (Role.PATIENT, Role.PRACTITIONER, Role.THERAPIST, *FRONT_DESK)
    return actor.has(*who) and can_edit(actor, patient)


def can_judge(actor: Actor) -> bool:
    """Whether somebody may verify a paper that they see, and change what is said of it."""
    return actor.user_id is not None and actor.has(Role.PRACTITIONER)


def can_change(actor: Actor, paper: Paper) -> bool:
    """Whether somebody may change what is said of a paper that they see."""
    return not paper.is_removed and can_judge(actor)


def can_mark_wrong(actor: Actor, paper: Paper) -> bool:
    """Whether somebody may mark it as entered in error: a practitioner who sees it, or whoever of the
    clinic brought it, while nobody has verified it.
    """
    if paper.is_removed or actor.is_patient or actor.user_id is None:
        return False
    mine = paper.uploaded_by == actor.user_id and paper.verified_at is None
    return can_judge(actor) or mine


def can_take_back(actor: Actor, paper: Paper) -> bool:
    """Whether the patient's side may take it back for good: their own, unverified, within the hour."""
    return (
        actor.is_patient
        and paper.source != PaperSource.STAFF
        and paper.uploaded_by == actor.user_id
        and paper.verified_at is None
        and not paper.is_removed
        and paper.created_at > clock.now() - TAKEN_BACK_WITHIN
    )
