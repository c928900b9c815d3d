"""Pages of signing in, one's own account, and the people of the clinic."""

from __future__ import annotations

from clinic.accounts.views import (
    account,
    connections,
    links,
    outside,
    own_email,
    passkey_sign_in,
    passkeys,
    password_sign_in,
    people,
    portal_sign_in,
    proving,
    second_step,
    second_step_sign_in,
    sign_ins,
    still_here,
    terms,
)
from clinic.accounts.views.blueprint import bp

__all__ = [
    "account",
    "blueprints",
    "connections",
    "links",
    "outside",
    "own_email",
    "passkey_sign_in",
    "passkeys",
    "password_sign_in",
    "people",
    "portal_sign_in",
    "proving",
    "second_step",
    "second_step_sign_in",
    "sign_ins",
    "still_here",
    "terms",
]

blueprints = (bp,)
