"""The virus scanner, where the clinic has one: clamd, or a command. Without one nothing is looked for.

A scanner says clean or infected. When it is away the file waits for it, and is not served meanwhile.
"""

from __future__ import annotations

import shlex
import socket
import struct
import subprocess
from collections.abc import Callable
from enum import StrEnum

import structlog
from flask import current_app

from clinic.config import Settings

log = structlog.get_logger(__name__)
SECONDS = 10.0
_PIECE = 64 * 1024


class Verdict(StrEnum):
    """What the scanner says of a file; ``away`` when it says nothing."""

    CLEAN = "clean"
    INFECTED = "infected"
    AWAY = "away"


Scanner = Callable[[bytes], Verdict]


def scan(data: bytes) -> Verdict:
    """Ask the scanner of this installation. It is called outside any transaction."""
    settings: Settings = current_app.extensions["settings"]
    return scanner_of(settings)(data)


def scanner_of(settings: Settings) -> Scanner:
    """The scanner that the settings name."""
    if settings.scan_clamd:
        return lambda data: ask_clamd(settings.scan_clamd, data)
    if settings.scan_command:
        return lambda data: ask_command(settings.scan_command, data)
    return lambda _data: Verdict.CLEAN


def ask_clamd(address: str, data: bytes) -> Verdict:
    """Send the bytes to a clamd (``host:port`` or the path of its socket) as its INSTREAM says."""
    try:
        with _connected(address) as link:
            link.sendall(b"zINSTREAM\0")
            for start in range(0, len(data), _PIECE):
                piece = data[start : start + _PIECE]
                link.sendall(struct.pack(">I", len(piece)) + piece)
            link.sendall(struct.pack(">I", 0))
            said = _all_of(link)
    except OSError as failure:
        log.warning("scanner_away", error=type(failure).__name__)
        return Verdict.AWAY
    if said.endswith(b"FOUND"):
        return Verdict.INFECTED
    if said.endswith(b"OK"):
        return Verdict.CLEAN
    log.warning("scanner_unclear")
    return Verdict.AWAY


def ask_command(command: str, data: bytes) -> Verdict:
    """Give the bytes to a command on its input: 0 is clean, 1 infected, as clamdscan answers."""
    try:
        done = subprocess.run(  # noqa: S603  (whoever runs the installation names the command)
            shlex.split(command), input=data, capture_output=True, timeout=SECONDS * 3, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as failure:
        log.warning("scanner_away", error=type(failure).__name__)
        return Verdict.AWAY
    found = {0: Verdict.CLEAN, 1: Verdict.INFECTED}.get(done.returncode, Verdict.AWAY)
    if found is Verdict.AWAY:
        log.warning("scanner_unclear", code=done.returncode)
    return found


def _connected(address: str) -> socket.socket:
    if address.startswith("/"):
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        link.settimeout(SECONDS)
        try:
            link.connect(address)
        except OSError:
            link.close()
            raise
        return link
    host, _colon, port = address.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), timeout=SECONDS)


def _all_of(link: socket.socket) -> bytes:
    said = b""
    while len(said) < 4096 and (piece := link.recv(1024)):
        said += piece
        if said.endswith(b"\0"):
            break
    return said.rstrip(b"\0\n ")
