"""Sign in with GitHub: OAuth 2 with PKCE; who somebody is and their verified e-mail come from its API.

https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
"""

from __future__ import annotations

from urllib.parse import urlsplit

from clinic.accounts.models import Provider
from clinic.accounts.providers.asking import asking, lower_email, read_object
from clinic.accounts.providers.walk import Claims, Walk
from clinic.config import Settings

SCOPE = "user:email"
"""To read the addresses; who somebody is may be read without any."""


class GitHub:
    """One GitHub OAuth app."""

    name = Provider.GITHUB
    label = "GitHub"

    def __init__(self, settings: Settings) -> None:
        self._url, self._api = settings.github_url, settings.github_api_url
        self._client = (settings.github_client_id, settings.github_client_secret)

    @property
    def origin(self) -> str:
        """Where a browser is sent."""
        parts = urlsplit(self._url)
        return f"{parts.scheme}://{parts.netloc}"

    def address(self, walk: Walk, *, back: str) -> str:
        """GitHub's page for this walk."""
        with asking(self.label, client=self._client, scope=SCOPE, back=back) as session:
            url, _state = session.create_authorization_url(
                f"{self._url}/login/oauth/authorize",
                state=walk.state,
                code_verifier=walk.verifier,
                prompt="select_account",
                allow_signup="false",
            )
            return str(url)

    def identify(
        self,
        walk: Walk,
        *,
        code: str,
        back: str,
        issuer: str | None,  # noqa: ARG002 (GitHub does not say)
    ) -> Claims:
        """Who came back with ``code``: their number, and the address they chose as primary."""
        with asking(self.label, client=self._client, scope=SCOPE, back=back) as session:
            session.fetch_token(
                f"{self._url}/login/oauth/access_token",
                grant_type="authorization_code",
                code=code,
                code_verifier=walk.verifier,
            )
            headers = {"Accept": "application/vnd.github+json"}
            person = read_object(session.get(f"{self._api}/user", headers=headers))
            answer = session.get(f"{self._api}/user/emails", headers=headers)
            answer.raise_for_status()
            primary: dict[str, object] = next((one for one in answer.json() if one["primary"] is True), {})
            return Claims(
                provider=self.name,
                subject=str(int(person["id"])),
                email=lower_email(primary.get("email")),
                email_verified=primary.get("verified") is True,
            )
