"""`make check`: everything that can be said about the code without running its tests."""

from __future__ import annotations

import base64
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from clinic.local.children import python
from clinic.local.services import LocalError
from clinic.local.testing import embedded_services

BIN = Path(sys.executable).parent
CHECKS = {
    "ruff check": python("ruff", "check", "--quiet", "."),
    "ruff format": python("ruff", "format", "--check", "--quiet", "."),
    "mypy": python("mypy"),
    "djlint": python("djlint", "templates", "--lint", "--quiet"),
    "import-linter": [sys.executable, str(BIN / "lint-imports")],
    "translations": python("clinic.local.catalogs", "check"),
}
# Up from nothing, in step with the models, all the way down, and up again.
MIGRATIONS = ("db upgrade", "db check", "db downgrade base", "db upgrade", "db check")


def passes(name: str, command: list[str], env: Mapping[str, str] | None = None) -> bool:
    """Run one check; its output is shown where it fails."""
    began = time.monotonic()
    done = subprocess.run(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    took = time.monotonic() - began
    if done.returncode == 0:
        print(f"ok      {name} ({took:.1f} s)", flush=True)
    else:
        print(f"FAILED  {name} ({took:.1f} s)\n{done.stdout.rstrip()}", flush=True)
    return done.returncode == 0


def migrations_pass() -> bool:
    """Whether the migrations run both ways on a fresh database and agree with the models."""
    with embedded_services() as services:
        env = os.environ | {
            "SUTRA_ENV": "development",
            "FLASK_APP": "wsgi.py",
            "PUBLIC_URL": "http://127.0.0.1:8000",
            "SECRET_KEY": secrets.token_urlsafe(48),
            "FIELD_KEYS": base64.urlsafe_b64encode(os.urandom(32)).decode(),
            "DATABASE_URL": services.database_url,
            "REDIS_URL": services.redis_url,
        }
        return passes("migrations", python("clinic.local.flask_commands", *MIGRATIONS), env)


def main() -> int:
    """Run every check, also after one that fails; 1 where any did."""
    try:
        results = [*(passes(name, command) for name, command in CHECKS.items()), migrations_pass()]
    except LocalError as error:
        sys.exit(str(error))
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
