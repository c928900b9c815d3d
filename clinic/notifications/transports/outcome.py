"""What goes out, and the four ways a try can end."""

from __future__ import annotations

from dataclasses import dataclass

from clinic.notifications.registry import Attachment
from clinic.notifications.wording import Why


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A finished message. ``attempt`` tells the tries of one message apart, ``provider`` says whom to ask.

    ``dlt_template_id`` is what a text message's words are registered under with India's operators, if they
    are.
    """

    message_id: int
    attempt: int
    kind: str
    channel: str
    address: str
    text: str
    subject: str = ""
    html: str = ""
    attachments: tuple[Attachment, ...] = ()
    link: str = ""
    provider: str = ""
    dlt_template_id: str = ""


@dataclass(frozen=True)
class Accepted:
    """The provider has it."""

    provider_id: str | None = None


@dataclass(frozen=True)
class Refused:
    """The provider will never take it: trying again is of no use."""

    why: Why


@dataclass(frozen=True)
class NotTaken:
    """The provider surely does not have it, and might take it in ``after`` seconds, if it said so."""

    why: Why
    after: float | None = None


@dataclass(frozen=True)
class Unsure:
    """The request was written and no answer came: it may have gone out."""

    why: Why


Outcome = Accepted | Refused | NotTaken | Unsure
