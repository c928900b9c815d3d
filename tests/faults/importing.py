"""A register on its way into a clinic whose commits are commits, and workers that can be met half-way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from clinic.core.access import Actor, Role
from clinic.core.db import db, unit_of_work
from clinic.facilities.queries import get_facility
from clinic.imports import service
from clinic.imports.kinds import KINDS, Context
from clinic.imports.models import Import, ImportRow, ImportState
from clinic.imports.queries import lock_import
from clinic.patients.models import Patient
from tests.factories import FacilityFactory, UserFactory, actor_of, grant

FIRST_MOBILE = 9_000_000_000


def lines_of(people: int, *, first: int = 0) -> str:
    """A register of that many people, no two alike."""
    lines = [
        f"Person{number}a Family{number * 7}b,{FIRST_MOBILE + number}"
        for number in range(first, first + people)
    ]
    return "\n".join(["Name,Mobile", *lines])


@dataclass(frozen=True)
class Desk:
    """A facility and the manager who brings a register in there."""

    facility_id: int
    manager: Actor

    @classmethod
    def open(cls) -> Desk:
        """A new facility with its manager."""
        with unit_of_work():
            facility = FacilityFactory()
            user = grant(UserFactory(name="Meera Krishnan"), Role.FACILITY_ADMIN, facility=facility)
            return cls(facility.id, actor_of(user, Role.FACILITY_ADMIN, facility=facility))

    def send(self, content: str) -> int:
        """A file that waits for the worker to read it; the import's id."""
        with unit_of_work():
            return service.receive(
                self.manager,
                get_facility(self.facility_id),
                kind="patients",
                file_name="register.csv",
                pieces=[content.encode()],
            ).id

    def confirm(self, import_id: int) -> None:
        """Agree to the guessed columns; the worker has to look at the lines now."""
        with unit_of_work():
            row = lock_import(self.manager, import_id)
            service.confirm_mapping(self.manager, row, row.mapping, day_order=row.day_order)

    def ready(self, content: str) -> int:
        """A file up to its preview."""
        import_id = self.send(content)
        service.carry_on(import_id)
        self.confirm(import_id)
        service.carry_on(import_id)
        assert state_of(import_id) == ImportState.READY
        return import_id

    def press(self, import_id: int) -> None:
        """Have it brought in."""
        with unit_of_work():
            service.commit(self.manager, lock_import(self.manager, import_id))

    def stop(self, import_id: int) -> None:
        """Press "Stop"."""
        with unit_of_work():
            service.stop(self.manager, lock_import(self.manager, import_id))

    def patients(self) -> int:
        """How many patients anybody sees at the facility."""
        db.session.rollback()
        query = select(func.count()).select_from(Patient).where(Patient.facility_id == self.facility_id)
        return db.session.scalar(query) or 0


def state_of(import_id: int) -> str:
    """The state as it is in the database now."""
    db.session.rollback()
    return db.session.get_one(Import, import_id, populate_existing=True).state


def written_lines(import_id: int) -> int:
    """How many lines say that they were brought in."""
    db.session.rollback()
    query = select(func.count()).where(ImportRow.import_id == import_id, ImportRow.written_at.is_not(None))
    return db.session.scalar(query) or 0


class Beside:
    """Somebody else, on connections of their own."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self._outcome: list[object] = []
        self._thread: threading.Thread | None = None

    def start(self, work: Callable[[], object]) -> None:
        """Let them begin."""
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def outcome(self, *, seconds: float = 20) -> object:
        """What their work returned, or raised. Raises TimeoutError when they are kept waiting."""
        assert self._thread is not None
        self._thread.join(seconds)
        if self._thread.is_alive():
            raise TimeoutError
        return self._outcome[0]

    def _run(self, work: Callable[[], object]) -> None:
        with self.app.app_context():
            try:
                self._outcome.append(work())
            except Exception as failure:  # the caller looks at it
                self._outcome.append(failure)
            finally:
                db.session.remove()


def beside(app: Flask, work: Callable[[], object], *, seconds: float = 20) -> object:
    """Let somebody else do ``work`` now and wait for them: ``Beside.outcome``."""
    other = Beside(app)
    other.start(work)
    return other.outcome(seconds=seconds)


class Met:
    """The kind of list called ``name``, with something that happens before a step of it."""

    def __init__(self, name: str = "patients", **steps: Callable[[int], object]) -> None:
        self.kind, self.steps, self.calls = KINDS[name], steps, dict.fromkeys(steps, 0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.kind, name)

    def judge(self, context: Context, rows: Sequence[ImportRow]) -> None:
        self._met("judge")
        self.kind.judge(context, rows)

    def write(self, context: Context, rows: Sequence[ImportRow]) -> None:
        self._met("write")
        self.kind.write(context, rows)

    def finish(self, context: Context) -> None:
        self._met("finish")
        self.kind.finish(context)

    def _met(self, step: str) -> None:
        if step in self.steps:
            self.calls[step] += 1
            self.steps[step](self.calls[step])
