"""What the tests of the local services share: private folders, and a look at the processes."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clinic.local.services import EmbeddedPostgres

CHECKOUT = Path(__file__).resolve().parents[2]
SITE_PACKAGES = next(path for path in sys.path if path.endswith("site-packages"))


def works_in(pid: int) -> str:
    """The folder a process works in; empty where the machine does not say."""
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""


def processes_about(text: str) -> list[str]:
    """The command lines of running processes that name `text` or work in it, this test's own left out.

    A supervisor names its checkout nowhere, and neither does what it has forked until that is a program of
    its own: between two of its steps only the folder tells that more is to come.
    """
    listed = subprocess.run(["ps", "-ewwo", "pid=,args="], capture_output=True, text=True, check=True).stdout
    pids = {int(line.split()[0]): line for line in listed.splitlines()}
    return [
        line for pid, line in pids.items() if pid != os.getpid() and (text in line or text in works_in(pid))
    ]


def eventually(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Whether the condition comes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@contextlib.contextmanager
def own_folder() -> Iterator[Path]:
    """A folder with a space and a quote in its name that any user may enter, and none other may list."""
    path = Path(tempfile.mkdtemp(prefix="sutra it's ", dir="/tmp"))
    path.chmod(0o711)
    yield path
    left = processes_about(str(path))
    shutil.rmtree(path, ignore_errors=True)
    assert not left, f"left running: {left}"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of this test's own, with nothing in it."""
    with own_folder() as path:
        yield path


@pytest.fixture(scope="session")
def made_folder() -> Iterator[Path]:
    """A folder in which a Postgres was made and has run before."""
    with own_folder() as path:
        with EmbeddedPostgres(path / "postgres", fast=True):
            pass
        yield path


@pytest.fixture
def used_folder(made_folder: Path) -> Iterator[Path]:
    """A folder whose Postgres other tests have started and stopped before, where that makes no difference.

    Making one takes some fifteen times as long as starting it.
    """
    yield made_folder
    left = processes_about(str(made_folder))
    assert not left, f"left running: {left}"
