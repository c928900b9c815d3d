"""Addresses outside that somebody types, such as where a video meeting takes place."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from clinic.core.errors import Invalid
from clinic.core.i18n import gettext as _

LONGEST = 500
_HOST = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
"""A name under a top-level domain: no address of numbers, no name of the local network."""
_VISIBLE = re.compile(r"[!#-;=?-\[\]_a-z~]+")
"""ASCII without blanks, quotes, angle and curly brackets, backslash, caret, backtick and bar."""


def read_https(text: str, *, field: str | None = None) -> str:
    """The address, when it is one that a page may link to.

    It begins with https, names a host by its public name, carries no user and password, and is plain ASCII,
    so that what is shown as its host is where it leads. Raises Invalid.
    """
    link = text.strip()
    if len(link) > LONGEST:
        raise Invalid(_("A link has at most %(count)d characters.", count=LONGEST), field=field)
    if not link.startswith("https://"):
        raise Invalid(_("A link begins with https://"), field=field)
    if not _VISIBLE.fullmatch(link) or _host(link) is None:
        raise Invalid(_("This is not the address of a page. Copy the whole link once more."), field=field)
    return link


def host_of(link: str) -> str:
    """The host a link leads to, as people read it; empty when it is none that ``read_https`` would take."""
    return _host(link) or ""


def _host(link: str) -> str | None:
    try:
        parts = urlsplit(link)
        port = parts.port
    except ValueError:
        return None
    if "@" in parts.netloc or (port is None and parts.netloc.endswith(":")):
        return None
    host = (parts.hostname or "").lower()
    return host if _HOST.fullmatch(host) else None
