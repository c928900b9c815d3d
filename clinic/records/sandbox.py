"""Starts the program that decodes strangers' files, and reads what it answers.

A job on its input: two numbers of 32 bits (big-endian), the lengths of what follows; a JSON object that says
what to do; the file. A frame of its answer: one such number; a JSON object, ``parts`` of which are the
lengths of the pieces of bytes that follow. The last frame of a job says ``done`` or ``refused``.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

log = structlog.get_logger(__name__)
PROGRAM = Path(__file__).with_name("rendering.py")
LONGEST_SECONDS = 20.0
"""By the clock on the wall: the program gets two seconds of the processor, and others may be busy with it."""
KILLED = "killed"
USED: tuple[str, ...] = ("megabytes", "seconds")
_AT_ONCE = threading.BoundedSemaphore(2)
"""However many upload at the same moment, a process decodes so many files at a time."""


@dataclass(frozen=True)
class Job:
    """One thing to do with one file's bytes."""

    asked: dict[str, Any]
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Frame:
    """One thing that was said about it, with the bytes that belong to it."""

    said: dict[str, Any]
    parts: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True)
class Outcome:
    """What became of a job: what was made before it ended, and why it was refused (empty: it was not).

    ``killed`` is a file that took more memory or time than one gets, or broke the decoder.
    """

    frames: tuple[Frame, ...]
    refused: str
    used: dict[str, float] = field(default_factory=dict)
    """At its end: ``megabytes`` at the most, ``seconds`` of the processor, of the process so far."""


def run(job: Job) -> Outcome:
    """Do one job in a process of its own."""
    return run_all([job])[0]


def run_all(jobs: Sequence[Job]) -> list[Outcome]:
    """Do jobs one after the other in one process, and in another where one of them ends it."""
    outcomes: list[Outcome] = []
    while len(outcomes) < len(jobs):
        outcomes += _run(jobs[len(outcomes) :])
    return outcomes


def _run(jobs: Sequence[Job]) -> list[Outcome]:
    with _AT_ONCE, tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as said:
        for job in jobs:
            words = json.dumps(job.asked).encode()
            asked.write(struct.pack(">II", len(words), len(job.data)) + words)
            asked.write(job.data)
        asked.seek(0)
        process = subprocess.Popen(  # noqa: S603  (our own program, no word of the file in its name)
            [sys.executable, "-I", "-B", str(PROGRAM)],
            stdin=asked,
            stdout=said,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.defpath, "LANG": "C.UTF-8"},
            cwd="/",
            start_new_session=True,
        )
        try:
            process.wait(LONGEST_SECONDS * len(jobs))
        except subprocess.TimeoutExpired:
            log.warning("decoder_too_slow")
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        said.seek(0)
        return _outcomes(said.read(), process.returncode, len(jobs))


def _outcomes(said: bytes, code: int, count: int) -> list[Outcome]:
    outcomes: list[Outcome] = []
    frames: list[Frame] = []
    for frame in _frames(said):
        if "done" in frame.said or "refused" in frame.said:
            used = {name: float(frame.said.get(name, 0)) for name in USED}
            outcomes.append(Outcome(tuple(frames), str(frame.said.get("refused", "")), used))
            frames = []
        else:
            frames.append(frame)
    if len(outcomes) < count:
        log.warning("decoder_ended", code=code)
        outcomes.append(Outcome(tuple(frames), KILLED))
    return outcomes


def _frames(said: bytes) -> Iterator[Frame]:
    """Whole frames; one that was cut off by the program's end is none."""
    at = 0
    while at + 4 <= len(said):
        (length,) = struct.unpack_from(">I", said, at)
        words, at = said[at + 4 : at + 4 + length], at + 4 + length
        if len(words) < length:
            return
        told = json.loads(words)
        parts: list[bytes] = []
        for size in told.pop("parts"):
            parts.append(said[at : at + size])
            at += size
        if at > len(said):
            return
        yield Frame(told, tuple(parts))
