"""Which encoding a text file is in, and its physical lines."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

LONGEST_LINE = 1_000_000
_HEAD = 65_536
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LEAD_BYTES = bytes(range(0xC2, 0xF5))
_LOW = bytes(range(0x21))
_NO_TEXT = "\udcff"


def _mark(error: UnicodeError) -> tuple[str, int]:
    """Stand a lone surrogate, which no text contains, for bytes that are no text."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return _NO_TEXT, error.end


codecs.register_error("mark-as-no-text", _mark)


def encoding_of(path: Path) -> str:
    """``utf-8``, ``utf-16-le``, ``utf-16-be`` or ``windows-1252``, decided over the whole file.

    A file with hardly any bytes that break UTF-8 is still UTF-8: as Windows-1252, which takes nearly every
    byte, all its other names would turn into nonsense.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding
    return _wide_encoding(head) or ("utf-8" if _is_utf8(path) else "windows-1252")


def _wide_encoding(head: bytes) -> str | None:
    """UTF-16 without its mark. On one side of each pair stand the high bytes: those of Latin, Indic scripts
    and punctuation are at most 0x20, and digits and separators have a NUL there."""
    pairs = len(head) // 2
    for side, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        high = head[side : 2 * pairs : 2]
        if pairs and high.count(0) * 20 >= pairs and len(high.translate(None, _LOW)) * 10 <= pairs:
            return encoding
    return None


def _is_utf8(path: Path) -> bool:
    sequences = broken = 0
    decoder = codecs.getincrementaldecoder("utf-8")(errors="mark-as-no-text")
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            sequences += len(chunk) - len(chunk.translate(None, _LEAD_BYTES))
            broken += decoder.decode(chunk).count(_NO_TEXT)
            if broken > 10_000 and broken * 5 > sequences:
                return False
        broken += decoder.decode(b"", final=True).count(_NO_TEXT)
    return broken * 50 <= sequences - broken or (broken == 1 and sequences > 10)


def physical_lines(path: Path, encoding: str) -> Iterator[str]:
    """The lines of a file with their ends (``\\r\\n``, ``\\n`` or ``\\r``), without a byte order mark.

    Bytes that are no text become lone surrogates. NULs are left out, they are never meant. A line beyond
    LONGEST_LINE characters is cut there, and then has no end: a file may be one line of 50 MB.
    """
    with path.open(encoding=encoding, errors="mark-as-no-text", newline="") as stream:
        first = True
        while line := stream.readline(LONGEST_LINE):
            if len(line) == LONGEST_LINE and line[-1] not in "\r\n":
                while (rest := stream.readline(LONGEST_LINE)) and rest[-1] not in "\r\n":
                    pass
            if first:
                line, first = line.removeprefix("\ufeff"), False
            yield line.replace("\0", "") if len(line) < LONGEST_LINE else line


def separator_line(line: str) -> str | None:
    """The delimiter that a first line ``sep=;`` declares, which Excel obeys and does not show as a row."""
    declared = re.fullmatch(r'"?sep=([,;\t|])"?[\r\n]*', line, re.IGNORECASE)
    return declared[1] if declared else None
