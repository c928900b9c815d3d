"""Where a clinic's online visits meet: one address for all, with a place for each visit's own room."""

from __future__ import annotations

from uuid import UUID

from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _
from clinic.core.links import read_https

ROOM = "{room}"


def read_pattern(text: str, *, field: str | None = "meeting_pattern") -> str:
    """A pattern such as ``https://meet.example.org/{room}``. Raises Invalid.

    ``{room}`` stands once, after the host: whoever guesses at rooms must never choose the host.
    """
    pattern = text.strip()
    if pattern.count(ROOM) != 1:
        raise Invalid(_("Write {room} once, where the name of each visit's own room belongs."), field=field)
    sample = fill(pattern, UUID(int=0))
    read_https(sample, field=field)
    if ROOM in pattern.partition("://")[2].partition("/")[0]:
        raise Invalid(_("{room} belongs behind the address's first slash."), field=field)
    return pattern


def fill(pattern: str, key: UUID) -> str:
    """The address of one visit's room: 32 characters nobody can guess."""
    return pattern.replace(ROOM, key.hex)
