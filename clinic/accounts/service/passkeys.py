"""Passkeys (WebAuthn level 2): added, used to sign in, renamed, removed.

The device proves that the person unlocked it (user verification), so a passkey stands for both steps. What it
signs is asked once, in one browser, and kept only as a hash; which site it is for comes from the settings.
"""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.orm import joinedload
from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    bytes_to_base64url,
    parse_authentication_credential_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from clinic.accounts.models import Passkey, PasskeyChallenge, RoleGrant, User
from clinic.accounts.service.security_notices import record_and_tell
from clinic.audit import service as audit
from clinic.core import clock, crypto
from clinic.core.access import Actor, Role
from clinic.core.db import constraint_means, db
from clinic.core.errors import Conflict, Invalid
from clinic.core.i18n import gettext as _
from clinic.core.text import one_line

LIFETIME = timedelta(minutes=10)
MOST = 20
"""Passkeys one person may have."""
ADD, SIGN_IN = "add", "sign_in"
_UNREADABLE = (
    WebAuthnException, ValueError, KeyError, TypeError, AttributeError, IndexError, EOFError,
    RecursionError, OverflowError, MemoryError,
)  # fmt: skip
"""What reading raises for an answer no browser would give, such as brackets within brackets without end."""


def _known_already() -> Conflict:
    return Conflict(_("This passkey has been added already."))


constraint_means("uq_passkeys_credential", _known_already)


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where passkeys are good: ``host`` without a port, ``origin`` such as ``https://clinic.example``."""

    host: str
    origin: str


def site_of(public_url: str) -> Site | None:
    """The site as browsers know it; None where they offer no passkeys: under a bare number, without TLS."""
    parts = urlsplit(public_url)
    host = parts.hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if parts.scheme == "https" or host == "localhost":
            return Site(host=host, origin=f"{parts.scheme}://{parts.netloc}")
    return None


def options_to_add(site: Site, user: User, *, clinic: str, browser: str) -> str:
    """What a browser needs to make a passkey for ``user``, as JSON. Raises Conflict at too many."""
    mine = db.session.scalars(select(Passkey).where(Passkey.user_id == user.id)).all()
    if len(mine) >= MOST:
        raise Conflict(_("You have %(most)d passkeys. Remove one first.", most=MOST))
    options = generate_registration_options(
        rp_id=site.host,
        rp_name=clinic,
        user_id=_handle(user.id),
        user_name=user.email or user.name,
        user_display_name=user.name,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            require_resident_key=True,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=base64url_to_bytes(passkey.credential_id)) for passkey in mine
        ],
    )
    _keep_challenge(options.challenge, ADD, user_id=user.id, browser=browser)
    return str(options_to_json(options))


def options_to_sign_in(site: Site, *, browser: str) -> str:
    """What a browser needs to look for a passkey of this site, as JSON: the same for everybody."""
    options = generate_authentication_options(
        rp_id=site.host, user_verification=UserVerificationRequirement.REQUIRED
    )
    _keep_challenge(options.challenge, SIGN_IN, user_id=None, browser=browser)
    return str(options_to_json(options))


def spend_challenge(answer: str, purpose: str, *, browser: str, user_id: int | None = None) -> bytes | None:
    """The challenge a browser's answer was made for, if it was asked here and never answered before.

    One statement decides. Commit it by itself: it stays spent whatever becomes of the answer.
    """
    try:
        client_data = json.loads(base64url_to_bytes(json.loads(answer)["response"]["clientDataJSON"]))
        challenge = str(client_data["challenge"])
        asked = base64url_to_bytes(challenge)
    except _UNREADABLE:
        return None
    spent = db.session.execute(
        update(PasskeyChallenge)
        .where(
            PasskeyChallenge.challenge_hash == crypto.token_hash(challenge),
            PasskeyChallenge.purpose == purpose,
            PasskeyChallenge.user_id.is_not_distinct_from(user_id),
            PasskeyChallenge.browser_hash == browser,
            PasskeyChallenge.used_at.is_(None),
            PasskeyChallenge.expires_at > clock.now(),
        )
        .values(used_at=clock.now())
        .returning(PasskeyChallenge.id)
        .execution_options(synchronize_session=False)
    ).first()
    return asked if spent is not None else None


