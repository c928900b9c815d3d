"""Secrets at rest: fields sealed with the application's keys, tokens kept only as hashes."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from flask import current_app

from clinic.config import Settings


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


def seal(text: str) -> str:
    """Encrypt ``text`` with the newest field key."""
    return MultiFernet([Fernet(key) for key in _settings().field_keys]).encrypt(text.encode()).decode()


def unseal(sealed: str) -> str | None:
    """What ``seal`` was given, None if no configured key opens it."""
    try:
        return MultiFernet([Fernet(key) for key in _settings().field_keys]).decrypt(sealed.encode()).decode()
    except InvalidToken:
        return None


def new_token() -> str:
    """A token nobody can guess (256 bits, URL-safe)."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """How a random token is kept: its SHA-256 in hex. Good only for tokens too long to be guessed."""
    return hashlib.sha256(token.encode()).hexdigest()


def keyed_hash(purpose: str, value: str) -> str:
    """How a short secret or an identifier is kept: an HMAC under the application's key, one per purpose."""
    key = _settings().secret_key.encode()
    return hmac.new(key, f"{purpose}\0{value}".encode(), hashlib.sha256).hexdigest()


def same(left: str, right: str) -> bool:
    """Compare two secrets without telling how much of them agrees."""
    return hmac.compare_digest(left.encode(), right.encode())
