"""Asking a provider something: within seconds, and with whatever goes wrong said in one of two ways."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
import structlog
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from joserfc.errors import JoseError

from clinic.accounts.providers.walk import ProviderAway, ProviderRefused

log = structlog.get_logger(__name__)

TIMEOUT = (3.0, 5.0)
"""Seconds to connect, and between two bytes: somebody waits in front of the page."""
OUR_FAULT = ("invalid_client", "incorrect_client_credentials", "unauthorized_client", "redirect_uri_mismatch")
"""Our own id, secret or address is wrong: nothing the person can mend."""


@contextmanager
def asking(label: str, *, client: tuple[str, str], scope: str, back: str) -> Iterator[OAuth2Session]:
    """A session with a provider for ``client`` (its id and secret), with PKCE by S256.

    Raises ProviderAway when it is down, slow or answers nonsense, ProviderRefused when it takes no code or
    what it signed does not hold.
    """
    session = OAuth2Session(
        *client,
        scope=scope,
        redirect_uri=back,
        code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_post",  # noqa: S106 (the name of a way)
        default_timeout=TIMEOUT,
    )
    session.max_redirects = 0
    try:
        with session:
            yield session
    except (OAuthError, JoseError) as error:
        why = str(getattr(error, "error", None) or type(error).__name__)[:80]
        log.warning("provider_refused", provider=label, why=why)
        if why in OUR_FAULT:
            raise ProviderAway(label) from error
        raise ProviderRefused(label, why) from error
    except (requests.RequestException, AttributeError, KeyError, TypeError, ValueError) as error:
        log.warning("provider_away", provider=label, error=type(error).__name__)
        raise ProviderAway(label) from error


def read_object(response: requests.Response) -> dict[str, Any]:
    """The JSON object in an answer. Raises HTTPError for an error's status, ValueError for anything else."""
    response.raise_for_status()
    found = response.json()
    if not isinstance(found, dict):
        raise ValueError("no JSON object")
    return found


def lower_email(value: object) -> str:
    """An address as accounts keep it; empty for anything that is none."""
    text = value.strip().lower() if isinstance(value, str) else ""
    return text if "@" in text and len(text) <= 254 and text.isprintable() and " " not in text else ""
