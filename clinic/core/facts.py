"""Small facts in a line: each stays whole, and the dots between them stand inside the lines."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape

BETWEEN = " · "


def as_facts(said: str | Iterable[object]) -> Markup:
    """Facts as a line that wraps between them: given one by one, or in a text with ``·`` between them.

    Empty ones are left out; without any the answer is empty.
    """
    parts = said.split(BETWEEN) if isinstance(said, str) else said
    items = [escape(part) for part in parts if part]
    if not items:
        return Markup()
    return Markup('<span class="facts">{}</span>').format(
        Markup(" ").join(Markup("<span>{}</span>").format(item) for item in items)
    )
