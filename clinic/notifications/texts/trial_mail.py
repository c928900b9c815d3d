"""A text sent to whoever writes it, as an e-mail with sample values: how it looks where it is read.

The draft is in no table. It travels with the message, sealed like a code, and is erased once it has gone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from clinic.core import clock, crypto
from clinic.core.access import Actor
from clinic.core.errors import Invalid
from clinic.core.i18n import force_locale
from clinic.core.i18n import gettext as _
from clinic.core.i18n import lazy as _l
from clinic.notifications import rendering, service
from clinic.notifications.models import Channel, Message, TextForm
from clinic.notifications.registry import Category, Content, MessageKind, kind_of, people, register
from clinic.notifications.texts.catalogue import sample_values
from clinic.notifications.texts.queries import Place
from clinic.notifications.texts.service import Draft

KIND = "text_trial"


def connect() -> None:
    """Register the kind of message."""
    register(
        MessageKind(
            name=KIND,
            label=_l("Test of a message text"),
            load=_load,
            has_secret=True,
            category=Category.SECURITY,
            channels=(Channel.EMAIL,),
        )
    )


def own_address(actor: Actor) -> str | None:
    """The e-mail address tests go to: that of whoever asks, and no other."""
    if actor.user_id is None:
        return None
    person = people("user", {actor.user_id}).get(actor.user_id)
    return person.email if person else None


def send_trial(actor: Actor, place: Place, draft: Draft | None) -> str:
    """Send a draft, or the standard text for None, to oneself; the address. Raises Invalid without one."""
    address = own_address(actor)
    if address is None:
        raise Invalid(_("You have no e-mail address to send a test to."))
    carried = {"kind": place.kind, "form": str(place.form), "draft": asdict(draft) if draft else None}
    service.queue_message(
        kind=KIND,
        channel=Channel.EMAIL,
        recipient_type="user",
        recipient_id=actor.user_id,
        subject_type="message_text",
        locale=place.locale,
        dedupe_key=f"{KIND}:{actor.user_id}:{int(clock.now().timestamp() * 1_000_000)}",
        secret=json.dumps(carried),
    )
    return address


def _load(messages: Sequence[Message]) -> Mapping[int, Content]:
    ids = {message.recipient_id for message in messages if message.recipient_id is not None}
    known = people("user", ids)
    loaded: dict[int, Content] = {}
    for message in messages:
        person = known.get(message.recipient_id or 0)
        carried = crypto.unseal(message.secret) if message.secret else None
        trial = _trial(json.loads(carried), message.locale) if carried else None
        if person is not None and trial is not None:
            loaded[message.id] = Content(address=person.email, values={"trial": trial})
    return loaded


def _trial(carried: dict[str, Any], locale: str) -> rendering.Rendered | None:
    kind = kind_of(str(carried["kind"]))
    if kind is None:
        return None
    form, draft = str(carried["form"]), carried["draft"]
    with force_locale(locale):
        values = sample_values(kind)
        if isinstance(draft, dict):
            said = rendering.own(kind, form, draft["subject"], draft["body"], values)
        else:
            said = rendering.standard(kind, form, values)
        if form == TextForm.EMAIL:
            return said
        text = "\n\n".join(part for part in (said.subject, said.text) if part)
        mail = rendering.as_mail(text, values)
        return rendering.Rendered(subject=str(kind.label), text=mail.text, html=mail.html)
