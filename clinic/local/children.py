"""The application's own processes: kept running, and heard only where something is wrong."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from clinic.local.services import Guarded, guarded

LOG_BYTES = 2_000_000
STEADY_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 30.0
LOUD = "WARNING|ERROR|CRITICAL"
WORTH_SHOWING = re.compile(rf"""^({LOUD})\b|\[({LOUD})\]|^\{{.*"level": "(?i:{LOUD})"|^Traceback""")


def say(text: str) -> None:
    """Print for the person at the terminal, which may already be gone."""
    with contextlib.suppress(OSError, ValueError):
        print(text, flush=True)


class Log:
    """A log file and its one predecessor."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.file = self.open()

    def open(self) -> int:
        """Open for appending, readable by its owner alone."""
        return os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def write(self, line: bytes) -> None:
        """Append a line; a full file is put aside first."""
        if os.fstat(self.file).st_size > LOG_BYTES:
            os.close(self.file)
            self.path.replace(self.path.with_suffix(".log.1"))
            self.file = self.open()
        os.write(self.file, line)


def relay(lines: Iterable[bytes], *, name: str, log: Log) -> None:
    """Write a child's lines to its log, and those that tell of trouble to the terminal as well."""
    in_traceback = False
    for line in lines:
        log.write(line)
        text = line.decode(errors="replace").rstrip()
        if in_traceback or WORTH_SHOWING.search(text):
            say(f"{name:<6} | {text}")
        if text.startswith("Traceback"):
            in_traceback = True
        elif in_traceback and text and not text[0].isspace():
            in_traceback = False


class Child:
    """One command that is started again whenever it ends, after a pause that grows."""

    def __init__(
        self, name: str, command: list[str], *, env: dict[str, str], cwd: Path, logs: Path, lock: int
    ) -> None:
        self.name = name
        self.lock = lock
        self.command = command
        self.env = env
        self.cwd = cwd
        self.log = Log(logs / f"{name}.log")
        self.running: Guarded | None = None
        self.started_at = 0.0
        self.restart_at = 0.0
        self.pause = 1.0
        self.relay: threading.Thread | None = None

    def start(self) -> None:
        """Start the command and begin to listen to it."""
        self.running = guarded(
            self.command, env=self.env, cwd=self.cwd, output=subprocess.PIPE, keep_open=(self.lock,)
        )
        self.started_at = time.monotonic()
        assert self.running.process.stdout is not None, "asked for above"
        self.relay = threading.Thread(
            target=relay,
            args=(self.running.process.stdout,),
            kwargs={"name": self.name, "log": self.log},
            daemon=True,
        )
        self.relay.start()

    @property
    def ended(self) -> bool:
        """Whether it was started and has ended by itself."""
        return self.running is not None and self.running.process.poll() is not None

    def look_after(self) -> None:
        """Notice an end, and start again once the pause is over. Called every half second or so."""
        if self.running is None:
            if time.monotonic() >= self.restart_at:
                self.start()
            return
        if not self.ended:
            return
        code, lived = self.stop(), time.monotonic() - self.started_at
        self.pause = 1.0 if lived > STEADY_SECONDS else min(self.pause * 2, LONGEST_PAUSE_SECONDS)
        self.restart_at = time.monotonic() + self.pause
        say(
            f"{self.name:<6} | ended with {code}; starting again in {self.pause:.0f} s. "
            f"Its log: {self.log.path}"
        )

    def ask_to_stop(self) -> None:
        """Begin to stop, so that several may end at the same time."""
        if self.running is not None:
            self.running.ask_to_stop()

    def stop(self) -> int:
        """Stop and hear the last lines; the exit code, 0 where it was not running."""
        if self.running is None:
            return 0
        code = self.running.stop()
        if self.relay is not None:
            self.relay.join(timeout=2)
        self.running = None
        return code


def python(*arguments: str) -> list[str]:
    """A command of this virtual environment's Python."""
    return [sys.executable, "-m", *arguments]
