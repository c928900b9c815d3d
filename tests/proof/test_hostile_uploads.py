"""Every hostile file by itself: how much time and memory it gets. Two seconds, and a hundred megabytes."""

from __future__ import annotations

import contextlib
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from clinic.core.errors import Invalid
from clinic.records import sandbox
from clinic.records.uploads import job_of
from tests.records.corpus import corpus

SECONDS, MEGABYTES = 2.0, 100.0
STARTING = 0.5
"""What the program itself takes before its clock begins, and the kernel counts in whole seconds."""


class Watched(subprocess.Popen):  # type: ignore[type-arg]
    """A process whose memory is looked at until it ends."""

    peak = 0.0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        Watched.peak = 0.0
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        status = Path(f"/proc/{self.pid}/status")
        with contextlib.suppress(OSError):
            while self.returncode is None:
                text = status.read_text()
                if "VmHWM" not in text:
                    return
                if "rendering.py" in Path(f"/proc/{self.pid}/cmdline").read_text():
                    Watched.peak = max(Watched.peak, int(text.split("VmHWM:")[1].split()[0]) / 1000)
                time.sleep(0.002)


@pytest.mark.usefixtures("app")
def test_no_file_takes_more_than_two_seconds_and_a_hundred_megabytes(
    monkeypatch: pytest.MonkeyPatch, record_property: Any
) -> None:
    monkeypatch.setattr("clinic.records.sandbox.subprocess.Popen", Watched)
    over: list[str] = []
    most_seconds = most_megabytes = 0.0
    count = killed = 0
    for one in corpus():
        try:
            job = job_of(one.data)
        except Invalid:
            continue
        before = _children()
        outcome = sandbox.run(job)
        seconds = _children() - before
        count, killed = count + 1, killed + (outcome.refused == sandbox.KILLED)
        most_seconds, most_megabytes = max(most_seconds, seconds), max(most_megabytes, Watched.peak)
        if seconds > SECONDS + 1 + STARTING or Watched.peak > MEGABYTES * 1.048576:
            over.append(f"{one.name[:30]}: {seconds:.2f} s, {Watched.peak:.0f} MB")
    figures = f"{count} files, {killed} ended, at most {most_seconds:.2f} s and {most_megabytes:.0f} MB"
    record_property("figures", figures)
    sys.stderr.write(f"\n{figures}\n")
    assert over == []


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
