"""One walk to a provider and back: what goes with it, what comes of it, what may go wrong."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Protocol

from clinic.accounts.models import Provider
from clinic.core.errors import DomainError
from clinic.core.i18n import gettext as _


@dataclass(frozen=True, kw_only=True)
class Walk:
    """The secrets of one walk, each 256 bits: ``state`` ties the way back to the browser that set out,
    ``nonce`` the provider's statement to this walk, ``verifier`` (PKCE) the code to who asked for it.
    """

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


def new_walk() -> Walk:
    """A walk nobody can guess."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _number in range(3))
    return Walk(state=state, nonce=nonce, verifier=verifier)


@dataclass(frozen=True, kw_only=True)
class Claims:
    """Who a provider says somebody is. ``subject`` never changes; ``email`` is in lower case and may be
    empty, ``email_verified`` whether the provider knows it to be theirs.
    """

    provider: Provider
    subject: str
    email: str
    email_verified: bool


class OutsideProvider(Protocol):
    """What signing in needs of a provider. Every call that asks it something raises ProviderAway or
    ProviderRefused; none is made inside a database transaction.
    """

    @property
    def name(self) -> Provider: ...

    @property
    def label(self) -> str:
        """What people call it."""
        ...

    @property
    def origin(self) -> str:
        """Where a browser is sent, such as ``https://accounts.google.com``."""
        ...

    def address(self, walk: Walk, *, back: str) -> str:
        """The provider's page for this walk; ``back`` is the address it returns to."""
        ...

    def identify(self, walk: Walk, *, code: str, back: str, issuer: str | None) -> Claims:
        """Who came back with ``code``. ``issuer`` is who the way back says it comes from, if it does."""
        ...


class ProviderAway(DomainError):
    """The provider does not answer, or not as it should."""

    status = 503
    code = "provider_away"

    def __init__(self, label: str) -> None:
        super().__init__(
            _("%(provider)s does not answer at the moment. Sign in with your password.", provider=label)
        )


class ProviderRefused(DomainError):
    """The provider did not take the code, or what it said cannot be trusted. ``why`` is for the log."""

    status = 422
    code = "provider_refused"

    def __init__(self, label: str, why: str) -> None:
        super().__init__(
            _("What %(provider)s said could not be used. Start the sign-in once more.", provider=label)
        )
        self.why = why
