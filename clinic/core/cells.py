"""Cells of a spreadsheet: text that could be taken for a formula is written so that it stays text."""

from __future__ import annotations

RISKY = ("=", "+", "-", "@", "\t", "\r", "'")


def neutral(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet might run it.

    An apostrophe is put before one too, so that ``plain`` finds exactly what was there.
    """
    return f"'{text}" if text.startswith(RISKY) else text


def plain(cell: str) -> str:
    """What stood there before ``neutral``."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(RISKY) else cell
