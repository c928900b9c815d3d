"""Records whose table counts no versions: what a line would change in them, and whether anybody has since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from clinic.core.db import db
from clinic.core.text import fold
from clinic.imports.kinds.base import Context
from clinic.imports.models import ImportRow


def plain(value: Any) -> Any:
    """A column's value as lines keep it: amounts with two decimals, truth as ``yes`` and ``no``, lists with
    commas.
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    if isinstance(value, list):
        return ", ".join(value)
    return value if value is None or isinstance(value, int) else str(value)


def said_of(record: Any, names: Sequence[str]) -> dict[str, Any]:
    """A record's values as lines say them."""
    return {name: plain(getattr(record, name)) for name in names}


def changes(
    said: Mapping[str, Any], record: Any, names: Sequence[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a line would fill in in a record, and where it says something else: value by column."""
    fills: dict[str, Any] = {}
    differs: dict[str, Any] = {}
    for name in names:
        value, kept = said.get(name), plain(getattr(record, name))
        if value in (None, ""):
            continue
        if kept in (None, ""):
            fills[name] = value
        elif value != kept and fold(str(value)) != fold(str(kept)):
            differs[name] = value
    return fills, differs


def as_kept(record: Any, names: Sequence[str]) -> dict[str, Any]:
    """What is noted of a record on the line that wrote it, to see later whether anybody changed it."""
    db.session.flush()
    db.session.refresh(record)
    return {name: _exact(getattr(record, name)) for name in names}


def changed_since(context: Context, model: Any, names: Sequence[str]) -> list[Any]:
    """The records an import wrote that are no longer as it left them. One statement."""
    left: dict[int, tuple[Any, dict[str, Any]]] = {}
    rows = db.session.execute(
        select(model, ImportRow.before["after"])
        .join(ImportRow, ImportRow.record_id == model.id)
        .where(ImportRow.import_id == context.import_id, ImportRow.before.is_not(None))
        .order_by(ImportRow.number)
        .execution_options(populate_existing=True)
    )
    for record, after in rows:
        left[record.id] = (record, after)
    return [
        record
        for record, after in left.values()
        if any(_exact(getattr(record, name)) != after.get(name) for name in names)
    ]


def _exact(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | str) else str(value)