def add(actor: Actor, user: User, *, site: Site, answer: str, challenge: bytes, name: str) -> Passkey:
    """Keep the passkey a browser made. Raises Invalid when its answer does not hold, Conflict if known."""
    try:
        made = verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
        transports = parse_registration_credential_json(answer).response.transports or []
    except _UNREADABLE as error:
        raise Invalid(_("The device's answer was not right. Try again.")) from error
    passkey = Passkey(
        user_id=user.id,
        credential_id=bytes_to_base64url(made.credential_id),
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        transports=sorted(way.value for way in transports if isinstance(way, AuthenticatorTransport)),
        synced=made.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        name=_name(name),
    )
    db.session.add(passkey)
    record_and_tell(actor, "passkey.added", user, name=passkey.name)
    return passkey


def whose(visitor: Actor, *, site: Site, answer: str, challenge: bytes) -> User | None:
    """The person of the staff whose passkey gave this answer; None, written down, when it does not hold."""
    passkey = _passkey_of(answer)
    user_id = passkey.user_id if passkey else None
    why = "unknown"
    if passkey is not None and passkey.user.active and _is_staff(passkey.user_id):
        why = _weakness(passkey, site=site, answer=answer, challenge=challenge)
        if not why:
            return passkey.user
        if why == "copied":
            record_and_tell(visitor, "passkey.copied", passkey.user, name=passkey.name, outcome="refused")
    audit.record(
        visitor,
        "passkey.refused",
        subject_type="user",
        subject_id=user_id,
        outcome="refused",
        detail={"why": why},
    )
    return None


def _weakness(passkey: Passkey, *, site: Site, answer: str, challenge: bytes) -> str:
    """Why an answer does not hold, empty when it does; then its count is taken.

    A device that counts and is behind what it counted before is a copy (WebAuthn, 6.1.1). The count is
    compared in the statement that keeps it.
    """
    try:
        checked = verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
        handle = parse_authentication_credential_json(answer).response.user_handle
    except _UNREADABLE:
        return "signature"
    if handle is not None and bytes(handle) != _handle(passkey.user_id):
        return "handle"
    count = checked.new_sign_count
    forward = or_(Passkey.sign_count < count, and_(Passkey.sign_count == 0, count == 0))
    kept = db.session.execute(
        update(Passkey)
        .where(Passkey.id == passkey.id, forward)
        .values(sign_count=count, last_used_at=clock.now())
        .returning(Passkey.id)
        .execution_options(synchronize_session=False)
    ).first()
    return "" if kept is not None else "copied"


def _passkey_of(answer: str) -> Passkey | None:
    try:
        credential_id = str(json.loads(answer)["id"])
    except _UNREADABLE:
        return None
    return db.session.scalars(
        select(Passkey)
        .options(joinedload(Passkey.user))
        .where(Passkey.credential_id == one_line(credential_id))
    ).first()


def _is_staff(user_id: int) -> bool:
    query = select(func.count()).where(RoleGrant.user_id == user_id, RoleGrant.role != Role.PATIENT)
    return bool(db.session.scalar(query))


def rename(actor: Actor, passkey: Passkey, name: str) -> None:
    """Call one's passkey something else. Raises Invalid without a name."""
    if (called := _name(name)) == passkey.name:
        return
    passkey.name = called
    db.session.flush()
    audit.record(actor, "passkey.renamed", subject_type="user", subject_id=actor.user_id)


def remove(actor: Actor, user: User, passkey: Passkey) -> None:
    """Let one of somebody's passkeys open nothing any more."""
    name = passkey.name
    gone = db.session.execute(delete(Passkey).where(Passkey.id == passkey.id).returning(Passkey.id)).first()
    if gone is not None:
        record_and_tell(actor, "passkey.removed", user, name=name)


def _name(typed: str) -> str:
    name = one_line(typed)
    if not 1 <= len(name) <= 60:
        raise Invalid(_("A name has 1 to 60 characters."), field="name")
    return name


def _handle(user_id: int) -> bytes:
    """How a passkey names its person: a number that says nothing elsewhere (WebAuthn, 14.6.1)."""
    return str(user_id).encode()


def _keep_challenge(challenge: bytes, purpose: str, *, user_id: int | None, browser: str) -> None:
    db.session.add(
        PasskeyChallenge(
            challenge_hash=crypto.token_hash(bytes_to_base64url(challenge)),
            purpose=purpose,
            user_id=user_id,
            browser_hash=browser,
            expires_at=clock.now() + LIFETIME,
        )
    )
    db.session.flush()
