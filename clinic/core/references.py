"""Which rows of other tables point at a row: what must be known before a row can go."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, Table, select, union
from sqlalchemy.sql.expression import CompoundSelect

from clinic.core.db import Base


def referring_to(table: Table, ids: Select[Any], *, but: Collection[str] = ()) -> CompoundSelect[Any] | None:
    """The ids among ``ids`` that rows of other tables name, those tables called ``but`` left out.

    Looks at every foreign key the models declare, so a table added later counts by itself. None when no
    other table points here.
    """
    pointing = [
        select(key.parent.label("id")).where(key.parent.in_(ids))
        for other in Base.metadata.sorted_tables
        if other.name not in but and other is not table
        for key in other.foreign_keys
        if key.column.table is table and key.column.name == "id"
    ]
    return union(*pointing) if pointing else None
