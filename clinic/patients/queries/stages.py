"""A search in parts, each in the order of its index, as one statement that sorts nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, literal, select, union_all

from clinic.core.access import Actor
from clinic.core.db import db
from clinic.patients import policy
from clinic.patients.models import Patient


@dataclass(frozen=True)
class Part:
    """Patients' ids by one index. ``key`` is what the order goes by, and where it is equal, the index alone;
    None where the order does not matter. ``counting`` finds the same in no order,
    where that is the faster way to count them.
    """

    select: Select[Any]
    key: Any = None
    counting: Select[Any] | None = None


@dataclass(frozen=True)
class Search:
    """Where to look, one place after the other: first come all of the first part, then those of the next.

    A part is read only while those before have not found enough; what they found may come again in it.
    """

    parts: tuple[Part, ...]

    def rows(self, limit: int, columns: Sequence[Any]) -> list[Any]:
        """The first ``limit`` patients with these columns, ``id`` among them. For few: all of them are sorted
        here. One statement; none without parts.
        """
        if not self.parts:
            return []
        found = self._statement(limit).subquery()
        statement = select(*columns, found.c.key, found.c.part).join(found, found.c.id == Patient.id)
        return _different(sorted(db.session.execute(statement), key=_place))[:limit]

    def ids(self, limit: int) -> list[int]:
        """The ids of the first ``limit`` patients. One statement; none without parts."""
        if not self.parts:
            return []
        rows = sorted(db.session.execute(self._statement(limit)), key=_place)
        return [row.id for row in _different(rows)][:limit]

    def count(self, limit: int) -> int:
        """How many patients there are, up to ``limit``. One statement at most."""
        if not self.parts:
            return 0
        rows = db.session.execute(self._statement(limit, in_order=False))
        return min(limit, len({row.id for row in rows}))

    def _statement(self, limit: int, *, in_order: bool = True) -> Any:
        """Rows of part, key and id, in any order: enough of them for the first ``limit`` patients."""
        found: list[Any] = []
        for number, part in enumerate(self.parts):
            chosen = part.select if in_order or part.counting is None else part.counting
            key = literal("") if part.key is None else part.key
            most = chosen.add_columns(key.label("key"), literal(number).label("part"))
            most = most.limit(limit * (number + 1))
            if found:
                before = sum((_count(one) for one in found[1:]), _count(found[0]))
                most = select(most.subquery()).limit(_enough(before, limit))
            found.append(most.cte(f"part_{number}").prefix_with("MATERIALIZED"))
        selects = [select(one.c.part, one.c.key, one.c.id) for one in found]
        return union_all(*selects) if len(selects) > 1 else selects[0]


def visible_ids(actor: Actor, *conditions: ColumnElement[bool]) -> Select[Any]:
    """The ids of patients that ``actor`` may see and that fulfil the conditions."""
    return select(Patient.id).where(policy.visible(actor), *conditions)


def _count(found: Any) -> Any:
    return select(func.count()).select_from(found).scalar_subquery()


def _enough(before: Any, limit: int) -> Any:
    """None where there are enough already; else so many that enough are new, were all the others to come
    again.
    """
    return case((before >= limit, 0), else_=limit + before)


def _place(row: Any) -> tuple[int, Any, int]:
    return row.part, row.key, row.id


def _different(rows: Iterable[Any]) -> list[Any]:
    """The rows without those of a patient who came before."""
    different: dict[int, Any] = {}
    for row in rows:
        different.setdefault(row.id, row)
    return list(different.values())
