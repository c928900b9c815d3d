"""What happened to a patient, in one line of time: each domain registers what it has to tell.

A source gives a SELECT of three columns: ``at`` (timestamptz, when it happened), ``id`` (bigint, its row)
and ``facts`` (jsonb, what its line is made of), of one patient's rows that an actor may know of. The page
puts the sources of the kinds asked for together in one statement and pages it by key, the latest first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select

from clinic.core.access import Actor


@dataclass(frozen=True, kw_only=True)
class Happened:
    """One entry as the database gives it."""

    kind: str
    at: datetime
    id: int
    facts: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Line:
    """One entry as it is shown, in the reader's language. ``mark`` is the word of its chip, ``tone`` the
    chip's (``""``, ``leaf``, ``saffron``, ``warn``, ``danger``); ``flagged`` is said in red after the text.
    ``state`` is a state the chips know (``confirmed``, ``signed``): its chip stands instead of the mark.
    ``action`` is the word of a button that leads to ``href`` too.
    """

    title: str
    text: str = ""
    flagged: str = ""
    href: str = ""
    mark: str = ""
    tone: str = ""
    icon: str = ""
    state: str = ""
    action: str = ""
    struck: bool = False
    """No longer holds: entered in error, cancelled, stopped."""


@dataclass(frozen=True, kw_only=True)
class TimelineSource:
    """What a domain tells. ``select`` answers None to whoever may not know of this kind at all; ``label`` is
    the (lazy) word of its filter, ``icon`` its picture; ``order`` places the filter. ``ahead``: what is yet
    to come stands above today among everything too, not only where this kind is asked for.
    """

    kind: str
    label: Any
    icon: str
    order: int
    select: Callable[[Actor, int], Select[Any] | None]
    show: Callable[[Happened, str], Line]
    """Makes the line of an entry; the second value is the facility's zone."""
    ahead: bool = True


_sources: dict[str, TimelineSource] = {}


def register_source(source: TimelineSource) -> None:
    """Let the timeline tell this kind too; a kind registered again is replaced."""
    _sources[source.kind] = source


def timeline_sources() -> list[TimelineSource]:
    """All kinds, in the order of their filters."""
    return sorted(_sources.values(), key=lambda source: source.order)
