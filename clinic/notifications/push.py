"""The browsers that hear by push: switched on, listed, switched off, and where they are written to."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import ColumnElement, Table, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from clinic.config import Settings
from clinic.core import clock, crypto
from clinic.core.access import Actor
from clinic.core.db import Base, db
from clinic.core.errors import Invalid, NotFound
from clinic.core.i18n import gettext as _
from clinic.core.links import read_https
from clinic.core.text import one_line
from clinic.notifications.models import PushSubscription

KNOWN_HOSTS = (
    "fcm.googleapis.com",
    "push.services.mozilla.com",
    "notify.windows.com",
    "push.apple.com",
)
"""The push services of Chrome, Firefox, Edge and Safari; names under these are theirs too."""
MOST_DEVICES = 10
_KEY_LENGTHS = {"p256dh": 65, "auth": 16}


@dataclass(frozen=True, kw_only=True)
class Device:
    """Where one browser is written to, and with which keys."""

    id: int
    endpoint: str
    p256dh: str
    auth: str


def is_on(settings: Settings) -> bool:
    """Whether this clinic can push at all: it has a key of its own."""
    return bool(settings.vapid_private_key)


def public_key(settings: Settings) -> str:
    """What a browser is given when push is switched on, so that only this clinic can write to it."""
    raw = urlsafe_b64decode(settings.vapid_private_key + "=")
    key = ec.derive_private_key(int.from_bytes(raw), ec.SECP256R1()).public_key()
    return _text_of(key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def new_key() -> tuple[str, str]:
    """A new key of a clinic's own, private and public, as the settings have it."""
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_numbers().private_value.to_bytes(32)
    public = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return _text_of(private), _text_of(public)


def _text_of(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def is_known_host(endpoint: str, settings: Settings) -> bool:
    """Whether an address belongs to a push service: nothing else is ever written to."""
    try:
        host = (urlsplit(endpoint).hostname or "").lower()
    except ValueError:
        return False
    hosts = (*KNOWN_HOSTS, *settings.push_hosts)
    return any(host == known or host.endswith(f".{known}") for known in hosts)


def read_endpoint(text: str, settings: Settings) -> str:
    """The address a browser gave, when it is one of a push service. Raises Invalid.

    Only an installation that is none may name a host of its own that has no certificate.
    """
    endpoint = text.strip()
    try:
        named_here = not settings.is_production and (urlsplit(endpoint).hostname or "") in settings.push_hosts
    except ValueError:
        named_here = False
    if not named_here:
        read_https(endpoint)
    if not is_known_host(endpoint, settings):
        raise Invalid(_("This browser cannot be written to. Use another browser, or text messages."))
    return endpoint


def switch_on(
    actor: Actor, settings: Settings, *, endpoint: str, p256dh: str, auth: str, agent: str
) -> PushSubscription:
    """Let the browser that has this address hear for the person from now on. Raises Invalid.

    The browser may have heard for somebody else before: whoever is signed in there now hears.
    """
    where = read_endpoint(endpoint, settings)
    keys = {"p256dh": _read_key("p256dh", p256dh), "auth": _read_key("auth", auth)}
    now = clock.now()
    values = {
        "user_id": actor.user_id,
        "session_id": actor.session_id,
        "sealed": crypto.seal(json.dumps({"endpoint": where, **keys})),
        "device": one_line(agent)[:200],
        "retired_at": None,
    }
    row = db.session.scalars(
        insert(PushSubscription)
        .values(endpoint_hash=_hash(where), created_at=now, **values)
        .on_conflict_do_update(constraint="uq_push_subscriptions_endpoint", set_=values)
        .returning(PushSubscription)
        .execution_options(populate_existing=True)
    ).one()
    _retire_beyond_most(actor.user_id or 0)
    return row


def devices_of(user_id: int) -> list[PushSubscription]:
    """The browsers that hear for a person, the newest first."""
    return list(
        db.session.scalars(
            select(PushSubscription)
            .where(PushSubscription.user_id == user_id, *_live())
            .order_by(PushSubscription.id.desc())
        )
    )


def switch_off(actor: Actor, device_id: int) -> None:
    """Let one of the person's browsers hear no more. Raises NotFound for anybody else's."""
    device = db.session.scalars(
        select(PushSubscription).where(
            PushSubscription.id == device_id,
            PushSubscription.user_id == (actor.user_id or 0),
            PushSubscription.retired_at.is_(None),
        )
    ).first()
    if device is None:
        raise NotFound(_("There is no such device."))
    device.retired_at = clock.now()


def live_devices(user_ids: Collection[int]) -> list[Device]:
    """Where these people are written to."""
    rows = db.session.scalars(
        select(PushSubscription)
        .where(PushSubscription.user_id.in_(user_ids), *_live())
        .order_by(PushSubscription.id)
    )
    found = []
    for row in rows:
        opened = crypto.unseal(row.sealed)
        if opened is not None:
            found.append(Device(id=row.id, **json.loads(opened)))
    return found


def hearing_among(user_ids: Collection[int]) -> set[int]:
    """Those of these people who have a browser that hears."""
    hearing = select(PushSubscription.user_id).where(PushSubscription.user_id.in_(user_ids), *_live())
    return set(db.session.scalars(hearing))


def note_used(*, used: Sequence[int], gone: Sequence[int]) -> None:
    """After a try: these browsers took it, these are gone for good."""
    now = clock.now()
    for ids, values in ((used, {"last_used_at": now}), (gone, {"retired_at": now})):
        if ids:
            db.session.execute(
                update(PushSubscription)
                .where(PushSubscription.id.in_(ids))
                .values(**values)
                .execution_options(synchronize_session=False)
            )


def _live() -> tuple[ColumnElement[bool], ...]:
    """Not retired, and not signed out of: an ended sign-in on a lent phone must hear nothing more.

    A sign-in that just ran out goes on hearing, as its owner expects.
    """
    sessions: Table = Base.metadata.tables["login_sessions"]
    ended = (
        select(sessions.c.id)
        .where(sessions.c.id == PushSubscription.session_id, sessions.c.end_reason.is_not(None))
        .exists()
    )
    return (PushSubscription.retired_at.is_(None), or_(PushSubscription.session_id.is_(None), ~ended))


def _retire_beyond_most(user_id: int) -> None:
    old = [row.id for row in devices_of(user_id)[MOST_DEVICES:]]
    note_used(used=(), gone=old)


def _read_key(name: str, text: str) -> str:
    """A key as the browser gave it, if it has the length such a key has."""
    given = text.strip().rstrip("=")
    try:
        raw = urlsafe_b64decode(given + "=" * (-len(given) % 4)) if len(given) < 200 else b""
    except ValueError:
        raw = b""
    if len(raw) != _KEY_LENGTHS[name] or (name == "p256dh" and raw[0] != 4):
        raise Invalid(_("The browser gave no usable keys. Switch it on once more."))
    return given


def _hash(endpoint: str) -> str:
    return crypto.keyed_hash("push_endpoint", endpoint)
