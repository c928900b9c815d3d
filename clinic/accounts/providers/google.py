"""Sign in with Google: OpenID Connect with the code flow, PKCE, a nonce and a signed statement.

Authlib speaks the protocol and knows the claims (https://openid.net/specs/openid-connect-core-1_0.html,
3.1.3.7); joserfc, which it stands on, checks the signature.
"""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError
from joserfc.jwk import KeySet

from clinic.accounts.models import Provider
from clinic.accounts.providers.asking import asking, lower_email, read_object
from clinic.accounts.providers.walk import Claims, ProviderRefused, Walk
from clinic.config import Settings
from clinic.core import clock

SCOPE = "openid email"
ALGORITHMS = ["RS256", "ES256"]
"""Signatures with a key only the provider has. Not ``none``, and none made with a key both sides know."""
FRESH = 3600.0
"""Seconds a provider's own description and its keys are kept for."""
LEEWAY = 60
"""Seconds two clocks may differ by."""


class Google:
    """One Google client. Keeps the provider's description and its public keys, for an hour."""

    name = Provider.GOOGLE
    label = "Google"

    def __init__(self, settings: Settings) -> None:
        self.issuer = settings.google_issuer_url
        self._client = (settings.google_client_id, settings.google_client_secret)
        self._description: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None

    @property
    def origin(self) -> str:
        """Where a browser is sent; the description may name no other place."""
        parts = urlsplit(self.issuer)
        return f"{parts.scheme}://{parts.netloc}"

    def address(self, walk: Walk, *, back: str) -> str:
        """Google's page for this walk. It lets people choose an account: desks share computers."""
        with asking(self.label, client=self._client, scope=SCOPE, back=back) as session:
            page = str(self._describe(session)["authorization_endpoint"])
            if not page.startswith(f"{self.origin}/"):
                raise ValueError("its page is elsewhere")
            url, _state = session.create_authorization_url(
                page,
                state=walk.state,
                code_verifier=walk.verifier,
                nonce=walk.nonce,
                prompt="select_account",
            )
            return str(url)

    def identify(self, walk: Walk, *, code: str, back: str, issuer: str | None) -> Claims:
        """Who came back with ``code``, by the statement Google signed for this walk."""
        if issuer is not None and issuer != self.issuer:
            raise ProviderRefused(self.label, "issuer")
        with asking(self.label, client=self._client, scope=SCOPE, back=back) as session:
            token = session.fetch_token(
                str(self._describe(session)["token_endpoint"]),
                grant_type="authorization_code",
                code=code,
                code_verifier=walk.verifier,
            )
            claims = self._verified(session, token, nonce=walk.nonce)
            subject = claims["sub"]
            if not (isinstance(subject, str) and 0 < len(subject) <= 255 and subject.isprintable()):
                raise ValueError("no subject")
        return Claims(
            provider=self.name,
            subject=subject,
            email=lower_email(claims.get("email")),
            email_verified=claims.get("email_verified") in (True, "true"),
        )

    def _verified(self, session: OAuth2Session, token: dict[str, Any], *, nonce: str) -> dict[str, Any]:
        """The claims of the statement: by whom, for whom, until when, for which walk, signed by whose key."""
        statement = token.get("id_token")
        if not isinstance(statement, str):
            raise ProviderRefused(self.label, "no statement")
        try:
            decoded = jwt.decode(statement, self._key_set(session), algorithms=ALGORITHMS)
        except InvalidKeyIdError:  # they change their keys every few days
            decoded = jwt.decode(statement, self._key_set(session, anew=True), algorithms=ALGORITHMS)
        issuers = [self.issuer, self.issuer.removeprefix("https://")]  # Google's own writes both
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            {
                "iss": {"essential": True, "values": issuers},
                "aud": {"essential": True, "value": self._client[0]},
                "nonce": {"essential": True},
            },
            {"nonce": nonce, "client_id": self._client[0], "access_token": token.get("access_token")},
        )
        claims.validate(now=int(clock.now().timestamp()), leeway=LEEWAY)
        return dict(claims)

    def _describe(self, session: OAuth2Session) -> dict[str, Any]:
        if self._description is None or self._description[0] < time.monotonic() - FRESH:
            where = f"{self.issuer}/.well-known/openid-configuration"
            found = read_object(session.get(where, withhold_token=True))
            if found.get("issuer") != self.issuer:
                raise ValueError("its description is another's")
            self._description = (time.monotonic(), found)
        return self._description[1]

    def _key_set(self, session: OAuth2Session, *, anew: bool = False) -> KeySet:
        if anew or self._keys is None or self._keys[0] < time.monotonic() - FRESH:
            where = str(self._describe(session)["jwks_uri"])
            found: Any = read_object(session.get(where, withhold_token=True))
            self._keys = (time.monotonic(), KeySet.import_key_set(found))
        return self._keys[1]
