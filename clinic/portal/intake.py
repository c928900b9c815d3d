"""The intake link that a household opens for itself.

Its token is reckoned from the row, so that the portal finds the way back to what was typed; only the hash
is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

from clinic.core import crypto
from clinic.core.i18n import gettext as _
from clinic.patients.models import IntakeLink
from clinic.patients.queries.intake import IntakeState


@dataclass(frozen=True)
class IntakeLine:
    """How the form stands, in words with a tone; empty where there is nothing to say."""

    words: str
    tone: str


def token_of(link_id: int, user_id: int) -> str:
    """The token of the link with this id, opened by this sign-in."""
    return crypto.keyed_hash("portal intake", f"{user_id}:{link_id}")


def is_own(link: IntakeLink, user_id: int) -> bool:
    """Whether the portal opened the link for this sign-in."""
    return crypto.same(link.token_hash, crypto.token_hash(token_of(link.id, user_id)))


def line_of(state: IntakeState) -> IntakeLine | None:
    """What Home says about the form, None when the clinic has taken it over."""
    if state is IntakeState.REVIEWED:
        return None
    if state is IntakeState.SUBMITTED:
        return IntakeLine(_("sent"), "leaf")
    if state is IntakeState.STARTED:
        return IntakeLine(_("not finished"), "warn")
    return IntakeLine(_("to fill in"), "info")
