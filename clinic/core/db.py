"""The database: the declarative base, the one place that commits, constraints that become domain errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

import structlog
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, ForeignKey, Identity, MetaData, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, registry

from clinic.core import clock
from clinic.core.errors import DomainError

log = structlog.get_logger(__name__)

NAMES = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "ex": "ex_%(table_name)s_%(constraint_name)s",
}

Key = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
"""A bigint identity as primary key."""
Instant = Annotated[datetime, mapped_column(TIMESTAMP(timezone=True))]
"""A moment in time, UTC."""


class Base(DeclarativeBase):
    """Base of all models. Constraints are named after the rule they keep."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMES),
        type_annotation_map={str: Text, int: BigInteger, datetime: TIMESTAMP(timezone=True)},
    )


class InGroup:
    """A row that belongs to a clinic group, the unit by which a very large installation would be split."""

    group_id: Mapped[int] = mapped_column(ForeignKey("clinic_groups.id"), server_default="1")


class Created:
    """A row that knows when it was made."""

    created_at: Mapped[Instant] = mapped_column(default=clock.now)


db = SQLAlchemy(model_class=Base)
migrate = Migrate()

ErrorFactory = Callable[[], DomainError]
_constraint_errors: dict[str, ErrorFactory] = {}


def constraint_means(name: str, error: ErrorFactory) -> None:
    """Say which domain error a violation of the constraint (or trigger error) called ``name`` is."""
    _constraint_errors[name] = error


def error_of(failure: DBAPIError) -> DomainError | None:
    """The domain error behind a database error, if its constraint has a meaning."""
    name = getattr(getattr(failure.orig, "diag", None), "constraint_name", None)
    factory = _constraint_errors.get(name or "")
    return factory() if factory else None


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """One change, whole or not at all. The only place that commits.

    A violated constraint that has a meaning is raised as its domain error. Work put off with ``after_commit``
    runs once the change is safe; if that work fails the change stands, so it must be something a sweep would
    do again.
    """
    session = db.session()
    try:
        yield session
        session.commit()
    except DBAPIError as failure:
        session.rollback()
        session.info.pop("after_commit", None)
        error = error_of(failure)
        if error is not None:
            raise error from failure
        raise
    except BaseException:
        session.rollback()
        session.info.pop("after_commit", None)
        raise
    for work in session.info.pop("after_commit", []):
        try:
            work()
        except Exception as failure:  # the change is safe; the sweep repeats what is lost here
            log.warning("after_commit_failed", error=type(failure).__name__)


def after_commit(work: Callable[[], Any]) -> None:
    """Run ``work`` once the current unit of work has committed; forget it if that rolls back."""
    db.session().info.setdefault("after_commit", []).append(work)


__all__ = [
    "Base",
    "Created",
    "InGroup",
    "Instant",
    "IntegrityError",
    "Key",
    "after_commit",
    "constraint_means",
    "db",
    "error_of",
    "migrate",
    "unit_of_work",
]
