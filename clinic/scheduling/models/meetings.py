"""Where an online visit meets."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import CheckConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

MEETING_RULES = (
    CheckConstraint("meeting_url ~ '^https://' AND length(meeting_url) <= 500", name="meeting_url"),
)


class Meeting:
    """What an appointment knows of its meeting.

    ``meeting_key`` is the unguessable room that takes the place of ``{room}`` in the facility's pattern; it
    stays when the visit is moved. ``meeting_url`` is a link that staff typed instead. The database draws the
    key; rows from before it did have none unless they are online.
    """

    meeting_key: Mapped[UUID | None] = mapped_column(server_default=text("gen_random_uuid()"))
    meeting_url: Mapped[str | None]
