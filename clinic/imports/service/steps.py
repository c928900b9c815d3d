"""What a worker does for an import, a step at a time: read, check, bring in, take back.

Each step is one transaction: killed at any point it leaves nothing, and the clock has it begun again.
``attempt`` decides between a worker and a person who stopped it: the closing UPDATE names both state and
attempt, and finds no row when the person was first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import text, update
from sqlalchemy.exc import SQLAlchemyError

from clinic.accounts.queries import actor_of
from clinic.core import clock
from clinic.core.access import SYSTEM, Actor
from clinic.core.db import db, unit_of_work
from clinic.core.errors import DomainError
from clinic.core.i18n import force_locale
from clinic.core.i18n import gettext as _
from clinic.facilities.queries import get_facility
from clinic.imports import policy
from clinic.imports.kinds import Context, Stopped
from clinic.imports.models import WORKING, Import, ImportState
from clinic.imports.service.bringing_in import bring_in
from clinic.imports.service.checking import check_all
from clinic.imports.service.file import read_file
from clinic.imports.service.taking_back import take_back

log = structlog.get_logger(__name__)
LOCK_SPACE = 0x1420
AFTER = {
    ImportState.READING: (ImportState.MAPPING, ImportState.FAILED),
    ImportState.CHECKING: (ImportState.READY, ImportState.FAILED),
    ImportState.COMMITTING: (ImportState.DONE, ImportState.READY),
    ImportState.UNDOING: (ImportState.UNDONE, ImportState.DONE),
}
"""The state that follows a step that went well, and one that did not."""
STEPS: dict[ImportState, Callable[[Import, Context, Callable[[int, int], None]], dict[str, Any]]] = {
    ImportState.READING: read_file,
    ImportState.CHECKING: check_all,
    ImportState.COMMITTING: bring_in,
    ImportState.UNDOING: take_back,
}


@dataclass(frozen=True)
class _Step:
    import_id: int
    state: ImportState
    attempt: int
    locale: str


def carry_on(import_id: int) -> bool:
    """Take the next step of an import; False when there is none, or another worker is at it.

    The database being away is raised; any other failure is written on the import in words.
    """
    with _alone(import_id) as mine:
        if not mine:
            return False
        step = _next_step(import_id)
        if step is None:
            return False
        with force_locale(step.locale):
            try:
                _take(step)
            except Stopped:
                log.info("import_stopped", import_id=import_id, step=str(step.state))
            except DomainError as wrong:
                _give_up(step, wrong.message)
            except SQLAlchemyError:
                raise
            except Exception as failure:
                log.error(
                    "import_failed", import_id=import_id, step=str(step.state), error=type(failure).__name__
                )
                _give_up(step, _("Something broke here; nothing was written. It has been noted."))
        return True


@contextmanager
def _alone(import_id: int) -> Iterator[bool]:
    """Whether no other worker has this import, for as long as the context lasts."""
    with db.engine.connect() as guard, guard.begin():
        yield bool(
            guard.scalar(
                text("SELECT pg_try_advisory_xact_lock(:space, :id)"),
                {"space": LOCK_SPACE, "id": import_id % 2**31},
            )
        )


def _next_step(import_id: int) -> _Step | None:
    with unit_of_work():
        row = db.session.get(Import, import_id, populate_existing=True)
        if row is None or row.state not in WORKING:
            return None
        return _Step(row.id, ImportState(row.state), row.attempt, row.locale)


def _take(step: _Step) -> None:
    with unit_of_work() as session:
        row = session.get_one(Import, step.import_id)
        facility = get_facility(row.facility_id)
        actor = _actor_of(row)
        context = Context.of(row, facility, actor, today=clock.today(facility.zone))
        session.expunge_all()
        results = STEPS[step.state](row, context, _Progress(step).tell)
        _close(step, AFTER[step.state][0], **results)


def _actor_of(row: Import) -> Actor:
    """Who asked for this step, with the rights they have now. Raises DomainError when those are gone."""
    actor = SYSTEM if row.acting_id is None else actor_of(row.acting_id)
    if actor is None or not policy.can_import(actor, row.kind, row.facility_id):
        raise DomainError(_("Whoever asked for this may no longer bring in such a list."))
    return actor


def _close(step: _Step, state: ImportState, **values: Any) -> None:
    closed = db.session.execute(
        update(Import)
        .where(Import.id == step.import_id, Import.state == step.state, Import.attempt == step.attempt)
        .values(state=state, beat_at=clock.now(), **values)
        .returning(Import.id)
        .execution_options(synchronize_session=False)
    ).first()
    if closed is None:
        raise Stopped


def _give_up(step: _Step, why: str) -> None:
    try:
        with unit_of_work() as session:
            row = session.get_one(Import, step.import_id, populate_existing=True)
            state = AFTER[step.state][1]
            if state is ImportState.FAILED and row.committed_at is not None:
                state = ImportState.DONE
            _close(step, state, why=why)
    except Stopped:
        return


class _Progress:
    """Tells how far a step has come, in transactions of its own, and hears when somebody stopped it."""

    def __init__(self, step: _Step) -> None:
        self.step = step

    def tell(self, done: int, total: int) -> None:
        """Write down the progress. Raises Stopped when the step is no longer wanted."""
        with db.engine.connect() as beside, beside.begin():
            beside.execute(
                update(Import)
                .where(Import.id == self.step.import_id, Import.attempt == self.step.attempt)
                .values(done=min(done, total), total=total, beat_at=clock.now())
            )
        state, attempt = db.session.execute(
            text("SELECT state, attempt FROM imports WHERE id = :id"), {"id": self.step.import_id}
        ).one()
        if (state, attempt) != (self.step.state, self.step.attempt):
            raise Stopped
