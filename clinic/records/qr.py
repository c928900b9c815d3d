"""A QR code as a drawing that can stand within a page."""

from __future__ import annotations

import segno
from markupsafe import Markup


def qr_svg(text: str) -> Markup:
    """The QR code of ``text`` as an SVG element, with its quiet zone, in the colour of the words around it.

    Error correction M: a fold or a stamp over a seventh of it does no harm.
    """
    code = segno.make(text, error="m", micro=False)
    size = code.symbol_size(scale=1, border=4)[0]
    squares = "".join(
        f"M{x} {y}h{length}v1h-{length}z"
        for y, row in enumerate(code.matrix, start=4)
        for x, length in _runs(bytes(row))
    )
    return Markup(
        '<svg class="qr-code" viewBox="0 0 {0} {0}" aria-hidden="true" focusable="false">'
        '<rect class="qr-ground" width="{0}" height="{0}"/><path class="qr-dark" d="{1}"/></svg>'
    ).format(size, squares)


def _runs(row: bytes) -> list[tuple[int, int]]:
    """Where dark squares begin in a row, and how many follow each other; x counts the quiet zone."""
    runs: list[tuple[int, int]] = []
    for x, dark in enumerate(row, start=4):
        if not dark:
            continue
        if runs and runs[-1][0] + runs[-1][1] == x:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((x, 1))
    return runs
