"""Lines of a file out of their table and back, many at a time.

They are loaded apart from the session and stored with one statement for all: row by row, ten thousand lines
would take minutes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, text

from clinic.core.db import db
from clinic.imports.models import ImportRow

COLUMNS = {
    "mended": "jsonb",
    "fingerprint": "text",
    "outcome": "text",
    "faults": "jsonb",
    "notes": "jsonb",
    "values": "jsonb",
    "match": "jsonb",
    "match_name": "text",
    "match_contact": "text",
    "decision": "text",
    "record_id": "bigint",
    "added": "boolean",
    "before": "jsonb",
    "version_after": "bigint",
    "written_at": "timestamptz",
}
"""What can change of a line, by the type of its column."""


def _assignment(name: str, kind: str) -> str:
    value = f"nullif(new.\"{name}\", 'null'::jsonb)" if kind == "jsonb" else f'new."{name}"'
    return f'"{name}" = {value}'


_CHANGES = ", ".join(_assignment(name, kind) for name, kind in COLUMNS.items())
_SHAPE = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
_STORE = text(
    f"UPDATE import_rows AS line SET {_CHANGES}"  # noqa: S608 - the names above, nothing from outside
    f" FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS new(number bigint, {_SHAPE})"
    " WHERE line.import_id = :import_id AND line.number = new.number"
)


def load_lines(query: Select[Any]) -> list[ImportRow]:
    """The lines a query finds, apart from the session: what is changed on them waits for ``store_lines``."""
    session = db.session()
    lines = list(session.scalars(query.execution_options(populate_existing=True)))
    for line in lines:
        session.expunge(line)
    return lines


def store_lines(lines: Sequence[ImportRow]) -> None:
    """Write lines of one import back. One statement, none for no lines."""
    if not lines:
        return
    content = [
        {"number": line.number, **{name: _plain(getattr(line, name)) for name in COLUMNS}} for line in lines
    ]
    db.session.execute(
        _STORE, {"lines": json.dumps(content, ensure_ascii=False), "import_id": lines[0].import_id}
    )


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
