"""NDJSON files read one line at a time: whatever is wrong with a line is said of that line, and the next
one is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from clinic.core.fhir.datatypes import Refused

LONGEST_LINE = 4 * 1024 * 1024
"""Bytes. No resource of the kinds read here comes near it; a file without line ends must not fill the
memory.
"""
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a file: its resource, or why it is none."""

    file: str
    number: int
    resource: dict[str, Any] | None = None
    refusal: str | None = None


def files_of(folder: Path, kind: str) -> list[Path]:
    """The files in ``folder`` with resources of ``kind``: ``Patient.ndjson``, ``Patient.000.ndjson`` and
    the like.
    """
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() == ".ndjson"
        and path.is_file()
        and path.name.split(".", 1)[0].lower() == kind.lower()
    )


def read_resources(path: Path, kind: str) -> Iterator[Line]:
    """The lines of a file, blank ones left out; at most one line is in memory at a time."""
    with path.open("rb") as file:
        number = 0
        while True:
            raw = file.readline(LONGEST_LINE)
            if not raw:
                return
            number += 1
            if number == 1:
                raw = raw.removeprefix(_BYTE_ORDER_MARK)
            if len(raw) >= LONGEST_LINE and not raw.endswith(b"\n"):
                _skip_line(file)
                yield Line(file=path.name, number=number, refusal="the line is longer than 4 MB")
                continue
            if raw.strip():
                yield _line(path.name, number, raw, kind)


def _line(file: str, number: int, raw: bytes, kind: str) -> Line:
    try:
        resource = _resource(raw, kind)
    except Refused as refusal:
        return Line(file=file, number=number, refusal=refusal.reason)
    return Line(file=file, number=number, resource=resource)


def _resource(raw: bytes, kind: str) -> dict[str, Any]:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(f"not UTF-8 at byte {error.start + 1}") from None
    try:
        resource = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise Refused(f"not JSON: {error.msg.lower()} at character {error.colno}") from None
    except (ValueError, RecursionError):
        raise Refused("not JSON that can be read: a number too long or nested too deeply") from None
    if not isinstance(resource, dict):
        raise Refused("not a resource but a bare value or list")
    if resource.get("resourceType") != kind:
        raise Refused(f"resourceType is not {kind}")
    return resource


def _no_constant(_name: str) -> NoReturn:
    raise ValueError


def _skip_line(file: Any) -> None:
    while (rest := file.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
        pass
