"""A provider on this machine: OpenID Connect as Google speaks it, OAuth and its API as GitHub does.

It keeps to the protocol, PKCE included, unless a switch tells it to misbehave. Its pages have real forms, so
that a browser can walk through them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "clinic-client", "clinic-secret"
KEY = RSAKey.generate_key(2048, {"kid": "first", "use": "sig", "alg": "RS256"})
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "first", "use": "sig", "alg": "RS256"})
SUCCESSOR = RSAKey.generate_key(2048, {"kid": "second", "use": "sig", "alg": "RS256"})


@dataclass
class FakeProvider:
    """What the provider knows and how it behaves. ``wrong`` holds the switches that are on:

    ``nonce``, ``no_nonce``, ``aud``, ``azp``, ``iss``, ``expired``, ``no_exp``, ``unverified``, ``unsigned``,
    ``shared_key`` (signed with the client's secret), ``public_key`` (with the public key as a secret),
    ``other_key``, ``no_statement``, ``garbage``, ``empty_list``, ``error``, ``client``, ``elsewhere``,
    ``redirects``; ``down`` and ``hang`` (all it answers to machines), ``denied`` (the person says no).
    ``pkce`` is whether it checks the verifier.
    """

    url: str = ""
    subject: str = "10001"
    email: str = "rina@sutra.test"
    wrong: set[str] = field(default_factory=set)
    pkce: bool = True
    key: RSAKey = field(default_factory=lambda: KEY)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def new_code(self, asked: dict[str, str]) -> str:
        """A code for what an authorisation request asked, as after the person said yes."""
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return code

    def answer(self, address: str) -> str:
        """What the browser is sent back to after the page at ``address``: where the person said yes or no."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        if "denied" in self.wrong:
            back = {"error": "access_denied", "state": asked["state"]}
        else:
            back = {"code": self.new_code(asked), "state": asked["state"]}
        return f"{asked['redirect_uri']}?{urlencode(back)}"

    def statement(self, asked: dict[str, str]) -> str:
        """The signed statement for a walk, wrong in the ways that are switched on."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": "https://elsewhere.example" if "iss" in self.wrong else self.url,
            "aud": "another-client" if "aud" in self.wrong else CLIENT,
            "sub": self.subject,
            "email": self.email,
            "email_verified": "unverified" not in self.wrong,
            "iat": now - 7200 if "expired" in self.wrong else now,
            "exp": now - 3600 if "expired" in self.wrong else now + 3600,
            "nonce": "another-walk" if "nonce" in self.wrong else asked.get("nonce", ""),
        }
        if "aud" in self.wrong:
            claims["azp"] = CLIENT  # or the check of who asked would refuse it as well
        if "azp" in self.wrong:
            claims |= {"aud": [CLIENT, "another-client"], "azp": "another-client"}
        for switch, name in (("no_nonce", "nonce"), ("no_exp", "exp")):
            if switch in self.wrong:
                del claims[name]
        return self._signed(claims)

    def _signed(self, claims: dict[str, Any]) -> str:
        if "unsigned" in self.wrong:
            head, body = (_base64(json.dumps(part)) for part in ({"alg": "none", "typ": "JWT"}, claims))
            return f"{head}.{body}."
        if "shared_key" in self.wrong or "public_key" in self.wrong:
            secret = SECRET.encode() if "shared_key" in self.wrong else KEY.as_pem(private=False)
            return _hmac_signed(claims, secret)
        key = OTHER_KEY if "other_key" in self.wrong else self.key
        return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)


def _base64(text: str | bytes) -> str:
    data = text.encode() if isinstance(text, str) else text
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _hmac_signed(claims: dict[str, Any], secret: bytes) -> str:
    """HS256 by hand: the library refuses to make what it refuses to take."""
    import hmac

    signed = f"{_base64(json.dumps({'alg': 'HS256', 'kid': 'first'}))}.{_base64(json.dumps(claims))}"
    return f"{signed}.{_base64(hmac.digest(secret, signed.encode(), 'sha256'))}"


@contextmanager
def running_provider() -> Iterator[FakeProvider]:
    """A provider that listens on a port of its own until the block ends."""
    fake = FakeProvider()

    class Handler(_Handler):
        provider = fake

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield fake
    finally:
        fake.released.set()
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    provider: FakeProvider

    def do_GET(self) -> None:
        path, fake = urlsplit(self.path).path, self.provider
        if path in ("/authorize", "/login/oauth/authorize"):
            self._ask_the_person()
        elif path == "/answer":
            self._redirect(fake.answer(self.path))
        elif self._fails(path):
            return
        elif path == "/.well-known/openid-configuration":
            self._json(self._description())
        elif path == "/jwks":
            self._json({"keys": [fake.key.as_dict(private=False)]})
        elif path == "/user":
            self._api({"id": int(fake.subject), "login": "rina", "email": None})
        elif path == "/user/emails":
            verified = "unverified" not in fake.wrong
            second = {"email": "private@rina.example", "primary": False, "verified": True}
            primary = {"email": fake.email, "primary": True, "verified": verified}
            self._api([] if "empty_list" in fake.wrong else [second, primary])
        else:
            self._json({}, 404)

    def do_POST(self) -> None:
        path, fake = urlsplit(self.path).path, self.provider
        size = int(self.headers.get("Content-Length", 0))
        form = {name: values[0] for name, values in parse_qs(self.rfile.read(size).decode()).items()}
        if self._fails(path):
            return
        if path not in ("/token", "/login/oauth/access_token"):
            self._json({}, 404)
        elif "client" in fake.wrong or (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            self._json({"error": "invalid_client"}, 401)
        else:
            self._token(form, github=path.startswith("/login"))

    def _token(self, form: dict[str, str], *, github: bool) -> None:
        asked = self.provider.codes.pop(form.get("code", ""), None)
        verifier = _base64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        pkce_holds = not self.provider.pkce or (asked or {}).get("code_challenge") == verifier
        if asked is None or not pkce_holds or asked["redirect_uri"] != form.get("redirect_uri"):
            # GitHub answers 200 with the error inside.
            self._json(
                {"error": "bad_verification_code" if github else "invalid_grant"}, 200 if github else 400
            )
            return
        token: dict[str, Any] = {"access_token": "a-token", "token_type": "bearer", "expires_in": 3600}
        if not github and "no_statement" not in self.provider.wrong:
            token["id_token"] = self.provider.statement(asked)
        self._json(token)

    def _description(self) -> dict[str, Any]:
        url = self.provider.url
        return {
            "issuer": url,
            "authorization_endpoint": (
                "https://elsewhere.example/authorize"
                if "elsewhere" in self.provider.wrong
                else f"{url}/authorize"
            ),
            "token_endpoint": f"{url}/token",
            "jwks_uri": f"{url}/jwks",
            "id_token_signing_alg_values_supported": ["RS256", "none", "HS256"],
        }

    def _fails(self, path: str) -> bool:
        """The switches that make the provider itself fail; True when the answer is given."""
        wrong = self.provider.wrong
        self.provider.seen.append(path)
        if "hang" in wrong:
            self.provider.released.wait(20)
            return True
        if "down" in wrong:
            self._json({"message": "broken"}, 500)
        elif "garbage" in wrong:
            self._send(200, b"<!doctype html><p>Sorry", "text/html")
        elif "error" in wrong:
            self._json(["not", "an", "object"])
        elif "redirects" in wrong:
            self._redirect("https://elsewhere.example/")
        return bool(wrong & {"down", "garbage", "error", "redirects"})

    def _api(self, body: object) -> None:
        allowed = self.headers.get("Authorization", "").lower() == "bearer a-token"
        self._json(body if allowed else {"message": "Bad credentials"}, 200 if allowed else 401)

    def _ask_the_person(self) -> None:
        """A page that asks, as the real ones do."""
        fields = parse_qs(urlsplit(self.path).query)
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{values[0]}">' for name, values in fields.items()
        )
        page = (
            '<!doctype html><html lang="en"><title>Provider</title><main><h1>Choose an account</h1>'
            f'<form action="/answer">{hidden}<button>{self.provider.email}</button></form></main></html>'
        )
        self._send(200, page.encode(), "text/html; charset=utf-8")

    def _json(self, body: object, status: int = 200) -> None:
        self._send(status, json.dumps(body).encode(), "application/json")

    def _redirect(self, where: str) -> None:
        self.send_response(302)
        self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""
