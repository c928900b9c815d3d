"""The life of a visit, as one table: which step leads from where to where, and whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from clinic.scheduling.models import AppointmentStatus as Status


class Who(StrEnum):
    FRONT_DESK = "front_desk"
    OWN_PRACTITIONER = "own_practitioner"
    PATIENT = "patient"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step.

    ``stamp`` is the column that keeps its moment; ``releases`` gives the time back; ``after_start`` steps
    wait for the
    visit's time; from ``reason_from`` a reason is due; ``staff_only_from`` are the states a patient may not
    leave.
    """

    name: str
    event: str
    leaves: frozenset[Status]
    reaches: Status
    who: frozenset[Who]
    stamp: str
    releases: bool = False
    after_start: bool = False
    reason_from: frozenset[Status] = frozenset()
    staff_only_from: frozenset[Status] = frozenset()


_STAFF = frozenset({Who.FRONT_DESK, Who.OWN_PRACTITIONER})

CONFIRM = Step(
    name="confirm",
    event="confirmed",
    leaves=frozenset({Status.PENDING}),
    reaches=Status.CONFIRMED,
    who=_STAFF,
    stamp="confirmed_at",
)
REJECT = Step(
    name="reject",
    event="rejected",
    leaves=frozenset({Status.PENDING}),
    reaches=Status.REJECTED,
    who=frozenset({Who.FRONT_DESK}),
    stamp="ended_at",
    releases=True,
)
ARRIVE = Step(
    name="arrive",
    event="arrived",
    leaves=frozenset({Status.CONFIRMED}),
    reaches=Status.ARRIVED,
    who=_STAFF,
    stamp="arrived_at",
)
START = Step(
    name="start",
    event="started",
    leaves=frozenset({Status.CONFIRMED, Status.ARRIVED}),
    reaches=Status.IN_PROGRESS,
    who=_STAFF,
    stamp="started_at",
)
COMPLETE = Step(
    name="complete",
    event="completed",
    leaves=frozenset({Status.IN_PROGRESS}),
    reaches=Status.COMPLETED,
    who=_STAFF,
    stamp="completed_at",
)
CANCEL = Step(
    name="cancel",
    event="cancelled",
    leaves=frozenset({Status.PENDING, Status.CONFIRMED, Status.ARRIVED, Status.IN_PROGRESS}),
    reaches=Status.CANCELLED,
    who=frozenset({Who.FRONT_DESK, Who.OWN_PRACTITIONER, Who.PATIENT}),
    stamp="ended_at",
    releases=True,
    reason_from=frozenset({Status.ARRIVED, Status.IN_PROGRESS}),
    staff_only_from=frozenset({Status.ARRIVED, Status.IN_PROGRESS}),
)
NO_SHOW = Step(
    name="no-show",
    event="no_show",
    leaves=frozenset({Status.CONFIRMED}),
    reaches=Status.NO_SHOW,
    who=_STAFF,
    stamp="ended_at",
    releases=True,
    after_start=True,
)
TAKE_BACK = Step(
    name="take-back",
    event="taken_back",
    leaves=frozenset(Status) - {Status.PENDING},
    reaches=Status.PENDING,
    who=_STAFF,
    stamp="",
)
UNDO = Step(
    name="undo",
    event="undone",
    leaves=frozenset({Status.CANCELLED, Status.REJECTED, Status.NO_SHOW}),
    reaches=Status.PENDING,
    who=_STAFF,
    stamp="",
)
"""For a minute, and for whoever did it. Where both lead is read from the history instead."""

STEPS = {step.name: step for step in (CONFIRM, REJECT, ARRIVE, START, COMPLETE, CANCEL, NO_SHOW)}
BY_EVENT = {step.event: step for step in STEPS.values()}
MOVABLE = frozenset({Status.PENDING, Status.CONFIRMED})


def open_steps(status: str) -> list[Step]:
    """The steps that a visit in this state can take."""
    return [step for step in STEPS.values() if status in step.leaves]
