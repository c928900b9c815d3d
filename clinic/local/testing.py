"""Postgres and Valkey for one run of the tests."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from clinic.local.services import EmbeddedPostgres, EmbeddedValkey


class Services(NamedTuple):
    """Where they are, and how to stop what was started for the run (nothing, where all was given)."""

    database_url: str
    redis_url: str
    stop: Callable[[], None]


def start_test_services(folder: Path | None = None) -> Services:
    """Start what TEST_DATABASE_URL and TEST_REDIS_URL do not give already.

    The data lies in `folder`, or in a temporary one that goes away with `stop()`. The embedded database is
    empty, its user may create others. No process survives the calling one, however that ends. Raises
    LocalError.
    """
    given_database = os.environ.get("TEST_DATABASE_URL", "")
    given_redis = os.environ.get("TEST_REDIS_URL", "")
    with contextlib.ExitStack() as started:
        if folder is None and not (given_database and given_redis):
            folder = Path(tempfile.mkdtemp(prefix="sutra-test-"))
            folder.chmod(0o711)  # Postgres may have to run as another user
            started.callback(shutil.rmtree, folder, ignore_errors=True)
        database_url = given_database or started.enter_context(
            EmbeddedPostgres(f"{folder}/postgres", fast=True)
        )
        redis_url = given_redis or started.enter_context(EmbeddedValkey(f"{folder}/valkey", fast=True))
        return Services(database_url, redis_url, started.pop_all().close)


@contextlib.contextmanager
def embedded_services(folder: Path | None = None) -> Iterator[Services]:
    """`start_test_services()` as a context manager."""
    services = start_test_services(folder)
    try:
        yield services
    finally:
        services.stop()
