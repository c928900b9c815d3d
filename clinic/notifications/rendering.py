"""The text of a message, from fresh values, in its reader's language and the facility's time."""

from __future__ import annotations

import re
from typing import Any

from flask import current_app
from jinja2 import TemplateNotFound

from clinic.config import Settings
from clinic.core import crypto
from clinic.core.i18n import force_locale
from clinic.core.text import one_line
from clinic.notifications.models import Channel, Message
from clinic.notifications.registry import Attachment, Content, MessageKind
from clinic.notifications.transports.outcome import Outgoing


def render(message: Message, kind: MessageKind, content: Content, *, address: str) -> Outgoing:
    """The finished message. Raises what a template raises."""
    values = {
        **content.values,
        "zone": content.zone,
        "secret": crypto.unseal(message.secret) if message.secret else None,
        "link": public_link,
    }
    attachments: tuple[Attachment, ...] = ()
    with force_locale(message.locale):
        if message.channel == Channel.SMS:
            texts = {"text": one_line(_fill(f"{kind.folder}/sms.txt", **values))}
        else:
            texts = _mail(kind.folder, values)
            attachments = content.attachments
    return Outgoing(
        message_id=message.id,
        attempt=message.attempts,
        kind=message.kind,
        channel=message.channel,
        address=address,
        attachments=attachments,
        **texts,
    )


def _mail(folder: str, values: dict[str, Any]) -> dict[str, str]:
    texts = {
        "subject": one_line(_fill(f"{folder}/subject.txt", **values)),
        "text": _paragraphs(_fill(f"{folder}/body.txt", **values)),
    }
    try:
        texts["html"] = _fill(f"{folder}/body.html", **values)
    except TemplateNotFound as missing:
        if missing.name != f"{folder}/body.html":
            raise
    return texts


def _fill(template: str, **values: Any) -> str:
    """A template's text. Nothing of a page comes into it: what surrounds pages needs a request."""
    return current_app.jinja_env.get_template(template).render(**values)


def _paragraphs(text: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def public_link(endpoint: str, **values: Any) -> str:
    """An address for a message: its host is configured, never taken from a request."""
    settings: Settings = current_app.extensions["settings"]
    scheme, _slashes, host = settings.public_url.partition("://")
    path = current_app.url_map.bind(host, url_scheme=scheme).build(endpoint, values, force_external=True)
    return str(path)
