"""Which of two providers is asked first: one that keeps failing is left alone for a few minutes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import case, select, update
from sqlalchemy.dialects.postgresql import insert

from clinic.core import clock
from clinic.core.db import db
from clinic.notifications.models import ProviderHealth

IN_A_ROW = 3
"""So many definite failures one after another, and the other provider comes first."""
LEFT_ALONE = timedelta(minutes=5)
_MOST = 1000


def preferred(providers: Sequence[str]) -> str:
    """The provider to ask first, in the caller's transaction: the first that is not being left alone."""
    if len(providers) == 1:
        return providers[0]
    avoided = set(
        db.session.scalars(
            select(ProviderHealth.provider).where(
                ProviderHealth.provider.in_(providers), ProviderHealth.avoid_until > clock.now()
            )
        )
    )
    return next((name for name in providers if name not in avoided), providers[0])


def note_failure(provider: str) -> None:
    """One more definite failure, in the caller's transaction."""
    until = clock.now() + LEFT_ALONE
    db.session.execute(
        insert(ProviderHealth)
        .values(provider=provider, failures=1)
        .on_conflict_do_update(
            index_elements=[ProviderHealth.provider],
            set_={
                "failures": case((ProviderHealth.failures < _MOST, ProviderHealth.failures + 1), else_=_MOST),
                "avoid_until": case((ProviderHealth.failures + 1 >= IN_A_ROW, until)),
            },
        )
    )


def note_success(provider: str) -> None:
    """The provider works: what was counted against it is forgotten, in the caller's transaction."""
    db.session.execute(
        update(ProviderHealth)
        .where(ProviderHealth.provider == provider, ProviderHealth.failures > 0)
        .values(failures=0, avoid_until=None)
        .execution_options(synchronize_session=False)
    )
