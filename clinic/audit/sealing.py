"""How audit rows are sealed: MACs of rows, and of batches of rows that each name the one before.

Every text is UTF-8, every JSON has its keys in alphabetical order, no blanks and no escapes but JSON's own.
A row's MAC is HMAC-SHA-256 over ``row_text``; a batch's is HMAC-SHA-256 over ``head_text``, a line feed, and
the batch's ``row_macs``. The key is the text of one of AUDIT_KEYS, as UTF-8. docs/audit.md says the same for
whoever verifies without this program.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

ROW_FIELDS = (
    "id",
    "at",
    "actor_id",
    "actor_name",
    "session_id",
    "action",
    "outcome",
    "subject_type",
    "subject_id",
    "patient_id",
    "facility_id",
    "origin",
    "request_id",
    "detail",
    "group_id",
)
"""The columns of ``audit_events``, all of them."""
MAC_BYTES, ID_BYTES = 32, 8
ENTRY_BYTES = ID_BYTES + MAC_BYTES
FIRST_PREVIOUS = bytes(MAC_BYTES)
"""What the first batch names as the one before: 32 zero bytes."""
_FORMAT = "sutra-audit-1"


@dataclass(frozen=True, kw_only=True)
class Head:
    """What a batch says of itself, without its MAC."""

    number: int
    first_id: int
    last_id: int
    count: int
    sealed_at: datetime
    previous_mac: bytes
    key_id: str


class Keys:
    """The keys of this installation, by their ids; the first is the one in use."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._by_id = {key_id(key): key.encode() for key in keys}
        self.current = key_id(keys[0])

    def of(self, wanted: str) -> bytes | None:
        """The key with this id; None where it is not known any more."""
        return self._by_id.get(wanted)


def key_id(key: str) -> str:
    """A key's name, which tells nothing of it: the first 16 hex digits of a SHA-256."""
    return hashlib.sha256(f"{_FORMAT} key {key}".encode()).hexdigest()[:16]


def instant(moment: datetime) -> str:
    """``2026-11-25T10:15:00.123456Z``: UTC, always six digits of a second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def row_text(row: Mapping[str, Any]) -> bytes:
    """A row of ``audit_events`` as it is sealed: JSON with every column, ``at`` as ``instant`` writes it."""
    return _canonical({**row, "at": instant(row["at"])})


def head_text(head: Head) -> bytes:
    """What a batch says of itself, as it is sealed."""
    return _canonical(
        {
            "count": head.count,
            "first_id": head.first_id,
            "format": _FORMAT,
            "key_id": head.key_id,
            "last_id": head.last_id,
            "number": head.number,
            "previous_mac": head.previous_mac.hex(),
            "sealed_at": instant(head.sealed_at),
        }
    )


def row_mac(key: bytes, row: Mapping[str, Any]) -> bytes:
    """The MAC of one row."""
    return hmac.digest(key, row_text(row), "sha256")


def batch_mac(key: bytes, head: Head, row_macs: bytes) -> bytes:
    """The MAC of a batch with these MACs of rows."""
    return hmac.digest(key, head_text(head) + b"\n" + row_macs, "sha256")


def pack(key: bytes, rows: Iterable[Mapping[str, Any]]) -> bytes:
    """The MACs of rows as a batch keeps them, each after its row's id."""
    return b"".join(row["id"].to_bytes(ID_BYTES, "big") + row_mac(key, row) for row in rows)


def unpack(row_macs: bytes) -> Iterator[tuple[int, bytes]]:
    """Ids and MACs of rows, as ``pack`` put them together."""
    for at in range(0, len(row_macs) - ENTRY_BYTES + 1, ENTRY_BYTES):
        entry = row_macs[at : at + ENTRY_BYTES]
        yield int.from_bytes(entry[:ID_BYTES], "big"), entry[ID_BYTES:]


def _canonical(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )
