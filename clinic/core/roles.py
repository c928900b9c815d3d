"""Two roles of the database: one owns the tables and migrates, the other is the application and changes rows.

What the second may do follows from the triggers: of a table whose rows are only ever added it may read and
add, of any other it may also change and remove, and of none it may be the owner. So it can neither alter a
table nor switch a trigger off.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from sqlalchemy import Connection, create_engine, text

from clinic.config import ConfigurationError, Settings

_ROLE = re.compile(r"[A-Za-z_][A-Za-z0-9_$-]{0,62}")
_TABLES = text(
    "SELECT c.relname, EXISTS ("
    "   SELECT FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
    "   WHERE t.tgrelid = c.oid AND p.proname = 'append_only' AND (t.tgtype & 24) = 24"
    " ) AS append_only"
    " FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
    " ORDER BY c.relname"
)
_SEQUENCES = text(
    "SELECT c.relname, NOT EXISTS ("
    "   SELECT FROM pg_depend d"
    "   WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'i'"
    " ) AS free"
    " FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'S' ORDER BY c.relname"
)
_COLUMNS = text(
    "SELECT attname FROM pg_attribute WHERE attrelid = CAST(:table AS regclass)"
    " AND attnum > 0 AND NOT attisdropped AND attname <> 'id' ORDER BY attnum"
)
VERSIONS = "alembic_version"
NUMBERED = "audit_events"
"""Whose order is its numbers: the sequence hands them out, so the application writes all columns but id."""


def application_role(settings: Settings) -> str | None:
    """The role of DATABASE_URL, where another one migrates; None where one role does both."""
    if not settings.migration_database_url:
        return None
    names = [
        unquote(urlsplit(url).username or "")
        for url in (settings.database_url, settings.migration_database_url)
    ]
    return names[0] if names[0] and names[0] != names[1] else None


def grant_to(connection: Connection, role: str) -> list[str]:
    """Give ``role`` exactly what the application needs, in the connection's transaction; the statements.

    Run as the owner of the tables, after each migration. Raises ConfigurationError for a name that is none.
    """
    if not _ROLE.fullmatch(role):
        raise ConfigurationError(f"{role!r} is no name of a database role.")
    statements = list(_statements(connection, f'"{role}"'))
    for statement in statements:
        connection.execute(text(statement))
    return statements


def grant(settings: Settings, role: str) -> list[str]:
    """``grant_to`` on a connection of the owner's."""
    engine = create_engine(settings.migration_database_url or settings.database_url)
    try:
        with engine.begin() as connection:
            return grant_to(connection, role)
    finally:
        engine.dispose()


def _statements(connection: Connection, role: str) -> Iterable[str]:
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}"
    yield f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {role}"
    yield f"REVOKE CREATE ON SCHEMA public FROM {role}"
    yield f"GRANT USAGE ON SCHEMA public TO {role}"
    for table, append_only in connection.execute(_TABLES):
        rights = "SELECT, INSERT" if append_only else "SELECT, INSERT, UPDATE, DELETE"
        if table == NUMBERED:
            names = connection.scalars(_COLUMNS, {"table": f'public."{table}"'})
            rights = "SELECT, INSERT (" + ", ".join(f'"{name}"' for name in names) + ")"
        yield f'GRANT {"SELECT" if table == VERSIONS else rights} ON "{table}" TO {role}'
    for sequence, free in connection.execute(_SEQUENCES):
        # Only numbers that no column hands out may be set on, as an import of a register does.
        yield f'GRANT USAGE, SELECT{", UPDATE" if free else ""} ON SEQUENCE "{sequence}" TO {role}'
