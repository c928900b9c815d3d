"""The intake link that a household opens for itself.

Its token is reckoned from the row, so that the portal finds the way back to what was typed; only the hash
is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

from clinic.core import crypto
from clinic.core.i18n import gettext as _
from clinic.patients.intake import sections_asked
from clinic.patients.models import IntakeLink
from clinic.patients.queries.intake import Beginning, IntakeState


@dataclass(frozen=True)
class IntakeLine:
    """How the form stands, in words with a tone; ``parts`` is 0 where no line shows how far it is."""

    words: str
    tone: str
    done: int = 0
    parts: int = 0


def token_of(link_id: int, user_id: int) -> str:
    """The token of the link with this id, opened by this sign-in."""
    return crypto.keyed_hash("portal intake", f"{user_id}:{link_id}")


def is_own(link: IntakeLink, user_id: int) -> bool:
    """Whether the portal opened the link for this sign-in."""
    return crypto.same(link.token_hash, crypto.token_hash(token_of(link.id, user_id)))


def line_of(beginning: Beginning) -> IntakeLine | None:
    """What Home says about the form, None when the clinic has taken it over."""
    if beginning.state is IntakeState.REVIEWED:
        return None
    if beginning.state is IntakeState.SUBMITTED:
        return IntakeLine(_("sent"), "leaf")
    if beginning.state is IntakeState.STARTED:
        parts = sections_asked(consents=beginning.asked > 0)
        return IntakeLine(
            _("%(done)s of %(all)s done", done=beginning.done, all=len(parts)),
            "warn",
            beginning.done,
            len(parts),
        )
    return IntakeLine(_("to fill in"), "info")
