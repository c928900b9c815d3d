"""What administrators must hear of: written for each of them once, in the transaction that found it out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from clinic.notifications.models import Channel
from clinic.notifications.service import NewMessage, queue_messages

SUBJECT = "alarm"
CHANNELS = (Channel.IN_APP, Channel.EMAIL)


@dataclass(frozen=True, kw_only=True)
class Administrator:
    """Somebody who hears of alarms, and in which language."""

    user_id: int
    locale: str


_load: list[Callable[[], Sequence[Administrator]]] = []


def register_administrators(load: Callable[[], Sequence[Administrator]]) -> None:
    """Say how those who hear of alarms are looked up."""
    _load[:] = [load]


def raise_alarm(kind: str, *, about: str, subject_id: int | None = None) -> list[int]:
    """Write an alarm to every administrator, once for each thing it is ``about``; the new messages' ids.

    ``subject_id`` is for the kind's ``load`` to find what it is about.
    """
    administrators = _load[0]() if _load else ()
    return queue_messages(
        [
            NewMessage(
                kind=kind,
                channel=channel,
                recipient_type="user",
                recipient_id=one.user_id,
                subject_type=SUBJECT,
                subject_id=subject_id,
                locale=one.locale,
                dedupe_key=f"{kind}:{about}:{one.user_id}:{channel}",
            )
            for one in administrators
            for channel in CHANNELS
        ]
    )
