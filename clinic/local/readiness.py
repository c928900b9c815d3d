"""What an earlier start made ready: with the same migrations and demo clinic, nothing is left to do.

Making ready loads the application a second time beside the web process, which is most of what a start costs.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import psycopg2

SOURCES = ("migrations/versions/*.py", "clinic/demo/**/*.py")


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """Remembered in a file that lies beside the database, and goes with it."""

    file: Path
    checkout: Path

    @property
    def is_known(self) -> bool:
        """Whether a start from here has been to its end before."""
        return self.file.exists()

    def demo(self, database_url: str) -> dict[str, object] | None:
        """Who may log in, as the last start said it; None where there may be something to do."""
        try:
            kept = json.loads(self.file.read_text())
            same = kept["sources"] == self._sources() and kept["revision"] == revision_of(database_url)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return dict(kept["demo"]) if same and kept["revision"] else None

    def remember(self, demo: dict[str, object], database_url: str) -> None:
        """Keep what was made ready just now."""
        kept = {"sources": self._sources(), "revision": revision_of(database_url), "demo": demo}
        new = self.file.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps(kept))
        new.replace(self.file)

    def _sources(self) -> str:
        digest = sha256()
        for pattern in SOURCES:
            for path in sorted(self.checkout.glob(pattern)):
                digest.update(f"{path.name}\0".encode() + path.read_bytes())
        return digest.hexdigest()


def revision_of(database_url: str) -> str:
    """The migration the database is at; empty where it does not say."""
    with contextlib.suppress(psycopg2.Error):
        connection = psycopg2.connect(database_url.replace("+psycopg2", "", 1))
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute("SELECT version_num FROM alembic_version")
            row = cursor.fetchone()
            return str(row[0]) if row else ""
    return ""
