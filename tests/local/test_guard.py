"""The guard alone: what it passes on, and what it does not leave behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys

import pytest

from clinic.local.services import guarded
from tests.local.conftest import eventually

PRINT_PID = "import os, sys; print(os.getpid(), flush=True)\n"


def running(pid: int) -> bool:
    """Whether a process is there and not just waiting to be collected."""
    done = subprocess.run(["ps", "-p", str(pid), "-o", "stat="], capture_output=True, text=True, check=False)
    return done.stdout.strip() not in ("", "Z", "Z+", "Zs")


def test_the_exit_code_is_passed_on():
    assert guarded([sys.executable, "-c", "raise SystemExit(7)"]).wait() == 7


def test_death_by_a_signal_is_passed_on_as_a_shell_would():
    assert guarded([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"]).wait() == 137


def test_a_command_that_is_not_there_is_named():
    missing = guarded(["/no/such/command"], output=subprocess.PIPE)
    assert b"/no/such/command could not be started" in missing.process.stdout.read()
    assert missing.wait() == 127


def test_a_command_that_does_not_listen_is_killed_after_its_grace():
    deaf = (
        PRINT_PID
        + "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        + "print(1, flush=True)\ntime.sleep(60)"
    )
    command = guarded([sys.executable, "-c", deaf], grace=0.2, output=subprocess.PIPE)
    pid = int(command.process.stdout.readline())
    command.process.stdout.readline()
    assert command.stop() == 137
    assert not running(pid)


def test_a_stop_that_comes_before_the_command_has_begun_is_not_lost():
    command = guarded(["sleep", "60"], stop_signal="INT", grace=1.0)
    assert command.stop() == 128 + signal.SIGINT  # not killed after its grace


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux hands orphans to the guard")
def test_a_child_of_the_command_that_left_its_group_is_ended_too():
    child = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    start = f"subprocess.Popen([sys.executable, '-c', {child!r}], start_new_session=True).wait()"
    parent = f"import subprocess, sys\n{start}"
    command = guarded([sys.executable, "-c", parent], output=subprocess.PIPE)
    pid = int(command.process.stdout.readline())
    command.stop()
    assert eventually(lambda: not running(pid))


def test_a_guard_ends_with_its_parent_even_where_another_process_holds_the_pipe():
    script = f"""
import os, sys, time
from clinic.local.services import guarded
command = guarded([sys.executable, "-c", {PRINT_PID + "import time; time.sleep(60)"!r}])
if os.fork() == 0:
    print(os.getpid(), flush=True)
time.sleep(60)
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, start_new_session=True)
    pids = {int(parent.stdout.readline()), int(parent.stdout.readline())}
    parent.kill()
    parent.wait()
    assert eventually(lambda: sum(running(pid) for pid in pids) == 1)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
